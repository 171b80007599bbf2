"""What Twilio's requests say, what a caller hears, what is sent, how it is counted, what is found afterwards."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import (
    ChannelError,
    Edited,
    HookRefused,
    Invalid,
    Message,
    MessageRefused,
    NothingSaid,
    Receipt,
    Said,
    Unreadable,
)
from rapport.channels.kinds.twilio import catchup
from rapport.channels.kinds.twilio.connector import TwilioConnector
from rapport.channels.kinds.twilio.text import segments
from rapport.channels.testing import MemorySource, Reply, ScriptedServer, draft_for
from rapport.core.clock import now
from tests.channels.twilio import samples
from tests.channels.twilio.samples import ACCOUNT_SID, CALL_SID, MESSAGE_SID, OURS, RECORDING_SID, THEIRS

ROOT = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
ROOM = (f"call:{THEIRS}..{OURS}",)


def said(kind: str, params: dict[str, str], **beside: Any) -> Said:
    """The one thing that a request says."""
    (one,) = TwilioConnector().parse(samples.account(), samples.item(kind, params, **beside))
    return one


def test_a_text_is_a_message_in_the_conversation_of_its_two_numbers() -> None:
    """With its author by number."""
    message = said("sms", samples.SMS)
    assert isinstance(message, Message)
    assert message.external_id == f"twilio:{MESSAGE_SID}"
    assert message.text == "Is the shop open on Saturday?"
    assert message.author is not None
    assert (message.author.kind, message.author.value) == ("phone", THEIRS)
    assert message.refers_to == ROOM
    assert message.answer == {"to": THEIRS, "from": OURS}


def test_a_text_from_a_name_has_an_author_that_cannot_be_called() -> None:
    """Companies send under names."""
    message = said("sms", samples.SMS | {"From": "PARCELS"})
    assert isinstance(message, Message)
    assert message.author is not None
    assert (message.author.kind, message.author.value) == ("sms", "parcels")
    with pytest.raises(Invalid, match="phone number"):
        TwilioConnector().prepare(samples.account(), draft_for("Hello", message.answer))


def test_a_call_is_a_message_and_its_recording_is_added_to_it() -> None:
    """In the same conversation as the texts."""
    call = said("voice", samples.CALL)
    about = {"from": THEIRS, "to": OURS, "at": samples.AT.isoformat()}
    recorded = said("recording", samples.RECORDING, query=about, audio=samples.encoded(samples.WAV))
    assert isinstance(call, Message)
    assert isinstance(recorded, Edited)
    assert call.text == f"Call from {THEIRS}"
    assert recorded.message.text == f"Call from {THEIRS}, 25 s"
    assert call.external_id == recorded.message.external_id == f"twilio:{CALL_SID}"
    assert call.refers_to == recorded.message.refers_to == ROOM
    assert recorded.message.files[0].data == samples.WAV


def test_what_became_of_our_text_is_a_receipt() -> None:
    """With the reason where it failed."""
    assert said("status", samples.DELIVERED) == Receipt(f"twilio:{MESSAGE_SID}", "delivered", samples.AT)
    failed = said("status", samples.FAILED)
    assert isinstance(failed, Receipt)
    assert failed.state == "failed"
    assert failed.words == "There is no such number. (Twilio 30005)"


@given(
    st.sampled_from(["sms", "voice", "recording", "status", "x"]),
    st.dictionaries(st.sampled_from([*samples.SMS, *samples.RECORDING, "ErrorCode"]), st.text(max_size=40)),
)
def test_parsing_raises_nothing_else(kind: str, params: dict[str, str]) -> None:
    """Whatever the form holds."""
    item = replace(samples.item(kind, samples.SMS), body=orjson.dumps({"hook": kind, "params": samples.SMS | params}))
    try:
        TwilioConnector().parse(samples.account(), item)
    except (Unreadable, NothingSaid):
        return


def test_a_caller_hears_that_they_are_recorded_before_they_are() -> None:
    """Greeting, then the tone; the recording is announced to us with who called."""
    received = TwilioConnector().receive(samples.account(), samples.signed("voice", samples.CALL))
    assert received.content_type == "text/xml"
    root = ElementTree.fromstring(received.body)
    assert [one.tag for one in root] == ["Say", "Record", "Hangup"]
    assert "recorded" in str(root[0].text)
    assert root[1].attrib["action"] == f"{samples.HOME}/recorded"
    callback = urlsplit(root[1].attrib["recordingStatusCallback"])
    assert callback.path.endswith("/hook/recording")
    assert dict(parse_qsl(callback.query)) == {"from": THEIRS, "to": OURS, "at": samples.AT.isoformat()}
    assert len(received.items) == 1


def test_a_greeting_is_spoken_as_written_or_played() -> None:
    """Whatever stands in it; without recording there is no tone."""
    hook = samples.signed("voice", samples.CALL)
    written = TwilioConnector().receive(samples.account(greeting='A & B <"x">', language="de-DE"), hook).body
    assert ElementTree.fromstring(written)[0].text == 'A & B <"x">'
    assert ElementTree.fromstring(written)[0].attrib == {"language": "de-DE"}
    played = TwilioConnector().receive(samples.account(greeting="https://example.org/a.wav", record=False), hook).body
    assert [one.tag for one in ElementTree.fromstring(played)] == ["Play", "Hangup"]


def test_a_recording_is_fetched_with_our_sign_in() -> None:
    """When Twilio says that it is ready; what cannot be fetched is asked for again."""
    query = {"from": THEIRS, "to": OURS, "at": samples.AT.isoformat()}
    hook = samples.signed("recording", samples.RECORDING, query)
    with ScriptedServer() as server:
        server.on("GET", f"{ROOT}/Recordings/{RECORDING_SID}.wav", Reply(200, samples.WAV))
        (item,) = TwilioConnector().receive(samples.account(server.url), hook).items
        assert server.asked[0].headers["authorization"].startswith("Basic ")
        (one,) = TwilioConnector().parse(samples.account(), item)
        assert isinstance(one, Edited)
        assert one.message.files[0].data == samples.WAV
        assert one.message.author is not None
        server.on("GET", f"{ROOT}/Recordings/{RECORDING_SID}.wav", Reply(404))
        received = TwilioConnector().receive(samples.account(server.url), hook)
        assert (received.status, list(received.items)) == (503, [])


def test_a_picture_is_fetched_from_twilio_and_from_nowhere_else() -> None:
    """It would get our sign-in."""
    with ScriptedServer() as server, ScriptedServer() as elsewhere:
        server.always(Reply(200, b"\xff\xd8"))
        elsewhere.always(Reply(200, b"\xff\xd8"))
        params = samples.SMS | {
            "NumMedia": "2", "MediaUrl0": f"{server.url}{ROOT}/Messages/{MESSAGE_SID}/Media/ME1",
            "MediaContentType0": "image/jpeg", "MediaUrl1": f"{elsewhere.url}/x", "MediaContentType1": "image/png",
        }  # fmt: skip
        (item,) = TwilioConnector().receive(samples.account(server.url), samples.signed("sms", params)).items
        assert elsewhere.asked == []
    (message,) = TwilioConnector().parse(samples.account(), item)
    assert isinstance(message, Message)
    assert [file.content_type for file in message.files] == ["image/jpeg", "image/png"]
    assert [file.data for file in message.files] == [b"\xff\xd8", b""]
    assert message.files[1].url.endswith("/x")


def test_other_webhooks_keep_nothing() -> None:
    """A text on its way, a call that goes on, a path that is none."""
    take = TwilioConnector().receive
    assert take(samples.account(), samples.signed("status", samples.DELIVERED | {"MessageStatus": "sent"})).items == ()
    assert take(samples.account(), samples.signed("status", samples.CALL)).items == ()
    assert take(samples.account(), samples.signed("recorded", samples.CALL)).items == ()
    elsewhere = samples.RECORDING | {"RecordingSid": "../x"}
    assert take(samples.account(), samples.signed("recording", elsewhere)).items == ()
    with pytest.raises(HookRefused) as refused:
        take(samples.account(), samples.signed("other", samples.SMS))
    assert refused.value.status == 404


def test_a_text_is_sent_with_the_name_of_who_wrote_it() -> None:
    """And where to say what became of it."""
    taken = Reply.of({"sid": MESSAGE_SID, "from": OURS, "status": "queued"}, 201)
    with ScriptedServer() as server:
        server.on("POST", f"{ROOT}/Messages.json", taken)
        account = samples.account(server.url)
        outgoing = TwilioConnector().prepare(account, draft_for("We are.", {"to": THEIRS, "from": OURS}))
        sent = TwilioConnector().send(account, outgoing, lambda: None)
        form = parse_qs(server.asked[0].body.decode())
    assert form == {
        "To": [THEIRS], "From": [OURS], "Body": ["We are.\nMara Lind"], "StatusCallback": [f"{samples.HOME}/status"],
    }  # fmt: skip
    assert sent.external_ids == (f"twilio:{MESSAGE_SID}",)
    assert sent.words == "Twilio has it: 1 segment (GSM-7)."


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [(21610, MessageRefused, "STOP"), (21211, MessageRefused, "no phone number"), (21606, ChannelError, "not yours")],
)
def test_what_twilio_refuses_is_said_in_words(code: int, kind: type[ChannelError], words: str) -> None:
    """A message alone, or the channel."""
    with ScriptedServer() as server:
        server.always(Reply.of({"code": code, "message": "The number is not yours", "status": 400}, 400))
        account = samples.account(server.url)
        outgoing = TwilioConnector().prepare(account, draft_for("We are.", {"to": THEIRS}))
        with pytest.raises(ChannelError, match=words) as error:
            TwilioConnector().send(account, outgoing, lambda: None)
    assert type(error.value) is kind
    assert error.value.permanent


@pytest.mark.parametrize(
    ("text", "count", "alphabet"),
    [
        ("a" * 160, 1, "GSM-7"), ("a" * 161, 2, "GSM-7"), ("a" * 306, 2, "GSM-7"), ("a" * 307, 3, "GSM-7"),
        ("€" * 80, 1, "GSM-7"), ("€" * 81, 2, "GSM-7"), ("€" * 153, 3, "GSM-7"), ("ł" * 70, 1, "UCS-2"),
        ("ł" * 71, 2, "UCS-2"), ("\U0001f600" * 35, 1, "UCS-2"), ("\U0001f600" * 67, 3, "UCS-2"), ("", 1, "GSM-7"),
        ("“x”", 1, "UCS-2"), ("äöüß\n", 1, "GSM-7"),
    ],
)  # fmt: skip
def test_segments_are_counted_as_they_are_billed(text: str, count: int, alphabet: str) -> None:
    """One character of another alphabet makes all of it dear; no pair is cut."""
    found = segments(text)
    assert (found.count, found.alphabet) == (count, alphabet)


def test_what_cannot_be_sent_is_refused_in_words() -> None:
    """Too long, empty, with files, to nobody."""
    prepare, account, them = TwilioConnector().prepare, samples.account(), {"to": THEIRS}
    with pytest.raises(Invalid, match=r"1600 characters; this has 1610: 11 segments \(GSM-7\)"):
        prepare(account, draft_for("a" * 1_600, them))
    with pytest.raises(Invalid, match="nothing"):
        prepare(account, draft_for(" ", them))
    with pytest.raises(Invalid, match="phone number"):
        prepare(account, draft_for("Hello", {}, to=[("Ann", "ann@example.org")]))
    assert prepare(account, draft_for("Hello", {}, to=[("Ann", "+1 555 010 0199")])).recipients == [THEIRS]


def test_the_test_says_where_webhooks_lead() -> None:
    """And whether the number is ours."""
    number = {"phone_number": OURS, "capabilities": {"sms": True, "voice": False}, "sms_url": f"{samples.HOME}/sms"}
    with ScriptedServer() as server:
        server.always(Reply.of({"incoming_phone_numbers": [number]}))
        lines = TwilioConnector().test(samples.account(server.url))
        assert lines[0] == f"Twilio: {OURS} is ours, SMS yes, voice no."
        assert lines[1:] == [f"“A call comes in” does not lead here yet: set it to {samples.HOME}/voice"]
        server.always(Reply.of({"incoming_phone_numbers": []}))
        with pytest.raises(ChannelError, match="no number of this account") as error:
            TwilioConnector().test(samples.account(server.url))
    assert error.value.permanent


def test_what_a_webhook_missed_is_found_in_the_lists_under_the_same_name() -> None:
    """Texts, calls and their recordings; a recording is fetched once, what was before is left alone."""
    at = format_datetime(now() - timedelta(minutes=1))
    old = format_datetime(now() - timedelta(days=2))
    text = {"sid": MESSAGE_SID, "from": THEIRS, "to": OURS, "body": "Hello", "direction": "inbound", "date_sent": at}
    earlier = text | {"sid": "SM" + "9f" * 16, "date_sent": old}
    call = {"sid": CALL_SID, "from": THEIRS, "to": OURS, "direction": "inbound", "start_time": at}
    recording = {"sid": RECORDING_SID, "call_sid": CALL_SID, "duration": "25", "status": "completed"}
    with ScriptedServer() as server:
        page = f"{ROOT}/Messages.json?Page=1"
        first = Reply.of({"messages": [text], "next_page_uri": page})
        server.on("GET", f"{ROOT}/Messages.json", first, Reply.of({"messages": [earlier], "next_page_uri": None}))
        server.on("GET", f"{ROOT}/Calls.json", Reply.of({"calls": [call]}))
        server.on("GET", f"{ROOT}/Calls/{CALL_SID}/Recordings.json", Reply.of({"recordings": [recording]}))
        server.on("GET", f"{ROOT}/Recordings/{RECORDING_SID}.wav", Reply(200, samples.WAV))
        account, source = samples.account(server.url), MemorySource()
        catchup.look(account, source)
        catchup.look(account, source)
        fetched = [one.path for one in server.asked if one.path.endswith(".wav")]
    assert len(fetched) == 1
    hooked = TwilioConnector().receive(account, samples.signed("sms", samples.SMS)).items[0]
    assert len(source.items) == 3
    assert hooked.external_id in source.items
    kinds = [type(one) for item in source.items.values() for one in TwilioConnector().parse(account, item)]
    assert kinds == [Message, Message, Edited]
    assert source.wells == 2


def test_wrong_settings_are_named() -> None:
    """Before anything is tried."""
    for wrong, words in (("account_sid", "Account SID"), ("number", "Our number"), ("service", "Messaging Service")):
        with pytest.raises(Invalid, match=words):
            TwilioConnector().check(samples.account(**{wrong: "030"}))
