"""What every kind must stand, asked of "slack"."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import orjson

from rapport.channels.base import Account, Deleted, Edited, Hook, Reaction
from rapport.channels.kinds.slack.connector import SlackConnector
from rapport.channels.testing import ConnectorContract, HookContract, HttpContract, Sample
from tests.channels.slack import samples
from tests.channels.slack.samples import ACCOUNT, EDITED, TS, delivery, item, reaction, spoken

RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [{"type": "text", "text": "Hello "}, {"type": "user", "user_id": "U2"}],
        }
    ],
}
FILE = {"id": "F1", "name": "kettle.jpg", "mimetype": "image/jpeg", "size": 4711, "permalink": "https://acme.slack.com/files/U1/F1"}


class TestSlackContract(ConnectorContract):
    connector = SlackConnector()
    account = ACCOUNT
    samples = (
        Sample(item(spoken(), names={"U1": "Ann", "U0US": "acme"})),
        Sample(item(spoken(channel="D1", channel_type="im", text="", blocks=[RICH]))),
        Sample(item(spoken(subtype="file_share", files=[FILE], thread_ts="1772440000.000001"))),
        Sample(item(spoken(subtype="bot_message", bot_id="B2", username="Alarm", user=None))),
        Sample(item({**spoken(type="app_mention"), "channel_type": None}, private=True)),
        Sample(item(EDITED), (Edited,)),
        Sample(samples.DELETED, (Deleted,)),
        Sample(item(reaction()), (Reaction,)),
        Sample(item(spoken(subtype="channel_join")), ()),
    )


class TestSlackHookContract(HookContract):
    connector = SlackConnector()
    account = ACCOUNT
    body = orjson.dumps(delivery(spoken()))

    def signed(self, body: bytes) -> Hook:
        return samples.signed(body)

    def stale(self, body: bytes) -> Hook:
        return samples.signed(body, timedelta(hours=1))


class TestSlackHttpContract(HttpContract):
    connector = SlackConnector()
    answering: ClassVar[dict[str, Any]] = {"channel": "C1", "thread": TS, "public": True, "user": "U1"}

    def account_at(self, url: str) -> Account:
        return replace(ACCOUNT, config={**ACCOUNT.config, "server": url})
