"""Lists of people and organizations as pages ask for them: the address read, the filters in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from html import escape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from babel import Locale
from babel.core import UnknownLocaleError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from rapport.conversations.visibility import EVERYONE
from rapport.core.clock import now
from rapport.people.directory.asked import CUSTOM, Asked, asked_of
from rapport.people.directory.changing import fields_of
from rapport.people.directory.conditions import Viewer
from rapport.people.directory.handles import kind_name
from rapport.people.directory.segments import segments_of
from rapport.people.models import CustomField, CustomKind, Organization, RelationshipKind, Segment, Subject
from rapport.staff.models import Member
from rapport.web import locales
from rapport.web.rights import member_of
from rapport.web.shell import shell_of

SORT_NAMES = {
    "name": lazy("By name"), "heard": lazy("Latest heard from first"), "newest": lazy("Newest first"),
}  # fmt: skip
#: What the filter offers; others may stand in an address.
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ar", "zh", "ja")
KINDS = ("email", "phone", "fediverse", "bluesky", "matrix", "telegram", "whatsapp", "slack", "none")
_MEMBERS_MAX = 500
HEARD = ("in7", "in30", "in90", "in365", "not30", "not60", "not90", "not180", "not365", "never")


@dataclass(frozen=True)
class Chip:
    """One condition in words, and the address of the list without it."""

    text: str
    url: str


@dataclass
class Listing:
    """A list as its page shows it."""

    request: HttpRequest
    subject: Subject
    asked: Asked
    wrong: Sequence[str]
    fields: Sequence[CustomField]
    segment: Segment | None = None
    names: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of the whole list."""
        return reverse("people" if self.subject == Subject.PERSON else "organizations")

    @property
    def query(self) -> str:
        """What stands behind the address, with its "?"; empty when nothing is asked."""
        given = self.asked.query() | ({"segment": str(self.segment.id)} if self.segment else {})
        return f"?{urlencode(given)}" if given else ""

    def with_(self, **more: str) -> str:
        """The address with more, or something else, asked."""
        given = self.asked.query() | ({"segment": str(self.segment.id)} if self.segment else {}) | more
        given = {name: value for name, value in given.items() if value}
        return f"{self.url}?{urlencode(given)}" if given else self.url

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """Label, address and whether it is this one, of each order."""
        names = [key for key in SORT_NAMES if key != "heard" or self.subject == Subject.PERSON]
        return [
            (str(SORT_NAMES[key]), self.with_(sort="" if key == "name" else key), key == self.asked.sort)
            for key in names
        ]

    @property
    def sort_name(self) -> str:
        """The order in words."""
        return next((label for label, _url, current in self.sorts if current), str(SORT_NAMES["name"]))

    @cached_property
    def chips(self) -> list[Chip]:
        """Every condition in words, with the address without it."""
        given = self.asked.query(sort=False)
        return [
            Chip(self.words(name, value), self._without(name)) for name, value in given.items() if name != "q"
        ]

    @property
    def changed(self) -> bool:
        """Whether the filter of the segment has been changed since it was saved."""
        return self.segment is not None and self.segment.query != self.asked.query()

    def words(self, name: str, value: str) -> str:
        """One condition in words."""
        if name.startswith(CUSTOM):
            label = next((one.label for one in self.fields if CUSTOM + one.key == name), name)
            return _("%(field)s: %(value)s") % {"field": label, "value": field_words(value)}
        return _WORDS[name](value, self.names) if name in _WORDS else value

    def _without(self, name: str) -> str:
        left = self.asked.without(name).query()
        kept = left | ({"segment": str(self.segment.id)} if self.segment else {})
        return f"{self.url}?{urlencode(kept)}" if kept else self.url


def viewer_of(request: HttpRequest) -> Viewer:
    """Who asks, with the teams in whose name they see."""
    return Viewer(member_of(request).id, (EVERYONE, *sorted(shell_of(request).team_ids)), now())


def listing_of(request: HttpRequest, subject: Subject, segment: Segment | None = None) -> Listing:
    """The list as its address asks for it, or as a segment has it."""
    fields = fields_of(subject)
    given: Mapping[str, str] = {name: request.GET.get(name, "") for name in request.GET}
    plain = {name for name in given if name not in ("after", "segment")}
    if segment is not None and not plain:
        given = {str(name): str(value) for name, value in dict(segment.query).items()}
    asked, wrong = asked_of(given, RelationshipKind.values, [one.key for one in fields])
    return Listing(request, subject, asked, wrong, fields, segment, _names_of(request, asked))


def segments_beside(subject: Subject) -> list[Segment]:
    """The segments of the side list."""
    return segments_of(subject)


def choices_of(listing: Listing) -> dict[str, Any]:
    """What the form of filters offers."""
    asked, shell = listing.asked, shell_of(listing.request)
    return {
        "relations": RelationshipKind.choices,
        "teams": [(team.slug, team.name) for team in shell.all_teams],
        "languages": _with(
            asked.language, [*((code, language_name(code)) for code in LANGUAGES), ("none", _("Not known"))]
        ),
        "kinds": [(kind, _("No address") if kind == "none" else kind_name(kind)) for kind in KINDS],
        "heards": _with(asked.heard, [(one, heard_words(one)) for one in HEARD], heard_words),
        "customs": [
            (one, asked.custom.get(one.key, ""), one.choices if one.kind == CustomKind.CHOICE else ["yes", "no"])
            if one.kind in (CustomKind.CHOICE, CustomKind.YES)
            else (one, asked.custom.get(one.key, ""), [])
            for one in listing.fields
        ],
    }


def holder_options(listing: Listing) -> SafeString:
    """The options of who may hold a relationship, drawn here because there may be hundreds."""
    if listing.subject != Subject.PERSON:
        return mark_safe("")
    members = Member.objects.filter(is_active=True).order_by("name").values_list("id", "name")[:_MEMBERS_MAX]
    offered = [("me", _("Me")), ("none", _("Nobody")), *((str(id), name) for id, name in members)]
    chosen = listing.asked.holder
    return mark_safe(  # noqa: S308 - escaped here
        "".join(
            f'<option value="{value}"{" selected" if value == chosen else ""}>{escape(name)}</option>'
            for value, name in _with(chosen, offered, lambda value: _named(value, listing.names))
        )
    )


def heard_words(value: str) -> str:
    """"in7" in words."""
    if value == "never":
        return _("Never heard from")
    days = int(value.lstrip("inot") or 0)
    if value.startswith("in"):
        said = ngettext("Heard from in the last %(days)s day", "Heard from in the last %(days)s days", days)
    else:
        said = ngettext("Not heard from in %(days)s day", "Not heard from in %(days)s days", days)
    return said % {"days": locales.number(days)}


def language_name(code: str) -> str:
    """A language in the reader's language."""
    try:
        return str(Locale.parse(code, sep="-").get_display_name(locales.locale()) or code)
    except (UnknownLocaleError, ValueError):
        return code


def field_words(value: str) -> str:
    """The value of a custom field as it is read."""
    return {"yes": _("Yes"), "no": _("No")}.get(value, value)


def _with(chosen: str, offered: list[tuple[str, str]], words: Any = str) -> list[tuple[str, str]]:
    known = not chosen or any(value == chosen for value, _label in offered)
    return offered if known else [*offered, (chosen, words(chosen))]


def _names_of(request: HttpRequest, asked: Asked) -> dict[str, str]:
    """The names behind the ids of a filter, as far as the member may know of them."""
    names = {team.slug: team.name for team in shell_of(request).all_teams} if asked.team else {}
    wanted = [one for one in (asked.organization, asked.parent) if one and one != "none"]
    if wanted:
        found = Organization.objects.filter(id__in=[UUID(one) for one in wanted]).values_list("id", "name")
        names |= {str(id): name for id, name in found}
    if asked.holder and asked.holder not in ("me", "none"):
        member = Member.objects.filter(id=UUID(asked.holder)).values_list("id", "name").first()
        names |= {str(member[0]): member[1]} if member else {}
    return names


def _named(value: str, names: Mapping[str, str]) -> str:
    return names.get(value) or names.get(str(UUID(value)), _("unknown"))


def _holder(value: str, names: Mapping[str, str]) -> str:
    if value == "none":
        return _("Held by nobody")
    return _("Held by %(name)s") % {"name": _("me") if value == "me" else _named(value, names)}


_WORDS: dict[str, Any] = {
    "relation": lambda value, _names: str(dict(RelationshipKind.choices)[value]),
    "organization": lambda value, names: _("No organization")
    if value == "none"
    else _("Of %(name)s") % {"name": _named(value, names)},
    "parent": lambda value, names: _("Belongs to %(name)s") % {"name": _named(value, names)},
    "holder": _holder,
    "team": lambda value, names: _("Held by %(name)s") % {"name": names.get(value, value)},
    "language": lambda value, _names: _("No language known") if value == "none" else language_name(value),
    "kind": lambda value, _names: _("No address")
    if value == "none"
    else _("Has: %(kind)s") % {"kind": kind_name(value)},
    "heard": lambda value, _names: heard_words(value),
    "since": lambda value, _names: _("Known since %(day)s") % {"day": locales.day(date.fromisoformat(value))},
    "stop": lambda value, _names: _("Do not contact") if value == "1" else _("May be contacted"),
    "nameless": lambda _value, _names: _("Has no name"),
}
