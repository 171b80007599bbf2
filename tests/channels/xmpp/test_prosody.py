"""XMPP end to end: Prosody as the server, and a customer's client."""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rapport.channels.base import (
    Account,
    ChannelError,
    Deleted,
    Edited,
    Message,
    MessageRefused,
    OutcomeUnknown,
    Reaction,
    Receipt,
)
from rapport.channels.kinds.xmpp.connector import XmppConnector
from rapport.channels.testing import account_for, draft_for
from tests.channels.standin import Collected, collecting, until
from tests.channels.xmpp.person import Person
from tests.channels.xmpp.prosody import DOMAIN, ROOMS, Prosody

pytestmark = pytest.mark.peers
CONNECTOR = XmppConnector()
_count = iter(range(10_000))


@pytest.fixture(scope="module")
def prosody() -> Iterator[Prosody]:
    with tempfile.TemporaryDirectory(prefix="rapport-xmpp-") as name:
        server = Prosody(Path(name))
        server.start()
        for one in ("hub", "ann", "eve"):
            server.register(one)
        yield server
        server.stop()


@pytest.fixture
def hub(prosody: Prosody) -> Account:
    jid = prosody.register(f"hub{next(_count)}")
    return account_for(
        "xmpp", address=jid, secrets={"password": "word"},
        config={"jid": jid, "server": f"127.0.0.1:{prosody.port}", "security": "none", "nick": "hub"},
    )  # fmt: skip


@pytest.fixture
def ann(prosody: Prosody) -> Iterator[Person]:
    person = Person(prosody.register(f"ann{next(_count)}"), "word", prosody.port)
    yield person
    person.close()


def with_room(account: Account, person: Person) -> tuple[Account, str]:
    """A room that a customer opened, and that the account is to listen in."""
    room = f"help{next(_count)}@{ROOMS}"
    person.join(room, "ann")
    return replace(account, config={**account.config, "rooms": [room]}), room


def answer(account: Account, message: Message, text: str = "We look into it.", **given: Any) -> Any:
    assert message.author is not None
    draft = draft_for(text, message.answer, key=f"key-{next(_count)}", to=[("", message.author.value)], **given)
    told: list[bool] = []
    sent = CONNECTOR.send(account, CONNECTOR.prepare(account, draft), lambda: told.append(True))
    assert told == [True]
    return sent


def test_a_direct_message_is_answered_and_the_answer_is_received_and_read(hub: Account, ann: Person) -> None:
    assert any("Signed in" in line for line in CONNECTOR.test(hub))
    with collecting(CONNECTOR, hub) as collected:
        number = ann.say(hub.address, "My order is late")
        message = collected.wait_for("My order is late")
        assert message.external_id == f"xmpp:{ann.jid}/{number}"
        assert not message.public
        sent = answer(hub, message)
        heard = ann.wait_for("We look into it.\n— Mara Lind")
        assert heard["reply"]["id"] == number
        assert heard["from"].bare == hub.address
        receipt: Receipt = collected.wait_for_kind(Receipt)[0]
        assert (receipt.external_id, receipt.state) == (sent.external_ids[0], "delivered")
        ann.do(lambda client: client.plugin["xep_0333"].send_marker(heard["from"].bare, heard["id"], "displayed"))
        until(lambda: any(one.state == "read" for one in collected.wait_for_kind(Receipt)))
        own = collected.wait_for("We look into it.\n— Mara Lind")
        assert (own.external_id, own.origin) == (sent.external_ids[0], "own")
        assert own.refers_to[0] == message.refers_to[0]


def test_corrections_retractions_and_reactions_are_followed(hub: Account, ann: Person) -> None:
    with collecting(CONNECTOR, hub) as collected:
        first = ann.say(hub.address, "My order is lte")
        message = collected.wait_for("My order is lte")
        ann.say(hub.address, "My order is late", replace=first)
        edited: Edited = collected.wait_for_kind(Edited)[0]
        assert (edited.message.external_id, edited.message.text) == (message.external_id, "My order is late")
        sent = answer(hub, message)
        heard = ann.wait_for("We look into it.\n— Mara Lind")
        ann.do(lambda client: client.plugin["xep_0444"].send_reactions(heard["from"].bare, heard["id"], {"👍"}))
        reaction: Reaction = collected.wait_for_kind(Reaction)[0]
        assert (reaction.external_id, reaction.sign) == (sent.external_ids[0], "👍")
        ann.do(lambda client: client.plugin["xep_0424"].send_retraction(hub.address, first, mtype="chat"))
        deleted: Deleted = collected.wait_for_kind(Deleted)[0]
        assert deleted.external_id == message.external_id


def test_a_room_is_heard_and_answered_and_the_echo_is_what_was_sent(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    ann.say(room, "said before we came", "groupchat")
    assert any(f"{room}: is there." in line for line in CONNECTOR.test(account))
    with collecting(CONNECTOR, account) as collected:
        ann.say(room, "My order is late", "groupchat")
        message = collected.wait_for("My order is late")
        assert message.author is not None
        assert (message.author.value, message.author.name, message.public) == (f"{room}/ann", "ann", True)
        sent = answer(account, message)
        heard = ann.wait_for("ann: We look into it.\n— Mara Lind")
        assert (heard["type"], heard["from"].bare, heard["from"].resource) == ("groupchat", room, "hub")
        assert f"xmpp:{room}/{heard['reply']['id']}" == message.external_id
        own = collected.wait_for("ann: We look into it.\n— Mara Lind")
        assert (own.external_id, own.origin) == (sent.external_ids[0], "own")
        assert own.refers_to == (message.external_id,)
        assert "said before we came" not in [one.text for one in collected.messages()]


def test_in_a_room_only_who_said_it_can_change_it(hub: Account, ann: Person, prosody: Prosody) -> None:
    account, room = with_room(hub, ann)
    eve = Person(prosody.register(f"eve{next(_count)}"), "word", prosody.port)
    eve.join(room, "eve")
    early = ann.say(room, "Said early", "groupchat")
    ann.wait_for("Said early")
    with collecting(CONNECTOR, account) as collected:
        first = ann.say(room, "My order is lte", "groupchat")
        message = collected.wait_for("My order is lte")
        archived = message.external_id.rpartition("/")[2]
        eve.say(room, "All is well", "groupchat", replace=first)
        eve.do(lambda client: client.plugin["xep_0424"].send_retraction(room, archived, mtype="groupchat"))
        eve.say(room, "And now?", "groupchat")
        collected.wait_for("And now?")
        assert not [one for one in collected.said() if isinstance(one, Edited | Deleted)]
        ann.say(room, "My order is late", "groupchat", replace=first)
        assert collected.wait_for_kind(Edited)[0].message.external_id == message.external_id
        ann.do(lambda client: client.plugin["xep_0424"].send_retraction(room, archived, mtype="groupchat"))
        assert collected.wait_for_kind(Deleted)[0].external_id == message.external_id
        ann.say(room, "Corrected late", "groupchat", replace=early)  # of before we came: known from the archive
        assert collected.wait_for_kind(Edited, 2)[1].message.text == "Corrected late"
    eve.close()


def test_a_question_in_a_room_can_be_answered_in_private(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    with collecting(CONNECTOR, account) as collected:
        ann.say(room, "My number is 4711", "groupchat")
        answer(account, collected.wait_for("My number is 4711"), public=False)
        heard = ann.wait_for("We look into it.\n— Mara Lind")
        assert (heard["type"], str(heard["from"])) == ("chat", f"{room}/hub")
        ann.say(f"{room}/hub", "Thank you, in private")
        thanks = collected.wait_for("Thank you, in private")
        assert thanks.author is not None
        assert thanks.author.value == f"{room}/ann"


def test_what_was_said_while_nobody_listened_comes_from_the_archives(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    with collecting(CONNECTOR, account) as collected:
        ann.say(hub.address, "before")
        collected.wait_for("before")
        ann.say(room, "before, in the room", "groupchat")
        collected.wait_for("before, in the room")
    for number in range(120):
        ann.say(hub.address, f"direct {number}")
        ann.say(room, f"room {number}", "groupchat")
    ann.wait_for("room 119")
    with collecting(CONNECTOR, account, collected.source.cursors()) as later:
        until(lambda: len(later.messages()) >= 240, "they did not all come")
        ann.say(hub.address, "after")
        later.wait_for("after")
    texts = [one.text for one in later.messages()]
    assert sorted(texts) == sorted([*(f"{p} {n}" for p in ("direct", "room") for n in range(120)), "after"])
    forgotten = {name: {**one, "id": "gone"} for name, one in collected.source.cursors().items()}
    with collecting(CONNECTOR, account, forgotten) as again:
        until(lambda: len(again.messages()) >= 242, "they did not all come")
        assert {one.external_id for one in later.messages()} <= {one.external_id for one in again.messages()}


def test_a_flood_loses_none(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    with collecting(CONNECTOR, account) as collected:
        def flood(client: Any) -> None:
            for number in range(500):
                client.send_message(hub.address, f"direct {number}", mtype="chat")
                client.send_message(room, f"room {number}", mtype="groupchat")

        ann.do(flood)
        until(lambda: len(collected.source.items) >= 1_000, f"only {len(collected.source.items)}")
    assert len({one.text for one in collected.messages()}) == 1_000
    assert not collected.interruptions


def test_the_server_may_be_stopped_and_started(hub: Account, prosody: Prosody) -> None:
    with collecting(CONNECTOR, hub) as collected:
        prosody.stop()
        with pytest.raises(ChannelError) as error:
            CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft_for("x", to=[("", "ann@brand.test")])), lambda: None)
        assert not error.value.permanent
        assert not isinstance(error.value, OutcomeUnknown)
        until(lambda: collected.interruptions)
        prosody.start()
        until(lambda: collected.source.wells >= 2)
        ann = Person(prosody.register(f"ann{next(_count)}"), "word", prosody.port)
        ann.say(hub.address, "after")
        collected.wait_for("after")
        assert collected.error is None
        ann.close()


def test_a_wrong_password_is_for_a_person_to_mend(hub: Account) -> None:
    account = replace(hub, secrets={"password": "wrong"})
    with collecting(CONNECTOR, account, ready=False) as collected:
        until(lambda: collected.error)
    assert collected.error is not None
    assert "password" in collected.error.message
    with pytest.raises(ChannelError) as error:
        CONNECTOR.test(account)
    assert error.value.permanent


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(hub: Account, prosody: Prosody, security: str) -> None:
    port = prosody.tls_port if security == "tls" else prosody.port
    config = {**hub.config, "security": security, "server": f"127.0.0.1:{port}"}
    with pytest.raises(ChannelError, match="certificate"):
        CONNECTOR.test(replace(hub, config=config))


def test_somebody_who_is_not_there_refuses_the_message_alone(hub: Account) -> None:
    draft = draft_for("Hello", to=[("", f"nobody@{DOMAIN}")], key="k1")
    with pytest.raises(MessageRefused):
        CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft), lambda: None)
    draft = draft_for("Hello", {"to": f"nowhere@{ROOMS}", "room": True, "who": f"nowhere@{ROOMS}/x"}, key="k2")
    told: list[bool] = []
    with pytest.raises(MessageRefused, match="not there"):
        CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft), lambda: told.append(True))
    assert not told


def test_a_room_that_is_not_there_is_told_on_the_channel(hub: Account, ann: Person) -> None:
    account = replace(hub, config={**hub.config, "rooms": [f"nowhere@{ROOMS}"]})
    with collecting(CONNECTOR, account, ready=False) as collected:
        until(lambda: any("not there" in one for one in collected.source.troubles))
        ann.say(hub.address, "Heard all the same")
        collected.wait_for("Heard all the same")


def test_somebody_who_hears_of_a_conversation_first_can_be_written_to(hub: Account, ann: Person) -> None:
    draft = draft_for("Hello Ann", to=[("Ann", ann.jid)], key="k3")
    sent = CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft), lambda: None)
    ann.wait_for("Hello Ann\n— Mara Lind")
    assert sent.external_ids == [f"xmpp:{hub.address}/k3"]


def test_the_database_can_be_reached_whenever_something_is_kept(hub: Account, ann: Person) -> None:
    collected = Collected(CONNECTOR, hub)
    kept = collected.source.keep

    def keep(*given: Any) -> None:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()  # Django refuses its database where a loop runs
        kept(*given)

    collected.source.keep = keep  # type: ignore[method-assign]
    thread = threading.Thread(target=collected.run, daemon=True)
    thread.start()
    until(lambda: collected.source.wells)
    ann.say(hub.address, "kept")
    collected.wait_for("kept")
    collected.source.stopping.set()
    thread.join(10)
    assert collected.error is None
