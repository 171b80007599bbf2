"""What members decide about suggestions: these two are one human being, or are not; and taking either back.

A decision is about whole trees: every suggestion between the two is closed by it, and opened again when it is taken
back. Of two members who decide at once, one is told what the other decided.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
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
_COUNTED_MAX = 1_000

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
    found = _waiting(only, member)
    if place is not None:
        found = found.filter(_before(place) if back else _after(place))
    order = ("probability", "-low_id", "-high_id") if back else ("-probability", "low_id", "high_id")
    return list(found.select_related("low", "high").order_by(*order)[:limit])


def is_open(ids: Ids) -> Pair | None:
    """The suggestion about these two, while it waits for a decision and one may see both."""
    return _waiting("", None).filter(low_id=ids[0], high_id=ids[1]).select_related("low", "high").first()


def count_open(only: str = "", member: Member | None = None) -> int:
    """How many wait, as far as one may see them; counted no further than a thousand."""
    return _waiting(only, member).order_by("-probability").values("low_id")[:_COUNTED_MAX].count()


def suggestions_for(rows: Sequence[UUID], limit: int = 5) -> list[Pair]:
    """What is suggested about one person (all rows of the tree), best first."""
    found = _waiting("", None).filter(Q(low_id__in=rows) | Q(high_id__in=rows))
    return list(found.select_related("low", "high").order_by("-probability", "low_id", "high_id")[:limit])


def needs_second_look(pair: Pair) -> bool:
    """Whether it may be somebody who only took the name: never joined in one step."""
    return IMPERSONATION in pair.flags or any(one.get("what") == IMPERSONATION for one in pair.evidence)


def confirm(pair: Pair, actor: Member, *, into: UUID | None = None, knowingly: bool = False) -> Merge:
    """Join the two trees, with the suggestion's evidence. `into`: the side that stays, else `sides.staying` says.

    Raises Invalid where somebody else has decided, or where it takes a second, explicit step (`knowingly`).
    """
    with alone(), scope.system():
        held = _held(pair)
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
        made = merging.merge(one, other, actor, how="pair", evidence=held.evidence)
        _close(rows, PairState.JOINED, made.id, actor)
        _record("pair.confirmed", held, made.id, actor)
    return made


def refuse(pair: Pair, actor: Member | None) -> UUID:
    """Keep the two trees apart, for good; the id of the decision. Raises Invalid where somebody else has decided."""
    with alone(), scope.system():
        held = _held(pair)
        decision = new_id()
        _close((_rows(held.low_id), _rows(held.high_id)), PairState.REFUSED, decision, actor)
        _record("pair.refused", held, decision, actor)
    return decision


def reconsider(pair: Pair, actor: Member) -> None:
    """Take a decision back, with all that it closed. Raises Invalid where that is not possible any more."""
    with alone(), scope.system():
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


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else decides about anybody, or changes a tree, until the transaction ends: the lock of all merges."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [merging._LOCK])
        yield


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


def _waiting(only: str, member: Member | None) -> QuerySet[Pair]:
    open_ones = Pair.objects.filter(
        state=PairState.OPEN, low__shared=False, high__shared=False, low__erased_at__isnull=True,
        high__erased_at__isnull=True,
    )  # fmt: skip
    found = (
        open_ones.exclude(low__root=F("high__root")).exclude(_refused("low", "high")).exclude(_refused("high", "low"))
    )
    if only == SURE:
        found = found.filter(probability__gte=SURE_FROM, flags=[]).exclude(evidence__contains=[{"sign": "-"}])
    elif only == WARNED:
        found = found.filter(~Q(flags=[]) | Q(evidence__contains=[{"sign": "-"}]))
    elif only == MINE and member is not None:
        held = Person.objects.filter(holder=member)
        found = found.filter(
            Exists(held.filter(root=OuterRef("low__root"))) | Exists(held.filter(root=OuterRef("high__root")))
        )
    return found


def _refused(low: str, high: str) -> Exists:
    """Whether a pair between the same two trees was refused: trees grow, and what is refused is refused for all."""
    return Exists(
        Pair.objects.filter(
            state=PairState.REFUSED, low__root=OuterRef(f"{low}__root"), high__root=OuterRef(f"{high}__root")
        )
    )


def _after(place: Place) -> Q:
    low, high = place.low, place.high
    equal = Q(probability=place.probability) & (Q(low_id__gt=low) | Q(low_id=low, high_id__gt=high))
    return Q(probability__lte=place.probability) & (Q(probability__lt=place.probability) | equal)


def _before(place: Place) -> Q:
    low, high = place.low, place.high
    equal = Q(probability=place.probability) & (Q(low_id__lt=low) | Q(low_id=low, high_id__lt=high))
    return Q(probability__gte=place.probability) & (Q(probability__gt=place.probability) | equal)


def _held(pair: Pair) -> Pair:
    """The suggestion, kept from others until the decision stands."""
    held = _locked((pair.low_id, pair.high_id))
    if held.state != PairState.OPEN:
        raise Invalid(_decided(held), _("Take that back first if it is wrong."))
    low, high = sides.roots(held.low_id, held.high_id)
    if low == high:
        raise Invalid(_("These two are joined already."))
    if _between(low, high).filter(state=PairState.REFUSED).exists():
        raise Invalid(
            _("It was decided that these two are different people."), _("Take that back first if it is wrong.")
        )
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
