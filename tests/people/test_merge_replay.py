"""Any sequence of merges, un-merges and releases, with mails arriving in between, ends where its replay ends."""

import random
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Message
from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.core.models import Event
from rapport.people import merging
from rapport.people.models import CustomField, Handle, Merge, Person, Release
from rapport.people.replay import Kept, Made, Met, State, acts_of_log, replay
from rapport.people.trees import EVERYONE
from rapport.staff.models import Member, Membership, Role, Team
from tests.inbound.post import deliver, letter

_HANDLES = [f"p{number}@place{number % 3}.example" for number in range(7)]
_FIELDS = ("name", "language", "time_zone", "role", "preferred", "note")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "say", "merge", "merge", "merge", "unmerge", "unmerge", "release", "return"]),
        st.integers(0, 11), st.integers(0, 11),
    ),
    min_size=20, max_size=40,
)  # fmt: skip


class World:
    """A directory of seven, of whom some are known in part, and one only to HR; and all that happens to it."""

    def __init__(self) -> None:
        self.hr = Team.objects.create(name="HR", slug="hr", is_open=False, confidential=True)
        Team.objects.create(name="Service", slug="service")
        self.actor = Member.objects.create_user("ann@company.example", None, name="Ann", role=Role.AGENT)
        Membership.objects.create(member=self.actor, team=self.hr)
        self.channel = Channel.objects.create(name="Post", kind="email", address="support@rapport.example")
        CustomField.objects.create(key="size", label="Size")
        self.made: dict[UUID, Made] = {}
        self.began: list[Any] = []
        self.first: dict[UUID, Made] = {}
        for number, address in enumerate(_HANDLES[:6]):
            self._person(number, address)

    def _person(self, number: int, address: str) -> None:
        chosen = random.Random(number)
        values = {name: f"{name[:3]}{number}" if chosen.random() < 0.4 else "" for name in _FIELDS}
        fields = {"size": number} if number % 2 else {"size": ""} if number == 4 else {}
        audience = [self.hr.id] if number == 3 else [EVERYONE]
        row = Person.objects.create(**values, fields=fields, audience=audience)
        Handle.objects.create(kind="email", value=address, person=row)
        self.began += [self._as_made(row), Met(("email", address), row.id)]

    def _as_made(self, row: Person) -> Made:
        self.made[row.id] = Made(row.id, merging._values(row), EVERYONE in row.audience)
        return self.made[row.id]

    def take(self, step: tuple[str, int, int]) -> None:
        """One step, where it can be taken."""
        verb, one, other = step
        try:
            with transaction.atomic():
                getattr(self, verb)(one, other)
        except Invalid:
            pass

    def say(self, one: int, _other: int) -> None:
        # What only HR knows stays so: a mail of theirs would be read by all.
        address = _HANDLES[one % len(_HANDLES)]
        if one % len(_HANDLES) != 3:
            deliver(self.channel, letter(sender=f"Somebody <{address}>"))
        for row in Person.objects.exclude(id__in=self.made):
            message = Message.objects.get(person=row)
            self.first[message.id] = self._as_made(row)

    def merge(self, one: int, other: int) -> None:
        rows = list(Person.objects.order_by("id").values_list("id", flat=True))
        merging.merge(rows[one % len(rows)], rows[other % len(rows)], self.actor, although_refused=True)

    def unmerge(self, one: int, _other: int) -> None:
        standing = list(Merge.objects.filter(undone_at=None).order_by("id").values_list("id", flat=True))
        if standing:
            merging.unmerge(standing[one % len(standing)], self.actor)

    def release(self, one: int, _other: int) -> None:
        handles = list(Handle.objects.order_by("value"))
        if handles and handles[one % len(handles)].value != _HANDLES[3]:
            merging.release(handles[one % len(handles)], self.actor)

    def __getattr__(self, name: str) -> Any:
        if name != "return":
            raise AttributeError(name)
        return self._return

    def _return(self, one: int, _other: int) -> None:
        gone = list(Release.objects.filter(undone_at=None).order_by("id").values_list("id", flat=True))
        if gone:
            merging.take_release_back(gone[one % len(gone)], self.actor)

    def replayed(self) -> State:
        """What must be, by the log."""
        said = {m.id: ("email", m.recipients["from"][0][1]) for m in Message.objects.all()}
        kept = Kept(
            {m.id: (m.child_id, m.into_id) for m in Merge.objects.all()},
            {r.id: (r.kind, r.value) for r in Release.objects.all()}, said, self.first,
        )  # fmt: skip
        lines = Event.objects.order_by("id").values_list("kind", "data")
        return replay([*self.began, *acts_of_log(lines, kept)])

    def check(self) -> None:
        """The database is as the replay says."""
        state = self.replayed()
        roots = state.roots
        for row in Person.objects.all():
            assert row.merged_into == state.parents.get(row.id)
            assert (row.root, row.top or row.id) == (roots[row.id], roots[row.id])
            assert merging._values(row) == state.values(row.id)
        assert {(h.kind, h.value): h.person_id for h in Handle.objects.all()} == state.handles
        assert dict(Message.objects.values_list("id", "person_id")) == state.messages
        assert all(c.person_id in {m.person_id for m in c.messages.all()} for c in Conversation.objects.all())


@pytest.mark.django_db
@settings(max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(STEPS, st.randoms(use_true_random=False))
def test_merges_and_unmerges_end_where_the_log_says_and_all_of_them_can_be_taken_back(
    steps: list[tuple[str, int, int]], chance: random.Random
) -> None:
    with transaction.atomic():
        with scope.system():
            world = World()
            for step in steps:
                world.take(step)
            world.check()
            standing = list(Merge.objects.filter(undone_at=None).values_list("id", flat=True))
            chance.shuffle(standing)
            for merge in standing:
                merging.unmerge(merge, world.actor)
            world.check()
            for row in Person.objects.all():
                assert (row.merged_into, row.top) == (None, None)
                assert merging._values(row) == world.made[row.id].values
        transaction.set_rollback(True)
