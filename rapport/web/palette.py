"""The command palette: everything that can be gone to or done, found by a few letters."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rapport.conversations.asking.names import people_named
from rapport.conversations.models import Conversation, Priority
from rapport.conversations.queries import active_topics
from rapport.conversations.search import find
from rapport.core.clock import now
from rapport.people import trees
from rapport.people.models import Person
from rapport.web import snoozes
from rapport.web.asking import question_of
from rapport.web.colleagues import colleagues_of
from rapport.web.commands import COMMANDS
from rapport.web.rights import page
from rapport.web.shell import Shell, shell_of

_TYPED_MAX = 200
_FOUND = 6


@dataclass(frozen=True)
class Option:
    """One line: gone to (`url`), run by the script (`run`), or done to what is selected or open (`verb`, `value`)."""

    label: str
    kind: str
    key: str
    url: str = ""
    run: str = ""
    verb: str = ""
    value: str = ""
    caps: tuple[str, ...] = ()
    hint: str = ""


@page()
@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    """All commands and places; the page's script picks from them as one types."""
    shell = shell_of(request)
    options = [*_commands(shell), *_places(shell), *(_acts(shell) if shell.can_write else _marks())]
    return render(request, "web/parts/palette_options.html", {"options": options})


@page()
@require_GET
def found(request: HttpRequest) -> HttpResponse:
    """People and conversations for what was typed so far."""
    typed = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:_TYPED_MAX]
    options = [*_people(typed), *_conversations(request, typed)] if len(typed) > 1 else []
    return render(request, "web/parts/palette_options.html", {"options": options})


def _commands(shell: Shell) -> Iterator[Option]:
    for one in COMMANDS:
        if one.palette and (shell.can_write or not one.writes):
            kind = _("Go to") if one.url else _("Do")
            caps = tuple(one.shown[0]) if one.keys else ()
            yield Option(str(one.label), kind, one.run, url=one.url, run="" if one.url else one.run, caps=caps)


def _places(shell: Shell) -> Iterator[Option]:
    for team in shell.teams:
        url = reverse("team_inbox", args=[team.slug])
        yield Option(team.name, _("Team"), f"team-{team.slug}", url=url)
    for view in shell.saved_views:
        yield Option(view.name, _("Saved view"), f"view-{view.id}", url=reverse("saved_view", args=[view.id]))
    for name, label in _pages(shell):
        yield Option(label, _("Page"), f"page-{name}", url=reverse(name))


def _pages(shell: Shell) -> list[tuple[str, str]]:
    pages = [
        ("reports", _("Reports")), ("absences", _("Absences")), ("policy_overview", _("Policy")),
        ("events", _("Event log")), ("staff", _("Members and teams")), ("roles", _("Roles")),
        ("company", _("Company")), ("views", _("Views")),
        ("profile", _("Your profile")), ("security", _("Security")), ("notices", _("Notices")),
        ("notice_settings", _("What you hear")),
    ]  # fmt: skip
    if shell.sees_load:
        pages.append(("leads", _("Team load")))
    if shell.can_admin:
        pages += [("channels", _("Channels")), ("quarantine", _("Quarantine")), ("signin", _("Sign-in"))]
    return pages


def _acts(shell: Shell) -> Iterator[Option]:
    yield _act(_("Assign to me"), "assign", "me")
    for member in colleagues_of(shell):
        yield _act(_("Assign to %(name)s") % {"name": member.name}, "assign", f"member:{member.id}")
    for team in shell.all_teams:
        yield _act(_("Give to %(team)s") % {"team": team.name}, "assign", f"team:{team.id}")
    yield _act(_("Assign to nobody yet"), "assign", "nobody")
    for time in snoozes.choices(now()):
        yield _act(_("Snooze: %(when)s") % {"when": time.label}, "snooze", time.value, time.when)
    yield _act(_("Wake from snoozing"), "wake")
    for topic in active_topics():
        yield _act(_("Topic: %(topic)s") % {"topic": topic.name}, "topic", str(topic.id))
    yield _act(_("No topic"), "topic")
    yield _act(_("Merge the selected into one"), "merge")
    for value, label in Priority.choices:
        yield _act(_("Priority: %(priority)s") % {"priority": label}, "priority", str(value))
    yield from _marks()


def _marks() -> Iterator[Option]:
    yield _act(_("Mark as read"), "read")
    yield _act(_("Follow"), "follow")
    yield _act(_("Do not follow"), "unfollow")


def _act(label: str, verb: str, value: str = "", hint: str = "") -> Option:
    # The time of a snooze is another each day; what is remembered as recent is its name.
    key = f"{verb}-{label if verb == 'snooze' else value}"
    return Option(label, _("Do"), key, verb=verb, value=value, hint=hint)


def _people(typed: str) -> Iterator[Option]:
    ids = people_named(typed, _FOUND)
    rows = Person.objects.select_related("organization").in_bulk(ids)
    for person in (rows[id] for id in ids if id in rows):
        hint = person.organization.name if person.organization else ""
        url = reverse("person", args=[person.id])
        yield Option(person.name or _("Unknown"), _("Person"), f"person-{person.id}", url=url, hint=hint)


def _conversations(request: HttpRequest, typed: str) -> Iterator[Option]:
    question = question_of(request, typed)
    if question.asked.is_empty:
        return
    ids = find(question.search, limit=_FOUND).ids[:_FOUND]
    rows = Conversation.objects.select_related("person").in_bulk(ids)
    trees.call(row.person for row in rows.values())
    for one in (rows[id] for id in ids if id in rows):
        url = reverse("conversation", args=[one.id])
        who = one.person.called if one.person else ""
        yield Option(one.subject or _("(no subject)"), _("Conversation"), f"c-{one.id}", url=url, hint=who)
