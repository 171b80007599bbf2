"""A member who forgot the password gets a mail by the company's own mailbox, and a page that never fails."""

import pytest
from django.core import mail
from django.test import Client

from rapport.channels.models import Channel
from rapport.outbound.systemmail import ChannelBackend
from rapport.staff.models import Member
from tests.outbound.conftest import Sink

pytestmark = pytest.mark.django_db


def letter() -> mail.EmailMessage:
    return mail.EmailMessage("New password", "Follow the link.", to=["ada@brand.test"])


def test_it_goes_out_by_the_first_mailbox_that_can_send(sink: Sink) -> None:
    config = {"smtp": {"host": "127.0.0.1", "port": sink.port, "security": "none"}}
    Channel.objects.create(name="A listener", kind="email", address="in@brand.test")
    Channel.objects.create(name="Support", kind="email", address="support@brand.test", config=config)
    assert ChannelBackend().send_messages([letter()]) == 1
    assert sink.mails[0].mail_from == "support@brand.test"


def test_without_a_mailbox_nothing_is_sent_and_nothing_breaks() -> None:
    assert ChannelBackend().send_messages([letter()]) == 0


def test_asking_for_a_new_password_never_fails_and_never_tells(settings: object) -> None:
    settings.EMAIL_BACKEND = "rapport.outbound.systemmail.ChannelBackend"  # type: ignore[attr-defined]
    Member.objects.create_user("ada@brand.test", "correct horse battery", name="Ada")
    for address in ("ada@brand.test", "nobody@brand.test"):
        answer = Client().post("/account/password/reset/", {"email": address})
        assert answer.status_code == 302
