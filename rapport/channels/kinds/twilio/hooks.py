"""Twilio's webhooks: only what its signature covers is believed, a call is greeted, what came is kept.

`hook.path` is sms, voice, recorded, recording or status. An item is JSON: {"hook", "params", "query", "at"}, and what
was fetched beside it, in base64: "media" of a message, "audio" of a call.
"""

import base64
import time
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape, quoteattr

import orjson

from rapport.channels.base import Account, ChannelError, Hook, HookRefused, Incoming, Received, item_id
from rapport.channels.kinds.twilio import api

GREETING = (
    "Hello. This call is recorded. If you do not want that, please hang up. "
    "Otherwise leave your message after the tone."
)
_MEDIA_MAX = 10
_FETCH_S = 8.0  # Twilio waits fifteen seconds for an answer
_FIELDS_MAX = 1_000
# Try again where we could not fetch a recording (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)
_AGAIN = "#rc=3&rp=all"
_FATES = ("delivered", "undelivered", "failed", "read")


class _Form(dict[str, str]):
    """What a form says, the last value of each name; all of them for the signature."""

    def __init__(self, body: bytes) -> None:
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
        except ValueError as error:
            raise HookRefused("The form has too many fields.", status=400) from error
        super().__init__(pairs)
        self._pairs = pairs

    def getlist(self, name: str) -> list[str]:
        """Every value of one name, as `RequestValidator` asks for them."""
        return [value for one, value in self._pairs if one == name]


def receive(account: Account, hook: Hook) -> Received:
    """Take one request. Raises HookRefused."""
    params = _verified(account, hook)
    take = _TAKERS.get(hook.path.strip("/"))
    if take is None:
        raise HookRefused("There is no such webhook.", status=404)
    return take(account, hook, params)


def _verified(account: Account, hook: Hook) -> Mapping[str, str]:
    """What Twilio sent, once its signature fits (https://www.twilio.com/docs/usage/security#validating-requests)."""
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

    signature = hook.headers.get("x-twilio-signature", "")
    params = _Form(hook.body)
    where = hook.url if "?" in hook.url or not hook.query else f"{hook.url}?{urlencode(hook.query)}"
    validator = RequestValidator(account.secrets.get("auth_token", ""))
    # A fragment is not sent; whether it is signed is not documented.
    valid = validator.validate(where, params, signature) or validator.validate(where + _AGAIN, params, signature)
    if not (account.secrets.get("auth_token") and signature and valid):
        raise HookRefused("The signature is not Twilio's.")
    return params if hook.method.upper() == "POST" else hook.query


def _sms(account: Account, hook: Hook, params: Mapping[str, str]) -> Received:
    until = time.monotonic() + _FETCH_S
    media = []
    for number in range(_number(params.get("NumMedia"))):
        where, kind = params.get(f"MediaUrl{number}", ""), params.get(f"MediaContentType{number}", "")
        media.append(fetched(account, where, kind) if time.monotonic() < until else unfetched(where, kind))
    return Received([item(hook, params, media=media)], b"<Response/>", "text/xml")


def _voice(account: Account, hook: Hook, params: Mapping[str, str]) -> Received:
    return Received([item(hook, params)], twiml(account, hook, params).encode(), "text/xml")


def _recorded(account: Account, hook: Hook, params: Mapping[str, str]) -> Received:
    """The caller has spoken. The recording itself comes to another webhook, when it is ready."""
    return Received((), b"<Response><Hangup/></Response>", "text/xml")


def _recording(account: Account, hook: Hook, params: Mapping[str, str]) -> Received:
    if params.get("RecordingStatus", "completed") != "completed" or not api.is_sid(params.get("RecordingSid")):
        return Received()
    try:
        audio = api.recording(account, params["RecordingSid"], _FETCH_S)
    except ChannelError:
        # It asks again where the address says rc=; otherwise the next look at the list of recordings finds it.
        return Received((), b"", status=503)
    return Received([item(hook, params, audio=base64.b64encode(audio).decode())])


def _status(account: Account, hook: Hook, params: Mapping[str, str]) -> Received:
    """What became of a message of ours; what becomes of calls is said elsewhere."""
    fate = params.get("MessageStatus") or params.get("SmsStatus", "")
    return Received([item(hook, params)] if fate in _FATES else ())


_TAKERS = {"sms": _sms, "voice": _voice, "recorded": _recorded, "recording": _recording, "status": _status}


def item(hook: Hook, params: Mapping[str, str], **beside: Any) -> Incoming:
    """The raw item of a request."""
    at = hook.at.astimezone(UTC).isoformat()
    kind = hook.path.strip("/")
    body = {"hook": kind, "params": dict(params), "query": dict(hook.query), "at": at, **beside}
    return Incoming(name(kind, params), orjson.dumps(body), received_at=hook.at)


def name(kind: str, params: Mapping[str, str]) -> str:
    """What a delivery is called: the same whether it came by webhook or was found in a list."""
    sid = params.get("RecordingSid") or params.get("MessageSid") or params.get("SmsSid") or params.get("CallSid")
    fate = (params.get("MessageStatus") or params.get("SmsStatus", "")) if kind == "status" else ""
    return item_id("twilio", kind, sid or repr(sorted(params.items())), fate)


def twiml(account: Account, hook: Hook, params: Mapping[str, str]) -> str:
    """What a caller hears (https://www.twilio.com/docs/voice/twiml): greeting, tone, then they speak."""
    config = account.config
    about = urlencode({"from": params.get("From", ""), "to": params.get("To", ""), "at": hook.at.isoformat()})
    here = account.hook_url.rstrip("/")
    language = quoteattr(str(config.get("language") or "en-US"))
    if config.get("record") is False:
        return f"<Response>{_greeting(config, language)}<Hangup/></Response>"
    return (
        f"<Response>{_greeting(config, language)}"
        f'<Record playBeep="true" finishOnKey="#" timeout="5" maxLength="{_seconds(config)}"'
        f" action={quoteattr(f'{here}/recorded')}"
        f" recordingStatusCallback={quoteattr(f'{here}/recording?{about}{_AGAIN}')}/>"
        "<Hangup/></Response>"
    )


def _greeting(config: Mapping[str, Any], language: str) -> str:
    said = str(config.get("greeting") or GREETING)
    if said.startswith("https://"):
        return f"<Play>{escape(said)}</Play>"
    return f"<Say language={language}>{escape(said[:4000])}</Say>"


def _seconds(config: Mapping[str, Any]) -> int:
    return min(max(_number(config.get("seconds_max"), 180, 600), 10), 600)


def fetched(account: Account, address: str, kind: str) -> dict[str, str]:
    """One file of a message with what it holds, or only where it is when that cannot be had now."""
    try:
        return {"url": address, "type": kind, "data": base64.b64encode(api.media(account, address)).decode()}
    except ChannelError:
        return unfetched(address, kind)


def unfetched(address: str, kind: str) -> dict[str, str]:
    """One file of a message, only where it is."""
    return {"url": address, "type": kind, "data": ""}


def _number(value: Any, usual: int = 0, most: int = _MEDIA_MAX) -> int:
    text = str(value or "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 9 else usual
