"""Posting what `compose` made: files first, then each post as an answer to the one before."""

from collections.abc import Callable
from typing import Any

import orjson

from rapport.channels.base import Account, OutcomeUnknown, Outgoing, Sent, Unreadable
from rapport.channels.kinds.mastodon.client import Client
from rapport.channels.kinds.mastodon.parse import message_id


def send(account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
    """Post once. Each post has a key of its own, so that a second attempt goes on where the first broke off.

    Mastodon knows a key for an hour. Raises what `Client.say` raises.
    """
    posts = orjson.loads(outgoing.body)
    with Client(account) as client:
        given = _given(posts)
        media = [client.upload(file) for file in outgoing.files]
        about_to_send()
        said: list[dict[str, Any]] = []
        parent = posts["in_reply_to"]
        for number, text in enumerate(posts["texts"]):
            key = f"{posts['key']}-{number}" if posts["key"] else ""
            files = media if number == 0 and media else None
            said.append(client.say(text, key, in_reply_to_id=parent or None, media_ids=files, **given))
            parent = str(said[-1].get("id"))
    return _sent(client.settings.host, said)


def _given(posts: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"visibility": posts["visibility"]}
    if posts["warning"]:
        given |= {"spoiler_text": posts["warning"], "sensitive": True}
    if posts["language"]:
        given["language"] = posts["language"]
    return given


def _sent(host: str, said: list[dict[str, Any]]) -> Sent:
    try:
        ids = [message_id(host, one.get("id")) for one in said]
    except Unreadable as error:
        raise OutcomeUnknown(f"{host} took the post, but did not say what it is called.", permanent=False) from error
    first, last = said[0], said[-1]
    answer = {
        "id": str(last["id"]), "acct": "", "visibility": str(first.get("visibility") or "direct"),
        "warning": str(first.get("spoiler_text") or "")[:200], "language": str(first.get("language") or "")[:35],
    }  # fmt: skip
    words = f"{host} has it as {', '.join(one.rpartition('/')[2] for one in ids)}"
    return Sent(words, ids, str(first.get("url") or first.get("uri") or ""), answer)
