"""Who works when: rows of members, hours and absences become the spells that `shifts` reasons about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from rapport.ownership.directory import business_hours
from rapport.ownership.handing import shifts
from rapport.staff.hours import Hours, Interval
from rapport.staff.models import Absence, Membership, Role, Team

PAST = timedelta(hours=12)
"""So long after somebody left what was to happen then is still done, should no worker have run."""
AHEAD = timedelta(days=16)


@dataclass(frozen=True)
class Post:
    """A member in a team, with their spells of work from PAST ago until AHEAD."""

    member_id: UUID
    team: Team
    worked: list[Interval]


def posts(at: datetime, teams: Iterable[Team]) -> list[Post]:
    """Everybody who works in these teams, with three statements."""
    hours = business_hours()
    since, until = at - PAST, at + AHEAD
    away = _away(since, until)
    belongs = Membership.objects.filter(team__in=list(teams), member__is_active=True)
    rows = belongs.exclude(member__role=Role.READER).select_related("member__hours", "team__hours")
    known: dict[tuple[int, UUID], list[Interval]] = {}
    found = []
    for one in rows.order_by("team_id", "member_id"):
        works = _hours_of(one, hours)
        key = (id(works), one.member_id if one.member_id in away else one.team_id)
        if key not in known:
            known[key] = shifts.spells(works, away.get(one.member_id, []), since, until)
        found.append(Post(one.member_id, one.team, known[key]))
    return found


def hours_of_team(team: Team) -> Hours:
    """The business hours of a team, else the company's."""
    hours = business_hours()
    return hours.get(team.hours.name if team.hours else "", hours[""])


def _hours_of(one: Membership, hours: Mapping[str, Hours]) -> Hours:
    own = one.member.hours or one.team.hours
    return hours.get(own.name if own else "", hours[""])


def _away(since: datetime, until: datetime) -> dict[UUID, list[Interval]]:
    """Absences that touch the span, with some days around it, by member."""
    found: dict[UUID, list[Interval]] = {}
    wide = timedelta(days=3)
    rows = Absence.objects.filter(starts_at__lt=until + wide, ends_at__gt=since - wide)
    for member_id, starts, ends in rows.values_list("member_id", "starts_at", "ends_at"):
        found.setdefault(member_id, []).append((starts, ends))
    return found
