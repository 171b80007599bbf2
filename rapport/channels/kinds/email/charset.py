"""Bytes to text for any charset label the world has put on a mail (and none at all)."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# The label is what was written; the codec is what such mails really hold (WHATWG Encoding Standard, section 4.2,
# and the superset habits of mail programs: "iso-8859-1" with Windows quotes, "gb2312" with GBK characters).
_REAL = {
    "us-ascii": "windows-1252",
    "ascii": "windows-1252",
    "ansi_x3.4-1968": "windows-1252",
    "iso-8859-1": "windows-1252",
    "iso8859-1": "windows-1252",
    "iso_8859-1": "windows-1252",
    "latin1": "windows-1252",
    "latin-1": "windows-1252",
    "ansi": "windows-1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-9": "windows-1254",
    "iso-8859-11": "windows-874",
    "tis-620": "windows-874",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cn-gb": "gb18030",
    "euc-cn": "gb18030",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "ks_c_5601-1989": "cp949",
    "korean": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "x-utf-8": "utf-8",
    "utf": "utf-8",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "koi8": "koi8_r",
    "x-cp1251": "cp1251",
}
# Codecs of Python's that are no charset of a text, or cost more than linear time.
_NEVER = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "charmap"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_JIS_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\([BJI])")


@lru_cache(maxsize=512)
def codec_for(label: str) -> str | None:
    """The codec to read text labelled so; None for a label that names no charset."""
    key = label.strip().strip("\"'").lower().removesuffix("_charset").removeprefix("chinese")
    key = _REAL.get(key) or _REAL.get(key.replace("_", "-")) or key
    if re.fullmatch(r"cp-?\d+", key):
        key = key.replace("-", "")
    try:
        info = codecs.lookup(key)
    except (LookupError, ValueError):
        return None
    if info.name.replace("-", "_") in _NEVER or not getattr(info, "_is_text_encoding", False):
        return None
    return "windows-1252" if info.name in ("ascii", "iso8859-1") else key


def decode(data: bytes, label: str, problems: list[str] | None = None) -> str:
    """The text of `data`, labelled `label` ("" when unlabelled). Never fails; guesses go to `problems`."""
    if (
        data.isascii()
        and b"\x1b" not in data
        and (not label or label.lower() in ("us-ascii", "utf-8", "iso-8859-1"))
    ):
        return clean(data.decode("ascii"))
    codec = codec_for(label) if label else None
    if label and codec is None and problems is not None:
        problems.append(f"unknown charset {clean(label)[:60]!r}: guessed")
    if codec is None or codec == "windows-1252":
        return _guess(data, codec is not None or not label, problems)
    try:
        return clean(data.decode(codec))
    except (UnicodeError, ValueError):
        pass
    if codec not in ("utf-8", "utf8"):
        text = _lenient(data, codec)
        if "\ufffd" not in text:
            return clean(text)
    if problems is not None:
        problems.append(f"text is not valid {clean(label)[:60]}")
    return clean(_lenient(data, codec))


def _guess(data: bytes, quiet: bool, problems: list[str] | None) -> str:
    """Unlabelled, unknown, ASCII or Latin-1 labelled text: UTF-8 if it is, ISO-2022-JP by its escapes, else 1252."""
    if _JIS_ESCAPE.search(data):
        try:
            return clean(data.decode("iso2022_jp_ext"))
        except UnicodeError:
            pass
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        mended = data.decode("utf-8", "replace")
        if mended.count("\ufffd") * 4 < len(mended) - len(mended.encode("ascii", "ignore")):
            return clean(mended)  # UTF-8 with a few torn characters
        if problems is not None and not quiet:
            problems.append("text of unknown charset read as windows-1252")
        return clean(_windows_1252(data))


def _lenient(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec, "replace")
    except (UnicodeError, ValueError, LookupError):
        return _windows_1252(data)


def _windows_1252(data: bytes) -> str:
    """windows-1252 as browsers read it: its five unassigned bytes are control characters, not errors."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(_CP1252[byte] for byte in data)


_CP1252 = [bytes([n]).decode("cp1252", "ignore") or chr(n) for n in range(256)]


def clean(text: str) -> str:
    """The text without what PostgreSQL and UTF-8 cannot hold: NUL and lone surrogates."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii() and _SURROGATE.search(text):
        text = _SURROGATE.sub("\ufffd", text)
    return text
