"""A draft as the posts that will be made of it: the same draft always makes the same posts.

The names of the posts (record keys) and their times follow from the draft, so that the service takes a second attempt
for what it is. Whom a mention means can only be asked of the network; that is left to `send`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Account, Draft, File, Invalid, Outgoing
from rapport.channels.kinds.bluesky import richtext, settings
from rapport.channels.kinds.bluesky.split import split

POSTS_MAX = 20
PICTURES_MAX = 4
PICTURE_BYTES_MAX = 1_000_000
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_LINK = re.compile(r"https?://\S+")
_LINK_SHOWN_MAX = 120
# What cannot hold a facet need not be looked at by a large library.
_MAYBE = re.compile(r"[@#＃$]\S|\w\.\w|https?://")


def compose(account: Account, draft: Draft) -> Outgoing:
    """The posts as JSON: records with their keys, and the mentions that `send` still has to resolve. Raises Invalid."""
    answering = draft.answering
    reply = _reply(answering) if answering else None
    pictures = _pictures(draft.files)
    text = draft.text.replace("\0", "").encode("utf-8", "replace").decode().strip()
    if not text and not pictures:
        raise Invalid("The message is empty.", "Write something, or add a picture.")
    if not answering:
        text = _addressed(text, draft)
    text, links = _with_short_links(text)
    handles = answering.get("handles")
    known = {k: v for k, v in handles.items() if isinstance(v, str)} if isinstance(handles, Mapping) else {}
    parts = split(text, _initials(draft.author))
    if len(parts) > POSTS_MAX:
        raise Invalid(f"The text would take {len(parts)} posts; {POSTS_MAX} are the most.", "Make it shorter.")
    posts = []
    for number, part in enumerate(parts):
        found, unknown = facets(part, links, known)
        record: dict[str, Any] = {
            "$type": "app.bsky.feed.post",
            "text": part,
            "createdAt": _written_at(draft.at, number),
        }
        if found:
            record["facets"] = found
        posts.append({"rkey": record_key(draft, number), "record": record, "mentions": unknown})
    body = {"reply": reply, "posts": posts, "alt": [one.description for one in pictures]}
    return Outgoing(orjson.dumps(body), account.address, [address for _, address in draft.to], pictures)


def facets(text: str, links: Mapping[str, str], known: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
    """The facets of a text, and the mentions whose handle is not among the `known` (handle to DID).

    Links, hashtags and mentions are found by the rules of Bluesky's own client, as atproto has them. `links` says where
    a link leads that is shown shortened.
    """
    if not _MAYBE.search(text):
        return [], []
    # Takes 0.7 s and 42 MB, once, and only in a process that sends.
    from atproto_client.utils import facet_detection  # type: ignore[import-untyped,unused-ignore]

    found = [one.model_dump(mode="json", by_alias=True) for one in facet_detection.detect_facets(text)]
    for one in found:
        for feature in one["features"]:
            if "uri" in feature:
                feature["uri"] = links.get(feature["uri"], feature["uri"])
    unknown = []
    for mention in facet_detection.detect_mentions(text):
        handle = settings.plain_handle(mention.handle)
        index = {"byteStart": mention.byte_start, "byteEnd": mention.byte_end}
        if handle in known:
            found.append(mention_facet(index, known[handle]))
        else:
            unknown.append({"handle": handle, "index": index})
    return sorted(found, key=_start), unknown


def mention_facet(index: Mapping[str, int], did: str) -> dict[str, Any]:
    """The facet of a mention of `did` at the bytes that `index` says."""
    return {"index": dict(index), "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}]}


def record_key(draft: Draft, number: int) -> str:
    """The key of the draft's post `number`: a TID (https://atproto.com/specs/tid), the same at every attempt.

    Its microseconds are those of the draft to the millisecond; twenty bits come from the delivery, so that two of the
    same instant do not meet.
    """
    own = int.from_bytes(sha256(f"{draft.key} {draft.conversation_id}".encode()).digest()[:8], "big")
    milliseconds = (draft.at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    value = ((milliseconds + number) * 1000 + own % 1000) << 10 | (own // 1000) % 1024
    return "".join(_SORTABLE[value >> shift & 31] for shift in range(60, -1, -5))


def _start(facet: Mapping[str, Any]) -> int:
    return int(facet["index"]["byteStart"])


def _written_at(at: datetime, number: int) -> str:
    """Each post of a thread a millisecond after the one before it."""
    shifted = at.astimezone(UTC) + timedelta(milliseconds=number)
    return shifted.strftime("%Y-%m-%dT%H:%M:%S.") + f"{shifted.microsecond // 1000:03d}Z"


def _reply(answering: Mapping[str, Any]) -> dict[str, Any]:
    """Root and parent of a reply, each by address and hash. Raises Invalid where it cannot be one."""
    if answering.get("closed"):
        raise Invalid("The author of the post does not let us reply to it.", "Look at it on bsky.app.")
    made = {}
    for name in ("root", "parent"):
        ref = answering.get(name)
        uri, cid = (ref.get("uri"), ref.get("cid")) if isinstance(ref, Mapping) else (None, None)
        if not (isinstance(uri, str) and uri and isinstance(cid, str) and cid):
            raise Invalid("This post cannot be answered: the service did not say which version it is.")
        made[name] = {"uri": uri, "cid": cid}
    return made


def _pictures(files: Any) -> list[File]:
    pictures = list(files)
    if len(pictures) > PICTURES_MAX:
        raise Invalid(f"A post carries at most {PICTURES_MAX} pictures.", "Leave some out.")
    for one in pictures:
        if one.content_type not in PICTURE_TYPES:
            raise Invalid(f"{one.filename}: only pictures can be posted.", "JPEG, PNG, WebP or GIF.")
        if len(one.data) > PICTURE_BYTES_MAX:
            raise Invalid(f"{one.filename} is too large: a picture has at most 1 MB.", "Make it smaller.")
    return pictures


def _addressed(text: str, draft: Draft) -> str:
    """A post that begins a conversation mentions those it is for."""
    handles = [settings.plain_handle(address) for _, address in draft.to]
    missing = [one for one in dict.fromkeys(handles) if settings.is_handle(one) and f"@{one}" not in text.lower()]
    return " ".join([*(f"@{one}" for one in missing), text])


def _with_short_links(text: str) -> tuple[str, dict[str, str]]:
    """Very long links shown shortened, and where each then leads: a post would hold little else."""
    links: dict[str, str] = {}

    def short(match: re.Match[str]) -> str:
        whole = match[0].rstrip(".,;:!?")
        if len(whole) <= _LINK_SHOWN_MAX:
            return match[0]
        shown = whole[: _LINK_SHOWN_MAX - 1] + "…"
        links[shown] = whole
        return shown + match[0][len(whole) :]

    return _LINK.sub(short, text), links


def _initials(author: str) -> str:
    """How a member signs: " ^ML" for Mara Lind; nothing where there is no name."""
    words = [word for word in author.split() if word[0].isalnum()]
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return " ^" + "".join(richtext.clusters(word)[0].upper() for word in ends) if ends else ""
