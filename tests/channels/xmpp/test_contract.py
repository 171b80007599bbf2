"""What every kind must stand, for XMPP."""

from typing import Any

import orjson

from rapport.channels.base import (
    Account,
    Deleted,
    Edited,
    Incoming,
    Message,
    Reaction,
    Receipt,
    deletion_of,
)
from rapport.channels.kinds.xmpp.connector import XmppConnector
from rapport.channels.testing import ConnectorContract, Sample, account_for

OWN = "hub@example.org"
PLACE = "help@rooms.example.org"
ROOM = {"jid": PLACE, "name": "Help", "public": True, "nick": "hub"}


def xmpp_account(**given: Any) -> Account:
    return account_for(
        "xmpp", address=OWN, secrets={"password": "hidden-word"},
        config={"jid": OWN, "security": "starttls", "rooms": [PLACE], **given},
    )  # fmt: skip


def item(name: str, room: dict[str, Any] | None = None, target: str = "", called: str = "", **said: Any) -> Incoming:
    usual = {
        "type": "groupchat" if room else "chat", "from": f"{PLACE}/ann" if room else "ann@example.net/phone",
        "to": f"{OWN}/x", "id": "c1", "stamp": "2026-03-02T09:00:00.000Z", "xml": "<message/>",
    }  # fmt: skip
    body = {"said": {**usual, **said}, "name": name, "target": target, "room": room}
    return Incoming(called or name, orjson.dumps(body))


SAMPLES = (
    Sample(item("xmpp:ann@example.net/c1", body="My order is late", origin_id="c1")),
    Sample(item(f"xmpp:{PLACE}/s1", ROOM, body="Hello all", stanza_ids=[[PLACE, "s1"]])),
    Sample(item(f"xmpp:{PLACE}/s2", ROOM, f"xmpp:{PLACE}/s1", body="> Hello all\nHello Ann", reply="s1",
                reply_to=f"{PLACE}/ann", quoted=[0, 12], **{"from": f"{PLACE}/ben"})),
    Sample(item("xmpp:ann@example.net/c2", None, "xmpp:ann@example.net/c1", body="My order came", replace="c1"),
           (Edited,)),
    Sample(item("xmpp:ann@example.net/c3", None, "xmpp:ann@example.net/c1", deletion_of("xmpp:ann@example.net/c1"),
                retract="c1", moderated=False), (Deleted,)),
    Sample(item("xmpp:ann@example.net/c4", received="key-1"), (Receipt,)),
    Sample(item("xmpp:ann@example.net/c5", displayed="key-1"), (Receipt,)),
    Sample(item("xmpp:ann@example.net/c6", None, f"xmpp:{OWN}/key-1", reacted="key-1", signs=["👍", "🎉"]),
           (Reaction, Reaction)),
    Sample(item("xmpp:ann@example.net/c7", body="https://example.net/up/cup.png", file="https://example.net/up/cup.png")),
    Sample(item("xmpp:ann@example.net/c8", body="I sent you an encrypted message", encrypted=True)),
    Sample(item(f"xmpp:{PLACE}/s3", ROOM, body="We look into it", **{"from": f"{PLACE}/hub"})),
    Sample(item(f"xmpp:{OWN}/key-2", body="Written elsewhere", to="ann@example.net", **{"from": f"{OWN}/phone"})),
    Sample(item("xmpp:ann@example.net/c9", subject="A subject only"), ()),
    Sample(item(f"xmpp:{PLACE}/s4", ROOM, "", retract="s0", moderated=False), ()),
)  # fmt: skip


class TestTheContract(ConnectorContract):
    connector = XmppConnector()
    account = xmpp_account()
    samples = SAMPLES


def test_the_samples_are_what_they_seem() -> None:
    connector, account = XmppConnector(), xmpp_account()
    said = [one for sample in SAMPLES[:-2] for one in connector.parse(account, sample.item)]
    first, hello, reply, edited, deleted, got, read, thumb, _, picture, encrypted, ours, elsewhere = said
    assert isinstance(first, Message)
    assert first.author is not None
    assert (first.author.kind, first.author.value) == ("xmpp", "ann@example.net")
    assert (first.public, first.refers_to) == (False, (f"xmpp:{OWN}:ann@example.net",))
    assert isinstance(hello, Message)
    assert hello.author is not None
    assert (hello.author.value, hello.author.name, hello.public) == (f"{PLACE}/ann", "ann", True)
    assert hello.refers_to == (f"xmpp:{PLACE}:{PLACE}/ann",)
    assert isinstance(reply, Message)
    assert (reply.text, reply.refers_to) == ("Hello Ann", (f"xmpp:{PLACE}/s1",))
    assert isinstance(edited, Edited)
    assert (edited.message.external_id, edited.message.text) == (first.external_id, "My order came")
    assert isinstance(deleted, Deleted)
    assert deleted.external_id == first.external_id
    assert isinstance(got, Receipt)
    assert isinstance(read, Receipt)
    assert (got.external_id, got.state, read.state) == (f"xmpp:{OWN}/key-1", "delivered", "read")
    assert isinstance(thumb, Reaction)
    assert (thumb.sign, thumb.author.value) == ("👍", "ann@example.net")
    assert isinstance(picture, Message)
    assert (picture.text, picture.files[0].filename) == ("", "cup.png")
    assert isinstance(encrypted, Message)
    assert encrypted.problems
    assert isinstance(ours, Message)
    assert isinstance(elsewhere, Message)
    assert (ours.origin, elsewhere.origin) == ("own", "own")
    assert elsewhere.refers_to == first.refers_to
