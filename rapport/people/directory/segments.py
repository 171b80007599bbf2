"""Segments: filters with a name, for oneself, a team or everyone. Who may see one is decided by the database."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from rapport.core import events
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.people.models import Segment, Subject
from rapport.staff.models import Member, Role

_LEADS = (Role.ADMIN, Role.LEAD)


def segments_of(subject: str) -> list[Segment]:
    """Those a member has: their own, their teams' and everyone's, in this order."""
    found = Segment.objects.filter(subject=subject).select_related("team")
    return sorted(found, key=lambda one: (_place(one), one.position, one.name.casefold(), str(one.id)))


def segment_of(segment_id: UUID) -> Segment:
    """One segment. Raises NotVisible."""
    found = Segment.objects.select_related("team").filter(id=segment_id).first()
    if found is None:
        raise NotVisible("There is no such segment.")
    return found


def may_change(member: Member, segment: Segment) -> bool:
    """Whose it is may, and leads what is shared; a reader may keep segments of their own."""
    return segment.member_id == member.id or (
        member.role in _LEADS and (segment.for_all or segment.team_id is not None)
    )


def save_segment(member: Member, segment: Segment, query: Mapping[str, str] | None = None) -> Segment:
    """Keep a new or changed segment; a new one stands last. Raises NotAllowed, or Invalid without a name."""
    segment.name = " ".join(segment.name.replace("\0", " ").split())[:80]
    if not segment.name:
        raise Invalid(_("A segment needs a name."), _("Such as “Partners not heard from in 60 days”."))
    if segment.subject not in Subject.values:
        raise NotVisible("There is no such list.")
    if not may_change(member, segment) or (segment.for_all and member.role not in _LEADS):
        raise NotAllowed(_("This segment is not yours to change."), _("Save one of your own."))
    if query is not None:
        segment.query = dict(query)
    is_new = segment._state.adding
    if is_new:
        last = _beside(segment).aggregate(last=Max("position"))["last"]
        segment.position = min(0 if last is None else last + 1, 32000)
    segment.save()
    _tell(member, segment, "segment.saved" if is_new else "segment.changed")
    return segment


def delete_segment(member: Member, segment: Segment) -> None:
    """Forget a segment; nobody goes with it. Raises NotAllowed."""
    if not may_change(member, segment):
        raise NotAllowed(_("This segment is not yours to delete."))
    _tell(member, segment, "segment.deleted")
    segment.delete()


def _place(segment: Segment) -> int:
    return 2 if segment.for_all else 1 if segment.team_id else 0


def _beside(segment: Segment) -> "QuerySet[Segment]":
    found = Segment.objects.filter(subject=segment.subject)
    if segment.for_all:
        return found.filter(for_all=True)
    if segment.team_id:
        return found.filter(for_all=False, team_id=segment.team_id)
    return found.filter(for_all=False, team__isnull=True, member_id=segment.member_id)


def _tell(member: Member, segment: Segment, kind: str) -> None:
    if segment.for_all or segment.team_id:
        data = {"segment": str(segment.id), "team": str(segment.team_id or "")}
        events.record(kind, actor_id=member.id, data=data)
