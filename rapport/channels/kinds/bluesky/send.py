"""Posting: all posts of a delivery in one commit (com.atproto.repo.applyWrites), under keys chosen beforehand.

A reply names its parent by hash, so the hash of each post of a thread is computed here; the service then takes all or
none. When it is asked a second time it fails on the keys: what is there under them decides.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import ChannelError, MessageRefused, OutcomeUnknown, Outgoing, Sent, TooFast
from rapport.channels.kinds.bluesky import pictures
from rapport.channels.kinds.bluesky.compose import mention_facet
from rapport.channels.kinds.bluesky.parse import POST, post_url
from rapport.channels.kinds.bluesky.xrpc import Refused, Session

_MENTIONS_MAX = 50


def send(session: Session, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
    """Make the posts once. Raises as `Connector.send` says."""
    body = orjson.loads(outgoing.body)
    try:
        session.signed_in()
        handles = _resolve(session, body["posts"])
        posts = _finished(session.did, body, _upload(session, outgoing, body["alt"]))
    except Refused as error:
        raise MessageRefused(error.message, permanent=True) from error
    writes = [
        {
            "$type": "com.atproto.repo.applyWrites#create",
            "collection": POST,
            "rkey": one["rkey"],
            "value": one["record"],
        }
        for one in posts
    ]
    about_to_send()
    try:
        made = session.procedure("com.atproto.repo.applyWrites", {"repo": session.did, "writes": writes})
    except TooFast:
        raise
    except ChannelError as error:
        _explain(session, posts, error)
    else:
        _take_hashes(posts, made.get("results"))
    return _sent(session, posts, body["reply"], handles)


def cid_of(record: Any) -> str:
    """The hash by which others name a record: CIDv1 of its DAG-CBOR (https://atproto.com/specs/data-model)."""
    import libipld

    encoded = libipld.encode_dag_cbor(_with_links(record, libipld))
    return libipld.encode_cid(b"\x01\x71\x12\x20" + sha256(encoded).digest())


def _with_links(value: Any, libipld: Any) -> Any:
    """Links to blobs, which JSON writes as {"$link": ...}, in their own form."""
    if isinstance(value, dict):
        if set(value) == {"$link"}:
            return libipld.decode_multibase(value["$link"])[1]
        return {name: _with_links(one, libipld) for name, one in value.items()}
    return [_with_links(one, libipld) for one in value] if isinstance(value, list) else value


def _resolve(session: Session, posts: list[dict[str, Any]]) -> dict[str, str]:
    """Make facets of the mentions whose handle leads to an account; the others stay words. The DIDs by handle."""
    found: dict[str, str] = {}
    asked: set[str] = set()
    for post in posts:
        for mention in post["mentions"]:
            handle = mention["handle"]
            if handle not in asked and len(asked) < _MENTIONS_MAX:
                asked.add(handle)
                found |= _did_of(session, handle)
            if handle in found:
                post["record"].setdefault("facets", []).append(mention_facet(mention["index"], found[handle]))
    return found


def _did_of(session: Session, handle: str) -> dict[str, str]:
    try:
        did = session.query("com.atproto.identity.resolveHandle", handle=handle).get("did")
    except Refused as error:
        if error.name in ("HandleNotFound", "InvalidRequest"):
            return {}
        raise
    return {handle: did} if isinstance(did, str) else {}


def _upload(session: Session, outgoing: Outgoing, alt: list[str]) -> list[dict[str, Any]]:
    made = []
    for one, words in zip(outgoing.files, alt, strict=True):
        picture: dict[str, Any] = {"alt": words, "image": session.upload(one.data, one.content_type)}
        if found := pictures.size(one.data):
            picture["aspectRatio"] = {"width": found[0], "height": found[1]}
        made.append(picture)
    return made


def _finished(did: str, body: Mapping[str, Any], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The posts with pictures (on the first), addresses and hashes, each a reply to the one before it."""
    reply, posts = body["reply"], body["posts"]
    for number, post in enumerate(posts):
        record = post["record"]
        if shown and number == 0:
            record["embed"] = {"$type": "app.bsky.embed.images", "images": shown}
        if reply:
            record["reply"] = reply
        post["uri"] = f"at://{did}/{POST}/{post['rkey']}"
        post["cid"] = cid_of(record)
        this = {"uri": post["uri"], "cid": post["cid"]}
        reply = {"root": reply["root"] if reply else this, "parent": this}
    return list(posts)


def _explain(session: Session, posts: list[dict[str, Any]], error: ChannelError) -> None:
    """After a failure: return where the posts are there all the same, raise what it means where they are not."""
    if error.permanent:
        raise error
    try:
        kept = [_stored(session, post) for post in posts]
    except MessageRefused:
        raise
    except ChannelError as other:
        if isinstance(error, Refused) and isinstance(other, Refused):
            raise MessageRefused(error.message, permanent=True) from error
        raise OutcomeUnknown(f"{error.message} Whether the post is there cannot be asked.", permanent=False) from other
    if all(kept):
        return
    if any(kept) or isinstance(error, Refused):
        raise MessageRefused(error.message, permanent=True) from error
    raise OutcomeUnknown(error.message, permanent=False) from error


def _stored(session: Session, post: dict[str, Any]) -> bool:
    """Whether the post is there under its key, as an earlier attempt made it; its hash is then that one's."""
    try:
        found = session.query("com.atproto.repo.getRecord", repo=session.did, collection=POST, rkey=post["rkey"])
    except Refused as error:
        if error.name == "RecordNotFound":
            return False
        raise
    value = found.get("value")
    same = isinstance(value, dict) and all(value.get(name) == post["record"][name] for name in ("text", "createdAt"))
    if not same:
        raise MessageRefused("Another post has the key that this one was to have.", permanent=True)
    post["cid"] = str(found.get("cid") or post["cid"])
    return True


def _take_hashes(posts: list[dict[str, Any]], results: Any) -> None:
    """The service's own word for the hash counts, should it ever differ."""
    for post, result in zip(posts, results if isinstance(results, list) else (), strict=False):
        if isinstance(result, dict) and isinstance(result.get("cid"), str):
            post["cid"] = result["cid"]


def _sent(session: Session, posts: list[dict[str, Any]], reply: Any, handles: Mapping[str, str]) -> Sent:
    first, last = ({"uri": one["uri"], "cid": one["cid"]} for one in (posts[0], posts[-1]))
    answer = {"parent": last, "root": reply["root"] if reply else first, "handles": dict(handles)}
    words = "Posted." if len(posts) == 1 else f"Posted, in {len(posts)} parts."
    return Sent(words, [one["uri"] for one in posts], post_url(first["uri"], session.handle), answer)
