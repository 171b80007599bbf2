"""Rows of people and organizations, drawn in Python: fifty of them by a template are most of what a page costs.

Every value that anybody wrote goes through `escape`; words of ours are translated once for all rows of a page.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.core.clock import now
from rapport.people.directory.rows import MEMBERS_MAX, OrganizationRow, PersonRow
from rapport.people.models import RelationshipKind
from rapport.web import locales
from rapport.web.faces import avatar
from rapport.web.icons import icon

_NOWHERE = UUID(int=0)


def person_list(rows: Sequence[PersonRow], query: str = "") -> SafeString:
    """People, one after another; `query` goes behind each address, so that their page leads back here."""
    before, after = reverse("person", args=[_NOWHERE]).split(str(_NOWHERE))
    kinds = {value: escape(str(label)) for value, label in RelationshipKind.choices}
    words = {
        "nobody": _("Unknown"), "select": _("Select %(name)s"), "stop": escape(_("Do not contact")),
        "shared": escape(_("Shared")), "now": _("now"),
        "heard": _("heard from %(when)s"), "never": escape(_("never")),
    }  # fmt: skip
    at = now()
    return mark_safe(  # noqa: S308 - escaped below
        "".join(_person(row, (before, escape(after + query)), kinds, words, at) for row in rows)
    )


def organization_list(rows: Sequence[OrganizationRow], query: str = "") -> SafeString:
    """Organizations, one after another."""
    before, after = reverse("organization", args=[_NOWHERE]).split(str(_NOWHERE))
    kinds = {value: escape(str(label)) for value, label in RelationshipKind.choices}
    link = before, escape(after + query)
    return mark_safe("".join(_organization(row, link, kinds) for row in rows))  # noqa: S308 - escaped below


def _person(
    row: PersonRow, link: tuple[str, str], kinds: Mapping[str, str], words: Mapping[str, str], at: datetime
) -> str:
    name = row.name or row.address or words["nobody"]
    beside = row.address if row.name else ""
    mark = f'<span class="badge badge-danger">{icon("micro", "no-symbol", 12)}{words["stop"]}</span>'
    stop = mark if row.stop else ""
    if row.shared:
        stop += f'<span class="badge badge-warn">{icon("micro", "users", 12)}{words["shared"]}</span>'
    badges = "".join(f'<span class="badge badge-accent">{kinds.get(one, one)}</span>' for one in row.relations)
    heard = _age(row.heard, at, words["now"]) if row.heard else f'<span class="faint">{words["never"]}</span>'
    return (
        f'<li class="row" id="c-{row.id}" data-id="{row.id}">'
        f'<input class="row-check" type="checkbox" form="bulk" name="ids" value="{row.id}" tabindex="-1"'
        f' aria-label="{escape(words["select"] % {"name": name})}">'
        f'<a class="row-link person-row" href="{link[0]}{row.id}{link[1]}">{avatar(name)}'
        f'<span class="person-row-name"><bdi class="clip strong">{escape(name)}</bdi>'
        f'<bdi class="clip small faint">{escape(beside)}</bdi></span>'
        f'<bdi class="clip soft person-row-of">{escape(row.organization)}</bdi>'
        f'<span class="person-row-badges">{badges}{stop}</span>'
        f'<span class="clip small faint person-row-holder">{escape(row.holder)}</span>'
        f'<span class="person-row-heard">{heard}</span></a></li>'
    )


def _organization(row: OrganizationRow, link: tuple[str, str], kinds: Mapping[str, str]) -> str:
    badges = "".join(f'<span class="badge badge-accent">{kinds.get(one, one)}</span>' for one in row.relations)
    people = f"{locales.number(MEMBERS_MAX)}+" if row.people > MEMBERS_MAX else locales.number(row.people)
    part = f'<bdi class="clip small faint">{escape(row.parent)}</bdi>' if row.parent else ""
    return (
        f'<li class="row" id="c-{row.id}" data-id="{row.id}">'
        f'<a class="row-link person-row organization-row" href="{link[0]}{row.id}{link[1]}">'
        f'{avatar(row.name, "member")}<span class="person-row-name"><bdi class="clip strong">{escape(row.name)}</bdi>'
        f'{part}</span><bdi class="clip soft person-row-of">{escape(row.domain)}</bdi>'
        f'<span class="person-row-badges">{badges}</span>'
        f'<span class="person-row-heard">{icon("micro", "users", 12)} {people}'
        f'<span class="visually-hidden"> {escape(_("people"))}</span></span></a></li>'
    )


def _age(at: datetime, at_now: datetime, word_now: str) -> str:
    seconds = (at_now - at).total_seconds()
    said = word_now if 0 <= seconds < 60 else locales.span(seconds)
    return f'<time datetime="{at.isoformat()}" title="{escape(locales.full(at))}" data-age>{escape(said)}</time>'
