"""What an item of a Mastodon server says. Pure and total: nothing but Unreadable and NothingSaid is raised.

A message is named by the server and its local id there ("mastodon:host/id"), not by its ActivityPub URI: deletions and
the parent of a reply come with nothing but that id, and it is the same for a mention, its edit, its deletion and what
we said ourselves. The envelope says why an item was taken: see `collect`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from rapport.channels.base import (
    Account,
    Author,
    Deleted,
    Edited,
    Incoming,
    Invalid,
    Media,
    Message,
    NothingSaid,
    Reaction,
    Said,
    Unreadable,
)
from rapport.channels.kinds.mastodon.settings import Settings, read
from rapport.channels.kinds.mastodon.text import TEXT_MAX, clean, one_line, plain

MENTIONS_MAX = 100
FILES_MAX = 50
_OPEN = ("public", "unlisted")
_VISIBILITIES = (*_OPEN, "private", "direct")
_SIGNS = {"favourite": "like", "reblog": "boost"}
_EMOJI = ("reaction", "emoji_reaction", "pleroma:emoji_reaction")


def message_id(host: str, status_id: object) -> str:
    """The name of a post of a server. Raises Unreadable for an id that is none."""
    text = str(status_id) if isinstance(status_id, str | int) and not isinstance(status_id, bool) else ""
    if not text or len(text) > 64 or not all(sign.isalnum() or sign in "-_" for sign in text) or not text.isascii():
        raise Unreadable("The post has no id.")
    return f"mastodon:{host}/{text}"


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """One raw item: a notification, a post that was found or is our own, an edit, a deletion."""
    try:
        settings = read(account.config)
    except Invalid as error:
        raise Unreadable("The channel has no server address.") from error
    said = _loaded(item.body)
    taken = str(item.envelope.get("as", "notification"))
    if taken == "delete":
        return [Deleted(message_id(settings.host, said.get("payload")))]
    if taken == "notification":
        return [_notified(settings, item, said)]
    status = said.get("last_status") if taken == "conversation" else said
    message = read_status(settings, item.envelope, _dict(status))
    return [Edited(message) if taken == "edit" else message]


def read_status(settings: Settings, envelope: Mapping[str, Any], status: Mapping[str, Any]) -> Message:
    """A post as a message. Raises Unreadable where it has no id or nobody said it, NothingSaid for a boost."""
    if isinstance(status.get("reblog"), dict):
        raise NothingSaid("A boost: somebody shows what another said.")
    external_id = message_id(settings.host, status.get("id"))
    by = _dict(status.get("account"))
    author = read_author(settings, by)
    own = bool(settings.own_id) and str(by.get("id")) == settings.own_id
    found_by = one_line(envelope.get("found_by"), 200)
    visibility = status.get("visibility")
    return Message(
        external_id=external_id,
        author=author,
        text=_text(status),
        at=moment(status.get("created_at")),
        refers_to=_refers_to(settings.host, envelope, status),
        recipients=_recipients(settings, author, status),
        public=visibility in _OPEN,
        origin="own" if own else "search" if found_by else "addressed",
        url=_web(status.get("url")) or _web(status.get("uri")),
        warning=one_line(status.get("spoiler_text"), 10_000),
        language=one_line(status.get("language"), 35),
        found_by="" if own else found_by,
        files=_files(status),
        edited_at=moment(status.get("edited_at")),
        answer=_answer(status, by),
    )


def read_author(settings: Settings, account: Mapping[str, Any]) -> Author:
    """An account as an author. Raises Unreadable where it has no name."""
    handle = full_handle(account.get("acct"), settings.domain)
    if not handle:
        raise Unreadable("Nobody said this: the post has no author.")
    followers = account.get("followers_count")
    return Author(
        kind="fediverse",
        value=handle.lower(),
        written=f"@{handle}",
        name=one_line(account.get("display_name"), 200),
        url=_web(account.get("url")),
        reach=followers if type(followers) is int and 0 <= followers < 2**53 else None,
        verified=_verified(account.get("fields")),
        automated=account.get("bot") is True,
    )


def full_handle(acct: object, domain: str) -> str:
    """user@host of an account as the API writes it: local ones come without their host. "" for what is no name."""
    text = one_line(acct, 400).lstrip("@")
    user, _, host = text.partition("@")
    host = host or domain
    known = user and host and "@" not in host and not any(sign.isspace() for sign in text)
    return f"{user}@{host}" if known and len(user) + len(host) < 320 else ""


def moment(value: object) -> datetime | None:
    """A time of the API (ISO 8601), aware; None for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _loaded(body: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("This is no JSON.") from error
    if not isinstance(said, dict) or not said:
        raise Unreadable("This is no object of the Mastodon API.")
    return said


def _notified(settings: Settings, item: Incoming, said: Mapping[str, Any]) -> Said:
    """Mentions and quotes are messages, favourites and boosts reactions, updates edits; the rest says nothing."""
    what = said.get("type")
    if "type" in said and said.get("status") is None:
        raise NothingSaid("A notification about a post that is gone already, or about none.")
    status = _dict(said.get("status"))
    if what in ("mention", "quote"):
        return read_status(settings, item.envelope, status)
    if what in ("update", "quoted_update"):
        return Edited(read_status(settings, item.envelope, status))
    emoji = said.get("emoji") or said.get("name")
    sign = _SIGNS.get(str(what)) or (one_line(emoji, 60) if what in _EMOJI else "")
    if not sign:
        raise NothingSaid(f"A notification of the type {one_line(what, 40) or 'unknown'}.")
    by = read_author(settings, _dict(said.get("account")))
    return Reaction(message_id(settings.host, status.get("id")), by, sign, moment(said.get("created_at")))


def _text(status: Mapping[str, Any]) -> str:
    """The words, the choices of a poll, and where a quoted post is unless the words say so already."""
    parts = [plain(status.get("content"))]
    options = _dict(status.get("poll")).get("options")
    if isinstance(options, list):
        parts.append("\n".join(f"( ) {one_line(_dict(one).get('title'))}" for one in options[:50]))
    quoted = _web(_dict(_dict(status.get("quote")).get("quoted_status")).get("url"))
    if quoted and quoted not in parts[0]:
        parts.append(quoted)
    return "\n\n".join(part for part in parts if part)[:TEXT_MAX]


def _refers_to(host: str, envelope: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[str, ...]:
    """The root of the thread, where the collector asked for it, and the parent."""
    parent = status.get("in_reply_to_id")
    if not isinstance(parent, str | int) or isinstance(parent, bool):
        return ()
    named = []
    for one in (envelope.get("root"), parent):
        try:
            named.append(message_id(host, one))
        except Unreadable:
            continue
    return tuple(dict.fromkeys(named))


def _recipients(
    settings: Settings, author: Author, status: Mapping[str, Any]
) -> Mapping[str, Sequence[tuple[str, str]]]:
    told = {"from": [(author.name, author.written)]}
    handles = [full_handle(_dict(one).get("acct"), settings.domain) for one in _list(status.get("mentions"))]
    mentioned = [("", f"@{handle}") for handle in dict.fromkeys(handles) if handle]
    return {**told, "to": mentioned} if mentioned else told


def _answer(status: Mapping[str, Any], by: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `compose` needs: what is answered, whom to mention (as this server writes it), who may see it."""
    visibility = status.get("visibility")
    return {
        "id": str(status.get("id")),
        "acct": one_line(by.get("acct"), 320),
        "visibility": visibility if visibility in _VISIBILITIES else "direct",
        "warning": one_line(status.get("spoiler_text"), 200),
        "language": one_line(status.get("language"), 35),
    }


def _files(status: Mapping[str, Any]) -> tuple[Media, ...]:
    found = []
    for one in _list(status.get("media_attachments"))[:FILES_MAX]:
        given = _dict(one)
        url = _web(given.get("url")) or _web(given.get("remote_url")) or _web(given.get("preview_url"))
        if url:
            name = one_line(urlsplit(url).path.rpartition("/")[2], 200) or "file"
            found.append(Media(name, _content_type(given, name), url, clean(given.get("description"), 10_000)))
    return tuple(found)


def _content_type(media: Mapping[str, Any], name: str) -> str:
    """From the name, or from what Mastodon calls the kind of file: only for showing the right sign."""
    endings = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
    endings |= {"mp4": "video/mp4", "webm": "video/webm", "mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav"}
    usual = {"image": "image/*", "gifv": "video/mp4", "video": "video/*", "audio": "audio/*"}
    kind = media.get("type")
    return endings.get(name.rpartition(".")[2].lower()) or usual.get(kind if isinstance(kind, str) else "", "")


def _verified(fields: object) -> tuple[str, ...]:
    """The links in a profile that the server found to link back (`verified_at`), without scheme: ann.example/about."""
    pages = []
    for one in _list(fields)[:20]:
        field = _dict(one)
        if isinstance(field.get("verified_at"), str) and field["verified_at"]:
            value = field.get("value")
            text = plain(value[:5_000]) if isinstance(value, str) else ""
            links = [word.strip("()") for word in text.split() if "://" in word]
            pages += [page for link in links[-1:] if (page := _page(link))]
    return tuple(dict.fromkeys(pages))


def _page(url: str) -> str:
    host = _host(url)
    return f"{host}{urlsplit(url).path.rstrip('/')}"[:500] if host else ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")[:253]
    except ValueError:
        return ""


def _web(value: object) -> str:
    """An address a browser may be sent to, or ""."""
    text = clean(value, 2_000)
    usable = text.startswith(("https://", "http://")) and not any(sign.isspace() for sign in text) and _host(text)
    return text if usable else ""


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value[:MENTIONS_MAX] if isinstance(value, list) else []
