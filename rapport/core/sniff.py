"""What a file is, by its first bytes: its name and what its sender claims are not believed."""

import re
from pathlib import PurePosixPath

import puremagic

UNKNOWN = "application/octet-stream"
#: What a browser shows without running anything; all else is for keeping.
SHOWN_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
#: What a browser plays without running anything.
PLAYED_SOUNDS = frozenset({"audio/wav", "audio/ogg", "audio/mpeg"})
_HEAD_BYTES = 8192
_SURE = 0.3
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
)
_TEXTS = {
    "csv": "text/csv",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "md": "text/markdown",
    "eml": "message/rfc822",
}
_ZIPPED = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
# Types that a browser, or what it hands a file to, would run: never said of a file.
_RUNS = re.compile(r"html|svg|xml|script|x-ms|dosexec|executable|flash|shockwave|java|x-sh|hta")
_MARKUP = re.compile(rb"<\s*(?:[!?a-z/][a-z0-9:-]*)", re.IGNORECASE)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(data: bytes, filename: str) -> str:
    """The content type of `data`. Never one that a browser would run; `filename` decides only among harmless ones."""
    head = bytes(data[:_HEAD_BYTES])
    ending = PurePosixPath(filename).suffix[1:].lower()
    for begins, kind in _SIGNATURES:
        if head.startswith(begins):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    if head.startswith(b"PK\x03\x04"):
        return _ZIPPED.get(ending, "application/zip")
    if _is_text(head, whole=len(data) <= _HEAD_BYTES):
        return UNKNOWN if _MARKUP.search(head) else _TEXTS.get(ending, "text/plain")
    return _by_library(head)


def _is_text(head: bytes, *, whole: bool) -> bool:
    """Text as UTF-8 writes it, an incomplete character at the end of the excerpt aside."""
    if not head or _CONTROLS.search(head):
        return False
    for cut in range(1 if whole else 4):
        try:
            head[: len(head) - cut].decode()
        except UnicodeDecodeError:
            continue
        return True
    return False


def _by_library(head: bytes) -> str:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    kinds = [str(one.mime_type) for one in found if one.mime_type and one.confidence >= _SURE]
    if not kinds or kinds[0].startswith(("text/", "message/", "image/")) or _RUNS.search(kinds[0]):
        return UNKNOWN
    return kinds[0]
