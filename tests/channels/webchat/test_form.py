"""The contact form: a plain page, what it keeps, and what it does not."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from rapport.conversations.models import Attachment, Conversation, Message
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.outbound.models import Delivery
from tests.channels.webchat.conftest import Page, answer, conversation_of, make_chat, raw_items, understand
from tests.web.cast import Cast

pytestmark = pytest.mark.django_db
GIVEN = {"name": "Ann", "email": "ann@example.org", "subject": "An offer", "text": "What does it cost?"}


def fill(page: Page, **given: object) -> HttpResponse:
    stamp = re.findall(r'name="stamp" value="([^"]+)"', page.get("form").content.decode())[0]
    return send(page, **{"stamp": stamp, **given})


def send(page: Page, **given: object) -> HttpResponse:
    headers = {"Origin": page.origin}
    return page.client.post(page.base + "form", {**GIVEN, **given}, headers=headers, REMOTE_ADDR=page.address)


@pytest.fixture
def form(page: Page) -> Page:
    page.origin = "http://testserver"
    return page


def test_what_is_written_is_a_conversation_answered_by_mail(form: Page, cast: Cast) -> None:
    from rapport.outbound import unseen

    cast.channel.config = {"smtp": {"host": "mail.example.org", "port": 25, "security": "none"}}
    cast.channel.save()
    sent = fill(form, file=SimpleUploadedFile("plan.pdf", b"%PDF-1.7 plan"))
    assert sent.status_code == 200
    assert "ann@example.org" in sent.content.decode()
    assert understand() == {"stored": 1}
    conversation = conversation_of(form.channel)
    assert conversation.subject == "An offer"
    with scope.system():
        assert Message.objects.get(conversation=conversation).text == "What does it cost?"
        assert Attachment.objects.get(conversation=conversation).content_type == "application/pdf"
    answer(conversation, cast.agent, "Nothing.")
    with travel(now() + timedelta(minutes=2)):
        assert unseen.sweep() == 1
    with scope.system():
        assert Delivery.objects.get(channel=cast.channel).recipients["to"] == [["Ann", "ann@example.org"]]


def test_a_page_that_is_loaded_again_sends_nothing_twice(form: Page) -> None:
    stamp = re.findall(r'name="stamp" value="([^"]+)"', form.get("form").content.decode())[0]
    assert send(form, stamp=stamp).status_code == send(form, stamp=stamp).status_code == 200
    assert len(raw_items(form.channel)) == 1
    assert fill(form).status_code == 200
    assert len(raw_items(form.channel)) == 2


def test_machines_that_fill_in_everything_are_thanked_and_not_heard(form: Page) -> None:
    assert fill(form, website="https://spam.example").status_code == 200
    assert raw_items(form.channel) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"}, {"email": ""}, {"text": " "}, {"name": ""}, {"text": "x" * 20_001}, {"stamp": "forged"},
        {"stamp": ""}, {"file": SimpleUploadedFile("large", b"x" * (10 * 1024 * 1024 + 1))},
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said_and_nothing_is_lost(form: Page, wrong: dict[str, object]) -> None:
    shown = fill(form, **wrong)
    assert shown.status_code == 422
    text = shown.content.decode()
    assert "An offer" in text, "what was written is still there"
    assert ('role="alert"' if "stamp" in wrong else 'aria-invalid="true"') in text
    assert raw_items(form.channel) == []
    again = re.findall(r'name="stamp" value="([^"]+)"', text)[0]
    assert send(form, stamp=again).status_code == 200


@pytest.mark.usefixtures("one_minute")
def test_it_is_not_filled_in_without_end(form: Page) -> None:
    assert [fill(form).status_code for _ in range(6)] == [200, 200, 200, 200, 200, 429]
    assert len(raw_items(form.channel)) == 5


def test_another_site_cannot_send_it(form: Page) -> None:
    stamp = re.findall(r'name="stamp" value="([^"]+)"', form.get("form").content.decode())[0]
    form.origin = "https://evil.example"
    assert send(form, stamp=stamp).status_code == 403
    assert raw_items(form.channel) == []


def test_without_a_mailbox_it_is_closed_for_nobody_could_be_answered(cast: Cast) -> None:
    page = Page(make_chat(mail_channel=""), origin="http://testserver")
    shown = page.get("form")
    assert shown.status_code == 503
    assert "<form" not in shown.content.decode()
    assert send(page).status_code == 503
    with scope.system():
        assert not Conversation.objects.filter(channel=page.channel).exists()


def test_it_wears_the_color_of_the_channel(form: Page) -> None:
    sheet = form.get("theme.css")
    assert sheet["Content-Type"].startswith("text/css")
    assert "--accent-solid: #0b665b" in sheet.content.decode()
    form.channel.config = {**form.channel.config, "color": "red; } body { display: none"}
    form.channel.save()
    assert "body" not in form.get("theme.css").content.decode()


def test_it_speaks_the_visitors_language(form: Page) -> None:
    assert '<html lang="ar" dir="rtl"' in form.get("form?lang=ar").content.decode()
