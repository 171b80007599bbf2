"""Public posts that searches and feeds brought: to be read in volume, and made conversations one by one."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.channels.models import Channel
from rapport.conversations.models import Mention
from rapport.core.errors import Invalid
from rapport.inbound import taking
from rapport.web.aboutdraw import is_web
from rapport.web.composer import uuid_or_none
from rapport.web.rights import EVERYBODY, WRITERS, member_of, page
from rapport.web.shell import shell_of

_PAGE = 50
_REACHES = (1_000, 10_000, 100_000)
_WORDS_CHARS_MAX = 200


@dataclass(frozen=True)
class Asked:
    """What the page was asked for."""

    words: str = ""
    channel: UUID | None = None
    found_by: str = ""
    reach: int = 0
    before: tuple[datetime, UUID] | None = None

    @property
    def query(self) -> str:
        """The same as part of an address, without the place in the list."""
        given = {
            "q": self.words, "channel": str(self.channel or ""), "by": self.found_by,
            "reach": str(self.reach) if self.reach else "",
        }  # fmt: skip
        return urlencode({name: value for name, value in given.items() if value})


@page(EVERYBODY)
@require_GET
def mentions(request: HttpRequest) -> HttpResponse:
    """The newest first, fifty at a time, by words, channel, search and reach."""
    shell_of(request).current = "mentions"
    asked = _asked(request)
    rows = list(_found(asked).select_related("channel").order_by("-at", "-id")[: _PAGE + 1])
    shown = rows[:_PAGE]
    following = f"{shown[-1].at.isoformat()}_{shown[-1].id}" if len(rows) > _PAGE else ""
    for row in shown:
        row.url = row.url if is_web(row.url) else ""
    return render(
        request,
        "web/mentions/page.html",
        {
            "rows": shown, "asked": asked, "next": following, "reaches": _REACHES,
            "channels": Channel.objects.exclude(kind="email").order_by("name"),
        },
    )  # fmt: skip


@page(WRITERS)
@require_POST
def take(request: HttpRequest, channel_id: UUID, mention_id: UUID) -> HttpResponse:
    """Make a conversation of one; its owner is decided as of any other."""
    try:
        conversation = taking.take(channel_id, mention_id, member_of(request))
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("mentions")
    messages.success(request, _("It is a conversation now."))
    return redirect("conversation", conversation_id=conversation)


def _asked(request: HttpRequest) -> Asked:
    given = request.GET
    reach = given.get("reach", "")
    return Asked(
        words=given.get("q", "").replace("\0", "").strip()[:_WORDS_CHARS_MAX],
        channel=uuid_or_none(given.get("channel", "")),
        found_by=given.get("by", "").replace("\0", "")[:200],
        reach=int(reach) if reach.isascii() and reach.isdigit() and len(reach) < 12 else 0,
        before=_place(given.get("before", "")),
    )


def _place(text: str) -> tuple[datetime, UUID] | None:
    at, _sep, id = text.partition("_")
    try:
        found = (datetime.fromisoformat(at.replace(" ", "+")), UUID(id)) if text else None
    except ValueError as error:
        raise Invalid(_("The form was not complete."), _("Load the page again.")) from error
    return found if found and found[0].tzinfo else None


def _found(asked: Asked) -> QuerySet[Mention]:
    found = Mention.objects.all()
    if asked.words:
        found = found.filter(Q(text__icontains=asked.words) | Q(author_name__icontains=asked.words))
    if asked.channel:
        found = found.filter(channel_id=asked.channel)
    if asked.found_by:
        found = found.filter(found_by=asked.found_by)
    if asked.reach:
        found = found.filter(reach__gte=asked.reach)
    if asked.before:
        at, id = asked.before
        found = found.filter(Q(at__lt=at) | Q(at=at, id__lt=id), at__lte=at)
    return found
