"""The mails of the world outside are real mails, and the same each time."""

from datetime import UTC, datetime

import pytest

from rapport.channels.kinds.email.parse import parse_mail
from rapport.cli.demo_company.mails import Letter, Said, compose

AT = datetime(2026, 3, 12, 9, 15, tzinfo=UTC)
BEFORE = (
    Said("first@world.example", "Maud", "Is it me?", AT),
    Said("ours@tarnholt.example", "Jonas", "It is.", AT),
)


def letter(*flags: str, before: tuple[Said, ...] = (), text: str = "Grüße aus Kyoto\n\nMaud") -> Letter:
    return Letter(
        message_id="bell-1.0.2026@postbird.example",
        name="Mäud Thackaberry",
        address="maud@postbird.example",
        to="support@tarnholt.example",
        subject="Glocke – zu leise",
        text=text,
        at=AT,
        flags=frozenset(flags),
        before=before,
    )


@pytest.mark.parametrize("flags", [(), ("html",), ("photo",), ("html", "photo"), ("pdf",), ("list", "html"), ("auto",)])
def test_a_letter_is_the_same_bytes_each_time_and_is_understood(flags: tuple[str, ...]) -> None:
    raw = compose(letter(*flags))
    assert raw == compose(letter(*flags))
    mail = parse_mail(raw)
    assert mail.from_ is not None
    assert (mail.from_.name, mail.from_.address) == ("Mäud Thackaberry", "maud@postbird.example")
    assert mail.subject.endswith("Glocke – zu leise")
    assert mail.date == AT
    assert mail.message_id == "bell-1.0.2026@postbird.example"
    assert "Grüße aus Kyoto" in mail.text
    assert len(mail.attachments) == ("photo" in flags) + ("pdf" in flags)
    assert not mail.problems


def test_an_answer_names_what_it_answers_and_its_quote_is_told_apart() -> None:
    mail = parse_mail(compose(letter(before=BEFORE)))
    assert mail.subject == "Re: Glocke – zu leise"
    assert mail.in_reply_to == ("ours@tarnholt.example",)
    assert mail.references == ("first@world.example", "ours@tarnholt.example")
    assert "It is." not in mail.reply
    assert "It is." in mail.quote


@pytest.mark.parametrize(("flag", "kind"), [("auto", "auto_reply"), ("list", "list"), ("bounce", "bounce")])
def test_machines_are_recognised_as_such(flag: str, kind: str) -> None:
    assert parse_mail(compose(letter(flag, before=BEFORE))).kind == kind


def test_a_bounce_says_which_of_our_mails_came_back() -> None:
    mail = parse_mail(compose(letter("bounce", before=BEFORE)))
    assert mail.bounced_message_id == "ours@tarnholt.example"
    assert [(one.recipient, one.hard) for one in mail.bounce] == [("maud@postbird.example", True)]


def test_a_broken_mail_is_really_broken_and_still_read() -> None:
    raw = compose(letter("broken"))
    assert any(byte > 127 for byte in raw.partition(b"\r\n\r\n")[0])
    mail = parse_mail(raw)
    assert mail.problems
    assert "aus Kyoto" in mail.text
