"""What Twilio's webhooks say: texts, calls, recordings, and what became of our own texts. Pure."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels import telephone
from rapport.channels.base import (
    Account,
    Author,
    Edited,
    Incoming,
    Media,
    Message,
    NothingSaid,
    Receipt,
    Said,
    Unreadable,
)
from rapport.channels.kinds.twilio.api import is_sid

_TEXT_MAX = 100_000
_MEDIA_MAX = 10
_ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "audio/mpeg": "mp3", "audio/ogg": "ogg",
    "audio/amr": "amr", "video/mp4": "mp4", "video/3gpp": "3gp", "application/pdf": "pdf", "text/vcard": "vcf",
    "text/x-vcard": "vcf", "text/plain": "txt", "text/calendar": "ics",
}  # fmt: skip
# https://www.twilio.com/docs/api/errors/30001 and following: why a text did not arrive.
_WHY = {
    "30003": "The phone is off or out of reach.", "30004": "The recipient blocks our number.",
    "30005": "There is no such number.", "30006": "This is a landline, or its operator takes no texts.",
    "30007": "The operator filtered the text.", "30008": "The operator did not say why.",
    "21610": "The recipient has answered STOP.",
}  # fmt: skip


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """What an item says. Raises Unreadable or NothingSaid."""
    try:
        whole = orjson.loads(item.body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("This is no JSON.") from error
    if not isinstance(whole, dict) or not isinstance(whole.get("params"), dict):
        raise Unreadable("This is nothing that Twilio sent.")
    hook = whole.get("hook")
    read = _READERS.get(hook) if isinstance(hook, str) else None
    if read is None:
        raise Unreadable("This webhook is not known.")
    return [read(account, whole, _Texts(whole["params"]))]


class _Texts:
    """Fields that are texts, or ""."""

    def __init__(self, fields: Any) -> None:
        self._fields = fields if isinstance(fields, dict) else {}

    def __call__(self, *names: str) -> str:
        """The first of the fields that has something in it."""
        for name in names:
            value = self._fields.get(name)
            if isinstance(value, str) and value:
                return value
        return ""


def _sms(account: Account, whole: Mapping[str, Any], text: _Texts) -> Said:
    sid = text("MessageSid", "SmsSid")
    if not is_sid(sid):
        raise Unreadable("The text message has no id.")
    ours, author = _number(text("To"), account), _sender(text("From"), text("ProfileName"))
    theirs = author.value if author else ""
    return Message(
        external_id=f"twilio:{sid}",
        author=author,
        text=_clean(text("Body")),
        at=_time(whole.get("at")),
        refers_to=(telephone.room(theirs, ours),) if theirs else (),
        recipients={"from": [(author.name, author.written)] if author else [], "to": [("", ours)]},
        delivered_to=(ours,) if ours else (),
        files=_media(whole.get("media")),
        answer={"to": theirs, "from": ours},
    )


def _voice(account: Account, whole: Mapping[str, Any], text: _Texts) -> Said:
    return telephone.said(_call(account, whole, text("CallSid"), text))


def _recording(account: Account, whole: Mapping[str, Any], text: _Texts) -> Said:
    """The call as it is now: with its recording, and how long that is."""
    about = _Texts(whole.get("query"))
    call = _call(account, whole, text("CallSid"), about, text("RecordingDuration"))
    try:
        audio = base64.b64decode(str(whole.get("audio") or ""), validate=True)
    except (binascii.Error, ValueError):
        audio = b""
    if not audio.startswith(b"RIFF"):
        raise Unreadable("The recording is no sound.")
    name = f"call-{sha256(call.id.encode()).hexdigest()[:8]}.wav"
    file = Media(name, "audio/wav", "", "Recording", audio, len(audio), sha256(audio).hexdigest())
    return Edited(telephone.said(replace(call, files=(file,))))


def _status(account: Account, whole: Mapping[str, Any], text: _Texts) -> Said:
    sid, fate = text("MessageSid", "SmsSid"), text("MessageStatus", "SmsStatus")
    if not is_sid(sid):
        raise Unreadable("The delivery report has no id.")
    at = _time(whole.get("at"))
    if fate == "delivered":
        return Receipt(f"twilio:{sid}", "delivered", at)
    if fate == "read":
        return Receipt(f"twilio:{sid}", "read", at)
    if fate not in ("undelivered", "failed"):
        raise NothingSaid("The text message is on its way.")
    code = telephone.words(text("ErrorCode"), 20)
    why = _WHY.get(code) or telephone.words(text("ErrorMessage"), 500) or "It was not delivered."
    return Receipt(f"twilio:{sid}", "failed", at, f"{why} (Twilio {code})" if code else why)


_READERS = {"sms": _sms, "voice": _voice, "recording": _recording, "status": _status}


def _call(
    account: Account, whole: Mapping[str, Any], sid: str, about: _Texts, seconds: str = ""
) -> telephone.Call:
    if not is_sid(sid):
        raise Unreadable("The call has no id.")
    return telephone.Call(
        id=f"twilio:{sid}",
        theirs=telephone.caller(about("From", "from"), name=about("CallerName")),
        ours=_number(about("To", "to"), account),
        at=_time(about("at") or whole.get("at")),
        seconds=int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 7 else None,
    )


def _sender(written: str, name: str) -> Author | None:
    """A number; or a short code or a name, which no call could come from."""
    number = telephone.e164(written.partition(":")[2] or written)
    if number:
        return Author("phone", number, written=number, name=telephone.words(name, 200))
    plain = telephone.words(written, 64)
    return Author("sms", plain.lower(), written=plain) if plain else None


def _number(written: str, account: Account) -> str:
    return telephone.e164(written) or telephone.words(written, 64) or str(account.config.get("number") or "")


def _media(given: Any) -> tuple[Media, ...]:
    found = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    return tuple(_file(number, _Texts(one)) for number, one in enumerate(found[:_MEDIA_MAX], 1))


def _file(number: int, text: _Texts) -> Media:
    kind = telephone.words(text("type"), 100).lower().partition(";")[0]
    try:
        data = base64.b64decode(text("data"), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    name = f"file-{number}.{_ENDINGS.get(kind, 'bin')}"
    digest = sha256(data).hexdigest() if data else ""
    return Media(name, kind, "" if data else telephone.words(text("url"), 2000), "", data, len(data), digest)


def _clean(text: str) -> str:
    return text[:_TEXT_MAX].encode("utf-8", "replace").decode().replace("\0", "")


def _time(value: Any) -> datetime | None:
    """ISO 8601, as our items have it, or RFC 2822, as Twilio's lists have it."""
    if not isinstance(value, str):
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
    return None
