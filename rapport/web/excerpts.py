"""The passage of a text in which the words are, and the words marked. Every character of the text is escaped."""

import re
from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_WIDTH = 240
_LOOKED_AT = 200_000
#: Letters of languages written without spaces: there a word may begin anywhere.
_ANYWHERE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


def pattern_of(words: Sequence[str]) -> re.Pattern[str] | None:
    """What finds any of the words at the beginning of a word of the text."""
    parts = [
        ("" if _ANYWHERE.search(word) else r"(?<!\w)") + r"[\W_]+".join(map(re.escape, tokens))
        for word in sorted(words, key=len, reverse=True)
        if (tokens := re.findall(r"[^\W_]+", word))
    ]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def excerpt(text: str, pattern: re.Pattern[str] | None, width: int = _WIDTH) -> str:
    """The part of the text around the first word that occurs in it, on one line."""
    flat = " ".join(text[:_LOOKED_AT].split())
    found = pattern.search(flat) if pattern else None
    start = max(0, found.start() - width // 3) if found else 0
    if start and (space := flat.find(" ", start, start + 20)) > 0:
        start = space + 1
    return ("…" if start else "") + flat[start : start + width] + ("…" if len(flat) > start + width else "")


def marked(text: str, pattern: re.Pattern[str] | None) -> SafeString:
    """The text, escaped, with the words in <mark>."""
    if pattern is None:
        return escape(text)
    parts, at = [], 0
    for found in pattern.finditer(text):
        if found.end() > found.start():
            parts += [escape(text[at : found.start()]), f"<mark>{escape(found[0])}</mark>"]
            at = found.end()
    return mark_safe("".join([*parts, escape(text[at:])]))  # noqa: S308 - every part is escaped above
