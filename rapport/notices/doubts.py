"""Leads are told, once each, of decisions of a member that contradict all that was learned before."""

from datetime import timedelta

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.notices.gather import Fresh, tell
from rapport.notices.matters import staff
from rapport.ownership.models import Burst
from rapport.staff.models import Member
from rapport.staff.rights import LEAD

_LATE = timedelta(hours=24)


def run() -> int:
    """Tell of the bursts found within a day that nobody has looked at; how many notices were new."""
    with scope.system():
        waiting = Burst.objects.filter(settled="", found_at__gt=now() - _LATE, conversation__isnull=False)
        found = list(waiting.select_related("member"))
        if not found:
            return 0
        audiences = dict(
            Conversation.objects.filter(id__in=[one.conversation_id for one in found]).values_list("id", "audience")
        )
        leading = Member.objects.filter(role__in=LEAD.roles, is_active=True)
        known, leads = staff(), list(leading.values_list("id", flat=True))
        return tell([
            Fresh(lead, one.id, one.conversation_id, "contradicted", one.found_at, _name(one))
            for one in found
            if one.conversation_id
            for lead in leads
            if lead != one.member_id and known.sees(lead, audiences.get(one.conversation_id, ()))
        ])


def _name(one: Burst) -> str:
    return one.member.name if one.member else ""
