"""Machines' answers and mailing lists."""

import pytest

from rapport.channels.kinds.email.parse import parse_mail


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied (vacation)", "auto_reply"),
        ("Auto-Submitted: no", "message"),
        ("Auto-Submitted: auto-generated", "message"),
        ("X-Autoreply: yes", "auto_reply"),
        ("Precedence: auto_reply", "auto_reply"),
        ("Precedence: bulk", "message"),
        ("Precedence: list", "list"),
        ("List-Id: Friends <friends.example.org>", "list"),
        ("List-Post: <mailto:friends@example.org>", "list"),
        ("Subject: Out of Office: Re: hello", "auto_reply"),
        ("Subject: Automatische Antwort: Hallo", "auto_reply"),
        ("Subject: Réponse automatique : bonjour", "auto_reply"),
        ("Subject: Respuesta automática: hola", "auto_reply"),
        ("Subject: Automatiskt svar: hej", "message"),
        ("Subject: 自動返信: こんにちは", "message"),
        ("Subject: 自動返信: こんにちは\nX-Auto-Response-Suppress: All", "auto_reply"),
        ("Subject: Automatic reply: hello\nX-Auto-Response-Suppress: All", "auto_reply"),
        ("Subject: I will be out of the office next week, can you take over?", "message"),
    ],
)
def test_the_kind_is_told_by_the_headers(header: str, kind: str) -> None:
    assert parse_mail(f"From: a@b.c\n{header}\n\nhello\n".encode()).kind == kind


def test_the_list_id_has_no_brackets() -> None:
    parsed = parse_mail(b"From: a@b.c\nList-Id: Friends of ours <Friends.example.org>\n\nhello\n")
    assert parsed.list_id == "friends.example.org"
