"""What members decide about suggestions: these two are one human being, or are not; and taking either back.

A decision is about whole trees: every suggestion between the two is closed by it, and opened again when it is taken
back. Of two members who decide at once, one is told what the other decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.core.ids import new_id
from rapport.people import merging, sides
from rapport.people.models import Merge, Pair, PairState, Person
from rapport.staff.models import Member

IMPERSONATION = "impersonation"
SURE, WARNED, MINE = "sure", "warning", "mine"
FILTERS = (SURE, WARNED, MINE)
#: From which probability on a suggestion without anything against it counts as sure.
SURE_FROM = 0.95
COUNTED_MAX = 100
_CHUNK, _HELD_MAX = 20, 5_000
_ORDER, _ORDER_BACK = ("-probability", "low_id", "high_id"), ("probability", "-low_id", "-high_id")

Ids = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order of suggestions, best first: that of one pair."""

    probability: float
    low: UUID
    high: UUID

    def __str__(self) -> str:
        return f"{self.probability!r}_{self.low}_{self.high}"


def place_of(pair: Pair) -> Place:
    """Where a pair stands."""
    return Place(pair.probability, pair.low_id, pair.high_id)


def read_place(text: str) -> Place | None:
    """A place from what `str` made of one; None for anything else."""
    probability, _sep, ids = text.partition("_")
    low, _sep, high = ids.partition("_")
    try:
        found = Place(float(probability), UUID(low), UUID(high))
    except ValueError:
        return None
    return found if 0 <= found.probability <= 1 else None


def open_pairs(
    place: Place | None = None, *, only: str = "", member: Member | None = None, back: bool = False, limit: int = 1
) -> list[Pair]:
    """Suggestions after `place` (before it with `back`, the nearest first), best first, as far as one may see both.

    What is one tree by now, was kept apart as trees, or is nobody in particular is none. `only`: `FILTERS`.
    """
    wanted = _wanted(only, member).order_by(*(_ORDER_BACK if back else _ORDER))
    kept: list[Pair] = []
    while len(kept) < limit:
        near = wanted if place is None else wanted.filter(_before(place) if back else _after(place))
        found = list(near[: max(_CHUNK, limit)])
        kept += _standing(found)
        if len(found) < max(_CHUNK, limit):
            break
        place = place_of(found[-1])
    return kept[:limit]


def is_open(ids: Ids) -> Pair | None:
    """The suggestion about these two, while it waits for a decision and one may see both."""
    found = Pair.objects.filter(low_id=ids[0], high_id=ids[1], state=PairState.OPEN)
    return next(iter(_standing(list(found))), None)


def count_open(only: str = "", member: Member | None = None, limit: int = COUNTED_MAX) -> int:
    """How many wait, as far as one may see them; counted no further than `limit`."""
    return len(_standing(list(_wanted(only, member).order_by(*_ORDER).defer("evidence")[:limit])))


def suggestions_for(rows: Sequence[UUID], limit: int = 5) -> list[Pair]:
    """What is suggested about one person (all rows of the tree), best first."""
    found = Pair.objects.filter(_about(rows), state=PairState.OPEN).order_by(*_ORDER)
    return _standing(list(found[: limit * 4]))[:limit]


def needs_second_look(pair: Pair) -> bool:
    """Whether it may be somebody who only took the name: never joined in one step."""
    flagged = IMPERSONATION in pair.flags or any(one.get("what") == IMPERSONATION for one in pair.evidence)
    return flagged and not pair.proved


def confirm(pair: Pair, actor: Member, *, into: UUID | None = None, knowingly: bool = False) -> Merge:
    """Join the two trees, with the suggestion's evidence. `into`: the side that stays, else `sides.staying` says.

    Raises Invalid where somebody else has decided, or where it takes a second, explicit step (`knowingly`).
    """
    with merging.alone(), scope.system():
        held = _held(pair, actor)
        if needs_second_look(held) and not knowingly:
            raise Invalid(
                _("This may be somebody who only took the name."),
                _("Join them only if you know that it is the same person, and say so."),
            )
        low, high = sides.roots(held.low_id, held.high_id)
        top, _below = sides.staying(low, high, into)
        rows = _rows(low), _rows(high)
        # By the rows of the suggestion, which the member sees; the top of a tree may be hidden from them.
        one, other = (held.low_id, held.high_id) if top == low else (held.high_id, held.low_id)
        made = merging.merge(one, other, actor, how="pair", evidence=held.pieces)
        _close(rows, PairState.JOINED, made.id, actor)
        _record("pair.confirmed", held, made.id, actor)
    return made


def refuse(pair: Pair, actor: Member | None) -> UUID:
    """Keep the two trees apart, for good; the id of the decision. Raises Invalid where somebody else has decided."""
    with merging.alone(), scope.system():
        held = _held(pair, actor)
        decision = new_id()
        _close((_rows(held.low_id), _rows(held.high_id)), PairState.REFUSED, decision, actor)
        _record("pair.refused", held, decision, actor)
    return decision


def reconsider(pair: Pair, actor: Member) -> None:
    """Take a decision back, with all that it closed. Raises Invalid where that is not possible any more."""
    with merging.alone(), scope.system():
        held = _locked((pair.low_id, pair.high_id))
        if held.state == PairState.OPEN:
            raise Invalid(_("There is nothing to take back: it waits for a decision."))
        decision = held.decision
        if held.state == PairState.JOINED:
            if decision is None or not Merge.objects.filter(id=decision, undone_at__isnull=True).exists():
                raise Invalid(_("These two were joined by another way."), _("Take them apart on the person’s page."))
            merging.unmerge(decision, actor, apart=False)
        together = Q(decision=decision) if decision else Q(low_id=held.low_id, high_id=held.high_id)
        Pair.objects.filter(together).update(state=PairState.OPEN, decision=None, decided_at=None, decided_by=None)
        _record("pair.reopened", held, decision, actor)


def are_apart(one: UUID, other: UUID) -> bool:
    """Whether somebody decided that these two trees are two people; asked in the system's scope."""
    first, second = sides.roots(one, other)
    return _between(first, second).filter(state=PairState.REFUSED).exists()


def pair_of(low: UUID, high: UUID) -> Pair:
    """The suggestion between two rows, decided or not. Raises NotVisible where there is none for the member."""
    found = Pair.objects.filter(low_id=low, high_id=high).select_related("low", "high").first()
    if found is None:
        raise NotVisible(_("There is no such suggestion."))
    return found


def _wanted(only: str, member: Member | None) -> QuerySet[Pair]:
    """Open pairs, from their table alone: joined with people, PostgreSQL would read all of both."""
    found = Pair.objects.filter(state=PairState.OPEN)
    if only == SURE:
        return found.filter(probability__gte=SURE_FROM, warned=False)
    if only == WARNED:
        return found.filter(warned=True)
    if only == MINE and member is not None:
        held = Person.objects.filter(holder=member).values_list("root", flat=True)[:_HELD_MAX]
        return found.filter(_about(list(Person.objects.filter(root__in=list(held)).values_list("id", flat=True))))
    return found


def _about(rows: Sequence[UUID]) -> Q:
    return Q(low_id__in=rows) | Q(high_id__in=rows)


def _standing(pairs: list[Pair]) -> list[Pair]:
    """Those of the pairs that are suggestions still, with their people: trees grow, people turn out to be nobody."""
    if not pairs:
        return []
    people = Person.objects.in_bulk({one for pair in pairs for one in (pair.low_id, pair.high_id)})
    kept = []
    for pair in pairs:
        low, high = people.get(pair.low_id), people.get(pair.high_id)
        if low is None or high is None or low.root == high.root:
            continue
        if not any(one.shared or one.erased_at for one in (low, high)):
            pair.low, pair.high = low, high
            kept.append(pair)
    apart = _apart({one.root for pair in kept for one in (pair.low, pair.high)})
    return [pair for pair in kept if frozenset((pair.low.root, pair.high.root)) not in apart]


def _apart(roots: Iterable[UUID | None]) -> set[frozenset[UUID]]:
    """Which of these trees were decided to be different people."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT low.root, high.root FROM people_person low
            JOIN people_pair p ON p.low_id = low.id AND p.state = 'refused'
            JOIN people_person high ON high.id = p.high_id AND high.root = ANY(%s::uuid[])
            WHERE low.root = ANY(%s::uuid[])""",
            [list(roots)] * 2,
        )
        return {frozenset(row) for row in cursor.fetchall()}


def _after(place: Place) -> Q:
    low, high = place.low, place.high
    equal = Q(probability=place.probability) & (Q(low_id__gt=low) | Q(low_id=low, high_id__gt=high))
    return Q(probability__lte=place.probability) & (Q(probability__lt=place.probability) | equal)


def _before(place: Place) -> Q:
    low, high = place.low, place.high
    equal = Q(probability=place.probability) & (Q(low_id__lt=low) | Q(low_id=low, high_id__lt=high))
    return Q(probability__gte=place.probability) & (Q(probability__gt=place.probability) | equal)


def _held(pair: Pair, actor: Member | None) -> Pair:
    """The suggestion, kept from others until the decision stands; what was decided in confidence is not told."""
    held = _locked((pair.low_id, pair.high_id))
    if held.state != PairState.OPEN:
        raise Invalid(_decided(held), _("Take that back first if it is wrong."))
    low, high = sides.roots(held.low_id, held.high_id)
    if low == high:
        raise Invalid(_("These two are joined already."))
    with merging.eyes(actor):
        if _between(held.low_id, held.high_id).filter(state=PairState.REFUSED).exists():
            raise Invalid(_("Somebody decided that these are two different people."), _("Take that back first."))
    return held


def _locked(ids: Ids) -> Pair:
    found = Pair.objects.select_for_update(of=("self",)).filter(low_id=ids[0], high_id=ids[1]).first()
    if found is None:
        raise NotVisible(_("There is no such suggestion."))
    return found


def _decided(pair: Pair) -> str:
    who = pair.decided_by.name if pair.decided_by else _("Somebody")
    if pair.state == PairState.JOINED:
        return _("%(name)s has joined these two already.") % {"name": who}
    return _("%(name)s has decided already that these are two people.") % {"name": who}


def _close(rows: tuple[list[UUID], list[UUID]], state: PairState, decision: UUID, actor: Member | None) -> None:
    """Every undecided suggestion between the two trees is decided by one decision."""
    waiting = _among(*rows).filter(decision__isnull=True).exclude(state=PairState.REFUSED)
    waiting.update(state=state, decision=decision, decided_at=now(), decided_by=actor)


def _rows(one: UUID) -> list[UUID]:
    return merging.rows_of(one)


def _between(one: UUID, other: UUID) -> QuerySet[Pair]:
    return _among(_rows(one), _rows(other))


def _among(some: Sequence[UUID], others: Sequence[UUID]) -> QuerySet[Pair]:
    return Pair.objects.filter(Q(low_id__in=some, high_id__in=others) | Q(low_id__in=others, high_id__in=some))


def _record(kind: str, pair: Pair, decision: UUID | None, actor: Member | None) -> None:
    """The log is told of the row that fewer know of: whoever knows only the other does not hear of it."""
    low, high = Person.objects.get(id=pair.low_id), Person.objects.get(id=pair.high_id)
    narrower = low if sides.knows_less(low, high) else high
    data: dict[str, Any] = {"person": str(narrower.id), "decision": str(decision or "")}
    events.record(kind, actor_id=actor.id if actor else None, data=data)
