"""People, handles and suggestions for tests of who is who."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rapport.core import scope
from rapport.core.clock import now
from rapport.people.models import Handle, Pair, Person

EVERYONE = UUID(int=1)
NAME = {"what": "same_name", "sign": "+", "points": 4.0, "a": "Ann Ex", "b": "ann ex"}
PHONE = {"what": "different_phone", "sign": "-", "points": -5.0, "a": "+49301", "b": "+49302"}
FAKE = {"what": "impersonation", "sign": "-", "points": 0.0, "a": "Ann Ex", "b": "@ann@social.example"}


def person(name: str, *handles: str, audience: Sequence[UUID] = (EVERYONE,), how: str = "", **more: Any) -> Person:
    """Somebody with handles as "kind:value", all verified `how` if that is given."""
    with scope.system():
        made = Person.objects.create(name=name, audience=list(audience), **more)
        for one in handles:
            kind, _sep, value = one.partition(":")
            Handle.objects.create(
                kind=kind, value=value, written=value, person=made, verified_how=how,
                verified_at=now() if how else None,
            )  # fmt: skip
    return made


def pair(one: Person, other: Person, probability: float = 0.9, *evidence: Any, **more: Any) -> Pair:
    """A suggestion about two."""
    low, high = sorted((one, other), key=lambda p: p.id)
    with scope.system():
        return Pair.objects.create(
            low=low, high=high, probability=probability, evidence=list(evidence) or [NAME], **more
        )


def root_of(one: Person) -> UUID:
    """The top of a person's tree, whoever may see it."""
    with scope.system():
        return UUID(str(Person.objects.values_list("root", flat=True).get(id=one.id)))


def state_of(one: Pair) -> str:
    """What became of a suggestion."""
    with scope.system():
        return str(Pair.objects.values_list("state", flat=True).get(low_id=one.low_id, high_id=one.high_id))
