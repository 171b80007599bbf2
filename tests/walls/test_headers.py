"""What every answer carries so that a browser lends it nothing, and that no page needs what is forbidden."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from selectolax.lexbor import LexborHTMLParser

from tests.walls.addresses import Address, addresses
from tests.walls.conftest import SignIn
from tests.walls.secret import Secret
from tests.walls.test_walk import _ANY, VALUES, nothing_lasts
from tests.web.cast import Cast

#: Answers with a policy of their own, stricter than that of pages: mails, files, data.
_SANDBOXED = {"frame", "raw_message", "attachment", "picture", "upload", "quarantine_raw", "events_export"}
_DATA = {"application/json", "application/ld+json"}


def answers(client: Client, ids: dict[str, object]) -> list[tuple[Address, HttpResponse]]:
    found = []
    for address in addresses():
        with nothing_lasts():
            found.append((address, client.get(address.filled(ids))))
    return found


def wrong_headers(response: HttpResponse) -> list[str]:
    """Which of the headers are missing or weak."""
    wanted = {
        "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=()",
    }  # fmt: skip
    wrong = [name for name, value in wanted.items() if value not in response.headers.get(name, "")]
    if response.headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        wrong.append("Referrer-Policy")
    policy = response.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy:
        wrong.append(f"no strict policy: {policy!r}")
    if "unsafe-eval" in policy or re.search(r"script-src[^;]*unsafe", policy):
        wrong.append(policy)
    if "sandbox" not in policy:
        if "unsafe" in policy or not all(f"{name} 'none'" in policy for name in ("base-uri", "frame-ancestors")):
            wrong.append(policy)
        if not re.search(r"script-src 'self'(?: 'nonce-[^']+')?(?:;|$)", policy):
            wrong.append(f"scripts from elsewhere: {policy}")
    return wrong


def inline(html: str) -> list[str]:
    """What a strict policy forbids in a page: styles, scripts and handlers written into it."""
    found = []
    root = LexborHTMLParser(html).root
    for node in root.traverse(include_text=False) if root else ():
        attributes = node.attributes
        if node.tag == "style" or (
            node.tag == "script" and "src" not in attributes and attributes.get("type") not in _DATA
        ):
            found.append(f"<{node.tag}>")
        found += [f"{node.tag} {name}" for name in attributes if name == "style" or re.fullmatch(r"on[a-z]+", name)]
        found += [
            f"{node.tag} {name}={value}"
            for name, value in attributes.items()
            if name in ("href", "src", "action", "formaction")
            and (value or "").strip().lower().startswith("javascript:")
        ]
        found += [f"{node.tag} {name}" for name in attributes if name.startswith(("hx-on", "hx-vals-js"))]
    return found


@pytest.mark.parametrize("who", ["admin", "hr", None])
def test_every_answer_is_guarded_and_no_page_writes_scripts_or_styles_into_itself(
    who: str | None, cast: Cast, secret: Secret, sign_in: SignIn, client: Client
) -> None:
    ids = VALUES | dict.fromkeys(_ANY, secret.conversation.id) | secret.ids
    ids |= {"member_id": cast.agent.id, "team_id": cast.service.id, "channel_id": cast.channel.id}
    wrong = []
    for address, response in answers(sign_in(getattr(cast, who)) if who else client, ids):
        wrong += [f"{address.name}: {what}" for what in wrong_headers(response)]
        if address.name in _SANDBOXED and response.status_code == 200 and address.name != "frame":
            assert "sandbox" in response["Content-Security-Policy"], address.name
        if response.headers["Content-Type"].startswith("text/html") and address.name != "frame":
            body = response.getvalue() if response.streaming else response.content
            wrong += [f"{address.name}: {what}" for what in inline(body.decode())]
    assert not wrong, "\n".join(wrong)


def test_behind_https_browsers_are_told_to_stay_there(client: Client, settings: Settings, db: None) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert client.get("/account/login/", secure=True)["Strict-Transport-Security"].startswith("max-age=31536000")


def test_a_nonce_is_never_used_twice(client: Client, db: None) -> None:
    found = {
        re.findall(r"'nonce-([^']+)'", client.get("/account/login/")["Content-Security-Policy"])[0] for _ in range(3)
    }
    assert len(found) == 3


def test_files_are_told_by_their_bytes_and_shown_only_where_that_is_harmless(cast: Cast, sign_in: SignIn) -> None:
    from rapport.conversations.models import Attachment, Blob, Message
    from rapport.core import scope

    with scope.system():
        message = Message.objects.get(conversation=cast.conversation)
        made = {}
        for name, data in {
            "cat.png": b"\x89PNG\r\n\x1a\n" + b"x" * 40, "evil.png": b"<svg onload=alert(1)>",
            "page.html": b"<script>alert(1)</script>", "drawing.svg": b'<svg xmlns="x"/>', "paper.pdf": b"%PDF-1.7",
        }.items():  # fmt: skip
            blob = Blob.objects.create(sha256=name.ljust(64, "0"), size=len(data), data=data)
            made[name] = Attachment.objects.create(
                conversation=cast.conversation, message_id=message.id, blob=blob, filename=name, size=len(data),
                content_type="text/html",
            ).id  # fmt: skip
    client = sign_in(cast.agent)
    for name, id in made.items():
        shown = client.get(f"/c/{cast.conversation.id}/files/{id}/?show=1")
        assert "sandbox" in shown["Content-Security-Policy"]
        assert shown["X-Content-Type-Options"] == "nosniff"
        is_picture = name == "cat.png"
        assert shown["Content-Type"] == ("image/png" if is_picture else "application/octet-stream"), name
        assert shown["Content-Disposition"].startswith("inline" if is_picture else "attachment"), name
        kept = client.get(f"/c/{cast.conversation.id}/files/{id}/")
        assert kept["Content-Disposition"].startswith("attachment")
        assert kept["Content-Type"] == "application/octet-stream"
