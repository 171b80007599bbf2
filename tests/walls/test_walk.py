"""Every address, with every id of a confidential conversation, as everybody who may not see it: not one byte of it.

What is there but not theirs is answered exactly as what is not there at all.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client

from rapport.core import scope
from rapport.core.ids import new_id
from tests.walls.addresses import Address, addresses
from tests.walls.conftest import SignIn
from tests.walls.secret import MARKERS, Secret
from tests.web.cast import Cast

#: Two answers are compared, which say how long ago things were: "now", and a minute later "1 min".
pytestmark = pytest.mark.usefixtures("one_minute")

#: What stands in an address besides ids of the conversation.
VALUES: dict[str, object] = {
    "name": "all", "slug": "hr", "key": "team-hr", "verb": "status", "purpose": "merge", "what": "assign",
    "source": "incoming", "fmt": "toml", "form": "jsonl", "number": 1, "position": 1, "secret": "nothing",
    "kind": "oidc", "session_id": 1, "path": "x", "public_key": "nothing", "ticket": "nothing", "subject": "person",
    "state": "missed", "which": "heat",
}  # fmt: skip
#: Ids that lead to nothing of a conversation: any will do.
_ANY = (
    "hours_id", "channel_id", "invitation_id", "provider_id", "rule_id", "token_id", "device_id", "batch_id", "batch",
    "absence_id", "mention_id", "archive_id", "import_id", "directory_id", "segment_id", "field_id", "run_id",
    "duty_id",
    "round_id",
)  # fmt: skip
#: Ids of the conversation as pages also take them, in queries and forms.
_ASKED = {
    "in": "conversation_id", "conversation": "conversation_id", "ids": "conversation_id", "id": "conversation_id",
    "conversations": "conversation_id", "target": "conversation_id", "other": "conversation_id",
    "with": "conversation_id", "into": "conversation_id", "open": "conversation_id", "message": "message_id",
    "messages": "message_id",
    "person": "person_id", "organization": "organization_id", "draft": "draft_id", "template": "template_id",
    "view": "view_id", "attachment": "attachment_id", "quote": "message_id", "before": "message_id",
    "event": "event_id", "upload": "upload_id",
}  # fmt: skip
_SAID = {
    "team": "hr", "status": "resolved", "priority": "3", "until": "tomorrow", "text": "hello", "kind": "note",
    "html": "<p>hello</p>", "watch": "yes", "interest": "follow", "verb": "resolve", "what": "resolve", "name": "hello",
    "query": "is:open", "subject": "hello", "by": "team", "after": "",
}  # fmt: skip
#: What differs from one answer to the next by itself: nonces, tokens, ids, moments, in headers to the second.
_VARYING = re.compile(
    r"""data-(?:left|at|open)="[^"]*"
    |nonce[-=][^'\s>]*|datetime="[^"]*"|[A-Za-z0-9:_-]{22,}|\d+[ ](?:seconds?|minutes?)|data-revision="[^"]*"
    |\d\d:\d\d(?::\d\d)?""",
    re.VERBOSE,
)


@contextmanager
def nothing_lasts() -> Iterator[None]:
    """What a request changed is undone, so that the next meets the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Walker:
    """Somebody who tries every address."""

    def __init__(self, client: Client, secret: Secret, cast: Cast) -> None:
        self.client, self.secret = client, secret
        anything = new_id()
        self.known: dict[str, object] = VALUES | dict.fromkeys(_ANY, anything) | {
            "member_id": cast.hr.id, "team_id": cast.people_team.id, "channel_id": cast.channel.id,
        }  # fmt: skip
        self.guessed = {name: new_id() for name in secret.ids}

    def asks(self, address: Address, ids: dict[str, Any], method: str, **headers: str) -> tuple[int, str]:
        """The answer in full: status, body and headers as text."""
        url = address.filled(self.known | ids)
        given = _SAID | {name: str(ids[key]) for name, key in _ASKED.items()}
        with nothing_lasts():
            if method == "get":
                response = self.client.get(url, given, headers=headers or None)
            else:
                response = self.client.post(url, given, headers=headers or None)
            body = response.getvalue() if response.streaming else response.content
        return response.status_code, body.decode(errors="replace") + str(response.headers)

    def tries(self, address: Address, method: str, **headers: str) -> list[str]:
        """What is wrong with the answer to the real ids, beside that to guessed ones."""
        status, text = self.asks(address, self.secret.ids, method, **headers)
        if status == 405:
            return []
        twin = method == "get" or bool(set(address.keys) & set(self.secret.ids))
        if not twin:
            return [f"{method} {address.name}: {name}" for name in self.secret.found_in(text)]
        other_status, other = self.asks(address, self.guessed, method, **headers)
        wrong = [f"{name} ({MARKERS[name]})" for name in self.secret.found_in(text)]
        wrong += [f"the id {name}" for name in self.told(text, address)]
        if status >= 500:
            wrong.append(f"status {status}")
        if status != other_status:
            wrong.append(f"{status} for what is there, {other_status} for what is not")
        elif _plain(text) != _plain(other):
            wrong.append(f"another page for what is there: {_difference(_plain(text), _plain(other))}")
        return [f"{method} {address.name}: {what}" for what in wrong]

    def told(self, text: str, address: Address) -> list[str]:
        """Ids of the conversation that the answer holds without having been sent them."""
        sent = {str(self.secret.ids[key]) for key in {*_ASKED.values(), *address.keys} if key in self.secret.ids}
        return [name for name, id in self.secret.ids.items() if str(id) in text and str(id) not in sent]


def _plain(text: str) -> str:
    return _VARYING.sub("#", text)


def _difference(one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(0, at - 60) : at + 80]!r} / {other[max(0, at - 60) : at + 80]!r}"


@pytest.mark.parametrize("who", ["agent", "admin", "lead", "reader", "removed", "gone"])
def test_no_address_tells_who_may_not_see_it_anything(who: str, cast: Cast, secret: Secret, sign_in: SignIn) -> None:
    member = getattr(secret, who, None) or getattr(cast, who)
    walker = Walker(sign_in(member), secret, cast)
    wrong: list[str] = []
    for address in addresses():
        if who == "agent" or set(address.keys) & set(secret.ids):
            wrong += walker.tries(address, "get")
        if who in ("agent", "admin"):
            wrong += walker.tries(address, "post")
        if who == "removed":
            wrong += walker.tries(address, "get", HX_Request="true")
    assert not wrong, "\n".join(wrong)


def test_a_stranger_is_told_nothing(cast: Cast, secret: Secret, client: Client) -> None:
    walker = Walker(client, secret, cast)
    wrong = [what for address in addresses() for method in ("get", "post") for what in walker.tries(address, method)]
    assert not wrong, "\n".join(wrong)


def test_the_walk_would_notice_its_own_team_sees_it_all(cast: Cast, secret: Secret, sign_in: SignIn) -> None:
    walker = Walker(sign_in(cast.hr), secret, cast)
    seen: set[str] = set()
    for address in addresses():
        seen |= set(secret.found_in(walker.asks(address, secret.ids, "get")[1]))
    assert seen >= {"subject", "text", "note", "file", "bytes", "person", "handle", "draft", "template", "view", "html"}


@pytest.mark.parametrize("who", ["agent", "admin", "removed"])
def test_no_part_of_it_hangs_on_another_conversation(who: str, cast: Cast, secret: Secret, sign_in: SignIn) -> None:
    member = getattr(secret, who, None) or getattr(cast, who)
    walker = Walker(sign_in(member), secret, cast)
    mixed = secret.ids | {"conversation_id": cast.conversation.id, "person_id": cast.customer.id}
    wrong = []
    for address in addresses():
        if len(set(address.keys) & set(mixed)) > 1:
            for method in ("get", "post"):
                status, text = walker.asks(address, mixed, method)
                wrong += [f"{method} {address.name}: {name}" for name in secret.found_in(text) if status != 500]
                if status >= 500 or (method == "get" and status == 200 and "message_id" not in address.keys):
                    wrong.append(f"{method} {address.name}: {status}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ["agent", "admin", "reader", "removed"])
def test_looking_for_its_words_is_looking_for_nothing(who: str, cast: Cast, secret: Secret, sign_in: SignIn) -> None:
    member = getattr(secret, who, None) or getattr(cast, who)
    client = sign_in(member)
    wrong = []
    asking = [one for one in addresses() if not one.keys and one.name not in ("", "live_token")]
    words = [MARKERS[name] for name in ("subject", "text", "person", "template")]
    searches = (("zzzzzz", words), ("has:file zzzzzz", [f"has:file {MARKERS['file']}"]))
    for address in asking:
        for nothing, looked_for in searches:
            two = _shown(client, address, nothing)
            for word in looked_for:
                one = _shown(client, address, word)
                if one != two:
                    wrong.append(f"{address.name} for {word}: {_difference(one, two)}")
    assert not wrong, "\n".join(wrong)


def _without(text: str, word: str) -> str:
    """The page without what was asked for, however it is written in it."""
    for written in (word, quote_plus(word), quote(word), word.split()[-1]):
        text = text.replace(written, "?")
    return text


def _shown(client: Client, address: Address, word: str) -> str:
    """The page for a word, without what was asked for; what differs by itself is gone, too."""
    with nothing_lasts():
        response = client.get(f"/{address.route}", {"q": word, "text": word, "query": word, "name": word})
        body = response.getvalue() if response.streaming else response.content
    return _without(_plain(body.decode(errors="replace")), word)


def test_counts_are_as_if_it_were_not_there(cast: Cast, secret: Secret, sign_in: SignIn) -> None:
    clients = [sign_in(member) for member in (cast.agent, cast.admin, secret.removed)]
    pages = (
        "/",
        "/counts/",
        "/inbox/all/",
        "/views/counts/",
        "/reports/",
        "/reports/promises/",
        "/leads/",
        "/people/",
        "/bulk/choices/assign/",
    )
    before = [_plain(client.get(page).content.decode()) for client in clients for page in pages]
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("UPDATE conversations_conversation SET status = 'merged' WHERE confidential")
    after = [_plain(client.get(page).content.decode()) for client in clients for page in pages]
    assert [page for page, a, b in zip(pages * 3, before, after, strict=True) if a != b] == []


def test_every_address_has_a_recipe() -> None:
    known: dict[str, object] = VALUES | dict.fromkeys([*_ANY, "member_id", "team_id"], UUID(int=1))
    ids = (
        "conversation_id", "message_id", "before", "attachment_id", "person_id", "organization_id", "relationship_id",
        "draft_id", "upload_id", "template_id", "view_id", "item_id", "event_id",
        "merge_id", "release_id",
    )  # fmt: skip
    assert all(address.filled(known | dict.fromkeys(ids, UUID(int=1))) for address in addresses())
