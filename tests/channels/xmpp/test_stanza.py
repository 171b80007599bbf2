"""Stanzas as they come over the wire, read field by field; who may change what; what a draft becomes."""

from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Account, Invalid
from rapport.channels.kinds.xmpp import naming, settings, stanza
from rapport.channels.kinds.xmpp.compose import composed
from rapport.channels.testing import account_for, draft_for

OWN, PLACE = "hub@example.org", "help@rooms.example.org"
V1 = "xmlns='urn:xmpp:message-retract:1'"


def facts(inside: str = "", **given: str) -> dict[str, Any]:
    usual = {"from": "Ann@Example.net/phone", "to": OWN, "type": "chat", "id": "i1", **given}
    attributes = " ".join(f'{name}="{value}"' for name, value in usual.items())
    return stanza.facts(ET.fromstring(f'<message xmlns="jabber:client" {attributes}>{inside}</message>'))


def in_room(inside: str, who: str, number: str, identity: str) -> dict[str, Any]:
    marked = f"{inside}<stanza-id xmlns='urn:xmpp:sid:0' by='{PLACE}' id='{number}'/>"
    return facts(marked, type="groupchat", id=identity, **{"from": f"{PLACE}/{who}"})


def test_only_what_is_there_is_found() -> None:
    assert facts("<body>hello</body>") == {
        "type": "chat", "from": "Ann@Example.net/phone", "to": OWN, "id": "i1", "body": "hello",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("<retract xmlns='urn:xmpp:message-retract:1' id='x'/>", {"retract": "x"}),
        ("<apply-to xmlns='urn:xmpp:fasten:0' id='x'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
         {"retract": "x"}),
        ("<apply-to xmlns='urn:xmpp:fasten:0' id='x'><moderated xmlns='urn:xmpp:message-moderate:0'>"
         "<retract xmlns='urn:xmpp:message-retract:0'/></moderated></apply-to>", {"retract": "x", "moderated": True}),
        (f"<retract {V1} id='x'><moderated xmlns='urn:xmpp:message-moderate:1'/></retract>",
         {"retract": "x", "moderated": True}),
        ("<x xmlns='jabber:x:oob'><url>https://example.net/a</url></x>", {"file": "https://example.net/a"}),
        ("<encrypted xmlns='eu.siacs.conversations.axolotl'/>", {"encrypted": True}),
        ("<delay xmlns='urn:xmpp:delay' stamp='2026-03-02T09:00:00Z'/>", {"stamp": "2026-03-02T09:00:00Z"}),
        ("<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
         {"error": "item-not-found"}),
        ("<reply xmlns='urn:xmpp:reply:0' id='x' to='b@c'/>"
         "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='9'/></fallback>",
         {"reply": "x", "reply_to": "b@c", "quoted": [0, 9]}),
    ],
)  # fmt: skip
def test_each_extension_is_read(inside: str, found: dict[str, Any]) -> None:
    assert found.items() <= facts(inside).items()


def test_a_copy_from_the_archive_has_the_name_of_the_live_one() -> None:
    live = facts("<body>x</body>")
    copied = {**live, "stanza_ids": [[OWN, "a1"]]}
    with_id = facts("<body>x</body><origin-id xmlns='urn:xmpp:sid:0' id='o1'/>")
    assert naming.identity(with_id, OWN) == naming.identity({**with_id, "stanza_ids": [[OWN, "a1"]]}, OWN)
    assert naming.identity(copied, OWN) == f"xmpp:{OWN}/a1"
    assert naming.identity({**copied, "stanza_ids": [["other@example.org", "a1"]]}, OWN) != f"xmpp:{OWN}/a1"


def test_a_client_that_counts_from_one_again_says_another_message() -> None:
    first, again = facts("<body>x</body>", id="1"), facts("<body>y</body>", id="1")
    assert naming.identity(first, OWN) != naming.identity(again, OWN)
    assert naming.identity(first, OWN) == naming.identity(facts("<body>x</body>", id="1"), OWN)


def test_only_who_said_it_may_correct_it_or_take_it_back() -> None:
    names = naming.Names(OWN)
    said = in_room("<body>x</body>", "ann", "s1", "i1")
    names.remember(said)
    correct = "<body>y</body><replace xmlns='urn:xmpp:message-correct:0' id='i1'/>"
    retract = "<retract xmlns='urn:xmpp:message-retract:1' id='s1'/>"
    name = f"xmpp:{PLACE}/s1"
    assert names.target(in_room(correct, "ann", "s2", "i2")) == name
    assert names.target(in_room(retract, "ann", "s3", "i3")) == name
    assert names.target(in_room(correct, "eve", "s4", "i4")) == ""
    assert names.target(in_room(retract, "eve", "s5", "i5")) == ""
    moderated = f"<retract {V1} id='s1'><moderated xmlns='urn:xmpp:message-moderate:1'/></retract>"
    assert names.target(in_room(moderated, "eve", "s6", "i6")) == ""
    assert names.target(facts(moderated, type="groupchat", **{"from": PLACE})) == name


def test_whoever_takes_over_a_nickname_cannot_change_what_was_said_under_it() -> None:
    names = naming.Names(OWN)
    occupant = "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{}'/>"
    names.remember(in_room("<body>x</body>" + occupant.format("one"), "ann", "s1", "i1"))
    correct = "<body>y</body><replace xmlns='urn:xmpp:message-correct:0' id='i1'/>"
    assert names.target(in_room(correct + occupant.format("two"), "ann", "s2", "i2")) == ""
    assert names.target(in_room(correct + occupant.format("one"), "ann", "s3", "i3")) == f"xmpp:{PLACE}/s1"


@given(st.text(), st.text(), st.text())
def test_any_sender_and_id_make_a_name(who: str, number: str, words: str) -> None:
    name = naming.identity({"from": who, "id": number, "body": words, "type": "chat"}, OWN)
    assert 0 < len(name) <= 500


def test_an_answer_in_a_room_names_who_is_meant_and_one_in_private_does_not() -> None:
    answering = {"to": PLACE, "room": True, "who": f"{PLACE}/ann", "id": "s1", "public": True}
    public = orjson.loads(composed(draft_for("Hello", answering, key="k")).body)
    assert (public["to"], public["body"], public["reply"]) == (PLACE, "ann: Hello\n— Mara Lind", "s1")
    private = orjson.loads(composed(draft_for("Hello", answering, key="k", public=False)).body)
    assert (private["to"], private["body"], private["room"]) == (f"{PLACE}/ann", "Hello\n— Mara Lind", False)


def test_what_xml_cannot_carry_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match=r"U\+0001"):
        composed(draft_for("a\x01b", to=[("", "ann@example.net")]))


def account(**given: Any) -> Account:
    return account_for("xmpp", config={"jid": OWN, **given}, secrets={"password": "x"})


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [("", "", 5222), ("xmpp.example.org", "xmpp.example.org", 5222), ("x.example.org:5333", "x.example.org", 5333),
     ("[::1]:5333", "::1", 5333), ("::1", "::1", 5222)],
)  # fmt: skip
def test_a_server_is_written_in_these_ways(written: str, host: str, port: int) -> None:
    read = settings.read(account(server=written))
    assert (read.host, read.port) == (host, port)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jid": "hub"}, "Address"), ({"server": "x:y"}, "Server"), ({"security": "some"}, "Encryption"),
        ({"security": "none", "server": "xmpp.example.org"}, "unencrypted"), ({"security": "none"}, "unencrypted"),
        ({"rooms": "help"}, "Rooms"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        settings.read(account(**given))
