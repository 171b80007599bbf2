"""Addresses that several people use, said by members; and handles that a member or a file says are somebody's."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.people import merging, vouching
from rapport.people.directory.handles import Taken, add_handle, already, normalised
from rapport.people.models import Handle, Person
from rapport.people.proofs import Key
from rapport.people.roles import several_names
from rapport.staff.models import Member
from rapport.staff.rights import WRITE

_RECORD_POINTS = 6.0


def mark(key: Key, actor: Member, shared: bool) -> None:
    """Say that several people use an address, or that it is one person's own after all.

    A row of which every address is shared is nobody in particular, and is neither matched nor joined. Raises
    NotVisible, NotAllowed, and Invalid where the row is joined with others: that is to be taken apart first.
    """
    _may_change(actor)
    if not Handle.objects.filter(kind=key[0], value=key[1]).exists():
        raise NotVisible(_("There is no such address."))
    with merging.alone(), scope.system():
        handle = Handle.objects.get(kind=key[0], value=key[1])
        if handle.shared == shared:
            return
        others = Handle.objects.filter(person_id=handle.person_id).exclude(kind=key[0], value=key[1])
        nobody = shared and not others.filter(shared=False).exists()
        if nobody and len(merging.rows_of(handle.person_id)) > 1:
            raise Invalid(
                _("This address is joined with a person."), _("Take them apart first; then say that it is shared.")
            )
        Handle.objects.filter(kind=key[0], value=key[1]).update(shared=shared)
        Person.objects.filter(id=handle.person_id).update(shared=nobody, matched_at=None)
        data = {"person": str(handle.person_id), "shared": shared}
        events.record("handle.shared", actor_id=actor.id, data=data)


def names_used(names: Iterable[str]) -> list[str]:
    """The names of different people with which one address signed; empty where it may all be one person."""
    counted = Counter(name.strip() for name in names if name.strip())
    return several_names(name for name, count in counted.items() for _ in range(count))


def claim(person_id: UUID, key: Key, actor: Member) -> bool:
    """Say that an address is a person's: True where it is theirs from now on, False where it was already.

    One that is somebody else's never moves: both are suggested to be one human being, and Invalid says so.
    """
    _may_change(actor)
    kind, value = key[0], normalised(*key)
    rows = merging.rows_of(person_id)
    if not rows:
        raise NotVisible(_("There is no such person."))
    with merging.alone():
        there, owner = _standing(kind, value, actor)
        if there is None or owner is None:
            with scope.member(actor.id):
                add_handle(rows[0], kind, key[1], actor)
            return True
        with scope.system():
            if there.person_id in merging.rows_of(person_id):
                return False
            _suggest(rows[0], there)
    raise Invalid(
        already(Taken(owner)),
        _("It stays theirs. That the two may be one person stands among the suggestions now.")
        if not there.shared else _("It stays where it is."),
    )  # fmt: skip


def _standing(kind: str, value: str, actor: Member) -> tuple[Handle | None, Person | None]:
    """The handle as it is, and whose, as far as the member may know: one known in confidence is nobody's to them."""
    with scope.system():
        there = Handle.objects.filter(kind=kind, value=value).first()
    with scope.member(actor.id):
        return there, Person.objects.filter(id=there.person_id).first() if there else None


def _suggest(row: UUID, there: Handle) -> None:
    if there.shared:
        return
    piece = {"what": "same_record", "sign": "+", "points": _RECORD_POINTS, "a": there.value, "b": there.value}
    vouching.suggest(row, there.person_id, [piece])


def _may_change(actor: Member) -> None:
    if actor.role not in WRITE or not actor.is_active:
        raise NotAllowed(_("You may read, but not change, people."), _("Ask an administrator for another role."))
