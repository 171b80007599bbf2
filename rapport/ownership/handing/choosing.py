"""To whom something is handed now: the one place that asks which member, and keeps to the order of the queue. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from rapport.ownership.assign import Choice, MemberLoad, choose

OTHERS_WAIT = "others wait in the team’s queue before it"
JUST_GIVEN = "everyone with room was given as many as they get at once a moment ago"


def hand(members: Sequence[MemberLoad], *, others_wait: bool = False) -> Choice:
    """The best of `members`; of those who were just given as many as they get at once (`at_once` 0) nobody.

    `others_wait`: the team has a queue, and what comes now stands behind it.
    """
    if others_wait:
        return Choice(None, OTHERS_WAIT)
    choice = choose([one for one in members if one.at_once is None or one.at_once > 0])
    if choice.member is not None:
        return choice
    anybody = choose(members)
    return Choice(None, JUST_GIVEN) if anybody.member is not None else anybody


def with_one_more(members: Sequence[MemberLoad], member_id: UUID, at: datetime) -> tuple[MemberLoad, ...]:
    """The members as they are once this one has one conversation more."""
    return tuple(one_more(one, at) if one.id == member_id else one for one in members)


def one_more(member: MemberLoad, at: datetime) -> MemberLoad:
    """The member with one conversation more, given at `at`."""
    left = None if member.at_once is None else max(0, member.at_once - 1)
    return replace(member, open_count=member.open_count + 1, last_assigned_at=at, at_once=left)
