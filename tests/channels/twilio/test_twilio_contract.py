"""What every kind of channel must stand, for Twilio."""

from urllib.parse import urlencode

from rapport.channels.base import Account, Edited, Hook, Receipt
from rapport.channels.kinds.twilio.connector import TwilioConnector
from rapport.channels.testing import ConnectorContract, HookContract, HttpContract, Sample
from tests.channels.twilio import samples


class TestTwilioContract(ConnectorContract):
    """Texts, a call, its recording, receipts."""

    connector = TwilioConnector()
    account = samples.account()
    samples = (
        Sample(samples.item("sms", samples.SMS)),
        Sample(
            samples.item(
                "sms", samples.SMS | {"MessageSid": "MM" + "4e" * 16, "NumMedia": "1", "ApiVersion": "0"},
                media=[{"url": "https://api.twilio.com/x", "type": "image/jpeg", "data": samples.encoded(b"\xff\xd8")}],
            )
        ),
        Sample(samples.item("voice", samples.CALL | {"ApiVersion": "1"})),
        Sample(
            samples.item(
                "recording", samples.RECORDING, audio=samples.encoded(samples.WAV),
                query={"from": samples.THEIRS, "to": samples.OURS, "at": samples.AT.isoformat()},
            ),
            (Edited,),
        ),
        Sample(samples.item("status", samples.DELIVERED), (Receipt,)),
        Sample(samples.item("status", samples.FAILED), (Receipt,)),
        Sample(samples.item("status", samples.DELIVERED | {"MessageStatus": "sent"}), ()),
    )  # fmt: skip


class TestTwilioHookContract(HookContract):
    """Twilio signs no time, so nothing is too old."""

    connector = TwilioConnector()
    account = samples.account()
    body = urlencode(samples.SMS).encode()

    def signed(self, body: bytes) -> Hook:
        """As Twilio signs it."""
        return samples.signed("sms", body)


class TestTwilioHttpContract(HttpContract):
    """The REST API."""

    connector = TwilioConnector()
    answering = {"to": samples.THEIRS, "from": samples.OURS}
    answer_to = (("", samples.THEIRS),)

    def account_at(self, url: str) -> Account:
        """The API there."""
        return samples.account(url)
