"""Notices in words: for the page, for mail and for devices, in the language that is in force."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
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
    what = str(REASONS[notice.reason].sentence) % {"who": who or _("Somebody"), "team": watching}
    team = owner.name if owner else ""
    about = _("A confidential conversation of %(team)s") % {"team": team} if hidden else conversation.subject
    return Line(notice, what, about or _("(no subject)"), f"/c/{conversation.id}/")


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
