"""What a call says, what settings are refused, and what a recorder keeps."""

import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Incoming, Invalid, Message, NothingSaid, Unreadable
from rapport.channels.kinds.sip import record, settings, sound
from rapport.channels.kinds.sip.connector import SipConnector
from rapport.channels.kinds.sip.recorder import Recorder
from tests.channels.sip.test_sip_contract import account, facts


def said(**given: Any) -> Message:
    """The message of a call."""
    return record.parse(account(), record.item(facts(**given)))


def test_a_call_with_a_message_says_who_how_long_and_holds_the_sound() -> None:
    """A national number becomes an international one."""
    message = said()
    assert message.text == "Call from +49301234567, 25 s"
    assert message.author is not None
    assert (message.author.value, message.author.name) == ("+49301234567", "Ann Example")
    assert message.refers_to == ("call:+49301234567..+4930999000",)
    assert (message.kind, message.public, message.origin) == ("call", False, "addressed")
    (file,) = message.files
    assert file.content_type == "audio/wav"
    assert len(sound.read_wav(file.data)) == 8_000


def test_a_missed_call_is_a_message_too() -> None:
    """Whoever finds all lines busy has called."""
    message = said(answered=False, end="busy", recording=b"")
    assert message.text == "Missed call from +49301234567\n\nAll lines were busy."
    assert message.files == ()


def test_a_hidden_number_stays_hidden_and_belongs_to_no_other_call() -> None:
    """No author, no room."""
    message = said(user="anonymous", host="anonymous.invalid")
    assert message.author is None
    assert message.refers_to == ()
    assert message.text.startswith("Call from a hidden number")


def test_two_calls_with_one_call_id_are_two() -> None:
    """Callers choose their Call-IDs."""
    later = facts().started.replace(hour=10)
    assert said().external_id != said(started=later).external_id
    assert record.item(facts()).external_id != record.item(facts(started=later)).external_id


_KEYS = st.sampled_from(["call", "from", "host", "name", "to", "started", "ended", "end", "keys", "law", "recording"])


@given(st.binary(max_size=200) | st.dictionaries(_KEYS, st.text(max_size=30)).map(orjson.dumps))
def test_parsing_raises_nothing_else(body: bytes) -> None:
    """Whatever the bytes are."""
    try:
        message = record.parse(account(), Incoming("x", body))
    except (Unreadable, NothingSaid):
        return
    assert "\0" not in message.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"announced": False}, "Nobody tells"), ({"server": "a b"}, "Server"), ({"server": "x:99999"}, "Server"),
        ({"user": "a@b"}, "User"), ({"country": "DE"}, "Country"), ({"seconds_max": 9_000}, "seconds_max"),
        ({"calls_max": "many"}, "calls_max"), ({"advertised": "here"}, "no IP address"),
        ({"allowed": ["203.0.113.5", "there"]}, "no IP address"),
        ({"greeting": "data:audio/wav;base64,AAAA"}, "Greeting"), ({"greeting": "data:audio/wav;base64,?"}, "base64"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(changes: dict[str, Any], words: str) -> None:
    """Before anything is tried."""
    one = account()
    with pytest.raises(Invalid, match=words):
        SipConnector().check(replace(one, config={**one.config, **changes}))


def test_a_greeting_of_any_rate_is_taken() -> None:
    """As long as it is WAV."""
    file = base64.b64encode(sound.wav(sound.tone(440, 100))).decode()
    assert settings.greeting_of(f"data:audio/wav;base64,{file}") == sound.tone(440, 100)


def test_a_recorder_fills_gaps_and_stops_at_its_limit() -> None:
    """A phone may send nothing while nobody speaks; nobody may send for ever."""
    recorder = Recorder("mulaw", 1)
    loud = sound.tone(440, 20)
    recorder.hear(loud, 0, 1.0)
    assert recorder.data == b""
    recorder.begin(1.0)
    recorder.hear(loud, 0xFFFFFFFF - 159, 1.1)
    recorder.hear(loud, 160, 1.2)
    assert recorder.data[160:320] == bytes([sound.silence("mulaw")]) * 160
    assert len(recorder.data) == 480
    recorder.hear(loud, 5, 1.3)
    assert len(recorder.data) == 640
    assert recorder.heard_at == 1.3
    for one in range(100):
        recorder.hear(loud, 165 + 160 * one, 2.0)
    assert recorder.is_full
    assert len(recorder.data) == 8_000
    assert recorder.has_message


def test_silence_is_no_message() -> None:
    """However long it is."""
    recorder = Recorder("alaw", 60)
    recorder.begin(0.0)
    for one in range(200):
        recorder.hear(bytes(320), 160 * one, one / 50)
    assert not recorder.has_message
    assert recorder.heard_at == 0.0
