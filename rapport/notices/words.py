"""Notices in words: for the page, for mail and for devices, in the language that is in force."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from rapport.conversations.models import Conversation
from rapport.core.options import options
from rapport.notices.models import Notice
from rapport.notices.paces import REOPENED, RESOLVED
from rapport.notices.reasons import REASONS
from rapport.notices.rounds import Entry


@dataclass(frozen=True)
class Line:
    """What happened, what it is about and where that is; of a round, a line for each conversation is `under` it."""

    notice: Notice
    what: str
    about: str
    url: str
    under: Sequence["Under"] = ()
    more: int = 0


@dataclass(frozen=True)
class Under:
    """One conversation of a round in words."""

    entry: Entry
    what: str
    about: str
    url: str


def line_of(notice: Notice, conversation: Conversation, outside: bool = False) -> Line:
    """A notice in words. `outside` the pages (mail, devices) a confidential conversation is named by its team alone."""
    owner = conversation.owner_team
    hidden = outside and (conversation.confidential or (owner is not None and owner.confidential))
    who = "" if hidden else notice.who
    watching = notice.team.name if notice.team else ""
    said = {"who": who or _("Somebody"), "team": watching}
    what = _promised(notice) or str(REASONS[notice.reason].sentence) % said
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


def round_line(notice: Notice, counted: tuple[int, int], under: Sequence[Under] = ()) -> Line:
    """A round in words; `counted` is in how many conversations something happened, and how many are new."""
    count, fresh = counted
    about = _("Nothing more that you may see")
    if count:
        about = ngettext("%(count)s conversation it watches", "%(count)s conversations it watches", count)
        about = about % {"count": count}
    if fresh:
        about = ngettext("%(all)s, %(fresh)s new", "%(all)s, %(fresh)s new", fresh) % {"all": about, "fresh": fresh}
    name = notice.team.name if notice.team else ""
    return Line(notice, name, about, f"/notices/rounds/{notice.id}/", under, max(0, count - len(under)))


def unders(entries: Iterable[Entry], seen: Mapping[UUID, Conversation]) -> list[Under]:
    """The conversations of a round in words, those in `seen`."""
    return [
        Under(one, _happened(one), seen[one.conversation_id].subject or _("(no subject)"), f"/c/{one.conversation_id}/")
        for one in entries
        if one.conversation_id in seen
    ]


def _happened(one: Entry) -> str:
    said = []
    if one.fresh:
        said.append(_("New"))
    if one.said:
        said.append(ngettext("%(count)s message", "%(count)s messages", one.said) % {"count": one.said})
    if one.answered:
        said.append(ngettext("%(count)s answer", "%(count)s answers", one.answered) % {"count": one.answered})
    if one.last == RESOLVED:
        said.append(_("resolved"))
    if one.last == REOPENED:
        said.append(_("opened again"))
    return ", ".join(said) or _("News")


def absolute(path: str) -> str:
    """An address for use outside the pages."""
    return f"{options().public_url.rstrip('/')}{path}"
