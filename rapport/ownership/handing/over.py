"""Handing over at the end of a shift or when an absence begins: planned, done by hand or by the worker, taken back."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError
from django.db.models import F

from rapport.conversations.actions import locked, may_change
from rapport.conversations.models import Conversation, Status
from rapport.core import bulk, events, scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.ownership.directory import company
from rapport.ownership.handing import alone, planning, queue, roster, shifts
from rapport.ownership.handing.giving import Given, give
from rapport.ownership.handing.planning import Candidate, Held, Move
from rapport.ownership.handing.roster import Post
from rapport.ownership.models import How, ShiftEnd, Turn
from rapport.ownership.service import weights_of
from rapport.ownership.versions import in_force
from rapport.staff.models import HandOver, Member, TakenBy, Team

SUGGESTED = "handover.suggested"
LEAD = timedelta(minutes=30)
"""So long before somebody leaves they are told what would be late."""
_HELD_MAX = 200
_SUGGESTED_MAX = 10
_SHOWN_FOR = timedelta(days=14)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Planned:
    """One conversation of somebody who leaves: why it should be handed over ("late", "waiting", ""), and to whom."""

    conversation: Conversation
    why: str
    move: Move
    picked: bool
    back_at: datetime | None
    leaves_at: datetime
    weight: float

    @property
    def goes_to(self) -> UUID | None:
        """What has to be said to hand it over as planned: the member who gets it, or the team in whose queue it waits;
        None where it stays.
        """
        if self.move.to is not None:
            return self.move.to.load.id
        return self.conversation.owner_team_id if self.move.queued else None


@dataclass(frozen=True)
class Outlook:
    """Of a member in one team: when they leave and are back, and who could take over."""

    leaving: shifts.Leaving
    others: list[Candidate]


def plan(member: Member) -> list[Planned]:
    """What the member has in their teams and to whom it would go if they left as their shift ends; reads only.

    The conversations are those that the scope sees; what others have is counted whole.
    """
    held = _held(member.id)
    teams = {one.owner_team.id: one.owner_team for one in held if one.owner_team}
    with scope.system():
        outlooks = _outlooks(member.id, list(teams.values()), now())
    weighed = {one.id: one for one in _weighed(held)}
    moves: dict[UUID, Move] = {}
    for team_id, outlook in outlooks.items():
        of_team = [weighed[one.id] for one in held if one.owner_team_id == team_id]
        leaving, queues = outlook.leaving, _queues(teams[team_id])
        planned = planning.plan(of_team, outlook.others, leaving.at, leaving.back_at, queues=queues)
        moves |= {move.id: move for move in planned}
    return [
        _planned(one, moves[one.id], outlooks[one.owner_team_id], weighed[one.id].weight)
        for one in held
        if one.owner_team_id and one.id in moves
    ]


def hand_over(member: Member, chosen: Mapping[UUID, UUID]) -> list[Planned]:
    """Hand over these of the member's conversations (by id, to what `goes_to` said), as planned; those that were.

    Raises NotAllowed for who may only read. What the member has no more, or would go to somebody else by now than was
    agreed to, is left alone.
    """
    may_change(member)
    alone.one_at_a_time()
    wanted = [one for one in plan(member) if one.goes_to and chosen.get(one.conversation.id) == one.goes_to]
    with scope.system():
        found = locked([one.conversation.id for one in wanted])
        return [one for one in wanted if _gave(found.get(one.conversation.id), one, member)]


def _gave(found: Conversation | None, planned: Planned, member: Member) -> bool:
    if found is None or found.owner_member_id != member.id or found.status != Status.OPEN:
        return False
    to = planned.move.to
    clause = f"{member.name} handed it over at the end of their shift; {planned.move.reason}"
    give(found, Given(to.load.id if to else None, clause, How.HAND, planned.weight, member))
    return True


def handed_over_by(member: Member) -> list[Turn]:
    """What was handed over from the member in the last two weeks and still is with whom it went to, newest first.

    Of teams they are no longer of they could take nothing back.
    """
    rows = Turn.objects.filter(
        from_member_id=member.id, at__gt=now() - _SHOWN_FOR, how__in=(How.SHIFT, How.HAND, How.LEFT),
        conversation__owner_member_id=F("member_id"), conversation__status=Status.OPEN,
        conversation__owner_team__memberships__member=member,
    )  # fmt: skip
    newest: dict[UUID, Turn] = {}
    for one in rows.select_related("conversation__person", "conversation__owner_team").order_by("-at")[:_HELD_MAX]:
        newest.setdefault(one.conversation_id, one)
    return list(newest.values())


def run_due() -> datetime | None:
    """Do what is due as shifts end: suggest, or hand over; when to look again (None: nothing ahead). For the worker."""
    at = now()
    with scope.system():
        teams = list(Team.objects.filter(is_active=True).select_related("hours"))
        staff = roster.posts(at, teams)
        due = [(post, step, one) for post in staff for step, one in _due(post, at)]
        done = _done_before(due)
    for post, step, leaving in due:
        if (post.member_id, post.team.id, leaving.at, step) not in done:
            _tried(post, step, leaving, at)
    edges = (shifts.next_edge(post.worked, at, LEAD) for post in staff)
    return min((edge for edge in edges if edge), default=None)


def _due(post: Post, at: datetime) -> list[tuple[str, shifts.Leaving]]:
    """The ends of this member's shifts that ask for something now."""
    mode = post.team.hand_over
    if mode == HandOver.SUGGEST:
        return [(mode, one) for one in shifts.leaving(post.worked, at, at + LEAD)]
    if mode not in (HandOver.LATE, HandOver.WAITING) or shifts.there_from(post.worked, at) == at:
        return []
    return [("move", one) for one in shifts.leaving(post.worked, at - roster.PAST, at)[-1:]]


def _done_before(due: Sequence[tuple[Post, str, shifts.Leaving]]) -> set[tuple[UUID, UUID, datetime, str]]:
    if not due:
        return set()
    rows = ShiftEnd.objects.filter(ends_at__gte=min(one.at for _, _, one in due))
    return set(rows.values_list("member_id", "team_id", "ends_at", "step"))


def _tried(post: Post, step: str, leaving: shifts.Leaving, at: datetime) -> None:
    try:
        _deal_with(post, step, leaving, at)
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - one member's fault must not hold up the shifts of all others
        _log.exception("the end of a shift could not be dealt with; it is tried again")


def _deal_with(post: Post, step: str, leaving: shifts.Leaving, at: datetime) -> None:
    """Once, whichever worker comes first: who writes the row does it."""
    with scope.system():
        mine = bulk.insert(
            "ownership_shiftend",
            {
                "id": ("uuid", [new_id()]), "member_id": ("uuid", [post.member_id]),
                "team_id": ("uuid", [post.team.id]), "ends_at": ("timestamptz", [leaving.at]), "step": ("text", [step]),
            },
            "ON CONFLICT DO NOTHING RETURNING id",
        )  # fmt: skip
        if mine and step == HandOver.SUGGEST:
            _suggest(post, leaving)
        elif mine:
            alone.one_at_a_time()
            _move(post, leaving, at)


def _suggest(post: Post, leaving: shifts.Leaving) -> None:
    """Tell of what would be late and somebody could take, the first few; nothing is moved."""
    outlook = _outlooks(post.member_id, [post.team], leaving.at, leaving).get(post.team.id)
    if outlook is None:
        return
    held = [one for one in _held(post.member_id, post.team) if _why(one, leaving) == planning.LATE]
    moves = planning.plan(_weighed(held), outlook.others, leaving.at, leaving.back_at)
    for move in [one for one in moves if one.to is not None][:_SUGGESTED_MAX]:
        data = {"member": str(post.member_id), "team": str(post.team.id)}
        events.record(SUGGESTED, conversation_id=move.id, data=data)


def _move(post: Post, leaving: shifts.Leaving, at: datetime) -> None:
    mode = post.team.hand_over
    held = [one for one in _held(post.member_id, post.team) if planning.goes_over(_as_held(one), mode, leaving, at)]
    outlook = _outlooks(post.member_id, [post.team], at, leaving).get(post.team.id) if held else None
    if outlook is None:
        return
    found = locked([one.id for one in held])
    who = Member.objects.get(id=post.member_id)
    weighed = _weighed(held)
    weights = {one.id: one.weight for one in weighed}
    for move in planning.plan(weighed, outlook.others, at, leaving.back_at, queues=_queues(post.team)):
        one = found.get(move.id)
        if one is None or one.owner_member_id != who.id or (move.to is None and not move.queued):
            continue
        to = move.to.load.id if move.to else None
        give(one, Given(to, _clause(one, who, leaving, move), How.SHIFT, weights[move.id]))


def _queues(team: Team) -> bool:
    """Whether what nobody can take waits in a queue: in other teams it stays where it is."""
    return team.taken_by == TakenBy.HANDED_OUT


def _clause(one: Conversation, who: Member, leaving: shifts.Leaving, move: Move) -> str:
    late = _why(one, leaving) == planning.LATE
    told = (
        f"{who.name} has left, and its promise runs out before they are back"
        if late
        else f"{who.name} has left, and it waits for our answer"
    )
    return f"{told}; {move.reason}"


def _outlooks(
    member_id: UUID, teams: Sequence[Team], at: datetime, leaving: shifts.Leaving | None = None
) -> dict[UUID, Outlook]:
    """By team, when the member leaves (unless that is known) and who else could take over from then on."""
    weights = in_force()[1].weights
    entries = company(at, with_members=True, weights=weights).directory.teams if teams else {}
    staff = roster.posts(at, teams) if teams else []
    found = {}
    for team in teams:
        worked = {post.member_id: post.worked for post in staff if post.team.id == team.id}
        leaves = leaving or (shifts.next_leaving(worked[member_id], at) if member_id in worked else None)
        if leaves is None or team.slug not in entries:
            continue
        loads = [one for one in entries[team.slug].members if one.id != member_id and one.id in worked]
        there = [(one, shifts.there_from(worked[one.id], leaves.at)) for one in loads]
        found[team.id] = Outlook(leaves, [Candidate(one, moment) for one, moment in there if moment is not None])
    return found


def _held(member_id: UUID, team: Team | None = None) -> list[Conversation]:
    """A member's open conversations (of one team), in the order of the queue."""
    rows = Conversation.objects.filter(owner_member_id=member_id, status=Status.OPEN, merged_into__isnull=True)
    rows = rows.filter(owner_team=team) if team else rows
    order = ("-priority", F("due_at").asc(nulls_last=True), "created_at", "id")
    return list(rows.select_related("owner_team__hours", "person", "channel").order_by(*order)[:_HELD_MAX])


def _as_held(one: Conversation) -> Held:
    return Held(one.id, one.due_at, one.awaiting_answer)


def _weighed(held: Sequence[Conversation]) -> list[Held]:
    weights, before = weights_of(held), queue.had_before(one.id for one in held)
    had = {id: frozenset(one.lately | one.back) for id, one in before.items()}
    return [replace(_as_held(one), weight=weights[one.id], had=had.get(one.id, frozenset())) for one in held]


def _why(one: Conversation, leaving: shifts.Leaving) -> str:
    return planning.why_over(_as_held(one), leaving, now())


def _planned(one: Conversation, move: Move, outlook: Outlook, weight: float) -> Planned:
    why = _why(one, outlook.leaving)
    mode = one.owner_team.hand_over if one.owner_team else HandOver.OFF
    goes = move.to is not None or move.queued
    picked = goes and (why == planning.LATE or (why == planning.WAITING and mode == HandOver.WAITING))
    return Planned(one, why, move, picked, outlook.leaving.back_at, outlook.leaving.at, weight)
