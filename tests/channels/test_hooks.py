"""Webhooks of channels: kept before they are acknowledged, refused without a trace, never too large."""

from uuid import uuid4

import orjson
import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from rapport.channels.models import Channel
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.inbound.models import RawItem
from tests.inbound.post import the_conversation

pytestmark = pytest.mark.django_db
GOOD = {"x-cracker": "salted"}


def post(channel: Channel, body: bytes, **headers: str) -> int:
    client = Client(enforce_csrf_checks=True)
    url = reverse("hook", args=[channel.id])
    return client.post(url, body, content_type="application/json", headers=headers).status_code


def kept() -> int:
    with scope.system():
        return RawItem.objects.count()


def body(**given: object) -> bytes:
    return orjson.dumps({"id": "p1", "text": "Hello", **given})


def test_a_delivery_is_kept_and_becomes_a_message(perch: Channel) -> None:
    assert post(perch, body(), **GOOD) == 200
    assert post(perch, body(), **GOOD) == 200
    assert kept() == 1
    pipeline.run_batch()
    assert the_conversation().snippet == "Hello"


def test_a_wrong_signature_is_refused_counted_and_leaves_nothing(perch: Channel) -> None:
    assert post(perch, body()) == 401
    assert post(perch, body(), **{"x-cracker": "sweet"}) == 401
    assert kept() == 0
    perch.refresh_from_db()
    assert perch.health["refused"] == 2
    assert perch.health["refused_why"] == "That is no cracker of ours."


def test_a_body_over_the_limit_is_413_and_leaves_nothing(perch: Channel) -> None:
    assert post(perch, b" " * (12 * 1024 * 1024 + 1), **GOOD) == 413
    assert kept() == 0
    perch.refresh_from_db()
    assert perch.health["refused"] == 1


def test_a_paused_channel_asks_the_service_to_come_again(perch: Channel) -> None:
    Channel.objects.filter(id=perch.id).update(enabled=False)
    assert post(perch, body(), **GOOD) == 503
    assert kept() == 0


def test_what_cannot_be_kept_now_is_not_acknowledged(perch: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(intake, "accept", full)
    assert post(perch, body(), **GOOD) == 503


def test_there_is_no_webhook_where_there_is_no_channel(perch: Channel) -> None:
    assert Client().post(reverse("hook_path", args=[uuid4(), "x/y"])).status_code == 404
    mailbox = Channel.objects.create(name="Mailbox", kind="email", address="a@b.example")
    assert post(mailbox, body(), **GOOD) == 404
    assert kept() == 0
