"""Call records, and recordings, that any telephone system posts: signed JSON after Standard Webhooks."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Draft,
    Field,
    Hook,
    HookRefused,
    Incoming,
    Invalid,
    Kind,
    MessageRefused,
    Outgoing,
    Received,
    Said,
    Sent,
    lazy,
)
from rapport.channels.kinds.calls import record


class CallsConnector(Kind):
    """One telephone system that tells us of its calls. It only listens."""

    kind = "calls"
    label = lazy("Call records from a PBX")
    about = About(
        lazy("Calls that your telephone system has handled, each with its recording if there is one."),
        "contract-tested",
        steps=(
            lazy("Make up a secret: whsec_ and 32 random bytes in base64."),
            lazy("Enter it here and in your telephone system, or in the script that it runs when a call ends."),
            lazy("Let it post each call to the address shown on this page, signed after Standard Webhooks."),
        ),
        group="phone",
    )
    abilities = Abilities(replies=False)
    fields = (
        Field("secret", lazy("Secret"), "secret", lazy("whsec_ and base64, as in Standard Webhooks."), required=True),
        Field("number", lazy("Our number"), "text", lazy("For records that do not say which number was called.")),
        Field("country", lazy("Country prefix"), "text", lazy("Digits, such as 49: what national numbers get.")),
    )

    def check(self, account: Account) -> None:
        """The secret is one, the country is digits."""
        super().check(account)
        country = str(account.config.get("country") or "")
        if country and not (country.isascii() and country.isdigit() and len(country) <= 3):
            raise Invalid("Country prefix: digits only, such as 49.", "Leave out the plus.")
        try:
            _webhook(account)
        except HookRefused as error:
            raise Invalid("Secret: this is not base64.", "Enter whsec_ followed by base64.") from error

    def receive(self, account: Account, hook: Hook) -> Received:
        """Take one record. A recording that is named by its address is fetched here, once."""
        _verified(account, hook)
        return Received([Incoming(record.name(hook.body), record.with_recording(hook.body), received_at=hook.at)])

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """One call."""
        return record.parse(account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """Nothing can be said here. Raises Invalid."""
        raise Invalid("Call records cannot be answered.", "Call back, and log the call.")

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Nothing can be sent. Raises MessageRefused."""
        raise MessageRefused("Call records cannot be answered.", permanent=True)


def _webhook(account: Account) -> Any:
    from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

    try:
        return Webhook(account.secrets.get("secret", ""))
    except (ValueError, EmptyWebhookSecretError) as error:
        raise HookRefused("The secret of this channel cannot be used.") from error


def _verified(account: Account, hook: Hook) -> None:
    """Believe only what the secret signed within five minutes (standardwebhooks.com, "Verifying signatures")."""
    from standardwebhooks.webhooks import WebhookVerificationError

    webhook = _webhook(account)
    try:
        for signature in hook.headers.get("webhook-signature", "").split():
            # The library decodes leniently: bytes after the padding would be overlooked.
            base64.b64decode(signature.partition(",")[2], validate=True)
        webhook.verify(hook.body, dict(hook.headers), json_parse=False)
    except UnicodeDecodeError as error:
        raise HookRefused("The body is no text in UTF-8.", status=400) from error
    except (WebhookVerificationError, ValueError) as error:
        raise HookRefused("The signature does not fit.") from error
