"""Putting people together and taking them apart again; what a merge is, says `models.Person`.

Whoever merges must see both. Nothing becomes visible by it: each row stays behind its own wall, and only what everybody
may know of the lower row is written into blanks of the upper one. All merges wait for one lock, and so see each other's
trees as they are: two that cross cannot make a circle.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible, RapportError
from rapport.core.ids import new_id
from rapport.people import filling
from rapport.people.filling import Below, Filled, Values, descendants
from rapport.people.models import Merge, Pair, PairState, Person
from rapport.people.releasing import release, take_release_back
from rapport.people.trees import EVERYONE, root_of, rows_of
from rapport.staff.models import Member
from rapport.staff.rights import WRITE

__all__ = [
    "Effect", "Row", "alone", "eyes", "merge", "merge_many", "merges_of", "preview", "release", "root_of", "rows_of",
    "take_release_back", "unmerge",
]  # fmt: skip

MERGED, UNMERGED = "person.merged", "person.unmerged"
_AT_ONCE = 50
#: The name of the lock of all merges ("people" as a number).
_LOCK = 0x70656F706C65

Row = Person | UUID
"""A person, or the id of one of their rows."""


@dataclass(frozen=True)
class Effect:
    """What merging would do: `below` comes under `above`, with so many rows each; or (`refused`) why it cannot be done.

    `fills`: the values that `above` gets, by field. `only_below`: some who see `below` do not see `above`, and go on
    seeing it alone; `only_above` the other way round. `kept_apart`: somebody decided that they are two people.
    """

    above: Person | None = None
    below: Person | None = None
    rows_above: Sequence[UUID] = ()
    rows_below: Sequence[UUID] = ()
    fills: Values = field(default_factory=dict)
    only_above: bool = False
    only_below: bool = False
    kept_apart: bool = False
    refused: str = ""


def merge(
    into: Row, child: Row, actor: Member | None, how: str = "hand", evidence: Iterable[Any] = (),
    *, although_refused: bool = False,
) -> Merge:  # fmt: skip
    """Put the person of `child` under the person of `into`; without an actor, Rapport does it by itself.

    Where the row above `child` may not be seen by the actor, it is the other way round: what one does not see is not
    moved; where the rows above both may not be, that of `child` comes along, since a refusal would tell of it. Raises
    NotVisible, NotAllowed, and Invalid where they are one already, were kept apart as far as the actor sees, are no two
    persons, or one was erased; then nothing has happened.
    """
    _may_change(actor)
    with alone():
        above, below = _ends(_id(into), _id(child), actor)
        kept_apart = _checked(above, below, actor, although_refused)
        with scope.system():
            below = Person.objects.get(id=below.root)
            made = Merge.objects.create(
                child=below, into=above, how=how, evidence=list(evidence), member=actor, although_refused=kept_apart
            )
            _settle_pairs(above, below, actor)
            _locked(above.root, below.root)
            Person.objects.filter(root=below.id).update(top=above.root)
            Person.objects.filter(id=below.id).update(merged_into=above.id)
            _settle(above.id)
            _record(MERGED, made, above, below, actor)
            made.refresh_from_db(fields=["filled"])
    return made


def merge_many(into: Row, children: Sequence[Row], actor: Member) -> list[Merge]:
    """Put several people under one, all or none; those that are one with it already are left out. Raises as `merge`."""
    wanted = [one for one in dict.fromkeys(map(_id, children)) if one != _id(into)]
    if not wanted:
        raise Invalid(_("A person cannot be merged with themselves."), _("Choose another."))
    if len(wanted) > _AT_ONCE:
        raise Invalid(_("These are too many to merge at once."), _("Choose fewer."))
    with transaction.atomic(), events.batch(new_id()):
        return [merge(into, one, actor) for one in wanted if one not in set(rows_of(_id(into)))]


def unmerge(merge_id: UUID, actor: Member | None, *, apart: bool = True) -> Merge:
    """Take a merge back: the row and all that stands under it are a person of their own again, as they were before.

    What has arrived since stays on the row whose handle it came by. `apart`: they are two people, and are not suggested
    again. Raises NotVisible for a merge that is neither seen nor one's own, NotAllowed, Invalid where it was taken back
    already.
    """
    _may_change(actor)
    with alone():
        with eyes(actor):
            is_seen = Merge.objects.filter(id=merge_id).exists()
        with scope.system():
            made = Merge.objects.select_related("child", "into").filter(id=merge_id).first()
        if made is None or not (is_seen or (actor is not None and made.member_id == actor.id)):
            raise NotVisible(_("There is no such merge."))
        if made.undone_at is not None:
            raise Invalid(_("This was taken apart already."))
        with scope.system():
            _locked(made.child.root)
            _detach(made.child)
            made.undone_at, made.undone_by = now(), actor
            made.save(update_fields=["undone_at", "undone_by"])
            _settle(made.into_id, without=made)
            _reopen_pairs(made, actor, apart)
            _record(UNMERGED, made, made.into, made.child, actor)
    return made


def preview(into: Row, child: Row, actor: Member) -> Effect:
    """What merging would do, before it is done; changes nothing."""
    try:
        _may_change(actor)
        above, below = _ends(_id(into), _id(child), actor)
        kept_apart = _checked(above, below, actor, although_refused=True)
        is_told = _is_open(below) and below.merged_into is None
        values = _values(below) if is_told else {}
        fills = {name: after for name, (_before, after) in filling.missing(_values(above), values).items()}
        return Effect(
            above, below, rows_of(above.id), rows_of(below.id), fills, only_above=not _covers(below, above),
            only_below=not _covers(above, below), kept_apart=kept_apart,
        )  # fmt: skip
    except RapportError as error:
        return Effect(refused=f"{error.message} {error.hint}".strip())


def merges_of(person: Person) -> list[Merge]:
    """The merges that made this person, the latest first, as far as one may see them."""
    found = Merge.objects.filter(child__root=person.root, undone_at=None).select_related("child", "into", "member")
    return list(found.order_by("-at", "-id"))


def _id(row: Row) -> UUID:
    return row.id if isinstance(row, Person) else row


def _may_change(actor: Member | None) -> None:
    if actor is not None and (actor.role not in WRITE or not actor.is_active):
        raise NotAllowed(_("You may read, but not change, people."), _("Ask an administrator for another role."))


def eyes(actor: Member | None) -> AbstractContextManager[None]:
    """What the actor sees; without one, everything."""
    return scope.member(actor.id) if actor else scope.system()


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else changes a tree, or decides about one, until the transaction ends: the lock of all merges."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield


def _ends(into: UUID, child: UUID, actor: Member | None) -> tuple[Person, Person]:
    """The row that the other comes under, and the other: each the one by which the actor is shown its tree."""
    if into == child:
        raise Invalid(_("A person cannot be merged with themselves."), _("Choose another."))
    with eyes(actor):
        above, below = (Person.objects.filter(id=root_of(one)).first() for one in (into, child))
    if above is None or below is None:
        raise NotVisible(_("There is no such person."))
    if above.root == below.root:
        raise Invalid(_("These are one person already."), _("Choose another."))
    return (below, above) if below.merged_into and not above.merged_into else (above, below)


def _checked(above: Person, below: Person, actor: Member | None, although_refused: bool) -> bool:
    """Whether somebody kept them apart, as far as the actor may know. Raises Invalid where they may not be merged."""
    for one in (above, below):
        if one.erased_at is not None:
            raise Invalid(_("One of them was erased."), _("What is left of them belongs to nobody."))
    if above.shared != below.shared:
        shared = above if above.shared else below
        raise Invalid(
            _("%(name)s is nobody in particular: several people write from it.") % {"name": shared.called or "?"},
            _("Say first that it is one person’s own, if it is."),
        )
    with eyes(actor):
        kept_apart = Pair.objects.filter(_between(above, below), state=PairState.REFUSED).exists()
    if kept_apart and not although_refused:
        raise Invalid(
            _("Somebody decided that these are two different people."),
            _("Merge them all the same only if you are sure."),
        )
    return kept_apart


def _between(above: Person, below: Person) -> Q:
    """Pairs between the two trees, as far as they are seen."""
    here = list(Person.objects.filter(root=above.root).values_list("id", flat=True))
    there = list(Person.objects.filter(root=below.root).values_list("id", flat=True))
    return Q(low_id__in=here, high_id__in=there) | Q(low_id__in=there, high_id__in=here)


def _settle_pairs(above: Person, below: Person, actor: Member | None) -> None:
    """What was suggested between the two is decided."""
    pairs = Pair.objects.filter(_between(above, below), state=PairState.OPEN)
    pairs.update(state=PairState.JOINED, decided_at=now(), decided_by=actor)


def _reopen_pairs(made: Merge, actor: Member | None, apart: bool) -> None:
    above, below = Person.objects.get(id=made.into_id), Person.objects.get(id=made.child_id)
    joined = Pair.objects.filter(_between(above, below), state=PairState.JOINED)
    if not apart:
        joined.update(state=PairState.OPEN, decided_at=None, decided_by=None)
        return
    joined.update(state=PairState.REFUSED, decided_at=now(), decided_by=actor)
    low, high = sorted((made.into_id, made.child_id))
    decided = {"state": PairState.REFUSED, "decided_at": now(), "decided_by": actor}
    Pair.objects.update_or_create(
        low_id=low, high_id=high, defaults=decided, create_defaults=decided | {"probability": 0.0, "model": "hand"}
    )


def _locked(*roots: UUID) -> None:
    """The rows of the trees, locked in one order; in a way that lets messages of theirs be stored meanwhile."""
    rows = Person.objects.select_for_update(no_key=True).filter(root__in=roots).order_by("id")
    list(rows.values_list("id", flat=True))


def _detach(child: Person) -> None:
    rows = list(Person.objects.filter(root=child.root).values_list("id", "merged_into"))
    Person.objects.filter(id=child.id).update(merged_into=None, top=None)
    Person.objects.filter(id__in=descendants(child.id, rows)).update(top=child.id)


def _covers(above: Person, below: Person) -> bool:
    """Whether everybody who may know of `below` may know of `above`."""
    return EVERYONE in above.audience or set(below.audience) <= set(above.audience)


def _is_open(row: Person) -> bool:
    """Whether its values may be passed on: those of a row that not all know of could become known by another's."""
    return EVERYONE in row.audience


def _settle(row_id: UUID | None, without: Merge | None = None) -> None:
    """Fill the blanks of a row, and of those above it, anew from the rows under them; `without` was taken back."""
    while row_id is not None:
        row = Person.objects.get(id=row_id)
        standing = Merge.objects.filter(into=row_id).select_related("child").order_by("at", "id")
        merges = list(standing.filter(Q(undone_at=None) | Q(id=without.id if without else None)))
        gone = without.id if without else None
        below = [Below(_values(m.child), _is_open(m.child) and m.id != gone, m.filled) for m in merges]
        values, filled = filling.settled(_values(row), below)
        _write(row, values)
        for one, taken in zip(merges, filled, strict=True):
            _keep(one, taken if one.id != gone else one.filled)
        row_id, without = row.merged_into, None


def _keep(one: Merge, filled: Filled) -> None:
    if one.filled != filled:
        one.filled = filled
        one.save(update_fields=["filled"])


def _values(row: Person) -> Values:
    """A row's values as `filling` has them."""
    plain = {name: getattr(row, name) for name in filling.FIELDS}
    told = {name: "" if value is None else str(value) for name, value in plain.items()}
    return told | {f"{filling.CUSTOM}{key}": value for key, value in row.fields.items()}


def _write(row: Person, values: Values) -> None:
    changed = {name: values[name] for name in filling.FIELDS if values[name] != _values(row)[name]}
    for name, value in changed.items():
        setattr(row, name, (value or None) if name.endswith("_id") else value)
    cut = len(filling.CUSTOM)
    fields = {name[cut:]: value for name, value in values.items() if name.startswith(filling.CUSTOM)}
    if changed or fields != row.fields:
        row.fields = fields
        row.save(update_fields=[*changed, "fields"])


def _record(kind: str, made: Merge, above: Person, below: Person, actor: Member | None) -> None:
    """The line in the log is for those who may know of the row that fewer know of; it names no other."""
    narrower = below if _covers(above, below) else above if _covers(below, above) else below
    events.record(kind, actor_id=actor.id if actor else None, data={"person": str(narrower.id), "merge": str(made.id)})
