"""Placeholders in templates: {{person.first_name}}, or with words to fall back on {{person.first_name|there}}. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape, unescape

from django.utils.translation import gettext_lazy as _

#: Every placeholder there is, and what it stands for.
KNOWN = {
    "person.first_name": _("First name of the person"),
    "person.name": _("Name of the person"),
    "member.name": _("Your name"),
    "conversation.subject": _("Subject of the conversation"),
    "team.name": _("Team that owns the conversation"),
    "organization.name": _("Organization of the person"),
    "date": _("Today's date"),
}
_ROOTS = {name.partition(".")[0] for name in KNOWN}
_PLACEHOLDER = re.compile(r"\{\{([^{}|<>]{0,80})(?:\|([^{}<>]{0,200}))?\}\}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One place to be filled, as it was written."""

    name: str
    fallback: str
    written: str

    @property
    def is_known(self) -> bool:
        """Whether there is something it stands for."""
        return self.name in KNOWN


@dataclass(frozen=True, slots=True)
class Rendered:
    """HTML with its placeholders filled; `gaps` are those that could not be, marked in it."""

    html: str
    gaps: tuple[str, ...] = ()


def find(text: str) -> Iterator[Placeholder]:
    """Every placeholder in a text, known or not, in order."""
    for match in _PLACEHOLDER.finditer(text):
        yield _of(match)


def ours(text: str) -> Iterator[Placeholder]:
    """Those that can only be meant as ours: {{ user }} in an example of code is none."""
    return (one for one in find(text) if one.name.partition(".")[0] in _ROOTS)


def unknown(text: str) -> list[tuple[str, str]]:
    """The placeholders nobody can fill, each with the known one most like it, or "" ."""
    names = dict.fromkeys(one.name for one in find(unescape(text)) if not one.is_known)
    return [(name, suggestion(name)) for name in names]


def suggestion(name: str) -> str:
    """The placeholder that was probably meant, or "" """
    like = name.lower().replace(" ", "").replace("-", "_")
    close = get_close_matches(like, KNOWN, n=1, cutoff=0.6)
    if close:
        return close[0]
    tails = [known for known in KNOWN if like and known.partition(".")[2] == like]
    return tails[0] if tails else ""


def render(html: str, values: Mapping[str, str]) -> Rendered:
    """Fill the placeholders of sanitised HTML with plain `values`; what has no value and no fallback is marked."""
    gaps: dict[str, None] = {}

    def fill(match: re.Match[str]) -> str:
        found = _of(match)
        value = " ".join(values.get(found.name, "").split()) if found.is_known else ""
        if value or found.fallback:
            # What comes from a person must not become a placeholder of its own.
            return escape(value, quote=False).replace("{{", "{ {") if value else found.fallback
        gaps[found.name] = None
        return f'<mark data-gap="{escape(found.name)}">{found.written}</mark>'

    return Rendered(_PLACEHOLDER.sub(fill, html), tuple(gaps))


def _of(match: re.Match[str]) -> Placeholder:
    return Placeholder(match[1].strip().lower(), (match[2] or "").strip(), match[0])
