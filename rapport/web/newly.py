"""Writing first: the page on which a member begins a conversation."""

from dataclasses import dataclass, field

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from rapport.conversations.models import Conversation, Draft, DraftKind
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.outbound import actions as outbox
from rapport.outbound import drafts, opening, richtext, scheduling
from rapport.people import trees
from rapport.people.models import Handle
from rapport.staff.models import Member
from rapport.web import richview
from rapport.web.composer import Composer, addresses_of, uuid_or_none, written, zone
from rapport.web.locales import moment
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.saying import files_of

_FIELDS = ("to", "cc", "bcc", "subject", "html", "text", "channel", "team")


@dataclass(frozen=True)
class Letter:
    """What stands in the form."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""
    channel: str = ""
    team: str = ""
    draft: Draft | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def editing(self) -> SafeString:
        """The words for the editor."""
        html = self.html or (richtext.of_text(self.text) if self.text else "")
        return richview.for_editor(richtext.read(html).html, self.draft.uploads.all() if self.draft else [])

    @property
    def plain(self) -> str:
        """The words for a plain field."""
        return self.text or richtext.read(self.html).text


@page(WRITERS)
def new(request: HttpRequest) -> HttpResponse:
    """An empty sheet, an unfinished one (?draft=), or one addressed to a person (?person=); POST sends it."""
    if request.method == "POST":
        return _send(request)
    letter = _unfinished(request) or Letter(to=_to(request), channel=_usual(member_of(request)))
    return _sheet(request, letter)


def _send(request: HttpRequest) -> HttpResponse:
    me, given = member_of(request), request.POST
    draft = drafts.of(me, drafts.Place(DraftKind.NEW, draft_id=uuid_or_none(given.get("draft", ""))))
    try:
        with transaction.atomic():
            at = scheduling.chosen(given.get("later", ""), given.get("later_at", ""), now(), zone())
            answer = outbox.Answer(
                text=given.get("text", ""),
                html=given.get("html", ""),
                to=addresses_of(given.get("to", ""), _("To")),
                cc=addresses_of(given.get("cc", ""), _("Copy")),
                bcc=addresses_of(given.get("bcc", ""), _("Blind copy")),
                files=files_of(request),
                quote=False,
                draft=draft,
                send_at=at,
                unless_they_write=given.get("unless") == "yes",
            )
            delivery = opening.begin(me, _beginning(request), answer)
    except Invalid as error:
        words = f"{error.message} {error.hint}".strip()
        fields = {name: given.get(name, "") for name in _FIELDS}
        return _sheet(request, Letter(**fields, draft=draft, errors=[words]), status=400)
    said = _("Goes out on %(time)s.") % {"time": moment(at)} if at else _("Goes out in 10 seconds.")
    undo = reverse("undo", args=[delivery.conversation_id, delivery.message_id])
    messages.success(request, said, extra_tags=undo)
    there = reverse("conversation", args=[delivery.conversation_id])
    return HttpResponseClientRedirect(there) if request.headers.get("HX-Request") else redirect(there)


def _beginning(request: HttpRequest) -> opening.Beginning:
    given = request.POST
    channel = next((one for one in opening.channels() if str(one.id) == given.get("channel")), None)
    if channel is None:
        raise Invalid(_("No channel was chosen."), _("Choose one to send by."))
    team = next((one for one in opening.teams_of(member_of(request)) if str(one.id) == given.get("team")), None)
    if team is None:
        raise Invalid(_("No team was chosen."), _("Choose the team in whose name you write."))
    return opening.Beginning(channel, team, given.get("subject", ""))


def _sheet(request: HttpRequest, letter: Letter, status: int = 200) -> HttpResponse:
    me = member_of(request)
    context = {
        "letter": letter,
        "composer": Composer(),
        "channels": opening.channels(),
        "teams": opening.teams_of(me),
        "unfinished": [one for one in drafts.unfinished(me) if letter.draft is None or one.id != letter.draft.id],
    }
    return render(request, "web/compose/new.html", context, status=status)


def _unfinished(request: HttpRequest) -> Letter | None:
    wanted = uuid_or_none(request.GET.get("draft", ""))
    if wanted is None:
        return None
    draft = drafts.of(member_of(request), drafts.Place(DraftKind.NEW, draft_id=wanted))
    if draft is None:
        return None
    kept, chosen = draft.recipients, draft.options
    return Letter(
        kept.get("to", ""), kept.get("cc", ""), kept.get("bcc", ""), draft.subject, draft.html,
        channel=str(chosen.get("channel", "")), team=str(chosen.get("team", "")), draft=draft,
    )  # fmt: skip


def _usual(me: Member) -> str:
    """The channel by which the first of one's teams was written to last; empty for none."""
    team = next(iter(opening.teams_of(me)), None)
    sendable = [one.id for one in opening.channels()]
    if team is None or len(sendable) < 2:
        return ""
    written_to = Conversation.objects.filter(owner_team=team, channel__in=sendable).order_by("-last_activity_at")
    last = written_to.values_list("channel_id", flat=True).first()
    return str(last or "")


def _to(request: HttpRequest) -> str:
    person = uuid_or_none(request.GET.get("person", ""))
    if person is None:
        return ""
    found = Handle.objects.filter(person__in=trees.rows_of(person), kind="email").select_related("person")
    handle = min(found, key=lambda one: (one.person_id != person, one.created_at), default=None)
    if handle is None:
        return ""
    trees.call([handle.person], openly=True)
    return written([(handle.person.called, handle.written or handle.value)])


