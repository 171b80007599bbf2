"""What Bluesky delivered, as what was said. Pure: no network, no clock, no secrets.

An item is a post or a notification as the AppView shows it (app.bsky.feed.defs#postView, listNotifications), a bare
record, or our own note that a post is gone. Its envelope says why it was fetched.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
    Media,
    Message,
    NothingSaid,
    Reaction,
    Said,
    Unreadable,
)
from rapport.channels.kinds.bluesky import embeds, richtext, settings

POST = "app.bsky.feed.post"
TEXT_MAX = 1_000_000
_MENTIONS_MAX = 100
_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]{1,200})/([A-Za-z0-9.-]{1,317})/([A-Za-z0-9._:~-]{1,512})")
_SIGNS = {"app.bsky.feed.like": "like", "app.bsky.feed.repost": "boost"}
# Hosts that lend their names to accounts that are not theirs.
_LENT = ("bsky.social", "brid.gy")


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """The message, reaction or deletion of an item. Raises Unreadable or NothingSaid, nothing else."""
    body = _body(item.body)
    uri = body.get("uri")
    match = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if match is None:
        raise Unreadable("The item has no address of the AT Protocol.")
    if body.get("deleted") is True:
        return [Deleted(match[0], moment(body.get("at")))]
    record = _dict(body.get("record")) or _dict(body.get("value"))
    kind = record.get("$type") if isinstance(record.get("$type"), str) else match[2]
    author = _author(body.get("author"), match[1], account, item.envelope)
    if kind in _SIGNS:
        return [_reaction(body, record, author, str(kind))]
    if kind != POST:
        raise NothingSaid(f"A record of the type {str(kind)[:100]} says nothing.")
    if not record:
        raise Unreadable("The post has no record.")
    message = _Post(account, item.envelope, body, record, match[0]).message(author)
    seen_at = moment(item.envelope.get("edited"))
    return [Edited(replace(message, edited_at=seen_at))] if seen_at else [message]


def own_did(account: Account) -> str:
    """The DID that `identify` found; "" before that."""
    own = account.config.get("own")
    did = own.get("did") if isinstance(own, Mapping) else ""
    return did if isinstance(did, str) else ""


def moment(value: Any) -> datetime | None:
    """A time as records write it (RFC 3339; without a zone it is UTC), None where it is none."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def clean(value: Any, limit: int) -> str:
    """A text without NUL and lone surrogates, at most `limit` characters; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return value[:limit].replace("\0", "").encode("utf-8", "replace").decode()


def post_url(uri: str, handle: str = "") -> str:
    """Where a post can be seen."""
    match = _URI.fullmatch(uri)
    return f"https://bsky.app/profile/{handle or match[1]}/post/{match[3]}" if match else ""


class _Post:
    """One post on its way to a message."""

    def __init__(
        self, account: Account, envelope: Mapping[str, Any], body: dict[str, Any], record: dict[str, Any], uri: str
    ) -> None:
        self.account, self.envelope, self.body, self.record, self.uri = account, envelope, body, record, uri
        self.own = own_did(account)
        raw = record.get("text")
        self.text = raw[:TEXT_MAX] if isinstance(raw, str) else ""
        self.spans = richtext.spans(record.get("facets"))
        self.reply = _dict(record.get("reply"))
        self.quoted = embeds.quoted_uri(record.get("embed"))

    def message(self, author: Author) -> Message:
        """All of it together."""
        text = clean(richtext.written_out(self.text, self.spans), TEXT_MAX)
        card = embeds.card(self.record.get("embed"))
        if card and card not in text:
            text = f"{text}\n{card}".strip()
        langs = self.record.get("langs")
        origin, found_by = self._origin(author)
        return Message(
            self.uri, author, text, moment(self.body.get("indexedAt")) or moment(self.record.get("createdAt")),
            refers_to=self._refers_to(), recipients=self._recipients(author, origin), public=True, origin=origin,
            url=post_url(self.uri, author.written.lstrip("@") if author.written.startswith("@") else ""),
            warning=self._warning(), language=clean(langs[0], 35) if isinstance(langs, list) and langs else "",
            found_by=found_by, files=self._files(), answer=self._answer(author),
        )  # fmt: skip

    def _refers_to(self) -> tuple[str, ...]:
        """What is quoted, the root of the thread, the parent."""
        named = (self.quoted, _ref_uri(self.reply.get("root")), _ref_uri(self.reply.get("parent")))
        return tuple(dict.fromkeys(one for one in named if one and one != self.uri))

    def _origin(self, author: Author) -> tuple[Any, str]:
        """A search hit that speaks to us is addressed to us, whichever way it came first."""
        if self.own and author.value == self.own:
            return "own", ""
        why = self.envelope.get("why") or self.body.get("reason")
        to_us = any(one.what == "mention" and one.value == self.own for one in self.spans)
        about_ours = any(one.startswith(f"at://{self.own}/") for one in self._refers_to())
        if self.own and (to_us or about_ours):
            return "addressed", ""
        if why == "search":
            return "search", clean(self.envelope.get("found_by"), 300)
        return ("feed", "") if why == "subscribed-post" else ("addressed", "")

    def _recipients(self, author: Author, origin: str) -> dict[str, list[tuple[str, str]]]:
        to = [("", handle) for handle, did in self._mentioned() if did != self.own]
        if origin == "addressed" and self.account.address:
            to.insert(0, ("", self.account.address))
        return {"from": [(author.name, author.written)], "to": to}

    def _mentioned(self) -> list[tuple[str, str]]:
        """(handle as written, DID) of everyone mentioned, each once."""
        mentions = [one for one in self.spans if one.what == "mention"]
        found: dict[str, str] = {}
        for one in richtext.fitting_spans(self.text, mentions)[:_MENTIONS_MAX]:
            words = clean(richtext.words_of(self.text, one), 260)
            if settings.is_handle(settings.plain_handle(words)):
                found.setdefault(one.value, words)
        return [(words, did) for did, words in found.items()]

    def _warning(self) -> str:
        """The labels on the post: the author's own, and those of the service's moderation."""
        labels = self.body.get("labels")
        own = _dict(self.record.get("labels")).get("values")
        named = [_dict(one).get("val") for one in [*_list(labels), *_list(own)][:50]]
        return ", ".join(dict.fromkeys(clean(one, 100) for one in named if isinstance(one, str) and one[:1] != "!"))

    def _files(self) -> tuple[Media, ...]:
        return embeds.media(self.body.get("embed"), self.record.get("embed"))

    def _answer(self, author: Author) -> dict[str, Any]:
        """A reply names its parent and its root by address and hash, and mentions people by DID."""
        this = {"uri": self.uri, "cid": clean(self.body.get("cid"), 200)}
        root = _ref(self.reply.get("root")) or this
        # Only the author's handle is the service's word; what others are called in the text is the author's.
        handles = {author.written.lstrip("@"): author.value} if author.written.startswith("@") else {}
        closed = _dict(self.body.get("viewer")).get("replyDisabled") is True
        return {"parent": this, "root": root, "handles": handles, **({"closed": True} if closed else {})}


def _reaction(body: dict[str, Any], record: dict[str, Any], author: Author, kind: str) -> Reaction:
    subject = _ref_uri(record.get("subject"))
    if not subject:
        raise Unreadable("The reaction does not say to what.")
    return Reaction(subject, author, _SIGNS[kind], moment(body.get("indexedAt")) or moment(record.get("createdAt")))


def _author(value: Any, did: str, account: Account, envelope: Mapping[str, Any]) -> Author:
    """Who wrote it. The DID in the address is what counts; a handle is shown only while the service can resolve it."""
    said = _dict(value)
    handle = said.get("handle")
    handle = handle if isinstance(handle, str) and settings.is_handle(handle) and handle != "handle.invalid" else ""
    reach = envelope.get("reach")
    labels = [_dict(one).get("val") for one in _list(said.get("labels"))[:50]]
    lent = (*_LENT, urlsplit(str(account.config.get("service") or settings.SERVICE)).hostname or "bsky.social")
    is_own = bool(handle) and not any(handle == one or handle.endswith(f".{one}") for one in lent)
    return Author(
        "bluesky", did, f"@{handle}" if handle else did, clean(said.get("displayName"), 640).strip(),
        f"https://bsky.app/profile/{handle or did}",
        reach=reach if type(reach) is int and reach >= 0 else None,
        verified=(handle,) if is_own else (), automated="bot" in labels,
    )  # fmt: skip


def _body(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("The item is no JSON.") from error
    if not isinstance(value, dict):
        raise Unreadable("The item is no object.")
    return value


def _ref(value: Any) -> dict[str, str]:
    """A strong reference, {} where it is none."""
    uri, cid = _ref_uri(value), _dict(value).get("cid")
    return {"uri": uri, "cid": cid} if uri and isinstance(cid, str) and len(cid) <= 200 else {}


def _ref_uri(value: Any) -> str:
    uri = _dict(value).get("uri")
    return uri if isinstance(uri, str) and _URI.fullmatch(uri) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
