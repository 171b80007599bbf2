"""To whom something is handed now: the one place that asks which member, and keeps to the order of the queue. Pure."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from rapport.ownership.within.choosing import choose
from rapport.ownership.within.values import Ask, Choice, MemberLoad

OTHERS_WAIT = "others wait in the team’s queue before it"
JUST_GIVEN = "everyone with room was given as many as they get at once a moment ago"
#: Ways that mean one member, whatever the others have: no queue stands before them.
_ONE = ("holder", "on_call")


def hand(
    members: Sequence[MemberLoad], ask: Ask | None = None, *, others_wait: bool = False, had: Collection[UUID] = ()
) -> Choice:
    """Whom of `members` to give it to; of those who were just given as many as they get at once (`at_once` 0) nobody.

    Without a way in `ask` it is the one with the most room. `others_wait`: the team has a queue, and what comes now
    stands behind it. Of those who `had` it a while ago nobody is chosen while another can take it.
    """
    return others_first(members, had, lambda some: _hand(some, ask, others_wait))


def others_first(
    members: Sequence[MemberLoad], had: Collection[UUID], way: Callable[[Sequence[MemberLoad]], Choice]
) -> Choice:
    """The choice by any way among those who have not `had` it lately; where none of them can take it, among all."""
    others = [one for one in members if one.id not in had]
    if len(others) < len(members) and (choice := way(others)).member is not None:
        return choice
    return way(members)


def _hand(members: Sequence[MemberLoad], ask: Ask | None, others_wait: bool) -> Choice:
    wanted = ask or Ask()
    wanted = wanted if ask and wanted.how else replace(wanted, how="load")
    if wanted.how in _ONE:
        return choose(members, wanted)
    if others_wait:
        return Choice(None, OTHERS_WAIT)
    choice = choose([one for one in members if one.at_once is None or one.at_once > 0], wanted)
    if choice.member is not None:
        return choice
    anybody = choose(members, wanted)
    return replace(anybody, member=None, reason=JUST_GIVEN) if anybody.member is not None else anybody


def with_one_more(
    members: Sequence[MemberLoad], member_id: UUID, at: datetime, weight: float = 1
) -> tuple[MemberLoad, ...]:
    """The members as they are once this one was given a conversation of this weight at `at`."""
    return tuple(one.with_more(weight, at) if one.id == member_id else one for one in members)
