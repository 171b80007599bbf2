"""An answer as lines of IRC. Pure."""

import orjson

from rapport.channels.base import Draft, Invalid, Outgoing
from rapport.channels.kinds.irc.line import SAY_BYTES, is_room, split

BYTES_MAX = 4_000  # ten lines: a room takes more for a flood


def composed(draft: Draft) -> Outgoing:
    """`target`, the `lines` to say there, and the delivery's key; in a room the first begins with who is meant."""
    answering = draft.answering
    nick, in_room = str(answering.get("nick") or ""), answering.get("room") is True
    private = in_room and draft.public is False
    target = nick if private else str(answering.get("target") or "")
    target = target or next((one.partition("@")[0].strip() for _, one in draft.to), "")
    if not target or any(one in " ,\r\n\0:" for one in target):
        raise Invalid(f"{target or 'Nobody'} cannot be written to on IRC.", "It is a nickname or a #room.")
    text = draft.text.strip()
    if not text:
        raise Invalid("The message is empty.", "Write something.")
    if len(text.encode()) > BYTES_MAX:
        raise Invalid(f"The text has {len(text.encode()):,} bytes; on IRC {BYTES_MAX:,} are enough.", "Shorten it.")
    initials = "".join(one[0] for one in draft.author.split())[:4]
    text = f"{text} ^{initials}" if initials else text
    before = f"{nick}: " if nick and is_room(target) else ""
    lines = split(text, SAY_BYTES - len(before.encode()))
    lines[0] = before + lines[0]
    body = {"target": target, "lines": lines, "key": draft.key, "nick": nick}
    return Outgoing(orjson.dumps(body), recipients=[target])
