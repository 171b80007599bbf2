"""One request of a mapped system as a message. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from rapport.channels.base import Account, Author, Incoming, Message, Said, Unreadable
from rapport.channels.kinds.webhook.mapping import Wrong, mapped, written

_ID_MAX = 200


def external(account: Account, given: str) -> str:
    """What the world calls a message that the other system calls `given`: its names are unique only there."""
    short = given if len(given) <= _ID_MAX else sha256(given.encode()).hexdigest()
    return f"webhook:{account.id}/{short}"


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """The message. Raises Unreadable where there is no text, naming where it was looked for."""
    kind = item.envelope.get("type")
    values = mapped(account.config, item.body, kind if isinstance(kind, str) else "")
    good = {name: "" if isinstance(value, Wrong) else value for name, value in values.items()}
    if not good["text"]:
        where = written(account.config, "text") or "any path: none is set"
        raise Unreadable(values["text"] if isinstance(values["text"], Wrong) else f"Nothing was found at {where}.")
    name = external(account, good["id"] or item.external_id)
    author = _author(account, good, name)
    return [
        Message(
            external_id=name,
            author=author,
            text=good["text"],
            at=datetime.fromisoformat(good["time"]) if good["time"] else None,
            subject=good["subject"],
            refers_to=_thread(account, good),
            recipients={"from": [(author.name, author.written or author.value)]} if author else {},
            public=good["public"] == "yes",
            url=good["url"],
            problems=tuple(f"{field}: {value}" for field, value in values.items() if isinstance(value, Wrong)),
            answer={"id": good["id"] or item.external_id[:_ID_MAX], "thread": good["thread"]},
        )
    ]


def _thread(account: Account, good: Mapping[str, str]) -> tuple[str, ...]:
    """A thread may have a name of its own, or that of the message which began it."""
    thread = good["thread"]
    return (f"{external(account, thread)}/thread", external(account, thread)) if thread else ()


def _author(account: Account, good: Mapping[str, Any], message: str) -> Author | None:
    """Who it is by what says most: an e-mail address, a number, or what the other system calls them."""
    name = good["author"]
    if good["email"]:
        return Author("email", good["email"].lower(), good["email"], name)
    if good["phone"]:
        return Author("phone", good["phone"], good["phone"], name)
    if good["handle"]:
        return Author("webhook", _short(f"{account.id}/{good['handle']}"), good["handle"], name or good["handle"])
    # Two people may have one name: each message of somebody without an address is by somebody else.
    return Author("webhook", _short(message), name, name) if name else None


def _short(value: str) -> str:
    return value if len(value) <= 320 else f"webhook:{sha256(value.encode()).hexdigest()}"
