"""What people and organizations are to us, said, corrected and ended by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.people.directory.keeping import keep
from rapport.people.models import Organization, OrganizationRelationship, Person, Relationship, RelationshipKind
from rapport.staff.models import Member


@dataclass(frozen=True)
class Said:
    """A relationship as somebody says it; days may be left out."""

    kind: str
    since: date | None = None
    until: date | None = None
    organization: Organization | None = None


def checked(said: Said) -> Said:
    """The same. Raises Invalid where it makes no sense."""
    if said.kind not in RelationshipKind.values:
        raise Invalid(_("There is no such relationship."), _("Choose one from the list."))
    if said.since and said.until and said.until < said.since:
        raise Invalid(_("It cannot end before it began."), _("Correct one of the days."))
    return said


def relate(person: Person, said: Said, actor: Member) -> Relationship:
    """Say what a person is to us. Said twice, it stays as it is."""
    checked(said)
    with transaction.atomic():
        current = Relationship.objects.filter(person=person, kind=said.kind, until__isnull=True).first()
        if current is not None and said.until is None:
            return current
        made = Relationship.objects.create(
            person=person, kind=said.kind, organization=said.organization, since=said.since, until=said.until,
            source=_source(actor),
        )  # fmt: skip
        _tell("relationship.added", actor, {"person": str(person.id), "kind": said.kind})
    return made


def correct(people: Iterable[UUID], relationship_id: UUID, said: Said, actor: Member) -> None:
    """Change its kind, days and organization. Raises NotVisible or Invalid."""
    checked(said)
    with transaction.atomic():
        found = _one(people, relationship_id)
        twice = Relationship.objects.filter(person_id=found.person_id, kind=said.kind, until__isnull=True)
        if said.until is None and twice.exclude(id=found.id).exists():
            raise Invalid(_("They are that already."), _("End the one there is, or choose another."))
        Relationship.objects.filter(id=found.id).update(
            kind=said.kind, since=said.since, until=said.until, organization=said.organization, source=_source(actor)
        )
        _tell("relationship.changed", actor, {"person": str(found.person_id), "relationship": str(found.id)})


def end(people: Iterable[UUID], relationship_id: UUID, actor: Member, on: date | None = None) -> bool:
    """Say that it is so no longer; that it was stays. Whether it was so until now. Raises NotVisible."""
    with transaction.atomic():
        found = _one(people, relationship_id)
        day = on or now().date()
        if found.since and day < found.since:
            raise Invalid(_("It cannot end before it began."), _("Correct one of the days."))
        if found.until is not None:
            return False
        Relationship.objects.filter(id=found.id).update(until=day)
        _tell("relationship.ended", actor, {"person": str(found.person_id), "relationship": str(found.id)})
    return True


def withdraw(people: Iterable[UUID], relationship_id: UUID, actor: Member) -> None:
    """Take away what was said by mistake. Raises NotVisible."""
    with transaction.atomic():
        found = _one(people, relationship_id)
        Relationship.objects.filter(id=found.id).delete()
        _tell("relationship.removed", actor, {"person": str(found.person_id), "kind": found.kind})


def relate_organization(organization: Organization, said: Said, actor: Member) -> None:
    """Say what an organization is to us, and so everybody in it."""
    checked(said)
    with transaction.atomic():
        there = OrganizationRelationship.objects.filter(organization=organization, kind=said.kind, until__isnull=True)
        if said.until is None and there.exists():
            return
        OrganizationRelationship.objects.create(
            organization=organization, kind=said.kind, since=said.since, until=said.until, source=_source(actor)
        )
        keep(organization)
        _tell("relationship.added", actor, {"organization": str(organization.id), "kind": said.kind})


def end_organization(organization: Organization, relationship_id: UUID, actor: Member) -> None:
    """Say that it is so no longer."""
    with transaction.atomic():
        ended = OrganizationRelationship.objects.filter(
            id=relationship_id, organization=organization, until__isnull=True
        ).update(until=now().date())
        if ended:
            data = {"organization": str(organization.id), "relationship": str(relationship_id)}
            _tell("relationship.ended", actor, data)


def _one(people: Iterable[UUID], relationship_id: UUID) -> Relationship:
    found = Relationship.objects.filter(id=relationship_id, person_id__in=list(people)).first()
    if found is None:
        raise NotVisible("There is no such relationship.")
    return found


def _source(actor: Member) -> str:
    return f"by {actor.name}"[:60]


def _tell(kind: str, actor: Member, data: dict[str, str]) -> None:
    events.record(kind, actor_id=actor.id, data=data)
