"""Giving a conversation to another team or member because a promise runs out: to whom, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.conversations.actions import plain, touch
from rapport.conversations.models import Conversation
from rapport.ownership.actions import ASSIGNED
from rapport.ownership.asking import asks_of
from rapport.ownership.directory import company
from rapport.ownership.engine import TeamEntry
from rapport.ownership.following import following
from rapport.ownership.handing import alone, turns
from rapport.ownership.handing.choosing import hand
from rapport.ownership.handing.queue import Before, had_before
from rapport.ownership.models import Decision, Source
from rapport.ownership.policy import TEAM
from rapport.ownership.service import weight_of
from rapport.ownership.stepping import ALREADY, DONE, Meant, giving, seat_of
from rapport.ownership.versions import in_force
from rapport.ownership.within.values import MemberLoad
from rapport.staff.models import Team

_CLOCKS = {"first_answer": "first answer", "next_answer": "next answer", "resolution": "resolution"}


@dataclass(frozen=True)
class Stuck:
    """Why a step cannot be done: the team is "gone" or "empty", the member has "left", it is in "confidence", or it was
    passed on too "often". `team` is the one concerned, where there is one.
    """

    reason: str
    team: UUID | None = None


class Busy(Exception):
    """Somebody hands out at this moment: in a moment it is known what everybody has."""


@dataclass(frozen=True)
class Place:
    """Where it goes: a team, of it a member (None: its queue), why that one, and how much it weighs for them."""

    team: TeamEntry
    member: MemberLoad | None
    reason: str
    weight: float


def in_confidence(conversation: Conversation) -> bool:
    """Whether it is kept to its team, so that no step may show it to another."""
    team = conversation.owner_team
    return conversation.confidential or bool(team and team.confidential)


def place_of(conversation: Conversation, to: str, at: datetime) -> Place | Stuck | None:
    """Where a step that says "team:SLUG" or a member's address gives it; None where it is already.

    A team is asked as for whatever else comes to it: nobody is given more than at once, and who waits already is first.
    The conversation is held by now, so nobody is waited for: raises Busy while others hand out.
    """
    if not alone.if_nobody_else():
        raise Busy
    weights = in_force()[1].weights
    teams = company(at, with_members=True, weighing=True, weights=weights).directory.teams
    if not to.startswith(TEAM):
        return _to_member(conversation, to, teams)
    team = teams.get(to.removeprefix(TEAM))
    comes = giving(_meant(team, conversation), in_confidence=in_confidence(conversation), moves=0)
    if team is None or comes not in (DONE, ALREADY):
        return Stuck(comes, team.id if team else None)
    if comes == ALREADY:
        return None
    before = had_before([conversation.id]).get(conversation.id, Before())
    ask, had = asks_of([conversation])[conversation.id], before.lately | before.back
    choice = hand(team.members, ask, others_wait=team.queue, had=had)
    return Place(team, choice.member, choice.reason, ask.weight)


def _meant(team: TeamEntry | None, conversation: Conversation) -> Meant | None:
    if team is None:
        return None
    return Meant(answers=not all(one.reads for one in team.members), owns=team.id == conversation.owner_team_id)


def _to_member(conversation: Conversation, email: str, teams: Mapping[str, TeamEntry]) -> Place | Stuck | None:
    found = seat_of(email, conversation.owner_team_id, teams, answers=True)
    if found is None:
        return Stuck("left")
    team, member = found
    if team.id == conversation.owner_team_id and member.id == conversation.owner_member_id:
        return None
    if team.id != conversation.owner_team_id and in_confidence(conversation):
        return Stuck("confidence", team.id)
    return Place(team, member, f"the promise names {member.name}", weight_of(conversation))


def give(conversation: Conversation, place: Place, promise: tuple[str, bool], data: Mapping[str, Any]) -> None:
    """Make it theirs, with a decision that says why. `promise`: which clock, and whether it is broken.

    It is no example to learn from: nobody decided it. It is woken, as who gets it has not put it to sleep.
    """
    before = _owners(conversation)
    from_team, from_member = conversation.owner_team_id, conversation.owner_member_id
    conversation.owner_team = Team.objects.get(id=place.team.id)
    conversation.owner_member_id = place.member.id if place.member else None
    conversation.confidential = conversation.confidential or place.team.confidential
    asleep = plain({"snoozed_until": conversation.snoozed_until}) if conversation.snoozed else {}
    conversation.snoozed, conversation.snoozed_until = False, None
    waited = turns.moved(conversation, (from_team, from_member))
    if place.member is None:
        turns.waits(conversation, place.reason)
    elif from_member or from_team != place.team.id:
        turns.passed_on(conversation, place.member.id)
    Decision.objects.create(
        **following(conversation.id),
        conversation_id=conversation.id, source=Source.PROMISE, owner_team_id=place.team.id,
        owner_member_id=conversation.owner_member_id, from_team_id=from_team, from_member_id=from_member,
        involved=list(conversation.involved), sentence=_sentence(place, promise),
        weight=place.weight if place.member else None,
    )  # fmt: skip
    ids = {
        "team": place.team.id, "member": conversation.owner_member_id, "from_team": from_team,
        "from_member": from_member,
    }  # fmt: skip
    told = {name: str(id or "") for name, id in ids.items()}
    changed = {"before": plain(before), "after": plain(_owners(conversation))}
    kept: dict[str, Any] = {"waited": waited} if waited else {}
    kept |= {"slept": asleep} if asleep else {}
    touch(conversation, ASSIGNED, None, {**told, **changed, **kept, **data})


def _owners(conversation: Conversation) -> dict[str, Any]:
    return {name: getattr(conversation, name) for name in ("owner_team_id", "owner_member_id", "confidential")}


def _sentence(place: Place, promise: tuple[str, bool]) -> str:
    clock, late = promise
    why = f"the {_CLOCKS[clock]} is {'late' if late else 'due soon'}, and its promise passes it on"
    return "; ".join([f"{place.team.name} owns this: {why}", *([place.reason] if place.reason else [])])
