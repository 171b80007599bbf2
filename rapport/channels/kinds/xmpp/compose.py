"""An answer or a new message in XMPP, as plain values that `sending` makes a stanza of. Pure."""

import orjson

from rapport.channels.base import Draft, Invalid, Outgoing

BYTES_MAX = 20_000  # servers take 64 kB and more in a stanza, some less


def composed(draft: Draft) -> Outgoing:
    """`to`, whether that is a `room`, the `body`, the id, and what it answers (`reply`, `reply_to`)."""
    answering = draft.answering
    in_room = answering.get("room") is True
    private = in_room and draft.public is False and answering.get("public") is True
    to = str(answering.get("who" if private else "to") or "") or next((one.strip() for _, one in draft.to), "")
    if "@" not in to or any(one.isspace() for one in to.partition("/")[0]):
        raise Invalid(f"{to or 'Nobody'} is no address in XMPP.", "It looks like ann@example.org.")
    body = {
        "to": to, "room": in_room and not private, "id": draft.key, "body": _text(draft, in_room and not private),
        "subject": "", "reply": "" if private else str(answering.get("id") or ""),
        "reply_to": str(answering.get("who") or ""), "occupant": private,
    }  # fmt: skip
    return Outgoing(orjson.dumps(body), recipients=[to])


def _text(draft: Draft, in_room: bool) -> str:
    """The words, in a room after the nickname of who is meant, and who wrote them."""
    text = draft.text.strip()
    if not text:
        raise Invalid("The message is empty.", "Write something.")
    nick = str(draft.answering.get("who") or "").partition("/")[2]
    text = f"{nick}: {text}" if in_room and nick else text
    text = f"{text}\n— {draft.author}" if draft.author else text
    size = len(text.encode())
    if size > BYTES_MAX:
        raise Invalid(f"The text has {size:,} bytes; a message takes {BYTES_MAX:,}.", "Shorten it.")
    bad = next((one for one in text if (ord(one) < 32 and one not in "\t\n\r") or one in "\ufffe\uffff"), "")
    if bad:
        raise Invalid(f"The text holds the character U+{ord(bad):04X}, which XMPP cannot carry.", "Take it out.")
    return text
