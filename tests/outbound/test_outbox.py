from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from rapport.channels.kinds.email import said
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.models import Channel, ChannelState
from rapport.channels.said import Message as Said
from rapport.conversations.models import Conversation, Direction, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.outbound import bounces, deliver, queue
from rapport.outbound.models import Delivery
from rapport.staff.models import Member
from tests.outbound.conftest import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _system() -> Iterator[None]:
    with scope.system():
        yield


@pytest.fixture
def channel(sink: Sink) -> Channel:
    config = {"smtp": {"host": "127.0.0.1", "port": sink.port, "security": "none"}, "signed_reply": True}
    return Channel.objects.create(name="Support", kind="email", address="support@brand.test", config=config)


@pytest.fixture
def matter(channel: Channel) -> Conversation:
    found = Conversation.objects.create(subject="Late parcel", audience=[EVERYONE], channel=channel)
    Message.objects.create(
        conversation=found, channel=channel, direction=Direction.IN, text="Where is it?", message_id="q1@cust.test",
        at=now() - timedelta(hours=1),
    )  # fmt: skip
    return found


@pytest.fixture
def ada() -> Member:
    return Member.objects.create(email="ada@brand.test", name="Ada Byron")


@pytest.fixture
def queued(matter: Conversation, channel: Channel, ada: Member) -> Delivery:
    return say(matter, channel, ada, "It is on its way.")


def say(matter: Conversation, channel: Channel, member: Member, text: str, to: str = "alice@cust.test") -> Delivery:
    message = Message.objects.create(
        conversation=matter, channel=channel, direction=Direction.OUT, text=text, member=member
    )
    return queue.enqueue(message, channel, [("Alice", to)])


def work(minutes: float = 1) -> int:
    with travel(now() + timedelta(minutes=minutes)):
        return deliver.run_batch()


def again(delivery: Delivery) -> Delivery:
    return Delivery.objects.get(id=delivery.id)


def test_an_answer_is_sent_after_the_undo_time_with_threading_headers(queued: Delivery, sink: Sink) -> None:
    assert deliver.run_batch() == 0
    assert work() == 1
    mail = parse_mail(sink.mails[0].content)
    assert mail.message_id == queued.external_id
    assert (mail.in_reply_to, mail.references) == (("q1@cust.test",), ("q1@cust.test",))
    assert mail.subject == "Re: Late parcel"
    assert "> Where is it?" in mail.text
    assert mail.from_
    assert mail.from_.name == "Ada Byron"
    assert again(queued).state == "sent"
    assert "queued as X1" in again(queued).error
    assert Message.objects.get(id=queued.message_id).sent_at is not None
    assert work() == 0


def test_undo_works_until_its_time_has_come(queued: Delivery, sink: Sink) -> None:
    assert queue.cancel(queued.id)
    assert work() == 0
    assert sink.mails == []
    assert not queue.cancel(queued.id)


def test_undo_comes_too_late_after_ten_seconds(queued: Delivery) -> None:
    with travel(now() + timedelta(seconds=11)):
        assert not queue.cancel(queued.id)


def test_a_refusal_for_good_is_shown_in_the_servers_words(queued: Delivery, sink: Sink) -> None:
    sink.rcpt["alice@cust.test"] = "550 5.1.1 no such user"
    work()
    assert again(queued).state == "failed"
    assert again(queued).error == "550 5.1.1 no such user"
    assert queue.send_again(queued.id)
    sink.rcpt.clear()
    work()
    assert parse_mail(sink.mails[0].content).message_id == queued.external_id


def test_a_refusal_for_now_is_tried_again_later(queued: Delivery, sink: Sink) -> None:
    sink.data = ["452 4.2.2 mailbox full"]
    work()
    assert again(queued).state == "retry"
    assert deliver.run_batch() == 0
    assert work(3) == 1
    assert again(queued).state == "sent"
    assert len(sink.mails) == 1


def test_a_connection_that_breaks_after_the_content_is_never_sent_twice(queued: Delivery, sink: Sink) -> None:
    sink.data = ["hang up"]
    work()
    assert again(queued).state == "uncertain"
    assert work(600) == 0
    assert len(sink.mails) == 1
    assert queue.send_again(queued.id)
    work()
    assert {parse_mail(m.content).message_id for m in sink.mails} == {queued.external_id}


def test_a_worker_killed_while_sending_leaves_it_uncertain(queued: Delivery, sink: Sink) -> None:
    with travel(now() + timedelta(minutes=1)):
        assert queue.begin(queue.claim(1)[0])
        assert queue.claim(1) == []
    assert work(10) == 0
    assert again(queued).state == "uncertain"
    assert sink.mails == []


def test_a_worker_killed_before_sending_loses_nothing(queued: Delivery, sink: Sink) -> None:
    with travel(now() + timedelta(minutes=1)):
        stale = queue.claim(1)[0]
    assert work(10) == 1
    assert not queue.begin(stale)
    assert len(sink.mails) == 1


def test_a_server_that_is_away_is_shown_on_the_channel_and_tried_again(queued: Delivery, channel: Channel) -> None:
    Channel.objects.update(config={"smtp": {"host": "127.0.0.1", "port": 9, "security": "none"}})
    work()
    assert again(queued).state == "retry"
    channel.refresh_from_db()
    assert channel.state == ChannelState.FAILING
    assert "cannot be reached" in channel.error


def test_one_conversation_is_sent_in_its_order(
    queued: Delivery, matter: Conversation, channel: Channel, ada: Member, sink: Sink
) -> None:
    second = say(matter, channel, ada, "And one more thing.")
    sink.data = ["451 4.0.0 later"]
    assert work() == 1
    assert again(second).state == "queued"
    work(5)
    work(6)
    texts = [parse_mail(m.content).text for m in sink.mails]
    assert "on its way" in texts[0]
    assert "one more thing" in texts[1]


def test_a_channel_keeps_its_rate(matter: Conversation, channel: Channel, ada: Member) -> None:
    channel.config["smtp"]["per_minute"] = 2
    channel.save()
    for n in range(3):
        other = Conversation.objects.create(subject=str(n), audience=[EVERYONE])
        say(other, channel, ada, "x")
    with travel(now() + timedelta(minutes=1)):
        assert len(queue.claim(10)) == 2
        assert queue.claim(10) == []


def mail_said(raw: bytes) -> Said:
    return said.of(parse_mail(raw), {})


def bounce(returned: str, to: str, code: str = "5.1.1") -> bytes:
    return f"""From: MAILER-DAEMON@mx.test\r
To: {to}\r
Subject: Undelivered Mail Returned to Sender\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.test\r
\r
Final-Recipient: rfc822; alice@cust.test\r
Action: failed\r
Status: {code}\r
Diagnostic-Code: smtp; 550 {code} no such user\r
\r
--b\r
Content-Type: message/rfc822\r
\r
Message-ID: <{returned}>\r
Subject: x\r
\r
--b--\r
""".encode()


def test_a_bounce_finds_its_delivery_by_message_id(queued: Delivery) -> None:
    work()
    assert bounces.apply(mail_said(bounce(queued.external_id, "support@brand.test")))
    assert again(queued).state == "bounced"
    assert "no such user" in again(queued).error
    assert bounces.apply(mail_said(bounce(queued.external_id, "support@brand.test")))


def test_a_bounce_finds_its_delivery_by_the_signed_return_path(queued: Delivery, sink: Sink) -> None:
    work()
    back: str = sink.mails[0].mail_from
    assert "+c-" in back
    assert bounces.apply(mail_said(bounce("other@x.test", back)))
    assert again(queued).state == "bounced"


def test_a_bounce_of_somebody_else_matches_nothing(queued: Delivery) -> None:
    work()
    assert not bounces.apply(mail_said(bounce("other@x.test", "support@brand.test")))
    assert again(queued).state == "sent"


def test_the_delivery_id_is_a_uuid(queued: Delivery) -> None:
    assert isinstance(queued.id, UUID)
