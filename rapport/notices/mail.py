"""Notices by mail: soon after, together, and only what nobody has read in the page meanwhile; or once a day.

A notice is marked as mailed before the mail goes, and unmarked only when it is certain that it did not: never twice.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import ngettext

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.notices import rounds
from rapport.notices.models import Notice, Preferences
from rapport.notices.reasons import DIGEST, SOON
from rapport.notices.words import absolute, line_of, round_line, unders
from rapport.staff.models import Member

log = logging.getLogger(__name__)
#: So long a notice waits for being read in the page before it goes by mail.
PATIENCE = timedelta(minutes=2)
_ATTEMPTS_MAX = 5
_LINES_MAX = 50
_UNDER_MAX = 20


def run_soon() -> int:
    """Mail what waits since PATIENCE, one mail a member; how many mails went."""
    due = Notice.objects.filter(mail=SOON, mailed_at__isnull=True, read_at__isnull=True, at__lte=now() - PATIENCE)
    with scope.system():
        members = list(due.order_by().values_list("member_id", flat=True).distinct()[:200])
    return sum(_mail(member, SOON) for member in members)


def run_digests() -> int:
    """Mail each member's digest once a day, after its hour where they live; how many mails went."""
    with scope.system():
        waiting = Notice.objects.filter(mail=DIGEST, mailed_at__isnull=True, read_at__isnull=True)
        ids = [*waiting.order_by().values_list("member_id", flat=True).distinct(), *rounds.waiting_for_day()]
        members = list(Member.objects.filter(id__in=ids, is_active=True))
    return sum(_mail(member.id, DIGEST) for member in members if _begin_digest(member))


def is_due(preferences: Preferences, zone: ZoneInfo, at: datetime) -> date | None:
    """The day whose digest is due at `at`, if any."""
    local = at.astimezone(zone)
    if local.hour < preferences.digest_hour or preferences.digested_on == local.date():
        return None
    if local.weekday() >= 5 and not preferences.digest_weekends:
        return None
    return local.date()


def _begin_digest(member: Member) -> bool:
    """Note that today's digest is under way, and make the day's rounds; false where another process, or an earlier
    run, has.
    """
    with scope.system():
        Preferences.objects.get_or_create(member=member)
        kept = Preferences.objects.select_for_update().get(member=member)
        day = is_due(kept, ZoneInfo(member.time_zone), now())
        if day is None:
            return False
        Preferences.objects.filter(member=member).update(digested_on=day)
        rounds.run_day(member.id)
    return True


def _mail(member_id: UUID, kind: str) -> bool:
    claimed = _claim(member_id, kind)
    member = Member.objects.filter(id=member_id, is_active=True).first()
    if not claimed or member is None:
        return False
    if _send(member, claimed, kind):
        return True
    with scope.system():
        Notice.objects.filter(id__in=[one.id for one in claimed], mail_attempts__lt=_ATTEMPTS_MAX).update(
            mailed_at=None
        )
    return False


def _claim(member_id: UUID, kind: str) -> list[Notice]:
    """Mark what is to go, in a transaction of its own, and return it."""
    with scope.system(), transaction.atomic():
        waiting = Notice.objects.filter(member_id=member_id, mail=kind, mailed_at__isnull=True, read_at__isnull=True)
        locked = waiting.select_for_update(skip_locked=True, of=("self",))
        rows = list(locked.select_related("team").order_by("-at", "-id"))
        ids = [row.id for row in rows]
        Notice.objects.filter(id__in=ids).update(mailed_at=now(), mail_attempts=F("mail_attempts") + 1)
    return rows


def _send(member: Member, notices: Sequence[Notice], kind: str) -> bool:
    gathered = [one for one in notices if one.conversation_id is None]
    with scope.member(member.id):
        counted, entries = rounds.figures(gathered), rounds.entries(gathered, _UNDER_MAX)
        ids = {one.conversation_id for one in notices if one.conversation_id}
        ids |= {entry.conversation_id for under in entries.values() for entry in under}
        seen = {one.id: one for one in Conversation.objects.select_related("owner_team").filter(id__in=ids)}
    with translation.override(member.language), timezone.override(ZoneInfo(member.time_zone)):
        lines = [
            line_of(one, seen[one.conversation_id], outside=True)
            if one.conversation_id
            else round_line(one, counted[one.id], unders(entries[one.id], seen))
            for one in notices
            if one.conversation_id in seen or one.id in entries
        ]
        if not lines:
            return True
        shown, more = lines[:_LINES_MAX], max(0, len(lines) - _LINES_MAX)
        context = {"member": member, "lines": shown, "more": more, "digest": kind == DIGEST, "site": absolute("")}
        text = render_to_string("notices/mail.txt", context)
        message = EmailMultiAlternatives(_subject(lines), text, to=[member.email], connection=get_connection())
        message.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
        message.extra_headers["Auto-Submitted"] = "auto-generated"
    return bool(message.send())


def _subject(lines: Sequence[object]) -> str:
    if len(lines) == 1:
        only = lines[0]
        return f"{getattr(only, 'what', '')}: {getattr(only, 'about', '')}"[:180].replace("\n", " ")
    return ngettext("%(count)s notice", "%(count)s notices", len(lines)) % {"count": len(lines)}
