"""Templates: the list, and one of them to change."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations.models import Template
from rapport.core.errors import Invalid
from rapport.outbound import placeholders, richtext, templates
from rapport.outbound.templates import Words
from rapport.staff.models import Role
from rapport.web import richview
from rapport.web.composer import uuid_or_none
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

_SHOWN_MAX = 300


@page()
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Every template the member sees, or those with the words asked for."""
    query = request.GET.get("q", "").replace("\0", "")[:200]
    shell = shell_of(request)
    found = [
        {"template": one, "may_edit": templates.may_edit(shell.member, one, shell.team_ids), "text": _excerpt(one)}
        for one in templates.search(query)[:_SHOWN_MAX]
    ]
    return render(request, "web/compose/templates.html", {"found": found, "query": query})


@page(WRITERS)
def edit(request: HttpRequest, template_id: UUID | None = None) -> HttpResponse:
    """A new template, or one to change; what was typed stays when something is wrong with it."""
    me = member_of(request)
    template = get_object_or_404(Template, id=template_id) if template_id else None
    if request.method != "POST":
        words = _words_of(template) if template else Words("", "", team_id=_first_team(request))
        return _form(request, template, words)
    words = _given(request)
    try:
        templates.save(me, words, template)
    except Invalid as error:
        return _form(request, template, words, f"{error.message} {error.hint}".strip())
    messages.success(request, _("The template is kept."))
    return redirect("templates")


@page(WRITERS)
@require_POST
def delete(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Throw a template away."""
    templates.delete(member_of(request), get_object_or_404(Template, id=template_id))
    messages.success(request, _("The template is gone. What was written with it stays."))
    return redirect("templates")


def _form(request: HttpRequest, template: Template | None, words: Words, wrong: str = "") -> HttpResponse:
    me, shell = member_of(request), shell_of(request)
    context = {
        "template": template,
        "words": words,
        "wrong": wrong,
        "editing": richview.for_editor(richtext.read(words.html).html, []),
        "text": richtext.read(words.html).text,
        "teams": templates.teams_for(me),
        "for_everyone": me.role in (Role.ADMIN, Role.LEAD),
        "may_edit": template is None or templates.may_edit(me, template, shell.team_ids),
        "languages_known": settings.LANGUAGES,
        "known": [("{{" + name + "}}", label) for name, label in placeholders.KNOWN.items()],
    }
    return render(request, "web/compose/template.html", context, status=400 if wrong else 200)


def _given(request: HttpRequest) -> Words:
    given = request.POST
    shortcut = "".join(c for c in given.get("shortcut", "").lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return Words(
        name=given.get("name", "").replace("\0", ""),
        html=given.get("html") or richtext.of_text(given.get("text", "")),
        shortcut=shortcut,
        language=given.get("language", "") if given.get("language") in dict(settings.LANGUAGES) else "",
        team_id=uuid_or_none(given.get("team", "")),
    )


def _words_of(template: Template) -> Words:
    return Words(template.name, template.html, template.shortcut, template.language, template.team_id)


def _first_team(request: HttpRequest) -> UUID | None:
    if shell_of(request).can_lead:
        return None
    teams = templates.teams_for(member_of(request))
    return teams[0].id if teams else None


def _excerpt(template: Template) -> str:
    return " ".join(richtext.read(template.html).text.split())[:160]
