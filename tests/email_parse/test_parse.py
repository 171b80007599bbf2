"""Whole mails: what is understood, and what is named as a problem."""

import time
from datetime import UTC, datetime

import pytest

from rapport.channels.kinds.email.model import Address, Limits
from rapport.channels.kinds.email.parse import message_ids_in, parse_mail

_HEAD = (
    b"From: Ann <ann@example.org>\nTo: us@example.com\nMessage-ID: <1@example.org>\nDate: Mon, 3 May"
    b" 2021 10:00:00 +0200\n"
)


def mail(extra: bytes = b"", body: bytes = b"Hello\n") -> bytes:
    return _HEAD + extra + b"\n" + body


def test_an_ordinary_mail_is_understood_without_a_problem() -> None:
    parsed = parse_mail(mail(b'Subject: Where is it?\nCc: bo@example.org, "Li, Cy" <cy@example.org>\n'))
    assert parsed.from_ == Address("Ann", "ann@example.org")
    assert parsed.cc == (Address("", "bo@example.org"), Address("Li, Cy", "cy@example.org"))
    assert parsed.subject == "Where is it?"
    assert parsed.date is not None
    assert parsed.date.astimezone(UTC) == datetime(2021, 5, 3, 8, tzinfo=UTC)
    assert (parsed.kind, parsed.text, parsed.reply, parsed.problems) == ("message", "Hello\n", "Hello", ())


@pytest.mark.parametrize(
    ("label", "body", "text"),
    [
        (b"default_charset", "Grüße".encode(), "Grüße"),
        (b"x-unknown", b"Gr\xfc\xdfe", "Grüße"),
        (b"iso-8859-1", b"\x93quoted\x94", "“quoted”"),
        (b"us-ascii", "日本".encode(), "日本"),
        (b"gb2312", "镕基".encode("gbk"), "镕基"),
        (b"ks_c_5601-1987", "안녕".encode("cp949"), "안녕"),
        (b"shift_jis", "①あ".encode("cp932"), "①あ"),
        (b"iso-2022-jp", "かな".encode("iso2022_jp"), "かな"),
        (b"unicode_escape", b"\\ud800", "\\ud800"),
        (b"idna", b"abc", "abc"),
    ],
)
def test_text_of_any_charset_label_is_read(label: bytes, body: bytes, text: str) -> None:
    assert parse_mail(mail(b"Content-Type: text/plain; charset=" + label + b"\n", body)).text == text


def test_an_unknown_charset_is_named() -> None:
    parsed = parse_mail(mail(b"Content-Type: text/plain; charset=default_charset\n", b"Gr\xfc\xdfe"))
    assert any("unknown charset" in problem for problem in parsed.problems)


def test_raw_bytes_in_a_header_are_read_in_the_charset_of_the_mail() -> None:
    parsed = parse_mail(
        mail(b"Subject: \xcf\xf0\xe8\xe2\xe5\xf2\nContent-Type: text/plain; charset=windows-1251\n")
    )
    assert parsed.subject == "Привет"
    assert "8-bit bytes in the header that are no UTF-8" in parsed.problems


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?b?5pel?= =?utf-8?b?5pys?=", "日本"),
        (b"=?utf-8?q?=E6=97?= =?utf-8?q?=A5?=", "日"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"=?utf-8?b?5pel", "=?utf-8?b?5pel"),
        (b"=?nonsense?q?a=E9?=", "aé"),
        (b"=?utf-8?q?with space?=", "with space"),
        (b"folded\n over lines", "folded over lines"),
        (b"nul\x00byte", "nulbyte"),
    ],
)
def test_subjects_are_decoded(written: bytes, read: str) -> None:
    assert parse_mail(mail(b"Subject: " + written + b"\n")).subject == read


def test_a_mail_without_from_is_kept_and_says_so() -> None:
    parsed = parse_mail(b"Subject: hi\n\nbody")
    assert parsed.from_ is None
    assert {"no From", "no Message-ID", "no Date"} <= set(parsed.problems)


@pytest.mark.parametrize(
    ("written", "year", "problem"),
    [
        (b"Thu, 1 Jan 0102 00:00:00 +0000", 102, "improbable date: the year 102"),
        (b"Wed, 31 Dec 1969 23:59:59 -0500", 1969, "improbable date: the year 1969"),
        (b"Tue, 1 Jan 2099 00:00:00 +0900", 2099, "improbable date: the year 2099"),
        (b"Thu, 13 Feb 97 13:53:00 EST", 1997, None),
        (b"Sat Feb 5 10:00:00 2005", 2005, "date without a time zone: taken as UTC"),
        (b"2005-02-03T10:11:12Z", 2005, None),
        (b"Mon, 03 May 2021 10:00:00 +9900", 2021, "date with an impossible time zone: taken as UTC"),
    ],
)
def test_odd_dates_are_kept_and_named(written: bytes, year: int, problem: str | None) -> None:
    parsed = parse_mail(b"From: a@b.c\nMessage-ID: <1@b>\nDate: " + written + b"\n\nx")
    assert parsed.date is not None
    assert parsed.date.year == year
    assert parsed.date.tzinfo is not None
    assert (problem in parsed.problems) if problem else not parsed.problems


def test_an_unreadable_date_is_none_and_named() -> None:
    parsed = parse_mail(b"From: a@b.c\nDate: the day after tomorrow\n\nx")
    assert parsed.date is None
    assert any("unreadable date" in problem for problem in parsed.problems)


def test_message_ids_lose_brackets_and_folds_and_keep_their_order() -> None:
    parsed = parse_mail(mail(b"References: <a@1>\n <b@\n 2>\t<a@1><c@3>\nIn-Reply-To: <c@3>\n"))
    assert parsed.references == ("a@1", "b@2", "c@3")
    assert parsed.in_reply_to == ("c@3",)


def test_endless_references_keep_the_first_and_the_last() -> None:
    ids = b" ".join(b"<%d@x>" % number for number in range(5_000))
    references = parse_mail(mail(b"References: " + ids + b"\n")).references
    assert (len(references), references[0], references[1], references[-1]) == (100, "0@x", "4901@x", "4999@x")


def test_a_mailbox_in_in_reply_to_is_no_id() -> None:
    assert message_ids_in(['Message from Ann <ann@example.org> of "Mon" <200401@host>']) == ["200401@host"]
    assert message_ids_in(['your message of "Mon"']) == []


def test_broken_headers_do_not_hide_the_body() -> None:
    parsed = parse_mail(b"From: a@b.c\nSubject: hi\nthis is no header line\nthis neither\n")
    assert (parsed.subject, parsed.text) == ("hi", "this is no header line\nthis neither\n")
    assert "no empty line between header and body" in parsed.problems


def test_carriage_returns_and_an_envelope_line_are_no_trouble() -> None:
    assert parse_mail(b"From a@b Mon\r\nFrom: a@b.c\r\nSubject: hi\r\n\r\nx\r\ny\r\n").text == "x\ny\n"
    assert parse_mail(b"From: a@b.c\rSubject: old Mac\r\rx\r").subject == "old Mac"


def test_nul_bytes_and_lone_surrogates_are_taken_out() -> None:
    body = b"a\x00b " + "\ud800".encode("utf-16-le", "surrogatepass")
    parsed = parse_mail(mail(b"Content-Type: text/plain; charset=utf-7\n", b"a\x00b +2AA-"))
    assert "\x00" not in parsed.text
    parsed.text.encode("utf-8")
    parse_mail(mail(b"Content-Type: text/plain; charset=utf-16-le\n", body)).text.encode("utf-8")


def test_a_long_text_is_cut_and_says_so() -> None:
    parsed = parse_mail(mail(body=b"word word\n" * 500_000))
    assert len(parsed.text) == Limits().text_chars
    assert any("cut" in problem for problem in parsed.problems)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b'From: "' + b'"\\' * 60_000 + b"\n\nx", id="quotes and backslashes"),
        pytest.param(b"To: " + b"(" * 100_000 + b"\n\nx", id="open comments"),
        pytest.param(b"References: " + b'"a ' * 60_000 + b"\n\nx", id="words in references"),
        pytest.param(b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\nx", id="open encoded words"),
        pytest.param(_HEAD + b"\n" + b"a" * 1_000_000, id="one unbroken line"),
        pytest.param(_HEAD + b"\n" + b"> q\n" * 100_000, id="a hundred thousand quoted lines"),
        pytest.param(_HEAD + b"\n" + b"On 1 Jan 2004 x <\n" * 50_000, id="half attributions"),
        pytest.param(_HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 200_000, id="open comments in HTML"),
        pytest.param(_HEAD + b"Content-Type: text/html\n\n" + b"<div" * 200_000, id="open tags"),
    ],
)
def test_nothing_takes_long(raw: bytes) -> None:
    started = time.process_time()
    parse_mail(raw)
    assert time.process_time() - started < 3
