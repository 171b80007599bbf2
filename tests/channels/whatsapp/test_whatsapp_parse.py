"""What webhooks say."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import (
    Author,
    Deleted,
    Edited,
    HookRefused,
    Incoming,
    Message,
    NothingSaid,
    Reaction,
    Receipt,
    Unreadable,
    deletion_of,
)
from rapport.channels.kinds.whatsapp import parse
from rapport.channels.kinds.whatsapp.connector import WhatsAppConnector
from rapport.channels.kinds.whatsapp.pieces import pieces
from tests.channels.whatsapp.samples import (
    ANN,
    BEN,
    BEN_HIDDEN,
    LINE,
    METADATA,
    NUMBER,
    account_at,
    contact,
    item,
    request,
    said,
    status,
)
from tests.channels.whatsapp.test_whatsapp_contract import signed

ACCOUNT = account_at()
CONNECTOR = WhatsAppConnector()


def message(raw: dict[str, Any], who: dict[str, Any] | None = None) -> Message:
    """The one message of a piece."""
    one = parse.parse(ACCOUNT, item(raw, who))[0]
    assert isinstance(one, Message)
    return one


def test_one_request_is_cut_into_all_that_it_brings() -> None:
    body = request(
        messages=[said("A1"), said("B1", number=BEN, text={"body": "Hello"})],
        contacts=[contact(), contact(BEN, "Ben")],
        statuses=[status("OURS", "delivered"), status("OURS", "read")],
    )
    items = CONNECTOR.receive(ACCOUNT, signed(body)).items
    found = [parse.parse(ACCOUNT, one)[0] for one in items]
    assert [type(one) for one in found] == [Message, Message, Receipt, Receipt]
    authors = [one.author for one in found if isinstance(one, Message)]
    assert authors == [
        Author("phone", "+16505551234", "+16505551234", "Ann"),
        Author("phone", "+4917012345678", "+4917012345678", "Ben"),
    ]
    assert b"Hello" not in items[0].body


def test_a_request_that_is_repeated_and_cut_differently_brings_nothing_twice() -> None:
    both = pieces(request(messages=[said("A1"), said("A2")], contacts=[contact()]))
    alone = pieces(request(messages=[said("A2")], contacts=[contact()]))
    assert both[1].external_id == alone[0].external_id


def test_what_is_no_webhook_is_kept_as_it_is() -> None:
    (one,) = pieces(b"<html>")
    assert one.body == b"<html>"
    with pytest.raises(Unreadable):
        parse.parse(ACCOUNT, one)


def test_all_of_one_chat_is_one_conversation() -> None:
    first = message(said("A1"))
    second = message(said("A2", context={"from": NUMBER, "id": "wamid.OURS"}))
    assert first.external_id == "whatsapp:wamid.A1"
    assert first.refers_to == (f"whatsapp:{LINE}..{ANN}",)
    assert second.refers_to == (f"whatsapp:{LINE}..{ANN}", "whatsapp:wamid.OURS")
    assert first.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert first.recipients == {"from": [("Ann", "+16505551234")], "to": [("", "+4930123400")]}
    assert first.answer == {"line": LINE, "message": "wamid.A1", "to": "+16505551234"}


def test_a_person_who_hides_their_number_is_known_by_what_whatsapp_calls_them() -> None:
    hidden = {"profile": {"name": "Ben", "username": "ben.example"}, "user_id": BEN_HIDDEN}
    raw = {name: value for name, value in said("B1").items() if name != "from"}
    one = message({**raw, "from_user_id": BEN_HIDDEN}, hidden)
    assert one.author == Author("whatsapp", BEN_HIDDEN, "@ben.example", "Ben")
    assert one.answer == {"line": LINE, "message": "wamid.B1", "recipient": BEN_HIDDEN}


def test_a_number_shown_now_and_hidden_later_stays_one_conversation() -> None:
    shown = message({**said("B1", number=BEN), "from_user_id": BEN_HIDDEN}, contact(BEN, "Ben", user_id=BEN_HIDDEN))
    raw = {name: value for name, value in said("B2").items() if name != "from"}
    hidden = message({**raw, "from_user_id": BEN_HIDDEN}, {"profile": {"name": "Ben"}, "user_id": BEN_HIDDEN})
    assert set(shown.refers_to) & set(hidden.refers_to)


def test_a_group_is_answered_as_a_group() -> None:
    one = message({**said("G1"), "group_id": "Y2FwaV9ncm91cDo"})
    assert one.refers_to == (f"whatsapp:{LINE}..Y2FwaV9ncm91cDo",)
    assert one.answer["group"] == "Y2FwaV9ncm91cDo"
    assert one.author is not None
    assert one.author.value == "+16505551234"


def test_a_message_to_another_number_of_the_app_is_answered_from_there() -> None:
    (one,) = pieces(request(messages=[said()], contacts=[contact()], metadata={**METADATA, "phone_number_id": "99"}))
    found = parse.parse(ACCOUNT, one)[0]
    assert isinstance(found, Message)
    assert found.answer["line"] == "99"


def test_a_message_taken_back_can_come_before_the_message() -> None:
    one = item(said("A9", "revoke", revoke={"original_message_id": "wamid.A1"}))
    assert one.external_id == deletion_of("whatsapp:wamid.A1")
    assert parse.parse(ACCOUNT, one) == [Deleted("whatsapp:wamid.A1", datetime(2026, 3, 2, 9, 0, tzinfo=UTC))]


def test_an_edit_is_the_first_message_as_it_is_now() -> None:
    now = {"type": "image", "image": {"id": "7", "mime_type": "image/png", "caption": "Look"}}
    one = parse.parse(ACCOUNT, item(said("A9", "edit", edit={"original_message_id": "wamid.A1", "message": now})))[0]
    assert isinstance(one, Edited)
    assert one.message.external_id == "whatsapp:wamid.A1"
    assert one.message.text == "Look"
    assert one.message.files[0].filename == "image.png"
    assert one.message.edited_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_reaction_without_a_sign_takes_it_back() -> None:
    one = parse.parse(ACCOUNT, item(said("A9", "reaction", reaction={"message_id": "wamid.OURS"})))[0]
    assert isinstance(one, Reaction)
    assert one.removed
    assert one.external_id == "whatsapp:wamid.OURS"


def test_a_message_that_failed_says_why_in_plain_words() -> None:
    error = {"code": 131047, "title": "Re-engagement message"}
    (one,) = pieces(request(statuses=[status("OURS", "failed", errors=[error])]))
    receipt = parse.parse(ACCOUNT, one)[0]
    assert isinstance(receipt, Receipt)
    assert (receipt.external_id, receipt.state) == ("whatsapp:wamid.OURS", "failed")
    assert "24 hours" in receipt.words
    assert "template" in receipt.words


def test_what_we_say_in_the_app_is_our_own() -> None:
    echo = {
        "from": NUMBER,
        "to": ANN,
        "id": "wamid.E1",
        "timestamp": "1772442200",
        "type": "text",
        "text": {"body": "Hi"},
    }
    (one,) = pieces(request("smb_message_echoes", message_echoes=[echo]))
    found = parse.parse(ACCOUNT, one)[0]
    assert isinstance(found, Message)
    assert found.origin == "own"
    assert found.refers_to == (f"whatsapp:{LINE}..{ANN}",)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (said("A", "button", button={"text": "Yes, please"}), "Yes, please"),
        (said("A", "interactive", interactive={"type": "button_reply", "button_reply": {"title": "Later"}}), "Later"),
        (said("A", "location", location={"latitude": 1, "longitude": 2}),
         "1.00000, 2.00000\nhttps://www.openstreetmap.org/?mlat=1.00000&mlon=2.00000"),
        (said("A", "order", order={"product_items": [
            {"product_retailer_id": "tulip", "quantity": 2, "item_price": 3.5, "currency": "EUR"},
        ]}), "2 x tulip (3.5 EUR)"),
        (said("A", "contacts", contacts=[
            {"name": {"formatted_name": "Ben"}, "phones": [{"phone": "+49170"}]},
        ]), "Ben, +49170"),
    ],
)  # fmt: skip
def test_other_kinds_of_message_have_words(raw: dict[str, Any], words: str) -> None:
    assert message(raw).text == words


def test_a_file_is_named_with_its_checksum() -> None:
    sha = "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI="
    (file,) = message(said("A", "document", document={"id": "1", "filename": "a/b.pdf", "sha256": sha})).files
    assert (file.filename, file.too_large, len(file.sha256)) == ("a_b.pdf", True, 64)


def test_what_whatsapp_cannot_pass_on_is_still_a_message() -> None:
    one = message(said("A", "unsupported", errors=[{"code": 131051, "title": "Message type unknown"}]))
    assert one.text == ""
    assert "Message type unknown" in one.problems[0]


def test_meta_asks_once_and_gets_its_challenge_back() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "tulip", "hub.challenge": "1158201444"}
    hook = replace(signed(b""), method="GET", query=query, headers={})
    assert CONNECTOR.receive(ACCOUNT, hook).body == b"1158201444"
    for wrong in ({**query, "hub.verify_token": "rose"}, {**query, "hub.mode": "unsubscribe"}, {}):
        with pytest.raises(HookRefused) as refused:
            CONNECTOR.receive(ACCOUNT, replace(hook, query=wrong))
        assert refused.value.status == 403
    with pytest.raises(HookRefused):
        CONNECTOR.receive(replace(ACCOUNT, secrets={}), replace(hook, query={**query, "hub.verify_token": ""}))


def test_without_an_app_secret_nothing_is_believed() -> None:
    with pytest.raises(HookRefused):
        CONNECTOR.receive(replace(ACCOUNT, secrets={"app_secret": ""}), signed(request(messages=[said()])))


_NAMES = [
    "from",
    "id",
    "type",
    "text",
    "body",
    "timestamp",
    "reaction",
    "message_id",
    "edit",
    "revoke",
    "context",
    "image",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.sampled_from(["text", "edit", "12345"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6),
    max_leaves=25,
)  # fmt: skip


@given(st.sampled_from(["message", "status", "echo"]), _JSON, _JSON)
def test_parsing_is_total(kind: str, raw: object, who: object) -> None:
    body = orjson.dumps({kind: raw, "contact": who, "metadata": METADATA})
    try:
        assert parse.parse(ACCOUNT, Incoming("x", body))
    except (NothingSaid, Unreadable):
        return


@given(_JSON, _JSON)
def test_cutting_is_total(value: object, contacts: object) -> None:
    for body in (request(messages=value, contacts=contacts), request(statuses=[value]), orjson.dumps({"entry": value})):
        for one in pieces(body):
            assert 0 < len(one.external_id) <= 200
