"""The small pictures that stand for people: initials on a color of their own."""

import re
from functools import lru_cache
from zlib import crc32

from django.utils.html import format_html
from django.utils.safestring import SafeString

_HUES = 8


def hue(name: object) -> str:
    """The class of the color that belongs to a name; the same name always has the same."""
    return f"hue-{crc32(str(name).encode()) % _HUES}"


def hue_of_place(place: int) -> str:
    """The class of the color of the team at a place, so that no two of the first eight look the same."""
    return f"hue-{place * 3 % _HUES}"


def initials(name: object) -> str:
    """Up to two letters to stand for a name."""
    words = [word for word in re.split(r"[\s.@_+-]+", str(name or "")) if word and word[0].isalnum()]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "") if words else "?"
    return letters.upper()


@lru_cache(maxsize=8192)
def avatar(name: str, kind: str = "person", size: str = "") -> SafeString:
    """A square with the initials of a member, or a circle of a person. Purely ornamental: the name stands beside it."""
    classes = f"avatar avatar-{kind} {hue(name)}" + (f" avatar-{size}" if size else "")
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, initials(name))
