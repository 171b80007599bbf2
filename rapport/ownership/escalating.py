"""The steps of promises, done when their moment comes: once, whoever else looks, and whatever was stopped in between.

The timetable is the table of clocks: its nearest moment is one look at an index, and what is due is found by it. A
conversation is held while a step of it is done, and its clocks are first brought to where it stands: what was answered,
resolved, paused or merged meanwhile has nothing due.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError

from rapport.conversations import clocks
from rapport.conversations.actions import plain, touch
from rapport.conversations.models import Clock, Conversation
from rapport.conversations.visibility import EVERYONE
from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.ownership import passing_on
from rapport.ownership.passing_on import Busy, Place, Stuck
from rapport.ownership.policy import LEADS, OWNER, PRIORITIES, TEAM
from rapport.ownership.promising import Planned, at_once
from rapport.ownership.stepping import ALREADY, DONE, Meant, involving, often, raising, telling
from rapport.ownership.versions import current_policy
from rapport.staff.models import Member, Team
from rapport.staff.opening import business_hours
from rapport.staff.timetable import Kept, due

_AT_ONCE = 200
_AGAIN = timedelta(minutes=5)
_log = logging.getLogger(__name__)


@dataclass
class _Scene:
    """A conversation in hand whose clock has come to a step. `moves` and `told` go on while its steps are done."""

    conversation: Conversation
    kept: Kept
    at: datetime
    step: Planned
    meant: datetime
    moves: int = 0
    told: set[str] = field(default_factory=set)

    @property
    def data(self) -> dict[str, Any]:
        """What an event says of it: which clock, when it is due, when the step was meant to come."""
        due = self.kept.run.due
        return {"clock": self.kept.terms.name, "due": due.isoformat() if due else "", "meant": self.meant.isoformat()}


def next_at() -> datetime | None:
    """When the next step comes."""
    with scope.system():
        found: datetime | None = (
            Clock.objects.filter(next_at__isnull=False).order_by("next_at").values_list("next_at", flat=True).first()
        )
        return found


def run_due(limit: int = _AT_ONCE) -> int:
    """Do the steps that are due; how many conversations had any. Safe in several processes."""
    with scope.system():
        due = Clock.objects.filter(next_at__lte=now()).order_by("next_at").values_list("conversation_id", flat=True)
        ids = list(dict.fromkeys(due[:limit]))
    return sum(_tried(id) for id in ids)


def _tried(conversation_id: UUID) -> bool:
    try:
        with scope.system():
            return _steps_of(conversation_id)
    except OperationalError:
        raise
    except Busy:
        return False
    except Exception:  # noqa: BLE001 - one conversation's fault must not hold up the promises of all others
        _log.exception("a step of a promise failed; it is tried again in %s", _AGAIN)
        with scope.system():
            Clock.objects.filter(conversation_id=conversation_id, next_at__lte=now()).update(next_at=now() + _AGAIN)
        return False


def _steps_of(conversation_id: UUID) -> bool:
    """Whoever holds the conversation, another worker or a member, is not waited for: it is looked at again soon."""
    held = Conversation.objects.select_for_update(skip_locked=True, of=("self",)).filter(id=conversation_id).first()
    if held is None:
        return False
    clocks.follow(held)
    at, hours = now(), business_hours()
    # Steps of one moment go by the name of their clock, here and on the past (`simulate.promises`).
    rows = Clock.objects.filter(conversation_id=held.id, next_at__lte=at).order_by("next_at", "name")
    found = [clocks.kept_of(row, hours) for row in rows.values(*clocks.FIELDS)]
    for kept in found:
        clocks.write([_done(held, kept, at)])
    return bool(found)


def _done(conversation: Conversation, kept: Kept, at: datetime) -> Kept:
    """Do what is due of one clock, and place the next step. Of several that are late only what still says something."""
    found, kept = due(kept, at)
    meant = {Planned(timedelta(minutes=minutes), do, to): moment for (minutes, do, to), moment in found}
    moves, told = kept.moves, set[str]()
    for step in at_once(list(meant)):
        scene = _Scene(conversation, kept, at, step, meant[step], moves, told)
        _DEEDS[step.do](scene)
        moves = scene.moves
    return replace(kept, moves=moves)


def _tell(scene: _Scene) -> None:
    to, conversation = scene.step.to, scene.conversation
    # Whom it is now: a later step of the same moment may give it to others.
    owner, member = conversation.owner_team, conversation.owner_member
    if to == OWNER and member and _hears(member, conversation):
        whom = {"whom": "member", "member": str(member.id)}
    elif to in (OWNER, LEADS):
        if owner and not (owner.is_active and _is_staffed(owner)):
            return _stuck(scene, Stuck("empty" if owner.is_active else "gone", owner.id))
        whom = {"whom": "leads", "team": str(owner.id if owner else "")}
    elif to.startswith(TEAM):
        team = Team.objects.filter(slug=to.removeprefix(TEAM), is_active=True).first()
        comes = telling(Meant(staffed=_is_staffed(team)) if team else None)
        if team is None or comes != DONE:
            return _stuck(scene, Stuck(comes))
        whom = {"whom": "team", "team": str(team.id)}
    else:
        member = Member.objects.filter(email=to, is_active=True).first()
        if member is None:
            return _stuck(scene, Stuck("left"))
        whom = {"whom": "member", "member": str(member.id)}
    # Where nobody has taken it, the owner and the leads are the same, and one notice is enough.
    if str(whom) in scene.told:
        return None
    scene.told.add(str(whom))
    late = scene.kept.run.due is not None and scene.kept.run.due <= scene.at
    kind = "promise.broken" if late else "promise.near"
    events.record(kind, conversation_id=conversation.id, data=scene.data | whom)
    notify.changed("conversation", conversation.id, conversation.audience)
    return None


def _hears(member: Member, conversation: Conversation) -> bool:
    """Whether whoever has it works here, and still sees it."""
    sees = EVERYONE in conversation.audience or member.memberships.filter(team__in=conversation.audience).exists()
    return member.is_active and sees


def _involve(scene: _Scene) -> None:
    conversation = scene.conversation
    team = Team.objects.filter(slug=scene.step.to.removeprefix(TEAM), is_active=True).first()
    comes = involving(_meant(team, conversation), in_confidence=passing_on.in_confidence(conversation))
    if team is None or comes in ("gone", "confidence"):
        return _stuck(scene, Stuck(comes, team.id if team else None))
    if comes == ALREADY:
        return None
    conversation.involved = sorted({*conversation.involved, team.id})
    touch(conversation, "team.involved", None, {"team": str(team.id)} | scene.data)
    if comes != DONE:
        _stuck(scene, Stuck(comes, team.id))
    return None


def _meant(team: Team | None, conversation: Conversation) -> Meant | None:
    if team is None:
        return None
    follows = team.id in conversation.involved
    return Meant(_is_staffed(team), owns=team.id == conversation.owner_team_id, follows=follows)


def _is_staffed(team: Team) -> bool:
    return team.memberships.filter(member__is_active=True).exists()


def _priority(scene: _Scene) -> None:
    conversation, wanted = scene.conversation, PRIORITIES.index(scene.step.to)
    if raising(conversation.priority, wanted) == ALREADY:
        return
    kept = {"before": plain({"priority": conversation.priority}), "after": plain({"priority": wanted})}
    conversation.priority = wanted
    touch(conversation, "conversation.priority", None, kept | scene.data, active=False)


def _reassign(scene: _Scene) -> None:
    conversation = scene.conversation
    found = passing_on.place_of(conversation, scene.step.to, scene.at)
    if found is None:
        return
    if isinstance(found, Place) and (comes := often(scene.moves)) != DONE:
        found = Stuck(comes, found.team.id)
    if isinstance(found, Stuck):
        _stuck(scene, found)
        return
    late = scene.kept.run.due is not None and scene.kept.run.due <= scene.at
    passing_on.give(conversation, found, (scene.kept.terms.name, late), scene.data)
    scene.moves += 1


def _stuck(scene: _Scene, why: Stuck) -> None:
    """It cannot be done: who sorts what nobody owns is told, and who answers for it now."""
    data = scene.data | {"do": scene.step.do, "why": why.reason, "triage": str(_triage() or "")}
    if why.team:
        data["team"] = str(why.team)
    elif scene.step.to.startswith(TEAM):
        data["slug"] = scene.step.to.removeprefix(TEAM)
    events.record("promise.stuck", conversation_id=scene.conversation.id, data=data)
    notify.changed("conversation", scene.conversation.id, scene.conversation.audience)


def _triage() -> UUID | None:
    """The team that sorts; were it gone, the first open one, as in the engine."""
    teams = Team.objects.filter(is_active=True)
    named = teams.filter(slug=current_policy()[1].triage).values_list("id", flat=True).first()
    other = teams.filter(confidential=False).order_by("slug").values_list("id", flat=True).first()
    found: UUID | None = named or other
    return found


_DEEDS: Mapping[str, Callable[[_Scene], None]] = {
    "tell": _tell, "involve": _involve, "reassign": _reassign, "priority": _priority,
}  # fmt: skip
