"""One change to many people at once, and the way back. The wall decides who of them is there at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.people.consenting import note_contact
from rapport.people.directory.changing import fields_of
from rapport.people.fields import value_of
from rapport.people.models import Organization, Person, Relationship, RelationshipKind, Subject
from rapport.staff.models import Member


@dataclass
class Done:
    """Whom it was done to, how many were not there (any more), and what takes it back: plain values, ids only."""

    people: list[UUID] = field(default_factory=list)
    missing: int = 0
    undo: dict[str, Any] = field(default_factory=dict)


def change_many(verb: str, value: str, ids: Sequence[UUID], actor: Member) -> Done:
    """Do it to each that the member may know of. Raises Invalid for a verb or value that makes no sense.

    Verbs: holder, organization (an id or "none"), language, stop ("1" or "0"), relate and unrelate (a kind), field
    ("key=value"). Who has it so already is left alone.
    """
    if verb in _PLAIN:
        name, wanted = _PLAIN[verb](value)
        return _set(name, wanted, ids, actor)
    if verb == "field":
        key, _equals, text = value.partition("=")
        return _set_field(key, text, ids, actor)
    if verb in ("relate", "unrelate"):
        if value not in RelationshipKind.values:
            raise Invalid(_("There is no such relationship."), _("Choose one from the list."))
        return (_relate if verb == "relate" else _unrelate)(value, ids, actor)
    raise Invalid(_("There is no such action."))


def undo_many(undo: Mapping[str, Any], actor: Member) -> tuple[int, int]:
    """Take it back where nothing was changed since: how many were, and how many were not."""
    with transaction.atomic():
        if undo["what"] == "made":
            ids = [UUID(one) for one in undo["ids"]]
            done, _by = Relationship.objects.filter(id__in=ids, until__isnull=True).delete()
            return done, len(ids) - done
        if undo["what"] == "ended":
            return _begin_again([UUID(one) for one in undo["ids"]])
        return _restore(undo, actor)


def _people(ids: Sequence[UUID]) -> QuerySet[Person]:
    """Those of the rows that are there; what is left of the erased belongs to nobody."""
    return Person.objects.filter(id__in=ids, erased_at__isnull=True)


def _set(name: str, wanted: Any, ids: Sequence[UUID], actor: Member) -> Done:
    with transaction.atomic():
        found = dict(_people(ids).values_list("id", name))
        before = {id: value for id, value in found.items() if value != wanted}
        Person.objects.filter(id__in=list(before)).update(**{name: wanted})
        _tell(before, name.removesuffix("_id"), actor)
        if name == "do_not_contact":
            note_contact(list(before), wanted, "bulk edit", actor.id)
    plain = {str(id): str(value) if isinstance(value, UUID) else value for id, value in before.items()}
    return _done(found, ids, {"what": "column", "name": name, "set": _plain(wanted), "before": plain})


def _set_field(key: str, text: str, ids: Sequence[UUID], actor: Member) -> Done:
    known = next((one for one in fields_of(Subject.PERSON) if one.key == key), None)
    if known is None:
        raise Invalid(_("There is no such field."), _("Choose one from the list."))
    wanted = value_of(known, text)
    with transaction.atomic():
        rows = list(_people(ids).select_for_update().only("id", "fields"))
        changed = [row for row in rows if str(row.fields.get(key, "")) != wanted]
        before = {row.id: str(row.fields.get(key, "")) for row in changed}
        _put(changed, key, wanted)
        _tell(before, f"field {key}", actor)
    kept = {str(id): value for id, value in before.items()}
    return _done(
        {row.id: None for row in rows}, ids, {"what": "field", "name": key, "set": wanted, "before": kept}
    )  # fmt: skip


def _put(rows: Sequence[Person], key: str, value: str) -> None:
    for row in rows:
        row.fields = {name: one for name, one in {**row.fields, key: value}.items() if one != ""}
    Person.objects.bulk_update(rows, ["fields"], batch_size=500)


def _relate(kind: str, ids: Sequence[UUID], actor: Member) -> Done:
    with transaction.atomic():
        found = dict(_people(ids).values_list("id", "organization_id"))
        there = set(
            Relationship.objects.filter(person__root__in=list(found), kind=kind, until__isnull=True)
            .values_list("person__root", flat=True)
        )  # fmt: skip
        today, source = now().date(), f"by {actor.name}"[:60]
        made = Relationship.objects.bulk_create(
            Relationship(person_id=id, kind=kind, organization_id=of, since=today, source=source)
            for id, of in found.items() if id not in there
        )  # fmt: skip
        _record("relationship.added", [{"person": str(one.person_id), "kind": kind} for one in made], actor)
    return _done(found, ids, {"what": "made", "ids": [str(one.id) for one in made]})


def _unrelate(kind: str, ids: Sequence[UUID], actor: Member) -> Done:
    with transaction.atomic():
        found = dict(_people(ids).values_list("id", "id"))
        ending = Relationship.objects.filter(person__root__in=list(found), kind=kind, until__isnull=True)
        rows = list(ending.values_list("id", "person_id"))
        Relationship.objects.filter(id__in=[id for id, _person in rows]).update(until=now().date())
        data = [{"person": str(person), "relationship": str(id)} for id, person in rows]
        _record("relationship.ended", data, actor)
    return _done(found, ids, {"what": "ended", "ids": [str(id) for id, _person in rows]})


def _begin_again(ids: Sequence[UUID]) -> tuple[int, int]:
    rows = Relationship.objects.filter(id__in=ids, until__isnull=False)
    taken = {
        (person, kind)
        for person, kind in Relationship.objects.filter(
            person__in=rows.values("person_id"), until__isnull=True
        ).values_list("person_id", "kind")
    }
    free = [id for id, person, kind in rows.values_list("id", "person_id", "kind") if (person, kind) not in taken]
    done = Relationship.objects.filter(id__in=free).update(until=None)
    return done, len(ids) - done


def _restore(undo: Mapping[str, Any], actor: Member) -> tuple[int, int]:
    before: dict[UUID, Any] = {UUID(id): value for id, value in undo["before"].items()}
    rows = list(_people(list(before)).select_for_update())
    name = undo["name"]
    if undo["what"] == "field":
        as_left = [row for row in rows if str(row.fields.get(name, "")) == undo["set"]]
        for row in as_left:
            _put([row], name, before[row.id])
    else:
        as_left = [row for row in rows if _plain(getattr(row, name)) == undo["set"]]
        for row in as_left:
            kept = before[row.id]
            setattr(row, name, UUID(kept) if kept and name.endswith("_id") else kept)
        Person.objects.bulk_update(as_left, [name.removesuffix("_id")], batch_size=500)
        if name == "do_not_contact":
            for silent in (True, False):
                marked = [row.id for row in as_left if row.do_not_contact is silent]
                note_contact(marked, silent, "bulk edit, undone", actor.id)
    _tell({row.id: None for row in as_left}, name.removesuffix("_id"), actor)
    return len(as_left), len(before) - len(as_left)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _done(found: Mapping[UUID, Any], ids: Sequence[UUID], undo: dict[str, Any]) -> Done:
    return Done(list(found), len(set(ids)) - len(found), undo)


def _tell(people: Mapping[UUID, Any], name: str, actor: Member) -> None:
    _record("person.changed", [{"person": str(id), "fields": [name]} for id in people], actor)


def _record(kind: str, data: Sequence[dict[str, Any]], actor: Member) -> None:
    batch, at = str(new_id()), now()
    events.record_many(
        Event(id=new_id(), at=at, kind=kind, actor_id=actor.id, data={**one, "batch": batch}) for one in data
    )


def _holder(value: str) -> tuple[str, Any]:
    if value == "none":
        return "holder_id", None
    found = Member.objects.filter(id=_id(value), is_active=True).values_list("id", flat=True).first()
    if found is None:
        raise Invalid(_("There is no such member."), _("Choose another."))
    return "holder_id", found


def _organization(value: str) -> tuple[str, Any]:
    if value == "none":
        return "organization_id", None
    found = Organization.objects.filter(id=_id(value)).values_list("id", flat=True).first()
    if found is None:
        raise Invalid(_("There is no such organization."), _("Choose another."))
    return "organization_id", found


def _language(value: str) -> tuple[str, Any]:
    if value and not (value.isascii() and value.isalpha() and len(value) in (2, 3)):
        raise Invalid(_("There is no such language."), _("Such as en, de or pt-BR."))
    return "language", value.lower()


def _stop(value: str) -> tuple[str, Any]:
    if value not in ("0", "1"):
        raise Invalid(_("Say whether they may be contacted."))
    return "do_not_contact", value == "1"


def _id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise Invalid(_("That does not exist."), _("Choose another.")) from error


_PLAIN: dict[str, Callable[[str], tuple[str, Any]]] = {
    "holder": _holder, "organization": _organization, "language": _language, "stop": _stop,
}  # fmt: skip
