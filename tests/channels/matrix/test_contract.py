"""What every kind must stand, for Matrix."""

from typing import Any, ClassVar

import orjson

from rapport.channels.base import (
    Account,
    Deleted,
    Edited,
    Incoming,
    Message,
    Reaction,
    deletion_of,
)
from rapport.channels.kinds.matrix.connector import MatrixConnector
from rapport.channels.testing import ConnectorContract, HttpContract, Sample, account_for

ROOM = {"id": "!help:example.org", "name": "Help", "alias": "#help:example.org", "join_rule": "public", "direct": False}
DIRECT = {"id": "!two:example.org", "name": "", "alias": "", "join_rule": "invite", "direct": True}
OWN = "@hub:example.org"


def matrix_account(**given: Any) -> Account:
    return account_for(
        "matrix", address=OWN, secrets={"access_token": "syt_hidden"},
        config={
            "homeserver": "https://matrix.example.org", "rooms": ["#help:example.org"], "accept_invites": True,
            "own": {"user_id": OWN}, **given,
        },
    )  # fmt: skip


def event(number: str, content: dict[str, Any], **given: Any) -> dict[str, Any]:
    usual = {
        "type": "m.room.message", "event_id": f"${number}", "sender": "@ann:example.org",
        "origin_server_ts": 1_772_442_000_000, "content": content, "unsigned": {"age": 12},
    }  # fmt: skip
    return {**usual, **given}


def words(text: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": text, **more}


def item(of: dict[str, Any], room: dict[str, Any] = ROOM, name: str = "", **more: Any) -> Incoming:
    facts = {"event": of, "room": room, "sender": {"name": "Ann"}, **more}
    return Incoming(name or f"matrix:{of['event_id']}", orjson.dumps(facts))


THREAD = {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": True, "m.in_reply_to": {"event_id": "$last"}}
EDIT = {"rel_type": "m.replace", "event_id": "$1"}
SAMPLES = (
    Sample(item(event("1", words("My order is late, **again**.", format="org.matrix.custom.html",
                                 formatted_body="My order is <b>late</b>, again.")))),
    Sample(item(event("2", words("Hello"), sender="@ben:example.net"), DIRECT)),
    Sample(item(event("3", words("In the thread", **{"m.relates_to": THREAD})))),
    Sample(item(event("4", words("* My order came", **{"m.relates_to": EDIT, "m.new_content": words("My order came")})),
                original=event("1", words("My order is late"))), (Edited,)),
    Sample(item(event("5", {"redacts": "$1"}, type="m.room.redaction", redacts="$1"), name=deletion_of("matrix:$1")),
           (Deleted,)),
    Sample(item(event("6", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$1", "key": "👍"}},
                      type="m.reaction")), (Reaction,)),
    Sample(item(event("7", {"redacts": "$6"}, type="m.room.redaction"),
                reacted={"event_id": "$1", "key": "👍", "sender": "@ann:example.org"}), (Reaction,)),
    Sample(item(event("8", {"msgtype": "m.image", "body": "cup.png", "url": "mxc://example.org/abc",
                            "info": {"mimetype": "image/png", "size": 5}}), DIRECT, media={"data": "aGVsbG8="})),
    Sample(item(event("9", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA"}, type="m.room.encrypted"),
                DIRECT)),
    Sample(item(event("10", words("We look into it"), sender=OWN))),
    Sample(item(event("11", {"membership": "join"}, type="m.room.member")), ()),
)  # fmt: skip


class TestTheContract(ConnectorContract):
    connector = MatrixConnector()
    account = matrix_account()
    samples = SAMPLES


class TestTheContractOverHttp(HttpContract):
    connector = MatrixConnector()
    answering: ClassVar[dict[str, Any]] = {
        "room": "!help:example.org", "event": "$1", "root": "", "from": "@ann:example.org",
    }  # fmt: skip
    answer_to = (("Ann", "@ann:example.org"),)

    def account_at(self, url: str) -> Account:
        return matrix_account(homeserver=url)


def test_the_samples_are_what_they_seem() -> None:
    connector, account = MatrixConnector(), matrix_account()
    said = [one for sample in SAMPLES[:-1] for one in connector.parse(account, sample.item)]
    first, direct, threaded, edited, deleted, reacted, took_back, picture, encrypted, own = said
    assert isinstance(first, Message)
    assert (first.external_id, first.text, first.public, first.refers_to) == (
        "matrix:$1", "My order is late, again.", True, ()
    )  # fmt: skip
    assert first.author is not None
    assert (first.author.kind, first.author.value, first.author.name) == ("matrix", "@ann:example.org", "Ann")
    assert isinstance(direct, Message)
    assert (direct.public, direct.refers_to) == (False, ("matrix:!two:example.org",))
    assert isinstance(threaded, Message)
    assert threaded.refers_to == ("matrix:$root",)
    assert isinstance(edited, Edited)
    assert (edited.message.external_id, edited.message.text) == ("matrix:$1", "My order came")
    assert edited.message.edited_at is not None
    assert deleted == Deleted("matrix:$1", first.at)
    assert isinstance(reacted, Reaction)
    assert isinstance(took_back, Reaction)
    assert (reacted.external_id, reacted.sign, reacted.removed) == ("matrix:$1", "👍", False)
    assert (took_back.external_id, took_back.sign, took_back.removed) == ("matrix:$1", "👍", True)
    assert isinstance(picture, Message)
    assert (picture.files[0].data, picture.files[0].filename, picture.text) == (b"hello", "cup.png", "")
    assert isinstance(encrypted, Message)
    assert encrypted.problems
    assert not encrypted.text
    assert isinstance(own, Message)
    assert own.origin == "own"
