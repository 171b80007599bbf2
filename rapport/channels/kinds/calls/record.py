"""One call record as a telephone system posts it: its form, its recording, what it says."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels import outgoing, telephone
from rapport.channels.base import Account, ChannelError, Edited, Incoming, Media, Said, Unreadable, item_id

RECORDING_BYTES_MAX = 20_000_000
_FETCH_S = 10.0
_TYPES = {
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/vnd.wave": "wav", "audio/mpeg": "mp3",
    "audio/ogg": "ogg", "audio/webm": "webm", "audio/mp4": "m4a",
}  # fmt: skip
_MAGIC = ((b"RIFF", "audio/wav"), (b"OggS", "audio/ogg"), (b"ID3", "audio/mpeg"), (b"\xff\xfb", "audio/mpeg"))


def name(body: bytes) -> str:
    """The name of a delivery: its content. Posted again it is the same, changed it is another."""
    return item_id("calls", sha256(body).hexdigest())


def with_recording(body: bytes) -> bytes:
    """The record with its recording in it, where it named an https address; as it came where that cannot be had."""
    try:
        whole = _loaded(body)
    except Unreadable:
        return body  # signed, so it is kept for `parse` to refuse where people see it
    call = _inner(whole)
    address = call.get("recording")
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        return body
    try:
        answer = outgoing.call("GET", address, bytes_max=RECORDING_BYTES_MAX, whole_s=_FETCH_S)
    except ChannelError:
        return body
    kind = answer.headers.get("content-type", "").partition(";")[0]
    call["recording"] = {"data": base64.b64encode(answer.body).decode(), "type": kind, "url": address}
    return orjson.dumps(whole)


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """One call; Edited where the record says that it is one that came before. Raises Unreadable."""
    whole = _loaded(item.body)
    call = _inner(whole)
    id_ = telephone.words(_text(call, "id"), 200)
    if not id_:
        raise Unreadable("The call record has no id.")
    incoming = _text(call, "direction").lower() not in ("out", "outgoing", "outbound")
    theirs, ours = ("from", "to") if incoming else ("to", "from")
    country = str(account.config.get("country") or "")
    own = _text(call, ours) or str(account.config.get("number") or account.address)
    files, problems = _recording(call, id_)
    seconds = _seconds(call.get("seconds"))
    message = telephone.said(
        telephone.Call(
            id=f"calls:{account.id}:{id_}",
            theirs=telephone.caller(_text(call, theirs), name=_text(call, "name"), country=country),
            ours=telephone.e164(own, country) or telephone.words(own, 64),
            at=_time(call.get("started_at")),
            incoming=incoming,
            seconds=seconds,
            answered=call.get("answered") is not False,
            note=_text(call, "note"),
            files=files,
            problems=problems,
        )
    )
    kind = whole.get("type")
    again = call.get("update") is True or (isinstance(kind, str) and kind in ("call.updated", "call.recorded"))
    return [Edited(message) if again else message]


def _loaded(body: bytes) -> dict[str, Any]:
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("The call record is no JSON.") from error
    if not isinstance(whole, dict):
        raise Unreadable("The call record is no object.")
    return whole


def _inner(whole: dict[str, Any]) -> dict[str, Any]:
    """The call itself: the whole body, or its `data` where the sender wraps it as Standard Webhooks advises."""
    data = whole.get("data")
    return data if isinstance(data, dict) and "id" not in whole else whole


def _text(call: Mapping[str, Any], key: str) -> str:
    value = call.get(key)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _seconds(value: Any) -> int | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1_000_000
    return round(value) if good else None


def _time(value: Any) -> datetime | None:
    """ISO 8601 with its offset (UTC where it has none), or seconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(str(value))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _recording(call: Mapping[str, Any], id_: str) -> tuple[tuple[Media, ...], tuple[str, ...]]:
    """The recording as a file, and what is wrong with it."""
    given = call.get("recording")
    if not given:
        return (), ()
    kind, data = "", given
    if isinstance(given, dict):
        kind, data = _text(given, "type"), given.get("data")
    if not isinstance(data, str):
        return (), ("The recording could not be read.",)
    if data.startswith(("https://", "http://")):
        return (Media("recording", "", data[:2000], "Recording"),), ("The recording could not be fetched.",)
    if data.startswith("data:"):
        head, _, data = data.partition(",")
        kind = head[5:].partition(";")[0]
    try:
        sound = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return (), ("The recording is no base64.",)
    kind = next((one for start, one in _MAGIC if sound.startswith(start)), kind.lower())
    if kind not in _TYPES or len(sound) > RECORDING_BYTES_MAX:
        return (), ("The recording is no sound that is known here, or is too long.",)
    digest = sha256(sound).hexdigest()
    name = f"call-{sha256(id_.encode()).hexdigest()[:8]}.{_TYPES[kind]}"
    return (Media(name, kind, "", "Recording", sound, len(sound), digest),), ()
