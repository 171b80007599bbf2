"""Where the policy names somebody who is erased, as a page shows it: which version or draft, and what of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from rapport.ownership.named import Named
from rapport.staff.models import Member
from rapport.web import locales


@dataclass(frozen=True)
class Row:
    """One version or draft; `parts` are what of it names them, each with where it is to be seen ("": nowhere)."""

    label: str
    in_force: bool
    parts: list[tuple[str, str]]


def rows(found: Sequence[Named], reader: UUID) -> list[Row]:
    """For whoever looks: of drafts only their own can be opened; whose the others are, they can ask."""
    names = dict(Member.objects.filter(id__in=[one.member for one in found if one.member]).values_list("id", "name"))
    return [_row(one, names, reader) for one in found]


def _row(one: Named, names: dict[UUID, str], reader: UUID) -> Row:
    if one.member is None:
        page = reverse("policy_version", args=[one.number])
        label = _("Version %(number)s of the policy") % {"number": one.number}
    else:
        page = reverse("policy") if one.member == reader else ""
        label = _("The draft of %(name)s") % {"name": names.get(one.member, "")}
    tests = page and (reverse("policy_tests") if one.in_force or one.member else _file(one.number))
    parts = [(_("rule %(n)s") % {"n": locales.number(at)}, f"{page}?from={at}#rule-{at}" if page else "")
             for at in one.rules]  # fmt: skip
    parts += [(_("test %(number)s") % {"number": locales.number(at)}, f"{tests}#test-{at}" if tests else "")
              for at in one.tests]  # fmt: skip
    return Row(label, one.in_force, parts + ([(_("something else"), page)] if one.rest else []))


def _file(number: int | None) -> str:
    """Tests of a version that is not in force stand on no page."""
    return f"{reverse('policy_export', args=['toml'])}?version={number}"
