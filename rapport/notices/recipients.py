"""Who is told of an event, and why. Pure: a function of the event and the facts."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from rapport.notices.matters import Matter, Staff
from rapport.notices.paces import ANSWERED, NEW, REOPENED, RESOLVED, SAID
from rapport.notices.reasons import LOUD, first

_WORK = frozenset(
    {
        "conversation.resolved", "conversation.reopened", "conversation.merged", "conversation.split",
        "conversation.unmerged", "message.written", "note.added",
    }
)  # fmt: skip
_LOST = frozenset({"delivery.failed", "delivery.bounced", "delivery.uncertain"})
HEARD = _WORK | _LOST | {
    "conversation.opened", "conversation.assigned", "conversation.woken", "message.received", "team.involved",
    "delivery.awaiting", "promise.near", "promise.broken", "promise.stuck", "handover.suggested",
}  # fmt: skip
"""The kinds of events that anybody is told of."""
WATCHED = {
    "conversation.opened": NEW, "team.involved": NEW, "message.received": SAID, "message.written": ANSWERED,
    "conversation.resolved": RESOLVED, "conversation.reopened": REOPENED,
}  # fmt: skip
"""Of what happens, what teams that watch a conversation hear, and what it is to them."""

Told = dict[UUID, str]


def recipients(kind: str, actor: UUID | None, data: Mapping[str, Any], matter: Matter, staff: Staff) -> Told:
    """By member, the reason that matters most; nobody who does not see the conversation, and never who did it."""
    found: dict[UUID, list[str]] = {}
    at_once = [m for team in watching(kind, data, matter) for m in staff.at_once.get(team, ())]
    for reason, members in [*_reasons(kind, data, matter, staff), ("involved", at_once)]:
        for member in members:
            found.setdefault(member, []).append(reason)
    told = {member: first(reasons) for member, reasons in found.items()}
    return {
        member: reason
        for member, reason in told.items()
        if member != actor and staff.sees(member, matter.audience) and (reason in LOUD or member not in matter.muted)
    }


def watching(kind: str, data: Mapping[str, Any], matter: Matter) -> list[UUID]:
    """The teams that hear of it because they are involved: all that are, or the one that has just become so."""
    if kind not in WATCHED:
        return []
    teams = sorted(matter.involved - {matter.owner_team})
    return [team for team in teams if kind != "team.involved" or team == _id(data.get("team"))]


def _reasons(
    kind: str, data: Mapping[str, Any], matter: Matter, staff: Staff
) -> list[tuple[str, Collection[UUID]]]:
    owner = [matter.owner] if matter.owner else []
    if kind == "conversation.opened":
        fresh = [("assigned", owner)] if owner else [("team", matter.team)]
        return [*fresh, ("watched", matter.watchers), ("followed", matter.followers)]
    if kind == "message.received":
        answers = _still_here([matter.owner], matter, staff)
        return [("answered", answers), ("watched", matter.watchers), ("followed", matter.followers)]
    if kind == "conversation.assigned":
        return _assigned(data, matter, staff)
    if kind == "note.added":
        mentioned = _ids(data.get("mentions"))
        return [("mentioned", mentioned), ("colleague", owner), ("followed", matter.followers)]
    if kind in _LOST:
        author = matter.authors.get(_id(data.get("message")) or UUID(int=0))
        return [("undelivered", _still_here([author, matter.owner], matter, staff))]
    if kind == "delivery.awaiting":
        return [("approval", matter.team)]
    if kind in ("promise.near", "promise.broken"):
        return [(kind.removeprefix("promise."), _promised(data, staff))]
    if kind == "promise.stuck":
        return [("stuck", _sorters(data, staff) | _of(staff.leads_of, matter.owner_team))]
    if kind == "conversation.woken":
        by = _id(data.get("by"))
        return [("woken", _still_here([by, matter.owner], matter, staff))]
    if kind == "handover.suggested":
        leaving = _id(data.get("member"))
        return [("leaving", [leaving] if leaving and leaving == matter.owner else ())]
    return [("colleague", owner), ("followed", matter.followers)] if kind in _WORK else []


def _still_here(those: Collection[UUID | None], matter: Matter, staff: Staff) -> Collection[UUID]:
    """The first of those it concerns who may hear of it; where none of them is there any more, who leads the team."""
    concerned = [one for one in those if one]
    heard = [one for one in concerned if staff.sees(one, matter.audience)]
    leads = _of(staff.leads_of, matter.owner_team) or matter.team
    return heard[:1] or (leads if concerned else ())


def _assigned(data: Mapping[str, Any], matter: Matter, staff: Staff) -> list[tuple[str, Collection[UUID]]]:
    member, team, before = _id(data.get("member")), _id(data.get("team")), _id(data.get("from_team"))
    if data.get("quiet"):
        return [("followed", matter.followers)]
    if data.get("how") == "left" and not member:
        return [("returned", _of(staff.leads_of, team) or matter.team), ("followed", matter.followers)]
    fresh = matter.team if team and team != before and not member else ()
    # Who handed something over, or had it handed over as they left or as a promise ran out, is told where it went.
    handed = data.get("how") in ("shift", "hand") or data.get("meant")
    before_it = _id(data.get("from_member")) if handed else None
    former = before_it if before_it != member else None
    told = [("assigned", [member] if member else ()), ("handed", [former] if former else ())]
    return [*told, ("team", fresh), ("followed", matter.followers)]


def _promised(data: Mapping[str, Any], staff: Staff) -> Collection[UUID]:
    """Whom a step means; everybody of a team that nobody leads."""
    team, member = _id(data.get("team")), _id(data.get("member"))
    if data.get("whom") == "member":
        return [member] if member else ()
    leads = _of(staff.leads_of, team) if data.get("whom") == "leads" else frozenset()
    return leads or _of(staff.members_of, team)


def _sorters(data: Mapping[str, Any], staff: Staff) -> frozenset[UUID]:
    """Who leads the team that sorts; everybody of it where nobody does."""
    triage = _id(data.get("triage"))
    return _of(staff.leads_of, triage) or _of(staff.members_of, triage)


def _of(teams: Mapping[UUID, frozenset[UUID]], team: UUID | None) -> frozenset[UUID]:
    return teams.get(team, frozenset()) if team else frozenset()


def _ids(given: object) -> list[UUID]:
    return [found for one in given if (found := _id(one))] if isinstance(given, list) else []


def _id(given: object) -> UUID | None:
    try:
        return UUID(str(given)) if given else None
    except ValueError:
        return None
