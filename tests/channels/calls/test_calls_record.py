"""Call records: what they say, where their recordings come from."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Edited, Incoming, Invalid, Message, NothingSaid, Unreadable
from rapport.channels.kinds.calls.connector import CallsConnector
from rapport.channels.testing import Reply, ScriptedServer, account_for
from tests.channels.calls.test_calls_contract import CALL, account, signed

SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt "


def said(**changes: Any) -> Message:
    """The message of a record."""
    (one,) = CallsConnector().parse(account(), Incoming("x", orjson.dumps(CALL | changes)))
    assert isinstance(one, Message)
    return one


def test_a_record_says_who_called_how_long_and_what_for() -> None:
    """National numbers become international ones; the recording is a file."""
    message = said()
    assert message.text == "Call from +49301234567, 2 min 5 s\n\nAsked about the invoice."
    assert message.author is not None
    assert (message.author.value, message.author.name) == ("+49301234567", "Ann Example")
    assert message.at is not None
    assert message.at.isoformat() == "2026-03-02T08:00:00+00:00"
    assert [(file.content_type, file.data) for file in message.files] == [("audio/wav", SOUND)]
    assert message.problems == ()


def test_a_call_that_nobody_took_is_a_missed_one() -> None:
    """And one that we made is ours."""
    assert said(answered=False, note="").text == "Missed call from +49301234567"
    made = said(direction="out", **{"from": "+4930999000", "to": "030 1234567"})
    assert made.origin == "own"
    assert made.refers_to == said().refers_to


def test_a_record_posted_again_with_more_is_the_same_call() -> None:
    """As it is now."""
    (one,) = CallsConnector().parse(account(), Incoming("x", orjson.dumps({"type": "call.updated", "data": CALL})))
    assert isinstance(one, Edited)
    assert one.message.external_id == said().external_id


def test_a_recording_is_fetched_when_the_record_comes() -> None:
    """It is in the raw item then."""
    with ScriptedServer() as server:
        server.on("GET", "/1.wav", Reply(200, SOUND, {"Content-Type": "audio/wav"}))
        record = orjson.dumps(CALL | {"recording": f"{server.url}/1.wav"})
        (item,) = CallsConnector().receive(account(), signed(record)).items
    (one,) = CallsConnector().parse(account(), item)
    assert isinstance(one, Message)
    assert one.files[0].data == SOUND


def test_a_recording_that_is_gone_loses_no_call() -> None:
    """The address stays, and that it could not be had."""
    with ScriptedServer() as server:
        record = orjson.dumps(CALL | {"recording": f"{server.url}/1.wav"})
        (item,) = CallsConnector().receive(account(), signed(record)).items
    (one,) = CallsConnector().parse(account(), item)
    assert isinstance(one, Message)
    assert one.files[0].url.endswith("/1.wav")
    assert one.problems == ("The recording could not be fetched.",)


@pytest.mark.parametrize(
    "recording", ["?", "data:audio/wav;base64,?", 5, [], {"data": 7}, base64.b64encode(b"x").decode()]
)
def test_a_recording_that_is_none_is_a_problem_of_a_good_call(recording: Any) -> None:
    """Said on the message."""
    message = said(recording=recording)
    assert message.files == ()
    assert len(message.problems) == (1 if recording else 0)


_KEYS = st.sampled_from(["id", "direction", "from", "to", "started_at", "seconds", "recording", "note", "data", "type"])
_NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(_KEYS, st.text(max_size=20) | _NUMBERS | st.none()))
def test_parsing_raises_nothing_else(record: dict[str, Any]) -> None:
    """Whatever a system posts."""
    try:
        said = CallsConnector().parse(account(), Incoming("x", orjson.dumps(record)))
    except (Unreadable, NothingSaid):
        return
    assert len(said) == 1


def test_wrong_settings_are_named() -> None:
    """A secret that is no base64, a country that is a name."""
    for config, secret in (({}, "whsec_x"), ({}, "whsec_"), ({"country": "DE"}, "whsec_MfKQ")):
        with pytest.raises(Invalid):
            CallsConnector().check(account_for("calls", config=config, secrets={"secret": secret}))
