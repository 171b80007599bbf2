"""The company's own fields: added, renamed, put in order, taken out of use. Values stay when a field goes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from rapport.core import events
from rapport.core.errors import Invalid
from rapport.people.fields import MATCHES, key_of
from rapport.people.models import CustomField, CustomKind, Subject
from rapport.staff.models import Member

FIELDS_MAX = 40


@dataclass(frozen=True)
class Wanted:
    """A field as an administrator wants it."""

    label: str
    kind: str
    choices: Sequence[str] = ()
    matches: str = ""


def all_fields(subject: str) -> list[CustomField]:
    """Every field, also those that are not in use, in order."""
    return list(CustomField.objects.filter(subject=subject))


def add_field(subject: str, wanted: Wanted, actor: Member) -> CustomField:
    """A new field, last in order. Raises Invalid."""
    _check(subject, wanted)
    with transaction.atomic():
        there = CustomField.objects.filter(subject=subject)
        if there.count() >= FIELDS_MAX:
            raise Invalid(_("There are %(count)s fields already.") % {"count": FIELDS_MAX}, _("Rename one of them."))
        last = there.aggregate(last=Max("position"))["last"]
        made = CustomField.objects.create(
            subject=subject, key=key_of(wanted.label, there.values_list("key", flat=True)), label=wanted.label,
            kind=wanted.kind, choices=list(wanted.choices), matches=wanted.matches,
            position=0 if last is None else last + 1,
        )  # fmt: skip
        events.record("field.added", actor_id=actor.id, data={"field": made.key, "subject": subject})
    return made


def change_field(found: CustomField, wanted: Wanted, actor: Member, *, active: bool) -> None:
    """Rename it, offer other choices, take it out of use or back. What kind it is stays. Raises Invalid."""
    _check(found.subject, wanted)
    found.label, found.choices, found.matches, found.is_active = (
        wanted.label, list(wanted.choices), wanted.matches, active,
    )  # fmt: skip
    found.save(update_fields=["label", "choices", "matches", "is_active"])
    events.record("field.changed", actor_id=actor.id, data={"field": found.key, "subject": found.subject})


def move_field(found: CustomField, step: int) -> None:
    """One place up (-1) or down (1)."""
    row = all_fields(found.subject)
    at = next(number for number, one in enumerate(row) if one.id == found.id)
    row.insert(min(max(at + step, 0), len(row) - 1), row.pop(at))
    for number, one in enumerate(row):
        one.position = number
    CustomField.objects.bulk_update(row, ["position"])


def _check(subject: str, wanted: Wanted) -> None:
    if subject not in Subject.values or wanted.kind not in CustomKind.values:
        raise Invalid(_("There is no such kind of field."), _("Choose one from the list."))
    if not wanted.label.strip():
        raise Invalid(_("A field needs a name."))
    if wanted.matches not in MATCHES:
        raise Invalid(_("A field cannot say that about identity."), _("Choose one from the list."))
    if wanted.kind == CustomKind.CHOICE and not wanted.choices:
        raise Invalid(_("A list needs at least one choice."), _("Write one on each line."))
