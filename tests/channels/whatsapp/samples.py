"""Webhook requests as the Cloud API sends them, written after Meta's messages webhook reference."""

from typing import Any

import orjson

from rapport.channels.base import Account, Deleted, Edited, Incoming, Message, Reaction, Receipt
from rapport.channels.kinds.whatsapp.pieces import pieces
from rapport.channels.testing import Sample, account_for

LINE, NUMBER, ANN, BEN = "106540352242922", "4930123400", "16505551234", "4917012345678"
BEN_HIDDEN = "DE.13491208655302741918"
METADATA = {"display_phone_number": NUMBER, "phone_number_id": LINE}
SECRETS = {"token": "made-up-token", "app_secret": "made-up-app-secret", "verify_token": "tulip"}


def account_at(url: str = "https://graph.facebook.com/v25.0") -> Account:
    """A business number at a server of ours."""
    return account_for(
        "whatsapp", address=f"+{NUMBER}", config={"server": url, "phone_number_id": LINE, "own": {}}, secrets=SECRETS
    )


def contact(number: str = ANN, name: str = "Ann", **more: Any) -> dict[str, Any]:
    """Who writes, as the request names them."""
    return {"profile": {"name": name}, "wa_id": number, **more}


def said(which: str = "A1", kind: str = "text", number: str = ANN, **more: Any) -> dict[str, Any]:
    """One message; a text where nothing else is given."""
    content = {"text": {"body": "Where is my parcel?"}} if kind == "text" and "text" not in more else {}
    return {"from": number, "id": f"wamid.{which}", "timestamp": "1772442000", "type": kind, **content, **more}


def status(which: str, state: str, **more: Any) -> dict[str, Any]:
    """What became of a message of ours."""
    return {"id": f"wamid.{which}", "status": state, "timestamp": "1772442100", "recipient_id": ANN, **more}


def request(field: str = "messages", **value: Any) -> bytes:
    """A whole request with one change."""
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": METADATA, **value}}
    return orjson.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}
    )


def item(message: dict[str, Any], who: dict[str, Any] | None = None) -> Incoming:
    """The one piece of a request with one message."""
    (one,) = pieces(request(messages=[message], contacts=[who or contact()]))
    return one


def _other(**value: Any) -> Incoming:
    (one,) = pieces(request(**value))
    return one


_MEDIA = {"mime_type": "image/jpeg", "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=", "id": "1003383421387256"}
_HIDDEN = {"profile": {"name": "Ben", "username": "ben.example"}, "user_id": BEN_HIDDEN}
_UNKNOWN = {"code": 131051, "title": "Message type unknown", "message": "Message type unknown"}
_REFUSED = {"code": 131047, "title": "Re-engagement message", "message": "Re-engagement message"}
SAMPLES = [
    Sample(item(said())),
    Sample(item(said("A2", context={"from": NUMBER, "id": "wamid.OURS"}, text={"body": "Thank you!"}))),
    Sample(item(said("A3", "image", image={**_MEDIA, "caption": "It came broken"}))),
    Sample(item(said("A4", "document", document={**_MEDIA, "mime_type": "application/pdf", "filename": "bill.pdf"}))),
    Sample(item(said("A5", "audio", audio={**_MEDIA, "mime_type": "audio/ogg; codecs=opus", "voice": True}))),
    Sample(item(said("A6", "interactive", context={"from": NUMBER, "id": "wamid.OURS"}, interactive={
        "type": "list_reply", "list_reply": {"id": "fast", "title": "Express", "description": "Next day"},
    }))),
    Sample(item(said("A7", "button", button={"payload": "yes", "text": "Yes, please"}))),
    Sample(item(said("A8", "reaction", reaction={"message_id": "wamid.OURS", "emoji": "👍"})), (Reaction,)),
    Sample(item(said("A9", "location", location={
        "latitude": 52.52, "longitude": 13.405, "name": "Shop", "address": "1 Main St",
    }))),
    Sample(item(said("A10", "contacts", contacts=[
        {"name": {"formatted_name": "Ben Example", "first_name": "Ben"}, "phones": [{"phone": "+49 170 12345678"}]},
    ]))),
    Sample(item(said("A11", "unsupported", errors=[_UNKNOWN]))),
    Sample(item(said("A12", "revoke", revoke={"original_message_id": "wamid.A1"})), (Deleted,)),
    Sample(item(said("A13", "edit", edit={
        "original_message_id": "wamid.A1", "message": {"type": "text", "text": {"body": "Where are my parcels?"}},
    })), (Edited,)),
    Sample(item({**said("A14"), "from_user_id": BEN_HIDDEN, "from": None}, _HIDDEN)),
    Sample(item(said("A15", "order", order={"catalog_id": "1", "text": "Soon, please", "product_items": [
        {"product_retailer_id": "tulip-red", "quantity": 2, "item_price": 3.5, "currency": "EUR"},
    ]}))),
    Sample(item(said("A16", "system", system={"body": "Ann changed her number", "type": "user_changed_number"})), ()),
    Sample(_other(statuses=[status("OURS", "sent")]), ()),
    Sample(_other(statuses=[status("OURS", "delivered")]), (Receipt,)),
    Sample(_other(statuses=[status("OURS", "read")]), (Receipt,)),
    Sample(_other(statuses=[status("OURS2", "failed", errors=[_REFUSED])]), (Receipt,)),
    Sample(_other(field="smb_message_echoes", message_echoes=[
        {"from": NUMBER, "to": ANN, "id": "wamid.E1", "timestamp": "1772442200", "type": "text",
         "text": {"body": "Hello Ann"}},
    ]), (Message,)),
    Sample(_other(field="account_update", event="VERIFIED_ACCOUNT"), ()),
]  # fmt: skip
