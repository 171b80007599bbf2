"""What holds for any bytes at all."""

from collections import Counter
from dataclasses import fields, is_dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.channels.kinds.email.html import sanitise
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.kinds.email.reply import split_reply

_FRAGMENTS = [
    b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Content-Type: multipart/mixed; boundary=x",
    b"--x", b"--x--", b"\n", b"\n\n",
    b"\r\n", b"=?utf-8?q?", b"?=", b"=?iso-2022-jp?b?GyRC?=", b"Content-Transfer-Encoding: base64",
    b"text/html; charset=utf-7",
    b"<", b">", b"\x00", b"\xff", b"\"", b"(", b"\\", b"a@b.c", b"> quoted",
    b"On 1 May 2021 x wrote:", b"-- ", b"begin 644 x",
    b"References: <a@b>", b"Mon, 99 Foo 0000 99:99:99 +9999",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff",
    b"message/delivery-status", b"Final-Recipient: rfc822; a@b", b"MAILER-DAEMON", b"\xed\xa0\x80", b"+2AA-",
]  # fmt: skip
_BYTES = st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(_FRAGMENTS), max_size=40).map(b"".join))


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in strings_in(item)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in strings_in(getattr(value, field.name))]
    return []


@settings(max_examples=600, deadline=None)
@given(_BYTES)
def test_any_bytes_are_a_mail_and_no_string_holds_what_the_database_refuses(raw: bytes) -> None:
    parsed = parse_mail(raw)
    for text in strings_in(parsed):
        assert "\x00" not in text
        text.encode("utf-8")
    if parsed.html is not None:
        sanitise(parsed.html, lambda content_id: content_id)
    assert parsed.date is None or parsed.date.utcoffset() is not None


_LINES = ["hello", "> quoted", "", "On 3 May 2021, Ann <a@b.c> wrote:", "-- ", "From: a", "To: b",
  "Subject: c", "--", "____", "   ",
          "Sent from my iPhone", "-----Original Message-----", "wrote:", "> wrote:", "a@b.c>:",
          "2021-05-03 10:00 Ann", "_______"]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(_LINES), st.text(max_size=20)), max_size=30))
def test_reply_quote_and_signature_hold_every_line_once(lines: list[str]) -> None:
    text = "\n".join(lines)
    split = split_reply(text)
    parts = [
        line
        for part in (split.reply, split.quote, split.signature)
        for line in part.split("\n")
        if line.strip()
    ]
    assert Counter(parts) == Counter(line for line in text.split("\n") if line.strip())
