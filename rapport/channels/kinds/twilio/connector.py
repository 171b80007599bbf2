"""A phone number at Twilio: text messages both ways, calls that are greeted and recorded."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from rapport.channels import telephone
from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
    Draft,
    Field,
    Hook,
    Incoming,
    Invalid,
    Kind,
    Length,
    Outgoing,
    Received,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.twilio import api, hooks, parse
from rapport.channels.kinds.twilio.text import segments

TEXT_MAX = 1_600


class TwilioConnector(Kind):
    """One number."""

    kind = "twilio"
    label = lazy("SMS and voice by Twilio")
    about = About(
        lazy("Text messages to and from a number at Twilio, and calls to it with what the caller says."),
        "contract-tested",
        steps=(
            lazy("In Twilio's console, buy a number that can do SMS and voice."),
            lazy("Copy Account SID and Auth Token from the console's start page to here."),
            lazy("At the number, set “A message comes in” to this page's address followed by /sms."),
            lazy("Set “A call comes in” to this page's address followed by /voice."),
        ),
        permissions=((lazy("Auth Token"), lazy("Signs us in, and proves that a webhook comes from Twilio.")),),
        terms=lazy("Twilio bills each segment of a text message and each minute of a call."),
        group="phone",
    )
    abilities = Abilities(undo_s=0, starts=True, receipts=True, naming="name", length=Length(TEXT_MAX))
    fields = (
        Field("account_sid", lazy("Account SID"), "text", lazy("AC and 32 characters."), required=True),
        Field("auth_token", lazy("Auth Token"), "secret", required=True),
        Field("number", lazy("Our number"), "text", lazy("With its country: +1 555 010 0200."), required=True),
        Field("service", lazy("Messaging Service"), "text", lazy("MG and 32 characters, where one is to send.")),
        Field(
            "greeting", lazy("Greeting"), "text",
            lazy("Read to callers; or the https address of a sound. It must say that the call is recorded."),
            default=hooks.GREETING,
        ),
        Field("language", lazy("Language of the greeting"), "text", lazy("Such as en-US or de-DE."), default="en-US"),
        Field("record", lazy("Record what callers say"), "yes", default=True),
        Field("seconds_max", lazy("Longest recording in seconds"), "number", default=180),
        Field("api_url", lazy("Address of the API"), "url", lazy("Only for another region."), default=api.HOME),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Ids and number have their form."""
        super().check(account)
        config = account.config
        if not api.is_sid(config["account_sid"]):
            raise Invalid("Account SID: this is none.", "It begins with AC and has 34 characters.")
        if not telephone.e164(str(config["number"])).startswith("+"):
            raise Invalid("Our number: this is no number with its country.", "Write it like +15550100200.")
        if config.get("service") and not api.is_sid(config["service"]):
            raise Invalid("Messaging Service: this is none.", "It begins with MG and has 34 characters.")

    def test(self, account: Account) -> Sequence[str]:
        """Ask for the account and the number. Raises ChannelError."""
        found = _ours(api.get(account, "IncomingPhoneNumbers.json", PhoneNumber=_number(account)), account)
        can = found.get("capabilities")
        can = can if isinstance(can, dict) else {}
        lines = [f"Twilio: {_number(account)} is ours, SMS {_yes(can.get('sms'))}, voice {_yes(can.get('voice'))}."]
        for name, key, path in (("A message", "sms_url", "sms"), ("A call", "voice_url", "voice")):
            wanted = f"{account.hook_url.rstrip('/')}/{path}"
            if account.hook_url and found.get(key) != wanted:
                lines.append(f"“{name} comes in” does not lead here yet: set it to {wanted}")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """The number, as everybody writes it."""
        return {"address": _number(account)}

    def collects(self, account: Account) -> bool:
        """Twilio tries a webhook once: its lists are looked at for what was missed."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Look at the lists every five minutes. Raises ChannelError."""
        from rapport.channels.kinds.twilio import catchup

        catchup.collect(account, source)

    def receive(self, account: Account, hook: Hook) -> Received:
        """Take a text, greet a call, fetch a recording. Raises HookRefused."""
        return hooks.receive(account, hook)

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What one request says."""
        return parse.parse(account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The form that Twilio takes, with the member's name below the text. Raises Invalid."""
        answering = draft.answering
        written = str(answering.get("to") or (draft.to[0][1] if draft.to else ""))
        to = telephone.e164(written) or (written if written.isascii() and written.isdigit() else "")
        if not to:
            raise Invalid("A text message needs a phone number with its country.", "Write it like +15550100200.")
        if draft.files:
            raise Invalid("A text message carries no files from here.", "Send a link, or an e-mail.")
        text = f"{draft.text.rstrip()}\n{draft.author}" if draft.author else draft.text.rstrip()
        if not draft.text.strip():
            raise Invalid("There is nothing to send.", "Write something.")
        if len(text) > TEXT_MAX:
            raise Invalid(
                f"A text message has at most {TEXT_MAX} characters; this has {len(text)}: {segments(text)}.",
                "Shorten it.",
            )
        sender = str(answering.get("from") or "") or _number(account)
        form = {"To": to, "Body": text, "From": sender}
        if account.config.get("service"):
            form["MessagingServiceSid"] = str(account.config["service"])
        if account.hook_url:
            form["StatusCallback"] = f"{account.hook_url.rstrip('/')}/status"
        return Outgoing(orjson.dumps(form), sender, [to])

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The text with the member's name."""
        return [str(orjson.loads(self.prepare(account, draft).body)["Body"])]

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Hand it to Twilio, which says later what became of it."""
        return api.send(account, outgoing, about_to_send)


def _ours(found: Mapping[str, Any], account: Account) -> Mapping[str, Any]:
    """The number among what was found. Raises ChannelError where it is not the account's."""
    rows = found.get("incoming_phone_numbers")
    if not isinstance(rows, list):
        raise ChannelError("Twilio answered with something else than expected.", permanent=False)
    for row in rows:
        if isinstance(row, dict) and row.get("phone_number") == _number(account):
            return row
    raise ChannelError(f"{_number(account)} is no number of this account.", "Check both.", permanent=True)


def _number(account: Account) -> str:
    return telephone.e164(str(account.config.get("number") or "")) or account.address


def _yes(value: object) -> str:
    return "yes" if value else "no"
