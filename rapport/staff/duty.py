"""On call: rows become the rota of a team, and what leads change of it leaves an event. Who may is for the caller."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rapport.core import events
from rapport.core.errors import Invalid
from rapport.staff.models import Absence, Member, Membership, OnCallDuty, OnCallRotation, Role, Team
from rapport.staff.rota import Duty, Rota

DUTIES_MAX = 500
"""So many spans by hand a team may have ahead."""
_AHEAD = timedelta(days=8)


def rotas(since: datetime, until: datetime) -> dict[UUID, Rota]:
    """Each team's rota that has one, with what was entered by hand for that span; two statements."""
    duties: dict[UUID, list[Duty]] = {}
    for one in OnCallDuty.objects.filter(starts_at__lte=until, ends_at__gt=since):
        duties.setdefault(one.team_id, []).append(Duty(one.member_id, one.starts_at, one.ends_at))
    found = {team: Rota(duties=tuple(theirs)) for team, theirs in duties.items()}
    for row in OnCallRotation.objects.all():
        found[row.team_id] = rota_of(row, duties.get(row.team_id, ()))
    return found


def rota_of(row: OnCallRotation | None, duties: Iterable[Duty]) -> Rota:
    """The rota of a team from its rotation, if it has one, and what was entered by hand."""
    if row is None:
        return Rota(duties=tuple(duties))
    return Rota(tuple(row.order), row.first, row.minutes, row.time_zone, tuple(duties))


def cannot(at: datetime, team: Team | None = None) -> set[UUID]:
    """Who cannot be on call at a moment: who is absent, has left or only reads; with a team, also who is not of it."""
    away = set(Absence.objects.filter(starts_at__lte=at, ends_at__gt=at).values_list("member_id", flat=True))
    able = Member.objects.filter(is_active=True).exclude(role=Role.READER)
    if team is not None:
        able = able.filter(memberships__team=team)
    return away | set(Member.objects.exclude(id__in=able.values("id")).values_list("id", flat=True))


def on_call(team: Team, at: datetime) -> Member | None:
    """Who of the team is on call at a moment."""
    found = rotas(at, at).get(team.id)
    id = found.on_call(at, cannot(at, team)) if found else None
    return Member.objects.filter(id=id).first() if id else None


def changes_at(at: datetime) -> datetime | None:
    """The next moment at which somebody else may be on call for some team; two statements."""
    found: list[datetime] = []
    for rota in rotas(at, at + _AHEAD).values():
        found += [edge for one in rota.duties for edge in (one.starts_at, one.ends_at) if edge > at]
        if rota.order and rota.first:
            week = rota.week(at)
            found.append(rota.starts(0 if week is None else week + 1))
    return min(found, default=None)


def set_rotation(team: Team, order: Sequence[UUID], first: date, minutes: int, actor: Member) -> None:
    """Let these members take turns, the first from `first` on; nobody ends the rotation. Invalid for other members."""
    order = list(dict.fromkeys(order))
    known = set(_able(team).values_list("member_id", flat=True))
    if not set(order) <= known:
        raise Invalid(_("Only members of the team who may answer can be on call."), _("Choose among those offered."))
    if order:
        values = {"order": order, "first": first, "minutes": minutes, "time_zone": zone_of(team)}
        OnCallRotation.objects.update_or_create(team=team, defaults=values)
    else:
        OnCallRotation.objects.filter(team=team).delete()
    events.record("on_call.changed", actor_id=actor.id, data={"team": str(team.id), "members": [str(o) for o in order]})


def add_duty(team: Team, member: Member, span: tuple[datetime, datetime], actor: Member) -> OnCallDuty:
    """Put somebody of the team on call by hand. Invalid for others, and for a span that ends before it begins."""
    if not _able(team).filter(member=member).exists():
        raise Invalid(_("Only members of the team who may answer can be on call."), _("Choose among those offered."))
    if span[0] >= span[1]:
        raise Invalid(_("It ends before it begins."), _("Choose a later end."))
    if OnCallDuty.objects.filter(team=team, ends_at__gt=span[0]).count() >= DUTIES_MAX:
        raise Invalid(_("There are too many entries already."), _("Use the weekly rotation for what comes every week."))
    made = OnCallDuty.objects.create(team=team, member=member, starts_at=span[0], ends_at=span[1])
    _record("on_call.added", made, actor)
    return made


def remove_duty(duty: OnCallDuty, actor: Member) -> None:
    """Take an entry out: the rotation counts again."""
    _record("on_call.removed", duty, actor)
    duty.delete()


def zone_of(team: Team) -> str:
    """The time zone in which a team hands over: that of its hours, else UTC."""
    return team.hours.time_zone if team.hours else "UTC"


def _able(team: Team) -> QuerySet[Membership]:
    return Membership.objects.filter(team=team, member__is_active=True).exclude(member__role=Role.READER)


def _record(kind: str, duty: OnCallDuty, actor: Member) -> None:
    data = {
        "team": str(duty.team_id), "member": str(duty.member_id), "from": duty.starts_at.isoformat(),
        "until": duty.ends_at.isoformat(),
    }  # fmt: skip
    events.record(kind, actor_id=actor.id, data=data)
