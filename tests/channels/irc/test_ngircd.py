"""IRC end to end: ngIRCd as the server, and the library `irc` as what others use."""

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import irc.client
import pytest

from rapport.channels.base import Account, ChannelError, Message, MessageRefused, OutcomeUnknown
from rapport.channels.kinds.irc import saying
from rapport.channels.kinds.irc.connector import IrcConnector
from rapport.channels.testing import account_for, draft_for
from tests.channels.irc.ngircd import Ngircd
from tests.channels.standin import collecting, until

pytestmark = pytest.mark.peers
CONNECTOR = IrcConnector()
_count = iter(range(10_000))


@pytest.fixture(scope="module")
def ngircd() -> Iterator[Ngircd]:
    with tempfile.TemporaryDirectory(prefix="rapport-irc-") as name:
        Path(name).chmod(0o755)
        server = Ngircd(Path(name))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def hub(ngircd: Ngircd) -> Account:
    number = next(_count)
    rooms = [f"#help{number}"]
    config = {"server": "127.0.0.1", "port": ngircd.port, "tls": False, "nick": f"hub{number}", "rooms": rooms}
    return account_for("irc", address=f"hub{number}@brandnet", config=config)


class Person:
    """Somebody with an IRC client, whose loop runs in a thread."""

    def __init__(self, port: int, nick: str) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self._joined: list[str] = []
        self._reactor = irc.client.Reactor()
        self._connection = self._reactor.server().connect("127.0.0.1", port, nick)
        for kind in ("pubmsg", "privmsg"):
            self._connection.add_global_handler(kind, self._hear)
        self._connection.add_global_handler("endofnames", lambda _, event: self._joined.append(event.arguments[0]))
        self._connection.add_global_handler("welcome", lambda _, event: self._joined.append("welcome"))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until(lambda: "welcome" in self._joined)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._reactor.process_once(0.02)

    def _hear(self, _: Any, event: Any) -> None:
        self.heard.append((event.source.nick, event.target, event.arguments[0]))

    def join(self, room: str) -> None:
        self._connection.join(room)
        until(lambda: room in self._joined)

    def say(self, target: str, words: str) -> None:
        self._connection.privmsg(target, words)

    def wait_for(self, words: str) -> tuple[str, str, str]:
        found: tuple[str, str, str] = until(
            lambda: next((one for one in self.heard if one[2] == words), None), f"never heard {words!r}: {self.heard}"
        )
        return found

    def kick(self, room: str, nick: str) -> None:
        self._connection.kick(room, nick)

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(5)
        self._connection.disconnect("bye")


@pytest.fixture
def ann(ngircd: Ngircd) -> Iterator[Person]:
    person = Person(ngircd.port, f"ann{next(_count)}")
    yield person
    person.close()


def nick_of(account: Account) -> str:
    return str(account.config["nick"])


def room_of(account: Account) -> str:
    return str(account.config["rooms"][0])


def in_the_room(account: Account, person: Person) -> str:
    """The account is in its room, and so is a person: since it was joined, somebody named hears."""
    room = room_of(account)
    person.join(room)
    voice = until(lambda: saying.lent(account.id))
    until(lambda: room in voice.rooms)
    return room


def answer(account: Account, message: Message, text: str = "We look into it.", **given: Any) -> Any:
    assert message.author is not None
    draft = draft_for(text, message.answer, key=f"key-{next(_count)}", to=[("", message.author.written)], **given)
    told: list[bool] = []
    sent = CONNECTOR.send(account, CONNECTOR.prepare(account, draft), lambda: told.append(True))
    assert told == [True]
    return sent


def test_who_names_us_in_a_room_is_answered_there(hub: Account, ann: Person) -> None:
    own = CONNECTOR.identify(hub)
    assert own["address"] == f"{nick_of(hub)}@brandnet"
    with collecting(CONNECTOR, hub) as collected:
        room = in_the_room(hub, ann)
        ann.say(room, "nobody in particular")
        ann.say(room, f"{nick_of(hub)}: my order is late")
        message = collected.wait_for(f"{nick_of(hub)}: my order is late")
        assert message.author is not None
        assert (message.public, message.author.value) == (True, f"{message.author.name}@brandnet")
        sent = answer(hub, message)
        heard = ann.wait_for(f"{message.author.name}: We look into it. ^ML")
        assert heard[:2] == (nick_of(hub), room)
        assert sent.external_ids[0].startswith("irc:brandnet:key-")
        assert [one.text for one in collected.messages()] == [message.text]


def test_everything_in_a_room_can_be_taken_and_what_does_not_name_us_is_found(hub: Account, ann: Person) -> None:
    account = replace(hub, config={**hub.config, "everything": True, "words": ["refund"]})
    with collecting(CONNECTOR, account) as collected:
        room = in_the_room(account, ann)
        ann.say(room, "good morning")
        ann.say(room, "I want a refund")
        found, addressed = collected.wait_for("good morning"), collected.wait_for("I want a refund")
        assert (found.origin, found.found_by, addressed.origin) == ("search", room, "addressed")


def test_a_private_message_is_answered_in_private(hub: Account, ann: Person) -> None:
    with collecting(CONNECTOR, hub) as collected:
        ann.say(nick_of(hub), "Are you there?")
        message = collected.wait_for("Are you there?")
        assert not message.public
        answer(hub, message, "Yes.\n" + "We are here, Grüße. " * 40)
        ann.wait_for("Yes.")
        heard = until(lambda: [one for one in ann.heard if one[2].endswith("^ML")] and list(ann.heard))
        assert all(one[1].startswith("ann") for one in heard)
        assert " ".join(one[2] for one in heard[1:]) == ("We are here, Grüße. " * 40).strip() + " ^ML"


def test_a_question_in_a_room_can_be_answered_in_private(hub: Account, ann: Person) -> None:
    with collecting(CONNECTOR, hub) as collected:
        room = in_the_room(hub, ann)
        ann.say(room, f"{nick_of(hub)}: my number is 4711")
        answer(hub, collected.wait_for(f"{nick_of(hub)}: my number is 4711"), public=False)
        assert ann.wait_for("We look into it. ^ML")[1].startswith("ann")


def test_another_process_answers_by_a_connection_of_its_own(
    hub: Account, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting(CONNECTOR, hub) as collected:
        room = in_the_room(hub, ann)
        ann.say(room, f"{nick_of(hub)}: hello")
        message = collected.wait_for(f"{nick_of(hub)}: hello")
        monkeypatch.setattr(saying, "lent", lambda _: None)
        answer(hub, message)
        assert message.author is not None
        assert ann.wait_for(f"{message.author.name}: We look into it. ^ML")[:2] == (f"{nick_of(hub)}_", room)
        ann.say(room, f"{nick_of(hub)}: thanks")
        collected.wait_for(f"{nick_of(hub)}: thanks")
        assert len(collected.messages()) == 2


def test_a_flood_loses_none(hub: Account, ann: Person) -> None:
    with collecting(CONNECTOR, hub) as collected:
        room = in_the_room(hub, ann)
        for number in range(500):
            ann.say(room, f"{nick_of(hub)}: same words")
            ann.say(nick_of(hub), f"private {number}")
            if number % 50 == 0:
                time.sleep(0.01)
        until(lambda: len(collected.source.items) >= 1_000, f"only {len(collected.source.items)}")
    assert len([one for one in collected.messages() if one.public]) == 500
    assert len({one.external_id for one in collected.messages()}) == 1_000


def test_the_server_may_be_stopped_and_started(hub: Account, ngircd: Ngircd) -> None:
    with collecting(CONNECTOR, hub) as collected:
        ngircd.stop()
        until(lambda: collected.interruptions)
        draft = draft_for("x", to=[("", "ann")])
        with pytest.raises(ChannelError) as error:
            CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft), lambda: None)
        assert not error.value.permanent
        assert not isinstance(error.value, OutcomeUnknown)
        ngircd.start()
        until(lambda: collected.source.wells >= 2)
        ann = Person(ngircd.port, f"ann{next(_count)}")
        ann.say(nick_of(hub), "after")
        collected.wait_for("after")
        assert collected.error is None
        ann.close()


def test_a_wrong_password_is_for_a_person_to_mend(hub: Account, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    server = Ngircd(tmp_path, password="right")
    server.start()
    try:
        account = replace(hub, config={**hub.config, "port": server.port}, secrets={"password": "wrong"})
        with collecting(CONNECTOR, account, ready=False) as collected:
            until(lambda: collected.error, f"{collected.interruptions}")
        assert collected.error is not None
        assert "password" in collected.error.message
        assert CONNECTOR.test(replace(account, secrets={"password": "right"}))
    finally:
        server.stop()


def test_somebody_who_is_not_there_refuses_the_message_alone(hub: Account) -> None:
    with pytest.raises(MessageRefused):
        CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft_for("x", to=[("", "nobody")])), lambda: None)
    told: list[bool] = []
    draft = draft_for("x", {"target": "#shut", "nick": "ann", "room": True})
    with pytest.raises(MessageRefused, match="#shut"):
        CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft), lambda: told.append(True))
    assert not told


def test_rooms_with_a_key_and_rooms_that_do_not_let_us_in(hub: Account) -> None:
    account = replace(hub, config={**hub.config, "rooms": ["#shut wrong"]})
    with collecting(CONNECTOR, account) as collected:
        until(lambda: any("#shut" in one for one in collected.source.troubles))
    account = replace(hub, config={**hub.config, "rooms": ["#shut secret"]})
    with collecting(CONNECTOR, account) as collected:
        until(lambda: "#shut" in saying.lent(account.id).rooms)  # type: ignore[union-attr]
        assert not collected.source.troubles


def test_being_put_out_of_a_room_is_told_on_the_channel(hub: Account, ann: Person) -> None:
    ann.join(room_of(hub))  # the first one in a room is its operator
    with collecting(CONNECTOR, hub) as collected:
        in_the_room(hub, ann)
        ann.kick(room_of(hub), nick_of(hub))
        until(lambda: any("put us out" in one for one in collected.source.troubles))


def test_a_nickname_that_is_taken_is_lengthened(hub: Account, ngircd: Ngircd) -> None:
    other = Person(ngircd.port, nick_of(hub))
    assert any("in use" in line for line in CONNECTOR.test(hub))
    other.close()
