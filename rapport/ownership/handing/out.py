"""The next from each queue goes to the best who is there and has room: once, however many workers do it at once."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import OperationalError

from rapport.conversations.models import Conversation, Status
from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership.asking import asks_of
from rapport.ownership.directory import company
from rapport.ownership.engine import TeamEntry
from rapport.ownership.handing import alone, queue
from rapport.ownership.handing.choosing import hand, with_one_more
from rapport.ownership.handing.giving import Given, give
from rapport.ownership.handing.queue import Before, Waiting
from rapport.ownership.models import How
from rapport.ownership.versions import in_force
from rapport.ownership.within.values import Ask, Choice, MemberLoad
from rapport.staff.models import Team

ALL_GAVE_IT_BACK = "everyone with room gave it back before"
_AT_ONCE = 25
_LOOKED_AT = 200
_log = logging.getLogger(__name__)


def hand_out() -> int:
    """Hand out what waits in any queue, as far as there is room now; how many that were."""
    with scope.system():
        waiting = queue.teams_waiting()
    return sum(_tried(team_id) for team_id in sorted(waiting))


def _tried(team_id: UUID) -> int:
    try:
        return _hand_out(team_id)
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - one team's fault must not hold up what waits in all others
        _log.exception("what waits for a team could not be handed out")
        return 0


def why_waiting(entry: TeamEntry) -> str:
    """Why the head of this team's queue is not given to anybody now; empty where it would be."""
    choice = hand(entry.members)
    return "" if choice.member else choice.reason


def _somebody(entry: TeamEntry) -> bool:
    """Whether anybody can be given anything: who is there with room, or for what is urgent who is on call."""
    return not why_waiting(entry) or any(one.on_call for one in entry.members)


def _hand_out(team_id: UUID) -> int:
    done = 0
    while given := _some(team_id):
        done += given
        if given < _AT_ONCE:
            break
    return done


def _some(team_id: UUID) -> int:
    """Up to _AT_ONCE of one queue, in one transaction; other workers wait, and then see what was given."""
    with scope.system():
        alone.one_at_a_time()
        team = Team.objects.filter(id=team_id, is_active=True).first()
        at = now()
        here = company(at, with_members=True, weighing=True, weights=in_force()[1].weights)
        entry = here.directory.teams.get(team.slug) if team else None
        if team is None or entry is None or not _somebody(entry):
            return 0
        behind, given = 0, 0
        while not given and (waiting := queue.waiting(team, _LOOKED_AT, behind)):
            given, goes_on = _given_out(waiting, team, entry.members, at)
            if not goes_on:
                break
            behind += len(waiting)
        return given


def _given_out(
    waiting: Sequence[Waiting], team: Team, members: tuple[MemberLoad, ...], at: datetime
) -> tuple[int, bool]:
    """How many were given; and whether to look at what stands behind these, as nobody lacked room for any."""
    before = queue.had_before(one.id for one in waiting)
    found = Conversation.objects.filter(id__in=[one.id for one in waiting])
    asks = asks_of(found.select_related("person__holder", "channel"))
    given = 0
    for one in waiting:
        ask = asks.get(one.id, Ask())
        had = before.get(one.id, Before())
        choice = choice_for(members, had, ask)
        if choice.member is None:
            if had.back:
                continue
            return given, False
        if _taken(one.id, team, choice, ask.weight):
            members = with_one_more(members, choice.member.id, at, ask.weight)
            given += 1
        if given == _AT_ONCE:
            return given, False
    return given, True


def choice_for(members: tuple[MemberLoad, ...], before: Before, ask: Ask | None = None) -> Choice:
    """The best of the members, but none of those who gave it back; who had it within the day if nobody else can."""
    choice = hand([one for one in members if one.id not in before.back], ask, had=before.lately)
    if choice.member is None and before.back and hand(members, ask).member is not None:
        return replace(choice, reason=ALL_GAVE_IT_BACK)
    return choice


def _taken(conversation_id: UUID, team: Team, choice: Choice, weight: float) -> bool:
    """Give it, unless somebody has it in hand at this moment, or was quicker."""
    found = Conversation.objects.select_for_update(skip_locked=True, of=("self",)).select_related("owner_team")
    one = found.filter(
        id=conversation_id, owner_team=team, owner_member__isnull=True, status=Status.OPEN, snoozed=False,
        merged_into__isnull=True,
    ).first()  # fmt: skip
    if one is None or choice.member is None:
        return False
    give(one, Given(choice.member.id, choice.reason, How.QUEUE, weight))
    return True
