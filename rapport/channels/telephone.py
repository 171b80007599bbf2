"""What every kind of phone channel needs: numbers in one form, one room for two numbers, a call as a message. Pure."""

from dataclasses import dataclass
from datetime import datetime

from rapport.channels.said import Author, Media, Message, Origin

_SEPARATORS = str.maketrans("", "", " \t\u00a0-./()[]")
_NAME_MAX = 200
_NOTE_MAX = 100_000
_HIDDEN = ("anonymous", "unknown", "restricted", "unavailable", "private", "withheld")


def e164(written: str, country: str = "") -> str:
    """A number as +491234567 (ITU-T E.164), from how a person or a telephone system writes it; "" where it is none.

    `country` is the prefix (digits) that national numbers belong to: 0301234 with country 49 is +49301234. In the
    numbering plan of North America (country 1) national numbers have ten digits and no leading 0.
    """
    digits = written.strip().removeprefix("tel:").partition(";")[0].translate(_SEPARATORS)
    if digits.startswith("+"):
        return _whole(digits[1:])
    if not digits.isascii() or not digits.isdigit():
        return ""
    if country == "1":
        return _north_american(digits)
    if digits.startswith("00"):
        return _whole(digits[2:])
    if digits.startswith("0") and country:
        return _whole(country + digits[1:])
    # Systems that leave the plus out: only what cannot be an extension or a local number is believed.
    return _whole(digits) if country and digits.startswith(country) and len(digits) >= len(country) + 8 else ""


def room(theirs: str, ours: str) -> str:
    """The made-up id that all calls and texts between two numbers refer to: they are one conversation."""
    return f"call:{theirs}..{ours}"


def caller(written: str, host: str = "", name: str = "", country: str = "") -> Author | None:
    """Who calls: by number, by extension or name at `host` (kind "sip"), or nobody where they hide it."""
    name = words(name, _NAME_MAX)
    number = e164(written, country)
    if number:
        return Author("phone", number, written=number, name="" if e164(name, country) == number else name)
    user = words(written, 64)
    if not user or user.lower() in _HIDDEN:
        return None
    address = f"{user}@{words(host, 250)}".lower() if host else user.lower()
    return Author("sip", address, written=user, name=name)


def duration(seconds: int) -> str:
    """Seconds as a person says them: 25 s, 1 min 5 s, 1 h 2 min."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def words(text: str, length: int) -> str:
    """Text on one line without what a database or UTF-8 cannot hold, at most `length` characters."""
    clean = text[: 4 * length].encode("utf-8", "replace").decode().replace("\0", "")
    return " ".join(clean.split())[:length]


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `theirs` is None where they hid their number; `seconds` is None where it is not (yet) known.

    `answered` is whether somebody, or our own voice, took it. `note` is what a person or the system says about it.
    """

    id: str
    theirs: Author | None
    ours: str
    at: datetime | None
    incoming: bool = True
    seconds: int | None = None
    answered: bool = True
    note: str = ""
    files: tuple[Media, ...] = ()
    problems: tuple[str, ...] = ()


def said(call: Call) -> Message:
    """The call as a message: "Call from +49301234, 25 s", its note below, its recording as a file."""
    their_number = call.theirs.value if call.theirs else ""
    us = Author("phone", call.ours, written=call.ours) if call.ours else None
    them = [(call.theirs.name, call.theirs.written)] if call.theirs else []
    ourselves = [("", call.ours)] if call.ours else []
    origin: Origin = "addressed" if call.incoming else "own"
    return Message(
        external_id=call.id,
        author=call.theirs if call.incoming else us,
        text="\n\n".join(part for part in (_headline(call), _note(call.note)) if part),
        at=call.at,
        kind="call",
        refers_to=(room(their_number, call.ours),) if their_number else (),
        recipients={"from": them, "to": ourselves} if call.incoming else {"from": ourselves, "to": them},
        delivered_to=(call.ours,) if call.incoming and call.ours else (),
        origin=origin,
        files=call.files,
        problems=call.problems,
        answer={"from": call.ours, "to": their_number},
    )


def _headline(call: Call) -> str:
    who = call.theirs.written if call.theirs else "a hidden number"
    what = f"{'Call' if call.answered else 'Missed call'} from {who}"
    if not call.incoming:
        what = f"Call to {who}" if call.answered else f"Call to {who}, not answered"
    return f"{what}, {duration(call.seconds)}" if call.answered and call.seconds is not None else what


def _note(note: str) -> str:
    return note[:_NOTE_MAX].encode("utf-8", "replace").decode().replace("\0", "").strip()


def _north_american(digits: str) -> str:
    if digits.startswith("011"):
        return _whole(digits[3:])
    if len(digits) == 10 and digits[0] not in "01":
        return _whole("1" + digits)
    return _whole(digits) if len(digits) == 11 and digits.startswith("1") else ""


def _whole(digits: str) -> str:
    """At most fifteen digits, none before the country (E.164, 6.2); seven is the least that any country has."""
    good = digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15 and not digits.startswith("0")
    return f"+{digits}" if good else ""
