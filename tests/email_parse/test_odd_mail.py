"""The malformed mails of the real world, and the pace."""

import time
from pathlib import Path

import pytest

from rapport.channels.kinds.email.mbox import read_mbox
from rapport.channels.kinds.email.model import ParsedMail
from rapport.channels.kinds.email.parse import parse_mail

_MIKEL = "mikel-mail/spec/fixtures/emails"
_FLANKER = "flanker/tests/fixtures/messages"
_MAILARCH = "mailarch/backend/mlarchive/tests/data"


@pytest.fixture
def odd(shared_data: Path) -> Path:
    return shared_data / "mail-odd"


def read(folder: Path, name: str) -> ParsedMail:
    return parse_mail((folder / name).read_bytes())


def test_every_odd_mail_is_read(odd: Path) -> None:
    mails = [path for path in odd.rglob("*") if path.suffix in (".eml", ".mail") and path.is_file()]
    assert len(mails) > 140
    unread = [path.name for path in mails if not _understood(parse_mail(path.read_bytes()))]
    assert unread == []


def _understood(parsed: ParsedMail) -> bool:
    return bool(parsed.from_ or parsed.text or parsed.attachments or parsed.problems)


@pytest.mark.parametrize(
    ("name", "subject", "text"),
    [
        (f"{_MIKEL}/multi_charset/japanese_iso_2022.eml", "まみむめも", "すみません。"),
        (f"{_MIKEL}/multi_charset/ks_c_5601-1987.eml", "test", "스티해"),
        (f"{_MIKEL}/multi_charset/japanese.eml", "まみむめも", "かきくえこ"),
        (f"{_MIKEL}/error_emails/bad_encoded_subject.eml", "TEST", "TEST"),
        (f"{_MIKEL}/rfc6532/utf8_headers.eml", "Säying Hello", "body"),
        (f"{_MIKEL}/error_emails/multiple_content_types.eml", "Redacted", "foo"),
        (f"{_MAILARCH}/latin1.mail", "This is a test", "Balás"),
        (f"{_FLANKER}/8bitmime.eml", "2 RCPT MIME", "Превел"),
        (f"{_FLANKER}/missing-final-boundary.eml", "Test", "Some body"),
    ],
)
def test_charsets_and_broken_structures_are_read_right(odd: Path, name: str, subject: str, text: str) -> None:
    parsed = read(odd, name)
    assert parsed.subject == subject
    assert text in parsed.text


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        (f"{_MIKEL}/multi_charset/japanese_attachment.eml", "てすと.txt"),
        (
            f"{_MIKEL}/attachment_emails/attachment_with_encoded_name.eml",
            "01 Quien Te Dij\ufffdat. Pitbull.mp3",
        ),
        (f"{_MIKEL}/attachment_emails/attachment_message_rfc822.eml", None),
    ],
)
def test_attachments_are_named(odd: Path, name: str, filename: str | None) -> None:
    names = [part.filename for part in read(odd, name).attachments]
    assert names
    assert filename is None or filename in names or filename.replace("\ufffd", "é") in names


def test_problems_are_named(odd: Path) -> None:
    assert any("unreadable date" in p for p in read(odd, f"{_MIKEL}/error_emails/bad_date_header.eml").problems)
    assert any(
        "transfer encoding" in p
        for p in read(odd, f"{_MIKEL}/error_emails/content_transfer_encoding_spam.eml").problems
    )
    assert (
        "multipart without its closing boundary" in read(odd, f"{_FLANKER}/missing-final-boundary.eml").problems
    )


def test_an_ordinary_mail_takes_no_more_than_two_milliseconds(shared_data: Path) -> None:
    """The budget is 0.35 ms on a free core; the bound here leaves room for a busy one."""
    mails = []
    for _, raw in read_mbox(shared_data / "mail-corpus/corpus-10k.mbox.gz"):
        mails.append(raw)
        if len(mails) == 1_000:
            break
    started = time.process_time()
    for raw in mails:
        parse_mail(raw)
    assert (time.process_time() - started) / len(mails) < 0.002
