"""Rows of the setup as they stood become the company that a replay decides with. Pure, and as `directory` does it live.

`rows` are those of one moment (`timeline`). What is the same in two setups is the same object in both.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import lru_cache
from uuid import UUID

from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.simulate.past import Scenery, Seat, Staffing
from rapport.ownership.simulate.timeline import Known, Row, Rows
from rapport.ownership.topics import TopicMatcher, TopicWords
from rapport.ownership.within.values import MemberLoad
from rapport.staff.hours import ALWAYS, Hours, HoursError, stored_hours
from rapport.staff.rota import Duty, Rota

TEAMS, MEMBERS, SEATS, HOURS = "staff_team", "staff_member", "staff_membership", "staff_businesshours"
ROTATIONS, DUTIES, ABSENCES = "staff_oncallrotation", "staff_oncallduty", "staff_absence"
TOPICS, CHANNELS = "conversations_topic", "channels_channel"
DECIDING = (TEAMS, MEMBERS, SEATS, HOURS, TOPICS, CHANNELS)
"""What whose a conversation is may depend on."""
STAFFED = (TEAMS, MEMBERS, SEATS, HOURS, ROTATIONS, DUTIES)
"""What who of a team answers may depend on, absences aside: those come and go, and are told by their spans."""
_READER = "reader"

Spans = tuple[tuple[datetime, datetime], ...]


def scenery_of(rows: Rows, until: datetime, order: Mapping[str, int]) -> Scenery:
    """The company of then. `order` says which topic comes first by its name, as the database sorts them."""
    hours, names = _hours(rows)
    members = _seated(rows)
    entries = {
        str(team["slug"]): TeamEntry(
            id, team["slug"], team["name"], bool(team["confidential"]), names.get(_id(team["hours_id"]), ""),
            tuple(members.get(id, ())),
        )
        for id, team in _active(rows, TEAMS)
    }  # fmt: skip
    closed = frozenset(
        str(team["slug"]) for team in rows.get(TEAMS, {}).values() if team["confidential"] and not team["is_active"]
    )
    topics = sorted((one for _, one in _active(rows, TOPICS)), key=lambda one: (order.get(one["name"], 0), one["slug"]))
    return Scenery(
        Directory(entries, closed), _matcher(tuple((one["slug"], one["name"], tuple(one["words"])) for one in topics)),
        hours, until,
        {id: (one["email"], one["name"]) for id, one in _active(rows, MEMBERS) if one["role"] != _READER},
        {id: (one["name"], one["kind"]) for id, one in rows.get(CHANNELS, {}).items()},
    )  # fmt: skip


def staffing_of(
    rows: Rows, away: Mapping[UUID, Spans], open_before: Mapping[UUID, tuple[datetime | None, ...]]
) -> Staffing:
    """Who sat where then, with which hours, and who was on call."""
    hours, names = _hours(rows)
    teams, members = dict(_active(rows, TEAMS)), dict(_active(rows, MEMBERS))
    seats: dict[str, list[Seat]] = {}
    for member_id, team_id in _memberships(rows):
        member, team = members.get(member_id), teams.get(team_id)
        if member is None or team is None or member["role"] == _READER:
            continue
        own = names.get(_id(member["hours_id"]) or _id(team["hours_id"]), "")
        seats.setdefault(team["slug"], []).append(Seat(
            member_id, member["email"], member["name"], member["capacity"], own, away.get(member_id, ()),
            tuple(skill.lower() for skill in member["skills"]), tuple(member["languages"]),
        ))  # fmt: skip
    rotas = {teams[id]["slug"]: rota for id, rota in _rotas(rows).items() if id in teams}
    own_hours = {team["slug"]: names.get(_id(team["hours_id"]), "") for team in teams.values()}
    return Staffing({slug: tuple(found) for slug, found in seats.items()}, open_before, rotas, hours, own_hours)


def absences(states: Iterable[Known]) -> dict[UUID, Spans]:
    """When each member was away, as far as it was known then: an absence counts while it stood written down."""
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for one in states:
        begins, ends = _moment(one.said["starts_at"]), _moment(one.said["ends_at"])
        begins = max(begins, one.since) if one.since else begins
        ends = min(ends, one.until) if one.until else ends
        if begins < ends:
            found.setdefault(UUID(one.said["member_id"]), []).append((begins, ends))
    return {member: tuple(sorted(spans)) for member, spans in found.items()}


def _hours(rows: Rows) -> tuple[dict[str, Hours], dict[UUID | None, str]]:
    """All business hours by name, and their names by id; "" are the company's own, the first that were made."""
    found: dict[str, Hours] = {}
    names: dict[UUID | None, str] = {None: ""}
    for id, one in sorted(rows.get(HOURS, {}).items()):
        name = names[id] = str(one["name"])
        with suppress(HoursError):
            found[name] = stored_hours(one["time_zone"], one["blocks"], one["holidays"])
    return {"": next(iter(found.values()), ALWAYS), **found}, names


@lru_cache(maxsize=64)
def _matcher(topics: tuple[tuple[str, str, tuple[str, ...]], ...]) -> TopicMatcher:
    return TopicMatcher(TopicWords(*topic) for topic in topics)


def _seated(rows: Rows) -> dict[UUID, list[MemberLoad]]:
    """Everybody by team: to find whose a holder is, whom a step means. What they had then the desks say."""
    members = dict(_active(rows, MEMBERS))
    found: dict[UUID, list[MemberLoad]] = {}
    for member_id, team_id in _memberships(rows):
        if member_id in members:
            one = members[member_id]
            seat = MemberLoad(member_id, one["email"], one["name"], reads=one["role"] == _READER)
            found.setdefault(team_id, []).append(seat)
    return found


def _memberships(rows: Rows) -> Sequence[tuple[UUID, UUID]]:
    return sorted((UUID(one["member_id"]), UUID(one["team_id"])) for one in rows.get(SEATS, {}).values())


def _rotas(rows: Rows) -> dict[UUID, Rota]:
    duties: dict[UUID, list[Duty]] = {}
    for one in rows.get(DUTIES, {}).values():
        duty = Duty(UUID(one["member_id"]), _moment(one["starts_at"]), _moment(one["ends_at"]))
        duties.setdefault(UUID(one["team_id"]), []).append(duty)
    found = {team: Rota(duties=tuple(theirs)) for team, theirs in duties.items()}
    for team, one in rows.get(ROTATIONS, {}).items():
        order, first = tuple(map(UUID, one["order"])), date.fromisoformat(one["first"])
        found[team] = Rota(order, first, one["minutes"], one["time_zone"], tuple(duties.get(team, ())))
    return found


def _active(rows: Rows, kind: str) -> Iterable[tuple[UUID, Row]]:
    return ((id, one) for id, one in rows.get(kind, {}).items() if one["is_active"])


def _id(written: str | None) -> UUID | None:
    return UUID(written) if written else None


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)
