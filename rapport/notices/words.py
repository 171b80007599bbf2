"""Notices in words: for the page, for mail and for devices, in the language that is in force."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

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
    what = str(REASONS[notice.reason].sentence) % {"who": who or _("Somebody")}
    team = owner.name if owner else ""
    about = _("A confidential conversation of %(team)s") % {"team": team} if hidden else conversation.subject
    return Line(notice, what, about or _("(no subject)"), REASONS[notice.reason].place or f"/c/{conversation.id}/")


def absolute(path: str) -> str:
    """An address for use outside the pages."""
    return f"{options().public_url.rstrip('/')}{path}"
