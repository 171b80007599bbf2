"""A message in full: sanitised, framed, and its files only ever to keep."""

import pytest
from django.test import Client
from django.urls import reverse

from rapport.conversations.models import Attachment, Blob, Message
from rapport.core import scope
from rapport.inbound.models import RawItem
from tests.web.cast import Cast
from tests.web.conftest import SignIn

MAIL = b"""From: Carla <carla@shop.example>
To: help@company.example
Subject: Refund
Message-ID: <a@shop.example>
MIME-Version: 1.0
Content-Type: multipart/related; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p onclick="x()">Hello<script>alert(1)</script></p><img src="https://tracker.example/p.png"><img src="cid:pic">
--b
Content-Type: image/png
Content-ID: <pic>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
"""


@pytest.fixture
def message(cast: Cast) -> Message:
    with scope.system():
        raw = RawItem.objects.create(channel=cast.channel, external_id="m", body=MAIL, size=len(MAIL), state="stored")
        Message.objects.filter(conversation=cast.conversation).update(raw_item_id=raw.id, has_html=True)
        return Message.objects.get(conversation=cast.conversation)


def test_html_is_shown_sanitised_in_a_sandbox_with_remote_images_held_back(
    cast: Cast, message: Message, sign_in: SignIn
) -> None:
    client, args = sign_in(cast.agent), [cast.conversation.id, message.id]
    whole = client.get(reverse("whole", args=args)).content.decode()
    assert 'sandbox="allow-popups' in whole
    assert "1 remote image held back" in whole
    frame = client.get(reverse("frame", args=args))
    text = frame.content.decode()
    assert "alert(1)" not in text
    assert "onclick" not in text
    assert ' src="https://tracker.example' not in text
    assert "data:image/png;base64," in text
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert "https:" not in policy
    asked = client.get(reverse("frame", args=args) + "?images=1")
    assert ' src="https://tracker.example' in asked.content.decode()
    assert client.get(reverse("raw_message", args=args)).content == MAIL


def test_attachment_is_only_ever_saved(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Blob.objects.create(sha256="b" * 64, size=9, data=b"<script/>")
        message = Message.objects.get(conversation=cast.conversation)
        file = Attachment.objects.create(
            conversation=cast.conversation, message_id=message.id, blob_id="b" * 64, size=9,
            filename='../ev"il\n\u202e.html', content_type="text/html",
        )  # fmt: skip
    response = sign_in(cast.agent).get(reverse("attachment", args=[cast.conversation.id, file.id]))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith('attachment; filename=".._ev_il_')
    assert "sandbox" in response["Content-Security-Policy"]


def test_every_page_carries_the_headers_that_keep_it_safe(cast: Cast, sign_in: SignIn, client: Client) -> None:
    for response in (sign_in(cast.agent).get("/inbox/all/"), client.get("/account/login/"), client.get("/nothing/")):
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response["Referrer-Policy"] == "same-origin"
        assert "no-store" in response["Cache-Control"]


def test_health_needs_no_sign_in_and_tells_nothing(client: Client, db: None) -> None:
    assert client.get("/healthz").content == b"ok\n"
