"""What the platform's errors mean (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/
error-codes), in words for the person who wrote the message or looks after the channel.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from rapport.channels.base import ChannelError, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.whatsapp.values import number, obj, text
from rapport.channels.outgoing import Answer, retry_after

# Code: what it says, and what to do.
_MESSAGES = {
    131047: (
        "More than 24 hours have passed since this person last wrote.",
        "WhatsApp lets a business write freely only within 24 hours of the person's last message. Wait until they "
        "write, or send them one of your approved templates from WhatsApp Manager.",
    ),
    131026: ("WhatsApp cannot deliver to this person.", "They may not use WhatsApp, or have not accepted its terms."),
    131049: ("WhatsApp chose not to deliver this, to spare the person.", "Try again later, not at once."),
    131050: ("This person does not want such messages from you.", ""),
    131051: ("WhatsApp does not take this kind of message.", ""),
    131052: ("WhatsApp could not fetch the file.", "Attach it again."),
    131053: ("WhatsApp does not take this file.", "Send it as PDF, picture, sound or video, or as a link."),
    131021: ("That is your own number.", ""),
    130472: ("WhatsApp keeps this person from such messages for an experiment of its own.", ""),
    130403: ("This person has blocked you.", ""),
    131062: ("WhatsApp cannot deliver to this person without a number.", ""),
}  # fmt: skip
_TOO_FAST = {4, 80007, 130429, 131048, 131056, 133016}
_ACCOUNT = {
    0: "The token is not accepted any more.", 3: "The token lacks a permission.", 10: "The token lacks a permission.",
    190: "The token has expired.", 33: "The phone number is not there any more.",
    368: "WhatsApp has blocked the account for breaking its policy.", 131031: "WhatsApp has locked the account.",
    131042: "There is a problem with how the account pays.", 131045: "The phone number is not registered.",
    133010: "The phone number is not registered.", 131005: "The token lacks a permission.",
}  # fmt: skip
_LATER = {1, 2, 131016, 131057, 133004}


def in_words(error: Mapping[str, Any]) -> str:
    """An error of a status, for the person who wrote the message."""
    known = _MESSAGES.get(number(error.get("code")) or -1)
    if known:
        return " ".join(filter(None, known))
    return text(obj(error.get("error_data")).get("details")) or text(error.get("title")) or "WhatsApp did not say why."


def raise_for(answer: Answer, *, to_send: bool) -> None:
    """Raise what a bad answer means; nothing for a good one.

    Meta answers most errors with 400 or 500 and says in `error.code` what it is.
    """
    if answer.status < 400:
        return
    error = _error(answer)
    code = number(error.get("code"))
    words = text(obj(error.get("error_data")).get("details")) or text(error.get("message")) or f"status {answer.status}"
    if code in _TOO_FAST or answer.status == 429:
        raise TooFast("WhatsApp asks us to slow down.", retry_after=retry_after(answer.headers))
    if code in _ACCOUNT or answer.status in (401, 403) or (code is not None and 200 <= code <= 299):
        what = _ACCOUNT.get(code if code is not None else -1, "WhatsApp does not accept the token.")
        raise ChannelError(f"{what} ({words})", "Look in WhatsApp Manager, and enter a new token.", permanent=True)
    if code in _LATER or answer.status in (408, 503):
        raise ChannelError(f"WhatsApp is not well: {words}", permanent=False)
    if answer.status >= 500:
        _unwell(words, to_send=to_send)
    if to_send:
        said, hint = _MESSAGES.get(code if code is not None else -1, (f"WhatsApp refused it: {words}", ""))
        raise MessageRefused(said, hint, permanent=True)
    raise ChannelError(f"WhatsApp refused: {words}", "Check the number and the token.", permanent=True)


def _unwell(words: str, *, to_send: bool) -> NoReturn:
    if to_send:
        raise OutcomeUnknown(f"WhatsApp answered: {words}", permanent=False)
    raise ChannelError(f"WhatsApp is not well: {words}", permanent=False)


def _error(answer: Answer) -> Mapping[str, Any]:
    try:
        return obj(obj(orjson.loads(answer.body)).get("error"))
    except orjson.JSONDecodeError:
        return {}
