"""What a file is, by its bytes."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.core.sniff import SHOWN_IMAGES, UNKNOWN, sniff


def zipped() -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("word/document.xml", "x")
    return kept.getvalue()


@pytest.mark.parametrize(
    ("data", "filename", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "a.html", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "", "image/jpeg"),
        (b"GIF89a\x01\x00", "x.svg", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "x", "image/webp"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "x", "image/avif"),
        (b"%PDF-1.7\n", "x", "application/pdf"),
        (b"PK\x03\x04rest", "letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04rest", "letter.html", "application/zip"),
        (b"name,age\nZo\xc3\xab,3\n", "people.csv", "text/csv"),
        (b"just words", "x.exe", "text/plain"),
        (b"just words", "x.html", "text/plain"),
        (b"<!doctype html><html><script>alert(1)</script>", "x.png", UNKNOWN),
        (b"\n\n  <html>", "x.txt", UNKNOWN),
        (b"BM <b onclick=1>", "x.bmp", UNKNOWN),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "x.svg", UNKNOWN),
        (b'<?xml version="1.0"?><svg/>', "x.png", UNKNOWN),
        (b"\xef\xbb\xbf<svg/>", "x.png", UNKNOWN),
        (b"MZ\x90\x00\x03", "photo.jpg", UNKNOWN),
        (b"", "empty.png", UNKNOWN),
    ],
)
def test_bytes_decide_and_nothing_that_runs_is_called_by_its_name(data: bytes, filename: str, kind: str) -> None:
    assert sniff(data, filename) == kind


def test_a_real_document_in_a_zip_is_told_by_its_ending() -> None:
    assert sniff(zipped(), "a.odt") == "application/vnd.oasis.opendocument.text"
    assert sniff(zipped(), "a.jar") == "application/zip"


def test_a_long_text_that_is_cut_within_a_character_is_text() -> None:
    assert sniff("ä".encode() * 5000 + b"x", "a.txt") == "text/plain"
    assert sniff(b"x" + "ä".encode() * 5000, "a.txt") == "text/plain"


@given(st.binary(max_size=400), st.text(max_size=20), st.sampled_from([b"", b"<svg ", b"<html>", b"BM", b"\xff\xd8"]))
def test_whatever_comes_no_type_that_runs_is_given(data: bytes, filename: str, begin: bytes) -> None:
    kind = sniff(begin + data, filename)
    assert not any(word in kind.replace("openxmlformats", "") for word in ("html", "svg", "xml", "script"))
    assert not kind.startswith("image/") or kind in SHOWN_IMAGES
