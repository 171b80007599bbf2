"""Slack's own description of its Web API takes what we send."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson
import pytest
import requests

from rapport.channels.base import Account, MessageRefused
from rapport.channels.kinds.slack.api import Slack
from rapport.channels.kinds.slack.connector import SlackConnector
from rapport.channels.testing import draft_for
from tests.channels import prism
from tests.channels.slack.samples import ACCOUNT, TS, delivery, signed, spoken

pytestmark = pytest.mark.peers

CONNECTOR = SlackConnector()
PATHS = ("/auth.test", "/chat.postMessage", "/users.info", "/conversations.info")
ANSWERING = {"channel": "C1", "thread": TS, "public": True, "user": "U1"}


def as_today(described: dict[str, Any]) -> dict[str, Any]:
    """The description is of 2020 and wants the token as a parameter, which Slack has since stopped to take: it comes
    in Authorization (which the description knows as OAuth).
    """
    for path in described["paths"].values():
        for operation in path.values():
            operation["parameters"] = [one for one in operation.get("parameters", []) if one["name"] != "token"]
    return described


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account at a Prism that knows Slack's description."""
    described = as_today(prism.described("slack.com.json", *PATHS))
    with prism.serve(described, tmp_path_factory.mktemp("slack")) as url:
        yield replace(ACCOUNT, id=uuid4(), config={"server": url, "names": True})


def test_prism_refuses_what_the_description_does_not_allow(there: Account) -> None:
    bearer = {"Authorization": "Bearer xoxb-of-the-tests"}
    url = f"{there.config['server']}/chat.postMessage"
    for fields in ({"text": "no channel"}, {"channel": "C1", "mrkdwn": "no"}):
        answer = requests.post(url, data=fields, headers=bearer, timeout=60)
        assert "sl-violations" in answer.headers, fields
    assert "sl-violations" in requests.get(f"{there.config['server']}/auth.test", timeout=60).headers
    with pytest.raises(MessageRefused):
        Slack(there).post({"text": "no channel"})


def test_what_we_ask_and_send_is_as_slack_describes_it(there: Account) -> None:
    assert CONNECTOR.test(there) == ["Signed in as @grace in Subarachnoid Workspace."]
    own = CONNECTOR.identify(there)
    assert (own["address"], own["url"]) == ("@grace", "https://subarachnoid.slack.com/")
    for customize in (False, True):
        account = replace(there, config={**there.config, "own": own, "customize": customize})
        sent = CONNECTOR.send(account, CONNECTOR.prepare(account, draft_for("Thank you.", ANSWERING)), lambda: None)
        assert sent.external_ids == ["slack:C1H9RESGL/1503435956.000247"]
        assert sent.url.startswith("https://subarachnoid.slack.com/archives/C1H9RESGL/p1503435956000247")


def test_every_field_that_we_send_has_a_place_in_the_description() -> None:
    operation = prism.described("slack.com.json", "/chat.postMessage")["paths"]["/chat.postMessage"]["post"]
    known = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    for customize in (False, True):
        account = replace(ACCOUNT, config={"customize": customize})
        fields = orjson.loads(CONNECTOR.prepare(account, draft_for("Thank you.", ANSWERING)).body)
        assert set(fields) <= set(known)


def test_names_are_asked_for_as_slack_describes_it(there: Account) -> None:
    Slack(there).info("conversations.info", {"channel": "C1"}, 20)
    (item,) = CONNECTOR.receive(there, signed(orjson.dumps(delivery(spoken(text="Hello"))))).items
    assert item.envelope["names"]["U1"]
