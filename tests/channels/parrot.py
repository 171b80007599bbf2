"""A kind of channel whose items say plainly what they are: for tests of the house around the kinds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Author,
    Deleted,
    Draft,
    Edited,
    Field,
    Hook,
    HookRefused,
    Incoming,
    Kind,
    Length,
    Message,
    NothingSaid,
    Outgoing,
    Reaction,
    Receipt,
    Received,
    Said,
    Sent,
    Unreadable,
    deletion_of,
    item_id,
)


class Parrot(Kind):
    """Takes what it is given; what it sent is in `spoken`."""

    kind = "parrot"
    label = "Parrots"
    about = About("A bird.", "contract-tested", ["Feed it."], [("crackers", "without them it is silent")], "Free.")
    abilities = Abilities(
        public=True, private=True, threads=True, edits=True, deletes=True, splits=True, idempotent=True,
        naming="initials", length=Length(40, "graphemes"), receipts=True, starts=True,
    )  # fmt: skip
    fields = (
        Field("perch", "Perch", "text", "Where it sits.", required=True),
        Field("cracker", "Cracker", "secret", "What it is given.", required=True),
        Field("loud", "Loud", "yes"),
    )
    spoken: list[tuple[Draft, bytes]] = []
    error: Exception | None = None

    def test(self, account: Account) -> Sequence[str]:
        if account.secrets.get("cracker") == "stale":
            raise NothingSaid("no")
        return ["The parrot nods."]

    def identify(self, account: Account) -> Mapping[str, str]:
        return {"address": f"@{account.config['perch']}", "id": "7"}

    def receive(self, account: Account, hook: Hook) -> Received:
        if hook.headers.get("x-cracker") != account.secrets.get("cracker"):
            raise HookRefused("That is no cracker of ours.")
        return Received([Incoming(item_id("hook", hook.body.decode()), hook.body)], b"polly")

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        try:
            given = orjson.loads(item.body)
            return [_said(one) for one in (given if isinstance(given, list) else [given])]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Unreadable(f"no parrot: {error}") from error

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        return Outgoing(orjson.dumps({"text": draft.text, "to": draft.answering.get("nest", ""), "key": draft.key}))

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        about_to_send()
        if Parrot.error:
            raise Parrot.error
        Parrot.spoken.append((orjson.loads(outgoing.body), outgoing.body))
        key = orjson.loads(outgoing.body)["key"]
        return Sent("squawk", [f"parrot:{key}"], f"https://parrots.example/{key}", {"nest": "own"})


def _said(given: dict[str, Any]) -> Said:
    kind, id = given.get("is", "message"), given["id"]
    at = datetime.fromisoformat(given["at"]) if given.get("at") else datetime(2026, 3, 4, 9, tzinfo=UTC)
    if kind == "nothing":
        raise NothingSaid("It only preens.")
    if kind == "deleted":
        return Deleted(id, at)
    if kind == "receipt":
        return Receipt(id, given["state"], at, given.get("words", ""))
    if kind == "reaction":
        return Reaction(id, _author(given), given["sign"], at, given.get("removed", False))
    message = Message(
        external_id=id, author=_author(given), text=given["text"], at=at, refers_to=tuple(given.get("refs", ())),
        public=given.get("public", False), origin=given.get("origin", "addressed"), url=given.get("url", ""),
        found_by=given.get("found_by", ""), warning=given.get("warning", ""), answer={"nest": given.get("nest", "n")},
        recipients={"from": [(given.get("name", ""), given.get("by", "polly"))]},
        edited_at=at if kind == "edited" else None,
    )  # fmt: skip
    return Edited(message) if kind == "edited" else message


def _author(given: dict[str, Any]) -> Author:
    by = given.get("by", "polly")
    verified = tuple(given.get("verified", ()))
    return Author("parrot", by, f"@{by}", given.get("name", by.title()), reach=given.get("reach"), verified=verified)


def item(id: str, text: str = "", **given: Any) -> Incoming:
    """An item as the bird would deliver it."""
    body = orjson.dumps({"id": id, "text": text, **given})
    if given.get("is") == "deleted":
        return Incoming(deletion_of(id), body)
    return Incoming(item_id(id, given.get("is", "message"), text, str(given.get("sign", given.get("state", "")))), body)
