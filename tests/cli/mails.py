"""Mail files to take in."""

import gzip
from pathlib import Path

_ENVELOPE = b"From ann@berg.example Wed Mar  4 09:00:00 2026\n"


def letter(number: int, *, parent: int | None = None, text: str = "Hello there.") -> bytes:
    """A mail with the Message-ID <number@berg.example>, answering <parent@berg.example>."""
    lines = [
        f"From: Ann Berg <ann{number % 7}@berg.example>",
        "To: support@rapport.example",
        f"Subject: Question {number if parent is None else parent}",
        "Date: Wed, 4 Mar 2026 09:00:00 +0000",
        f"Message-ID: <{number}@berg.example>",
    ]
    if parent is not None:
        lines.append(f"In-Reply-To: <{parent}@berg.example>")
    return ("\n".join(lines) + f"\n\n{text}\nNumber {number}.\n").encode()


def mbox(path: Path, *letters: bytes) -> Path:
    """An mbox of the letters; gzipped where the name says so."""
    data = b"".join(_ENVELOPE + one + b"\n" for one in letters)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def maildir(path: Path, *letters: bytes) -> Path:
    """A Maildir with the letters in `new`."""
    for folder in ("cur", "new", "tmp"):
        (path / folder).mkdir(parents=True)
    for number, one in enumerate(letters):
        (path / "new" / f"{number:03}.host").write_bytes(one)
    return path
