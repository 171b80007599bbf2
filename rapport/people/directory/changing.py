"""What members write down about a person. The log has the names of what was changed, never the values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.core import events
from rapport.core.errors import Invalid
from rapport.people.consenting import note_contact
from rapport.people.directory.handles import BY_HAND, NAMES, add_handle, normalised
from rapport.people.directory.relating import Said, relate
from rapport.people.fields import value_of
from rapport.people.models import CustomField, Organization, Person, Subject
from rapport.staff.models import Member

#: What may be changed on a person's page; custom fields come besides.
PLAIN = (
    "name", "organization", "role", "holder", "preferred", "language", "time_zone", "note", "do_not_contact",
)  # fmt: skip
_LENGTHS = {"name": 200, "role": 120, "note": 20_000}


@dataclass(frozen=True)
class NewPerson:
    """A person as a member writes them down."""

    name: str = ""
    handles: Sequence[tuple[str, str]] = ()
    organization: Organization | None = None
    relationship: str = ""
    audience: Sequence[UUID] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def fields_of(subject: Subject) -> list[CustomField]:
    """The custom fields in use, in order."""
    return list(CustomField.objects.filter(subject=subject, is_active=True))


def change_person(person: Person, changes: Mapping[str, Any], custom: Mapping[str, str], actor: Member) -> list[str]:
    """Write down what is new; the names of what has changed. Raises Invalid for a value that makes no sense."""
    known = {one.key: one for one in fields_of(Subject.PERSON)} if custom else {}
    values = {key: value_of(known[key], value) for key, value in custom.items() if key in known}
    with transaction.atomic():
        current = Person.objects.select_for_update(of=("self",)).get(id=person.id)
        if current.erased_at is not None:
            raise Invalid(_("They were erased."), _("What is left of them belongs to nobody."))
        changed = [name for name in PLAIN if name in changes and _differs(current, name, changes[name])]
        for name in changed:
            setattr(current, name, _clean(name, changes[name]))
        merged = {**current.fields, **values}
        kept = {key: value for key, value in merged.items() if value != ""}
        if kept != current.fields:
            touched = [key for key in values if kept.get(key) != current.fields.get(key)]
            changed += [f"field {key}" for key in touched]
            current.fields = kept
        if changed:
            current.save(update_fields=[*(name for name in changed if name in PLAIN), "fields"])
            data: dict[str, Any] = {"person": str(person.id), "fields": changed}
            events.record("person.changed", actor_id=actor.id, data=data)
            if "do_not_contact" in changed:
                note_contact([person.id], current.do_not_contact, "hand", actor.id)
    return changed


def add_person(new: NewPerson, actor: Member) -> Person:
    """A person by hand. Raises Invalid where there is neither a name nor an address, or one is somebody's already."""
    handles = [(kind, text) for kind, text in new.handles if text.strip()]
    for kind, text in handles:
        normalised(kind, text)
    if not new.name.strip() and not handles:
        raise Invalid(_("A person needs a name or an address."), _("Write one of them down."))
    with transaction.atomic():
        person = Person.objects.create(
            name=_clean("name", new.name), organization=new.organization, audience=list(new.audience)
        )
        events.record("person.added", actor_id=actor.id, data={"person": str(person.id)})
        for kind, text in handles:
            add_handle(person.id, kind, text, actor)
        if new.relationship:
            relate(person, Said(new.relationship, organization=new.organization), actor)
        if new.values:
            change_person(person, new.values, {}, actor)
    return person


def _differs(current: Person, name: str, value: Any) -> bool:
    before = getattr(current, name)
    return bool(before != _clean(name, value))


def _clean(name: str, value: Any) -> Any:
    if name in ("organization", "holder"):
        return value
    if name == "do_not_contact":
        return bool(value)
    text = str(value).replace("\0", "").strip()
    if name in _LENGTHS:
        return (" ".join(text.split()) if name != "note" else text)[: _LENGTHS[name]]
    if name == "time_zone" and text and text not in available_timezones():
        raise Invalid(_("There is no such time zone."), _("Choose one from the list."))
    if name == "language":
        return _language(text)
    if name == "preferred" and text and text not in NAMES and text not in BY_HAND:
        raise Invalid(_("There is no such way to reach somebody."), _("Choose one from the list."))
    return text


def _language(text: str) -> str:
    parts = text.replace("_", "-").split("-")
    if text and not (parts[0].isalpha() and len(parts[0]) in (2, 3) and len(text) <= 10):
        raise Invalid(_("There is no such language."), _("Such as en, de or pt-BR."))
    return text
