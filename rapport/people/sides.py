"""Which of two people stays when they are joined, and what joining does to them; shown before anybody decides."""

from dataclasses import dataclass, field
from uuid import UUID

from rapport.core.errors import NotVisible
from rapport.people import trees
from rapport.people.models import Consent, Handle, Person, Relationship

_EVERYONE = UUID(int=1)


@dataclass(slots=True)
class Side:
    """One of the two, as far as the member may see it: the row it is shown by, and all of its tree."""

    person: Person
    rows: list[UUID] = field(default_factory=list)
    handles: list[Handle] = field(default_factory=list)
    relationships: list[Relationship] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    do_not_contact: bool = False

    @property
    def weight(self) -> tuple[int, bool, int, float]:
        """What speaks for its staying: verified handles, known to everybody, wider audience, older."""
        return (
            sum(1 for one in self.handles if one.verified_at), _EVERYONE in self.person.audience,
            len(self.person.audience), -self.person.created_at.timestamp(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something the two have agreed to differently; the stricter counts for both. `given`: what each said last."""

    purpose: str
    channel: str


def roots(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The rows at the top of their trees. Raises NotVisible where one is not there."""
    found = dict(Person.objects.filter(id__in=[one, other]).values_list("id", "root"))
    if one not in found or other not in found:
        raise NotVisible("There is no such person.")
    return found[one], found[other]


def staying(one: UUID, other: UUID, chosen: UUID | None = None) -> tuple[UUID, UUID]:
    """(the one that stays, the one that comes under it); the chosen one where it is one of them, or in its tree."""
    return (one, other) if stays(side_of(one), side_of(other), chosen) else (other, one)


def stays(first: Side, second: Side, chosen: UUID | None = None) -> bool:
    """Whether the first stays and the second comes under it, where the sides are read already."""
    if chosen in second.rows:
        return False
    return chosen in first.rows or second.weight <= first.weight


def side_of(person_id: UUID) -> Side:
    """All of a tree that may be seen, by any of its rows."""
    rows = trees.rows_of(person_id)
    tree = list(Person.objects.filter(id__in=rows).select_related("organization", "holder"))
    if not tree:
        raise NotVisible("There is no such person.")
    shown = next(one for one in tree if one.id == rows[0])
    side = Side(shown, rows, do_not_contact=any(one.do_not_contact for one in tree))
    side.handles = list(Handle.objects.filter(person__in=side.rows).order_by("kind", "value"))
    current = Relationship.objects.filter(person__in=side.rows, until__isnull=True)
    side.relationships = list(current.select_related("organization").order_by("kind"))
    latest = Consent.objects.filter(person__in=side.rows).order_by("purpose", "channel", "-at", "-id")
    side.consents = list(latest.distinct("purpose", "channel"))
    return side


def knows_less(one: Person, other: Person) -> bool:
    """Whether fewer may know of `one` than of `other`."""
    if _EVERYONE in one.audience or _EVERYONE in other.audience:
        return _EVERYONE not in one.audience
    return len(one.audience) < len(other.audience)


def conflicts(one: Side, other: Side) -> list[Conflict]:
    """What the two said differently about being written to."""
    said = {(c.purpose, c.channel): c.given for c in one.consents}
    return [
        Conflict(c.purpose, c.channel)
        for c in other.consents
        if said.get((c.purpose, c.channel), c.given) != c.given
    ]  # fmt: skip
