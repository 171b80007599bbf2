"""Slack's deliveries on their whole way through the house, and an answer back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.channels.secrets import seal
from rapport.channels.testing import Reply, ScriptedServer
from rapport.conversations.models import Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.inbound import pipeline
from rapport.outbound import deliver
from rapport.outbound.actions import Answer, reply
from rapport.outbound.models import Delivery
from rapport.ownership import service
from rapport.staff.models import Team
from tests.channels.slack.samples import ACCOUNT, EDITED, TS, deleted, delivery, reaction, signed, spoken
from tests.inbound.post import make_member, make_team, the_conversation

pytestmark = pytest.mark.django_db
SECOND = "1772440300.000100"


@pytest.fixture
def team(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    monkeypatch.setitem(registry._OURS, "slack", "rapport.channels.kinds.slack.connector:SlackConnector")
    registry.connector.cache_clear()
    made = make_team("support")
    service.save_policy_dict({"triage": "support", "rules": []}, service.SavedBy())
    yield made
    registry.connector.cache_clear()


@pytest.fixture
def channel(team: Team) -> Channel:
    secrets = seal(dict(ACCOUNT.secrets))
    return Channel.objects.create(name="Slack", kind="slack", address="@acme", config=ACCOUNT.config, secrets=secrets)


def deliver_events(channel: Channel, *events: dict[str, Any]) -> None:
    for number, event in enumerate(events):
        hook = signed(orjson.dumps(delivery(event, f"Ev{number} {event['ts' if 'ts' in event else 'event_ts']}")))
        headers = {name: value for name, value in hook.headers.items() if name != "content-type"}
        url = reverse("hook", args=[channel.id])
        answer = Client().post(url, hook.body, content_type="application/json", headers=headers)
        assert answer.status_code == 200
    pipeline.run_batch()


def said() -> list[Message]:
    with scope.system():
        return list(Message.objects.order_by("at", "id"))


def test_a_thread_with_its_changes_is_one_conversation(channel: Channel) -> None:
    answer = spoken(ts=SECOND, thread_ts=TS, user="U5", text="Me too")
    events = [spoken(), spoken(type="app_mention"), answer, EDITED, reaction(), deleted(SECOND)]
    deliver_events(channel, *events)
    assert the_conversation().message_count == 2
    first, second = said()
    assert (first.text, first.public, bool(first.edited_at)) == ("The kettle only.", True, True)
    assert first.about["reactions"] == [["👍", "U1"]]
    assert second.deleted_at


def test_what_is_answered_in_private_goes_on_there_in_the_same_conversation(channel: Channel, team: Team) -> None:
    deliver_events(channel, spoken())
    conversation = the_conversation()
    with ScriptedServer() as server:
        server.on("POST", "/chat.postMessage", Reply.of({"ok": True, "channel": "D7", "ts": "1772447400.000300"}))
        Channel.objects.update(config={**ACCOUNT.config, "server": server.url})
        reply(conversation.id, make_member("mara", team), Answer(text="Between us.", public=False))
        with scope.system():
            Delivery.objects.update(send_after=now() - timedelta(seconds=1))
        assert deliver.run_batch() == 1
        assert b"channel=U1" in server.asked[0].body
    later = spoken(channel="D7", channel_type="im", ts="1772447500.000100", text="Thank you")
    echo = spoken(channel="D7", channel_type="im", ts="1772447400.000300", user="U0US", bot_id="B0US")
    deliver_events(channel, echo, later)
    assert the_conversation().message_count == 3
    assert [one.text for one in said()] == ["The kettle & the pot @U0US", "Thank you", "Between us."]
