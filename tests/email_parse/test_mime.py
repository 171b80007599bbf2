"""MIME trees, transfer encodings and attachments."""

import hashlib

import pytest

from rapport.channels.kinds.email.content import unflow
from rapport.channels.kinds.email.model import Limits
from rapport.channels.kinds.email.parse import parse_mail

_HEAD = b"From: a@b.c\nMessage-ID: <1@b>\nDate: Mon, 3 May 2021 10:00:00 +0200\nMIME-Version: 1.0\n"


def multipart(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    body = b"".join(b"--X\n" + part + b"\n" for part in parts)
    return _HEAD + b"Content-Type: multipart/" + kind + b'; boundary="X"\n\n' + body + b"--X--\n"


def test_text_is_taken_from_the_plain_alternative_and_html_kept() -> None:
    parsed = parse_mail(
        multipart(
            b"Content-Type: text/plain\n\nplain", b"Content-Type: text/html\n\n<p>rich</p>", kind=b"alternative"
        )
    )
    assert (parsed.text, parsed.html, parsed.attachments) == ("plain", "<p>rich</p>", ())


def test_text_comes_from_the_html_where_there_is_no_other() -> None:
    parsed = parse_mail(
        _HEAD + b"Content-Type: text/html; charset=utf-8\n\n<style>x</style><p>One &amp; two<br>three</p>"
        b"<blockquote>old<blockquote>older</blockquote></blockquote><p>bye</p>"
    )
    assert parsed.text == "One & two\nthree\n\n> old\n>\n> > older\n\nbye"


def test_an_attachment_has_name_size_and_digest() -> None:
    parsed = parse_mail(
        multipart(
            b"Content-Type: text/plain\n\nsee file",
            b'Content-Type: application/pdf; name="a.pdf"\nContent-Disposition: attachment\n'
            b"Content-Transfer-Encoding: base64\n\nJVBERg==",
        )
    )
    (part,) = parsed.attachments
    assert (part.filename, part.content_type, part.size, part.data) == ("a.pdf", "application/pdf", 4, b"%PDF")
    assert part.sha256 == hashlib.sha256(b"%PDF").hexdigest()


def test_an_attachment_over_the_limit_keeps_name_size_and_digest() -> None:
    raw = multipart(b"Content-Type: text/plain\n\nx", b"Content-Type: image/png; name=big.png\n\n" + b"x" * 100)
    parsed = parse_mail(raw, limits=Limits(attachment_bytes=10))
    (part,) = parsed.attachments
    assert (part.too_large, part.data, part.size) == (True, b"", 100)
    assert any("over the limit" in problem for problem in parsed.problems)
    assert parsed.text == "x"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"filename=plain.txt", "plain.txt"),
        (b"filename*=utf-8''na%C3%AFve.txt", "naïve.txt"),
        (b"filename*0*=iso-8859-1''na%EF;\n filename*1*=ve;\n filename*2=\".txt\"", "naïve.txt"),
        (b'filename="=?utf-8?q?na=C3=AFve.txt?="', "naïve.txt"),
        ('filename="naïve.txt"'.encode(), "naïve.txt"),
        (b'filename="C:\\\\dir\\\\evil.exe"', "evil.exe"),
        (b'filename="../../etc/passwd"', "passwd"),
        ('filename="abc\u202egpj.exe"'.encode(), "abc_gpj.exe"),
    ],
)
def test_file_names_are_decoded_and_harmless(disposition: bytes, name: str) -> None:
    raw = multipart(
        b"Content-Type: application/x-y\nContent-Disposition: attachment; " + disposition + b"\n\nx"
    )
    assert [part.filename for part in parse_mail(raw).attachments] == [name]


def test_an_enclosed_mail_is_an_attachment_named_by_its_subject() -> None:
    raw = multipart(
        b"Content-Type: text/plain\n\nx", b"Content-Type: message/rfc822\n\nSubject: Old matter\n\nbody"
    )
    (part,) = parse_mail(raw).attachments
    assert (part.filename, part.content_type) == ("Old matter.eml", "message/rfc822")


def test_winmail_dat_and_inline_images_are_listed() -> None:
    parsed = parse_mail(
        multipart(
            b'Content-Type: text/html\n\n<img src="cid:i@1">',
            b"Content-Type: image/png\nContent-ID: <i@1>\nContent-Disposition: inline; filename=i.png\n\nx",
            b"Content-Type: application/ms-tnef; name=winmail.dat\n\nx",
            kind=b"related",
        )
    )
    assert [(p.filename, p.content_id, p.inline) for p in parsed.attachments] == [
        ("i.png", "i@1", True),
        ("winmail.dat", "", False),
    ]


@pytest.mark.parametrize(
    ("encoding", "body", "text", "problem"),
    [
        (b"base64", b"SGVsbG8", "Hello", "broken base64"),
        (b"base64", b"SGV!!sbG8=\n--footer--", "Hello", None),
        (b"quoted-printable", b"na=C3=AFve=\n end =ZZ", "naïve end =ZZ", None),
        (b"x-uuencode", b"begin 644 f\n%2&5L;&\\\n`\nend\n", "Hello", None),
        (b"8-bits", b"Hello", "Hello", None),
        (b"7vladi", b"Hello", "Hello", "unknown transfer encoding"),
    ],
)
def test_broken_transfer_encodings_are_undone_as_far_as_they_go(
    encoding: bytes, body: bytes, text: str, problem: str | None
) -> None:
    raw = (
        _HEAD
        + b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
        + encoding
        + b"\n\n"
        + body
    )
    parsed = parse_mail(raw)
    assert parsed.text == text
    assert any(problem in found for found in parsed.problems) if problem else not parsed.problems


def test_a_file_uuencoded_into_the_text_becomes_an_attachment() -> None:
    parsed = parse_mail(_HEAD + b"\nSee below\n\nbegin 644 f.txt\n%2&5L;&\\\n`\nend\nBye\n")
    assert [(part.filename, part.data) for part in parsed.attachments] == [("f.txt", b"Hello")]
    assert "begin" not in parsed.text
    assert "Bye" in parsed.text


def test_three_thousand_parts_are_bounded_and_said_so() -> None:
    parts = [b"Content-Type: application/x-a; name=a%d\n\nx" % number for number in range(3_000)]
    parsed = parse_mail(multipart(*parts))
    assert len(parsed.attachments) == Limits().parts
    assert "more MIME parts than are looked at" in parsed.problems


def test_deep_nesting_ends_without_an_error() -> None:
    raw = _HEAD + b"Content-Type: multipart/mixed; boundary=b0\n\n"
    raw += b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(3_000)
    )
    assert any("nested deeper" in problem for problem in parse_mail(raw).problems)


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"Content-Type: multipart/mixed\n", "multipart boundary missing or wrong: taken from the body"),
        (
            b"Content-Type: multipart/mixed; boundary=other\n",
            "multipart boundary missing or wrong: taken from the body",
        ),
        (b"Content-Type: multipart/mixed; boundary=X\n", "multipart without its closing boundary"),
    ],
)
def test_missing_boundaries_are_made_up_for(head: bytes, problem: str) -> None:
    parsed = parse_mail(_HEAD + head + b"\n--X\nContent-Type: text/plain\n\nhello\n")
    assert parsed.text.strip() == "hello"
    assert problem in parsed.problems


def test_flowed_text_is_joined_within_one_depth_of_quote() -> None:
    assert unflow("one \ntwo\n> a \n> b\n-- \nme") == "one two\n> a b\n-- \nme"
