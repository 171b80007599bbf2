"""One conversation: its timeline, why it is owned as it is, and the person beside it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from rapport.conversations import following, linking, queries, reading
from rapport.conversations.models import Conversation, Priority, Status
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.notices import gather as notices
from rapport.people.consenting import is_marked
from rapport.people.models import Handle, Person
from rapport.people.trees import root_of
from rapport.staff.models import Member, Role
from rapport.web import snoozes, witness
from rapport.web.composer import composer_of
from rapport.web.inbox import listing_beside
from rapport.web.learning_why import suggested
from rapport.web.person_relations import relations_of
from rapport.web.presences import here_of
from rapport.web.promise_clocks import clocks_of
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of
from rapport.web.timeline import timeline_of, why
from rapport.web.weighing import Eyes

_VERBS = (
    "accept", "assign", "confidential", "involve", "priority", "snooze", "split", "status", "topic", "uninvolve",
    "unlink", "wake",
)  # fmt: skip


@page()
@require_GET
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The conversation beside the list it was opened from; alone when the page asks for a fragment."""
    found = queries.get_conversation(conversation_id)
    if found.merged_into is not None:
        return redirect("conversation", found.merged_into)
    notices.read(member_of(request), found.id)
    witness.viewed(member_of(request), found.id)
    return show(request, found)


@page()
@require_GET
def timeline(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Head and timeline only: what the open page asks for when it hears of a change."""
    found = queries.get_conversation(conversation_id)
    return render(request, "web/conversation/fresh.html", _core(request, found))


@page()
@require_GET
def earlier(request: HttpRequest, conversation_id: UUID, before: UUID) -> HttpResponse:
    """What was said before the message `before`."""
    found = queries.get_conversation(conversation_id)
    context = {
        "conversation": found, "timeline": timeline_of(found, before), "listing": _listing(request),
        "can_write": shell_of(request).can_write,
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        return render(request, "web/conversation/items.html", context)
    return show(request, found, before)


def show(request: HttpRequest, found: Conversation, before: UUID | None = None, **more: Any) -> HttpResponse:
    """The whole page, or the detail fragment for htmx."""
    reading.mark_seen(found, member_of(request))
    context = _core(request, found, before) | _person(found) | {"open_id": found.id} | more
    context |= {"choosing": request.GET.get("choose") == "1", "toast_target": "#detail"}
    context["links"] = linking.linked_to(found.id)
    composer = more.get("composer") or composer_of(request, found, context["timeline"])
    context |= {"composer": composer, "silent": composer.silent if composer else is_marked(found.person_id)}
    if request.headers.get("HX-Request"):
        return render(request, "web/conversation/swap.html", context, status=more.get("status", 200))
    context["page"] = queries.list_conversations(context["listing"].view, limit=queries.BESIDE_SIZE)
    return render(request, "web/conversation/page.html", context, status=more.get("status", 200))


def after(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The conversation as it is now, where it was merged to, or its list when one has given it out of sight."""
    listing = _listing(request)
    try:
        found = queries.get_conversation(conversation_id)
        if found.merged_into is not None:
            found = queries.get_conversation(found.merged_into)
    except NotVisible:
        messages.info(request, _("It now belongs to a team whose conversations you do not see."))
        gone = listing.url
        return HttpResponseClientRedirect(gone) if request.headers.get("HX-Request") else redirect(gone)
    if request.headers.get("HX-Request"):
        return show(request, found)
    return redirect(reverse("conversation", args=[found.id]) + listing.query)


def _listing(request: HttpRequest) -> Any:
    return listing_beside(request)


def _core(request: HttpRequest, found: Conversation, before: UUID | None = None) -> dict[str, Any]:
    shell = shell_of(request)
    involved = [team for team in shell.all_teams if team.id in set(found.involved)]
    me, listing = member_of(request), _listing(request)
    eyes = Eyes(me.id, frozenset(team.id for team in shell.all_teams if shell.sees_load_of(team)), shell.can_lead)
    topics = queries.active_topics()
    reason = why(found, {team.slug: team.name for team in shell.all_teams}, eyes, topics)
    return {
        "conversation": found,
        "timeline": timeline_of(found, before),
        "why": reason,
        "suggested": suggested(found, reason, shell.all_teams, topics),
        "involved": involved,
        "can_write": shell.can_write,
        "teams": shell.all_teams,
        "colleagues": _colleagues(me, found),
        "promises": clocks_of(found, shell),
        "interest": following.interest_of(found.id, me),
        "here": here_of(found.id, me),
        "snooze_times": snoozes.choices(now()),
        "topics": topics,
        "priorities": Priority.choices,
        "statuses": Status,
        "listing": listing,
        "acts": _acts(found.id, listing.query),
    }


def _acts(conversation_id: UUID, query: str) -> dict[str, str]:
    """Where each thing one may do leads; made at once, since the page names them thirty times."""
    before, after = reverse("act", args=[conversation_id, "verb"]).rsplit("verb", 1)
    return {verb: f"{before}{verb}{after}{query}" for verb in _VERBS}


def _colleagues(me: Member, found: Conversation) -> list[Member]:
    """Those it can be given to within its team; oneself first."""
    if found.owner_team_id is None:
        return []
    members = Member.objects.filter(memberships__team_id=found.owner_team_id, is_active=True).exclude(role=Role.READER)
    return sorted(members.only("id", "name").order_by("name"), key=lambda member: member.id != me.id)


def _shown(home: Person | None) -> Person | None:
    """The row by which the person is shown to whoever looks."""
    if home is None or not home.top:
        return home
    return Person.objects.select_related("organization").get(id=root_of(home.id))


def _person(found: Conversation) -> dict[str, Any]:
    person = _shown(found.person)
    if person is None:
        return {"person": None}
    return {
        "organization": person.organization,
        "handles": list(Handle.objects.filter(person__root=person.root).order_by("kind", "value")[:20]),
        **relations_of(person),
        "earlier_conversations": queries.earlier_of(person.id, found.id),
    }
