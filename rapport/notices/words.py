"""Notices in words: for the page, for mail and for devices, in the language that is in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from rapport.conversations.models import Conversation
from rapport.core.options import options
from rapport.notices.models import Notice
from rapport.notices.reasons import REASONS


@dataclass(frozen=True)
class Line:
    """What happened, what it is about and where that is."""

    notice: Notice
    what: str
    about: str
    url: str


def line_of(notice: Notice, conversation: Conversation, outside: bool = False) -> Line:
    """A notice in words. `outside` the pages (mail, devices) a confidential conversation is named by its team alone."""
    owner = conversation.owner_team
    hidden = outside and (conversation.confidential or (owner is not None and owner.confidential))
    who = "" if hidden else notice.who
    what = _promised(notice) or str(REASONS[notice.reason].sentence) % {"who": who or _("Somebody")}
    team = owner.name if owner else ""
    about = _("A confidential conversation of %(team)s") % {"team": team} if hidden else conversation.subject
    return Line(notice, what, about or _("(no subject)"), REASONS[notice.reason].place or f"/c/{conversation.id}/")


def _promised(notice: Notice) -> str:
    """Which promise runs out, and when, from when it was told; empty where that is not known."""
    clock, _sign, due = notice.who.partition(" ")
    if notice.reason not in ("near", "broken") or clock not in _CLOCKS:
        return ""
    try:
        left = datetime.fromisoformat(due) - notice.at
    except (ValueError, TypeError):
        return ""
    near, late_since, late = _CLOCKS[clock]
    if left > timedelta(0):
        return near % {"span": _span(left)}
    return late_since % {"span": _span(-left)} if -left >= timedelta(minutes=1) else str(late)


def _span(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes < 120:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    return ngettext("%(count)s day", "%(count)s days", hours // 24) % {"count": hours // 24}


#: By clock: due in some time, late since some time, late.
_CLOCKS = {
    "first_answer": (
        lazy("First answer due in %(span)s"), lazy("First answer late for %(span)s"), lazy("The first answer is late"),
    ),
    "next_answer": (
        lazy("Next answer due in %(span)s"), lazy("Next answer late for %(span)s"), lazy("The next answer is late"),
    ),
    "resolution": (
        lazy("Resolution due in %(span)s"), lazy("Resolution late for %(span)s"), lazy("The resolution is late"),
    ),
}  # fmt: skip


def absolute(path: str) -> str:
    """An address for use outside the pages."""
    return f"{options().public_url.rstrip('/')}{path}"
