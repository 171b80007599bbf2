"""A line registered at kamailio, called by baresip."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rapport.channels.base import Account, ChannelError, Message
from rapport.channels.kinds.sip import sound
from rapport.channels.kinds.sip.connector import SipConnector
from rapport.channels.kinds.sip.recorder import Recorder
from rapport.channels.testing import MemorySource, account_for
from tests.channels.sip import peers

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The telephone system."""
    with peers.exchange(tmp_path_factory.mktemp("kamailio")) as port:
        yield port


def line(port: int, password: str = peers.PASSWORD, **config: Any) -> Account:
    """A line of it."""
    settings = {
        "server": f"127.0.0.1:{port}", "user": "line", "announced": True, "number": "+49309990000", "silence_s": 1,
    }  # fmt: skip
    return account_for("sip", config=settings | config, secrets={"password": password})


def until(true: Callable[[], object]) -> None:
    """Wait generously."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "this never came true"
        time.sleep(0.05)


def hears(phone: peers.Phone, words: str) -> None:
    """Wait until the phone's log says so; show it where it never does."""
    end = time.monotonic() + 60
    while not phone.says(words):
        assert time.monotonic() < end, phone.log()
        time.sleep(0.05)


@contextmanager
def opened(account: Account) -> Iterator[MemorySource]:
    """The line, as long as the block."""
    source, errors = MemorySource(), []

    def collect() -> None:
        try:
            SipConnector().collect(account, source)
        except ChannelError as error:
            errors.append(error)

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        until(lambda: source.wells or errors)
        assert not errors
        yield source
    finally:
        source.stopping.set()
        thread.join(60)
        assert not thread.is_alive()


def only(account: Account, source: MemorySource) -> Message:
    """The one call that came."""
    until(lambda: source.items)
    (item,) = source.items.values()
    (message,) = SipConnector().parse(account, item)
    assert isinstance(message, Message)
    return message


def test_a_call_is_greeted_recorded_and_hung_up(port: int, tmp_path: Path) -> None:
    """The recording holds what was said; the caller heard tones."""
    # They speak as soon as they are put through, and a busy machine greets them for longer than they do.
    account, phone = line(port, from_start=True, silence_s=3), peers.Phone(tmp_path / "phone", port)
    with opened(account) as source, phone.call("line", peers.speech(4.0) + bytes(16_000 * 8)):
        message = only(account, source)
        hears(phone, "terminated")
    assert message.author is not None
    assert (message.author.kind, message.author.value) == ("phone", "+493012345")
    assert message.text.startswith("Call from +493012345, ")
    assert message.refers_to == ("call:+493012345..+49309990000",)
    (file,) = message.files
    samples = sound.read_wav(file.data)
    assert len(samples) / 16_000 >= 2.0
    assert sound.level(samples[:8_000]) > 1_000
    assert sound.level(samples[-8_000:]) < 100
    heard = phone.heard()
    assert max(sound.level(heard[at : at + 8_000]) for at in range(0, len(heard), 8_000)) > 100


def test_a_caller_who_hangs_up_is_kept_as_far_as_they_came(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a word."""
    account, phone = line(port, silence_s=20), peers.Phone(tmp_path / "phone", port)
    hear, spoken = Recorder.hear, threading.Event()

    def hearing(self: Recorder, pcm: bytes, timestamp: int, at: float) -> None:
        hear(self, pcm, timestamp, at)
        if len(self.data) > sound.RATE and self.has_message:
            spoken.set()

    monkeypatch.setattr(Recorder, "hear", hearing)
    with opened(account) as source, phone.call("line", peers.speech(30.0)) as process:
        assert spoken.wait(60), phone.log()
        process.terminate()
        message = only(account, source)
    assert len(message.files) == 1
    assert len(sound.read_wav(message.files[0].data)) < 16_000 * 10


def test_a_recording_ends_at_its_limit(port: int, tmp_path: Path) -> None:
    """And the call with it."""
    account, phone = line(port, seconds_max=5, silence_s=20), peers.Phone(tmp_path / "phone", port)
    with opened(account) as source, phone.call("line", peers.speech(30.0)):
        message = only(account, source)
        hears(phone, "terminated")
    assert "ended at its limit" in message.text
    assert len(sound.read_wav(message.files[0].data)) == 5 * 16_000


def test_nothing_is_recorded_where_that_is_not_wanted(port: int, tmp_path: Path) -> None:
    """The call is kept, without a sound."""
    account, phone = line(port, record=False, announced=False), peers.Phone(tmp_path / "phone", port)
    with opened(account) as source, phone.call("line", peers.speech(30.0)):
        message = only(account, source)
        hears(phone, "terminated")
    assert message.files == ()
    assert "No message was left." in message.text


def test_two_call_at_once_and_the_line_is_closed_meanwhile(port: int, tmp_path: Path) -> None:
    """Both are hung up, and what they said so far is kept."""
    account = line(port, silence_s=20)
    first, second = peers.Phone(tmp_path / "one", port), peers.Phone(tmp_path / "two", port)
    with (
        opened(account) as source,
        first.call("line", peers.speech(30.0)),
        second.call("line", peers.speech(30.0), "+493067890"),
    ):
        hears(first, "Call established")
        hears(second, "Call established")
        time.sleep(2.5)
        source.stopping.set()
        until(lambda: len(source.items) == 2)
        hears(first, "terminated")
        hears(second, "terminated")
    said = [message for item in source.items.values() for message in SipConnector().parse(account, item)]
    assert {one.author.value for one in said if isinstance(one, Message) and one.author} == {
        "+493012345", "+493067890",
    }  # fmt: skip


def test_a_wrong_password_needs_a_person(port: int) -> None:
    """In words, at once."""
    source = MemorySource()
    with pytest.raises(ChannelError, match="user and password") as error:
        SipConnector().collect(line(port, "wrong"), source)
    assert error.value.permanent
    assert not source.items
    with pytest.raises(ChannelError, match="user and password"):
        SipConnector().test(line(port, "wrong"))


def test_signing_in_is_tried_without_taking_calls(port: int, tmp_path: Path) -> None:
    """Who calls afterwards hears that nobody is there."""
    assert SipConnector().test(line(port)) == ["127.0.0.1 accepts line."]
    phone = peers.Phone(tmp_path / "phone", port)
    with phone.call("line", peers.speech(1.0)):
        hears(phone, "404")
