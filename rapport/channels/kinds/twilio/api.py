"""Twilio's REST API (https://www.twilio.com/docs/usage/api), as far as one phone number needs it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from rapport.channels import outgoing, telephone
from rapport.channels.base import Account, ChannelError, MessageRefused, OutcomeUnknown, Outgoing, Sent
from rapport.channels.kinds.twilio.text import segments

HOME = "https://api.twilio.com"
MEDIA_BYTES_MAX = 5_000_000
RECORDING_BYTES_MAX = 20_000_000
_PAGES_MAX = 20
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
# https://www.twilio.com/docs/api/errors: what concerns this one message, in words; the account is well.
_REFUSALS = {
    21211: "Twilio says that this is no phone number.",
    21408: "The Twilio account may not send to this country.",
    21610: "The recipient has answered STOP: nothing may be sent to them.",
    21612: "Our number cannot send to this number.",
    21614: "This number cannot get text messages.",
    21617: "Twilio takes at most 1,600 characters.",
}
# These are settings: a person must change them before anything goes.
_SETTINGS = {21212, 21603, 21606, 21659, 21703, 20003, 20005}


def url(account: Account, path: str) -> str:
    """The address of something that belongs to the account: `Messages.json`."""
    sid = account.config.get("account_sid", "")
    return f"{base(account)}/2010-04-01/Accounts/{sid}/{path}"


def base(account: Account) -> str:
    """Where the API is: another region's where the settings say so."""
    return str(account.config.get("api_url") or HOME).rstrip("/")


def keys(account: Account) -> tuple[str, str]:
    """What signs us in (HTTP Basic)."""
    return str(account.config.get("account_sid", "")), account.secrets.get("auth_token", "")


def is_sid(value: Any) -> bool:
    """Whether a value has the form of Twilio's ids: two letters and 32 hexadecimal digits."""
    return isinstance(value, str) and _SID.fullmatch(value) is not None


def get(account: Account, path: str, **params: str) -> dict[str, Any]:
    """One JSON object. Raises ChannelError."""
    found = outgoing.call("GET", url(account, path), params=params, auth=keys(account)).json()
    if not isinstance(found, dict):
        raise ChannelError("Twilio answered with something else than expected.", permanent=False)
    return found


def listed(account: Account, path: str, name: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The rows of a list, newest first, page by page (`next_page_uri`), at most 20 pages."""
    found = get(account, path, **params)
    for _ in range(_PAGES_MAX):
        yield from (row for row in found.get(name) or () if isinstance(row, dict))
        following = found.get("next_page_uri")
        if not isinstance(following, str) or not following.startswith("/"):
            return
        found = outgoing.call("GET", base(account) + following, auth=keys(account)).json()


def recording(account: Account, sid: str, within_s: float = outgoing.WHOLE_S) -> bytes:
    """A recording as WAV. Raises ChannelError."""
    where = url(account, f"Recordings/{sid}.wav")
    return outgoing.call("GET", where, auth=keys(account), bytes_max=RECORDING_BYTES_MAX, whole_s=within_s).body


def media(account: Account, address: str) -> bytes:
    """A file that came with a message, from Twilio only: it gets our credentials. Raises ChannelError."""
    if urlsplit(address)[:2] != urlsplit(base(account))[:2]:
        raise ChannelError("This file is not at Twilio.", permanent=True)
    return outgoing.call("GET", address, auth=keys(account), bytes_max=MEDIA_BYTES_MAX, whole_s=5.0).body


def send(account: Account, prepared: Outgoing, about_to_send: Callable[[], None]) -> Sent:
    """Post one message (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource)."""
    form = orjson.loads(prepared.body)
    about_to_send()
    answer = outgoing.attempt("POST", url(account, "Messages.json"), data=form, auth=keys(account))
    if answer.status not in (400, 422):
        outgoing.check(answer)
    try:
        said = answer.json()
    except ChannelError:
        said = {}
    said = said if isinstance(said, dict) else {}
    if answer.status >= 400:
        raise _refusal(said)
    sid = said.get("sid")
    if not is_sid(sid):
        raise OutcomeUnknown("Twilio did not say whether it took the message.", permanent=False)
    sender = said.get("from") if isinstance(said.get("from"), str) else prepared.sender
    return Sent(
        f"Twilio has it: {segments(form['Body'])}.",
        (f"twilio:{sid}",),
        answer={"to": form["To"], "from": sender},
    )


def _refusal(said: Mapping[str, Any]) -> ChannelError:
    code = said.get("code")
    words = telephone.words(str(said.get("message") or "Twilio refused the message."), 500)
    if code in _SETTINGS:
        return ChannelError(words, "Check number and sign-in of this channel at Twilio.", permanent=True)
    return MessageRefused(_REFUSALS.get(code, words) if isinstance(code, int) else words, permanent=True)
