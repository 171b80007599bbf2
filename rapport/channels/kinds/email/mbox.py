"""Mail files: mbox (RFC 4155, mboxo and mboxrd, also gzipped) and Maildir, read as streams."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from rapport.core.errors import RapportError

# "From " + envelope sender + a date somewhere, as the mbox writers of four decades put it.
_FROM_LINE = re.compile(
    rb"From [^\n]*?(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?[^\n]*"
    rb"(?:\b\d{1,2}:\d\d(?::\d\d)?\b[^\n]*\b\d{4}\b|\b\d{4}\b[^\n]*\b\d{1,2}:\d\d|\b\d{4}-\d\d-\d\d)[^\n]*\r?\n?",
)
_FIELD_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|>?From ")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


def looks_like_mbox(path: Path) -> bool:
    """Whether a file begins as an mbox does: an envelope line, then a header. False for what cannot be read."""
    try:
        with _open(path) as stream:
            first, second = _first_lines(stream)
    except (OSError, EOFError):
        return False
    return _is_envelope(first) and bool(_FIELD_LINE.match(second))


def read_mbox(path: Path) -> Iterator[tuple[int, bytes]]:
    """(offset, mail) for each mail of an mbox, in order; the offset is of its envelope line, unpacked.

    The mail comes without the envelope line, one ">" taken off quoted "From " lines. Raises RapportError before the
    first mail when the file is no mbox, and OSError when it cannot be read.
    """
    if path.is_dir():
        raise RapportError(
            f"{path} is a folder, not an mbox file.", "Give the path of one mbox file, or of a Maildir."
        )
    if path.stat().st_size == 0:
        return
    if not looks_like_mbox(path):
        raise RapportError(
            f"{path} is no mbox file: it does not begin with a 'From ' line and a mail header.",
            "Give an mbox file (also gzipped) or a Maildir folder; for single mails use `rapport parse FILE.eml`.",
        )
    with _open(path) as stream:
        yield from _mails(stream)


def _mails(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    lines: list[bytes] = []
    start = position = 0
    blank_before = True
    opened = escaped = False
    for line in stream:
        is_from = line.startswith(b"From ")
        if is_from and blank_before and _is_envelope(line):
            if opened:
                yield start, _mail(lines, escaped)
            lines, start, opened, escaped = [], position, True, False
        elif opened:
            lines.append(line)
            escaped = escaped or (line.startswith(b">") and b"From " in line)
        position += len(line)
        blank_before = line in (b"\n", b"\r\n")
    if opened:
        yield start, _mail(lines, escaped)


def _mail(lines: list[bytes], escaped: bool) -> bytes:
    if lines and lines[-1] in (
        b"\n",
        b"\r\n",
    ):  # the empty line before the next envelope is the file's, not the mail's
        lines.pop()
    raw = b"".join(lines)
    return _ESCAPED.sub(rb"\1", raw) if escaped else raw


def _is_envelope(line: bytes) -> bool:
    return len(line) < 1_000 and bool(_FROM_LINE.fullmatch(line))


def _first_lines(stream: IO[bytes]) -> tuple[bytes, bytes]:
    first = stream.readline(2_000)
    while first in (b"\n", b"\r\n"):
        first = stream.readline(2_000)
    return first, stream.readline(2_000)


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


def looks_like_maildir(path: Path) -> bool:
    """Whether a folder is a Maildir: it has `cur` and `new`."""
    return (path / "cur").is_dir() and (path / "new").is_dir()


def read_maildir(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, mail) for each mail of a Maildir, `cur` first, by file name. Raises RapportError for other folders."""
    if not looks_like_maildir(path):
        raise RapportError(
            f"{path} is no Maildir: it has no 'cur' and 'new' folders.", "Give a Maildir or an mbox file."
        )
    for folder in ("cur", "new"):
        for file in sorted((path / folder).iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield f"{folder}/{file.name}", file.read_bytes()
