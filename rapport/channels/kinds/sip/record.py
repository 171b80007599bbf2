"""A call as a raw item: JSON with the recording in G.711 and base64, and what it says. Pure."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels import telephone
from rapport.channels.base import Account, Incoming, Media, Message, Unreadable, item_id
from rapport.channels.kinds.sip import sound

_SOUND_MAX = 900 * sound.RATE
_ENDS = {
    "busy": "All lines were busy.",
    "codec": "The call offered no sound that is known here.",
    "limit": "The recording was ended at its limit.",
    "lost": "The connection was lost.",
    "closing": "The line was closed during the call.",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """One call that is over. Times are aware; `user`, `host` and `name` are the caller's, `called` is whom they dialed.

    `end` is who or what ended it: caller, silence, key, limit, busy, codec, lost, closing.
    """

    call_id: str
    user: str
    host: str
    name: str
    called: str
    started: datetime
    ended: datetime
    end: str
    answered: bool = True
    keys: str = ""
    law: str = "mulaw"
    recording: bytes = b""


def item(facts: Facts) -> Incoming:
    """The raw item. Call-IDs are the callers' to choose, so the time is part of its name."""
    started = facts.started.astimezone(UTC).isoformat()
    body = {
        "call": facts.call_id[:250], "started": started, "ended": facts.ended.astimezone(UTC).isoformat(),
        "direction": "in", "from": facts.user[:250], "host": facts.host[:250], "name": facts.name[:250],
        "to": facts.called[:250], "answered": facts.answered, "end": facts.end, "keys": facts.keys[:50],
        "law": facts.law, "recording": base64.b64encode(facts.recording).decode(),
    }  # fmt: skip
    return Incoming(item_id("sip", facts.call_id, started), orjson.dumps(body), received_at=facts.ended)


def parse(account: Account, item: Incoming) -> Message:
    """The call as a message, its recording as a WAV file. Raises Unreadable."""
    try:
        body = orjson.loads(item.body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("The call is no JSON.") from error
    if not isinstance(body, dict) or not _text(body, "call"):
        raise Unreadable("The call has no id.")
    started, ended = _time(body.get("started")), _time(body.get("ended"))
    country = str(account.config.get("country") or "").lstrip("+")
    own = str(account.config.get("number") or account.address or _text(body, "to"))
    name = sha256(f"{_text(body, 'call')} {_text(body, 'started')}".encode("utf-8", "replace")).hexdigest()[:32]
    files, problems = _recording(body, name)
    return telephone.said(
        telephone.Call(
            id=f"sip:{name}",
            theirs=telephone.caller(_text(body, "from"), _text(body, "host"), _text(body, "name"), country),
            ours=telephone.e164(own, country) or telephone.words(own, 64),
            at=started,
            seconds=round((ended - started).total_seconds()) if started and ended else None,
            answered=body.get("answered") is not False,
            note=_note(body, bool(files)),
            files=files,
            problems=problems,
        )
    )


def _note(body: Mapping[str, Any], has_recording: bool) -> str:
    lines = [_ENDS.get(_text(body, "end"), "")]
    if not has_recording and body.get("answered") is not False:
        lines.append("No message was left.")
    keys = telephone.words(_text(body, "keys"), 50)
    if keys:
        lines.append(f"Keys pressed: {keys}")
    return "\n".join(line for line in lines if line)


def _recording(body: Mapping[str, Any], name: str) -> tuple[tuple[Media, ...], tuple[str, ...]]:
    try:
        data = base64.b64decode(_text(body, "recording"), validate=True)
    except (binascii.Error, ValueError):
        return (), ("The recording is no base64.",)
    if not data:
        return (), ()
    law = _text(body, "law")
    if law not in sound.LAWS or len(data) > _SOUND_MAX:
        return (), ("The recording is no sound that is known here, or is too long.",)
    file = sound.wav(sound.expand(data, law))
    digest = sha256(file).hexdigest()
    return (Media(f"call-{name[:8]}.wav", "audio/wav", "", "Recording", file, len(file), digest),), ()


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        return None
