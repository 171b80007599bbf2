"""Mails in files: one mbox, one Maildir, or one single mail, read as a stream. No database, nothing written."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rapport.channels.kinds.email import mbox
from rapport.core.errors import Invalid

_SINGLE = (".eml",)
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class FiledMail:
    """One mail, and how far into the source it reaches: bytes (unpacked) of a file, or mails of a Maildir."""

    position: int
    body: bytes


@dataclass(frozen=True, slots=True)
class MailFile:
    """A readable source. `total` is in the unit of `position`, None where unknown; only a file can be `resumable`."""

    path: Path
    total: int | None
    resumable: bool
    read: Callable[[], Iterator[FiledMail]]


def open_mails(path: Path) -> MailFile:
    """The mails at `path`. Raises Invalid, before anything is read, for what is no mbox, Maildir or .eml file."""
    try:
        if path.is_dir():
            return _maildir(path)
        if path.suffix.lower() in _SINGLE:
            return MailFile(path, path.stat().st_size, False, lambda: _single(path))
        size = path.stat().st_size
        if size and not mbox.looks_like_mbox(path):
            with path.open("rb"):  # a file that may not be read says so itself
                raise Invalid(
                    f"{path} is no mbox file: it does not begin with a 'From ' line and a mail header.",
                    "Give an mbox file (also .gz), a Maildir folder, or a single mail named .eml.",
                )
        return MailFile(path, _unpacked(path, size), True, lambda: _mbox(path))
    except OSError as error:
        raise Invalid(
            f"{path} cannot be read: {error.strerror or error}", "Check the path and its rights."
        ) from error


def _maildir(path: Path) -> MailFile:
    if not mbox.looks_like_maildir(path):
        raise Invalid(
            f"{path} is no Maildir: it has no folders 'cur' and 'new'.",
            "Give a Maildir folder, an mbox file (also .gz), or a single mail named .eml.",
        )
    total = sum(1 for folder in ("cur", "new") for _ in (path / folder).iterdir())

    def read() -> Iterator[FiledMail]:
        for number, (_, body) in enumerate(mbox.read_maildir(path), 1):
            yield FiledMail(number, body)

    return MailFile(path, total, False, read)


def _single(path: Path) -> Iterator[FiledMail]:
    body = path.read_bytes()
    yield FiledMail(len(body), body)


def _mbox(path: Path) -> Iterator[FiledMail]:
    """`position` is the offset of the mail's envelope line, plus one: it lies inside the mail."""
    try:
        for offset, body in mbox.read_mbox(path):
            yield FiledMail(offset + 1, body)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Invalid(
            f"{path} is damaged: it cannot be unpacked to its end ({error}).",
            "What was read before the damage was taken in; mend the file and run the same command again.",
        ) from error


def _unpacked(path: Path, size: int) -> int | None:
    """The bytes in the file; of a packed one what its end says, modulo 4 GB, so only where that is plausible."""
    with path.open("rb") as file:
        if file.read(2) != _GZIP:
            return size
        file.seek(-4, 2)
        said = int.from_bytes(file.read(4), "little")
    return said if said > size else None
