"""What every kind of channel must stand, for a phone line."""

from datetime import UTC, datetime, timedelta

from rapport.channels.base import Account
from rapport.channels.kinds.sip import record, sound
from rapport.channels.kinds.sip.connector import SipConnector
from rapport.channels.testing import ConnectorContract, Sample, account_for

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def account() -> Account:
    """A complete account."""
    config = {
        "server": "pbx.example.org", "user": "201", "announced": True, "number": "+4930999000", "country": "49",
    }  # fmt: skip
    return account_for("sip", config=config, secrets={"password": "a good password"})


def facts(**given: object) -> record.Facts:
    """A call of 25 seconds from a number in Berlin."""
    usual = {
        "call_id": "6f1c@203.0.113.9", "user": "0301234567", "host": "pbx.example.org", "name": "Ann Example",
        "called": "201", "started": AT, "ended": AT + timedelta(seconds=25), "end": "silence",
        "recording": sound.compress(sound.tone(440, 500), "alaw"), "law": "alaw",
    }  # fmt: skip
    return record.Facts(**{**usual, **given})  # type: ignore[arg-type]


class TestSipContract(ConnectorContract):
    """A call with a message, one without, a missed one, a hidden one, one from a desk next door."""

    connector = SipConnector()
    account = account()
    samples = (
        Sample(record.item(facts())),
        Sample(record.item(facts(call_id="2", recording=b"", keys="1"))),
        Sample(record.item(facts(call_id="3", recording=b"", end="busy", answered=False))),
        Sample(record.item(facts(call_id="4", user="anonymous", host="anonymous.invalid"))),
        Sample(record.item(facts(call_id="5", user="202"))),
    )
