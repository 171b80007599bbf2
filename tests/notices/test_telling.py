"""From the log to the page, the mail and the browser: once each."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from zoneinfo import ZoneInfo

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail as outbox
from pytest_django import Settings

from rapport.conversations import actions, desk
from rapport.conversations.models import Conversation
from rapport.core import clock, events, scope
from rapport.notices import gather, mail, push
from rapport.notices.models import Device, Notice, Preferences
from rapport.notices.words import line_of
from rapport.ownership.actions import assign
from tests.notices.conftest import Told, seal
from tests.web.cast import Cast


def note(cast: Cast, text: str = "Look at this.") -> None:
    with scope.member(cast.lead.id):
        actions.note(cast.conversation.id, cast.lead, text)


def give(cast: Cast) -> None:
    with scope.member(cast.lead.id):
        assign(cast.conversation.id, cast.lead, cast.service, cast.agent)


def test_who_is_given_a_conversation_is_told_once(cast: Cast, told: Told) -> None:
    give(cast)
    assert told() == [("Ana", "assigned")]
    assert told() == [("Ana", "assigned")]


def test_reading_the_log_twice_tells_nobody_twice(cast: Cast, told: Told) -> None:
    give(cast)
    told()
    with scope.system():
        gather.Progress.objects.update(seq=0)
    assert told().count(("Ana", "assigned")) == 1


def test_a_confidential_matter_is_told_to_nobody_else(cast: Cast, told: Told) -> None:
    with scope.system():
        desk.Subscription.objects.create(conversation=cast.secret, member=cast.agent, interest="follow")
        desk.Watch.objects.create(member=cast.agent, person=cast.secretive)
        events.record("message.received", conversation_id=cast.secret.id, data={})
    assert told() == []


def test_what_somebody_may_no_longer_see_is_gone_from_their_notices(cast: Cast, told: Told) -> None:
    give(cast)
    told()
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(audience=[cast.people_team.id])
    with scope.member(cast.agent.id):
        assert not Notice.objects.exists()
    with scope.member(cast.reader.id):
        assert not Notice.objects.exists()


def test_a_member_hears_only_what_they_chose(cast: Cast, told: Told) -> None:
    Preferences.objects.model  # noqa: B018 - the table exists before the choice is made
    with scope.system():
        Preferences.objects.create(member=cast.agent, ways={"assigned": {"page": False, "push": False, "mail": ""}})
    give(cast)
    assert told() == []


def test_opening_the_conversation_reads_its_notices(cast: Cast, told: Told) -> None:
    give(cast)
    told()
    with scope.member(cast.agent.id):
        assert gather.read(cast.agent, cast.conversation.id) == 1
        assert gather.read(cast.agent, cast.conversation.id) == 0


def test_mail_goes_once_and_not_for_what_was_read(cast: Cast, told: Told) -> None:
    give(cast)
    told()
    assert mail.run_soon() == 0
    with clock.travel(clock.now() + timedelta(minutes=3)):
        assert mail.run_soon() == 1
        assert mail.run_soon() == 0
    (sent,) = outbox.outbox
    assert sent.to == [cast.agent.email]
    assert "Refund for order 1009" in sent.subject
    assert f"/c/{cast.conversation.id}/" in sent.body
    assert "parcel never arrived" not in sent.body


def test_what_was_read_in_the_page_is_not_mailed(cast: Cast, told: Told) -> None:
    give(cast)
    told()
    with scope.member(cast.agent.id):
        gather.read(cast.agent)
    with clock.travel(clock.now() + timedelta(minutes=3)):
        assert mail.run_soon() == 0
    assert outbox.outbox == []


def test_mail_that_could_not_go_is_tried_again(cast: Cast, told: Told, settings: Settings) -> None:
    give(cast)
    told()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    with clock.travel(clock.now() + timedelta(minutes=3)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.core.mail.backends.dummy.EmailBackend.send_messages", lambda *_: 0)
            assert mail.run_soon() == 0
        assert mail.run_soon() == 1


def test_mail_names_a_confidential_conversation_by_its_team_alone(cast: Cast, told: Told) -> None:
    with scope.system():
        Conversation.objects.filter(id=cast.secret.id).update(owner_member=cast.hr)
        events.record("delivery.failed", conversation_id=cast.secret.id, data={})
    assert told() == [("Hana", "undelivered")]
    with clock.travel(clock.now() + timedelta(minutes=3)):
        mail.run_soon()
    (sent,) = outbox.outbox
    assert "Zanzibar" not in sent.subject + sent.body + str(sent.alternatives)
    assert "HR" in sent.subject


def test_the_digest_comes_once_a_day_where_the_member_lives(cast: Cast, told: Told) -> None:
    give(cast)
    with scope.system():
        events.record("message.received", conversation_id=cast.conversation.id, data={})
    told()
    cast.agent.time_zone = "Asia/Tokyo"
    cast.agent.save()
    morning = datetime(2027, 3, 3, 23, 30, tzinfo=UTC)  # 8:30 on a Thursday in Tokyo
    with clock.travel(morning):
        assert mail.run_digests() == 1
        assert mail.run_digests() == 0
    assert "order 1009" in outbox.outbox[0].body


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (datetime(2027, 3, 4, 6, 59, tzinfo=UTC), False),
        (datetime(2027, 3, 4, 7, 1, tzinfo=UTC), True),
        (datetime(2027, 3, 6, 9, 0, tzinfo=UTC), False),  # a Saturday
    ],
)
def test_the_digest_keeps_to_its_hour_and_to_working_days(at: datetime, due: bool) -> None:
    assert bool(mail.is_due(Preferences(), ZoneInfo("Europe/Berlin"), at)) is due


def test_a_promise_is_told_to_whom_it_concerns_as_they_chose(cast: Cast, told: Told) -> None:
    give(cast)
    told()
    due = clock.now() + timedelta(minutes=20)
    with scope.system():
        Preferences.objects.create(member=cast.agent, ways={"near": {"page": False, "push": False, "mail": ""}})
        for kind in ("promise.near", "promise.broken"):
            data = {"clock": "first_answer", "due": due.isoformat(), "whom": "member", "member": str(cast.agent.id)}
            events.record(kind, conversation_id=cast.conversation.id, data=data)
    assert [reason for _, reason in told()] == ["assigned", "broken"], "as they chose to hear it"
    with scope.system():
        notice = Notice.objects.get(reason="broken")
        notice.at = due + timedelta(hours=3)
        assert line_of(notice, cast.conversation).what == "First answer late for 3 hours"


class PushService(BaseHTTPRequestHandler):
    """Takes what a browser's push service takes."""

    taken: list[tuple[dict[str, str], bytes]]
    answer = 201

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken.append((dict(self.headers), body))
        self.send_response(type(self).answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    PushService.taken, PushService.answer = [], 201
    monkeypatch.setattr(push, "resolved", lambda host, port: "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), PushService)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def subscribed(cast: Cast, port: int) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    key, secret = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    push.public_key()
    with scope.system():
        Device.objects.create(
            member=cast.agent, endpoint=f"http://push.example:{port}/one", p256dh=_text(point), auth=_text(secret)
        )
    return key, secret


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_browser_is_told_once_encrypted_and_signed(cast: Cast, told: Told, service: HTTPServer) -> None:
    key, secret = subscribed(cast, service.server_port)
    give(cast)
    told()
    assert push.run() == 1
    assert push.run() == 0
    ((headers, body),) = PushService.taken
    said = json.loads(http_ece.decrypt(body, private_key=key, auth_secret=secret, version="aes128gcm"))
    assert said["url"] == f"/c/{cast.conversation.id}/"
    assert b"Refund" not in body
    assert headers["Authorization"].startswith("vapid t=")
    assert headers["TTL"].isdigit()


def test_a_browser_that_is_gone_is_forgotten(cast: Cast, told: Told, service: HTTPServer) -> None:
    subscribed(cast, service.server_port)
    PushService.answer = 410
    give(cast)
    told()
    assert push.run() == 0
    with scope.system():
        assert not Device.objects.exists()


def test_the_log_is_left_alone_until_it_is_sealed(cast: Cast) -> None:
    give(cast)
    assert gather.run() == 0
    seal()
    assert gather.run() > 0
