"""What the list of conversations is drawn with."""

from typing import Any

import heroicons
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.web import locales
from rapport.web.promises import Left, left_of
from rapport.web.rows import Row, rows_with_facts
from rapport.web.shell import Shell

register = template.Library()


@register.simple_tag(takes_context=True)
def list_rows(context: template.Context) -> list[Row]:
    """The rows of the page in `page`, as `listing` shows them."""
    shell: Shell = context["shell"]
    names = {team.id: team.name for team in shell.all_teams}
    return rows_with_facts(context["listing"].view, context["page"].rows, names)


@register.simple_tag(takes_context=True)
def promise(context: template.Context, conversation: Conversation) -> str:
    """How much of the promise is left in the owner team's business hours, or by how much it is broken."""
    shell: Shell | None = context.get("shell")
    if shell is None or conversation.due_at is None:
        return ""
    at = now()
    found = left_of(conversation, shell.clocks.of(conversation.owner_team_id), at)
    return _drawn(found, int(at.timestamp())) if found else ""


def _drawn(found: Left, at: int) -> str:
    moment = {"when": locales.full(found.due_at)}
    title = _("First answer due: %(when)s") if found.first_answer else _("Resolution due: %(when)s")
    return format_html(
        '<span class="badge badge-{}" title="{}" data-due="{}" data-left="{}" data-at="{}" data-day="{}"'
        ' data-open="{}">{}{}</span>',
        found.tone,
        title % moment,
        found.due_at.isoformat(),
        int(found.left.total_seconds()),
        at,
        found.day_minutes,
        ",".join(f"{int(start.timestamp())}-{int(end.timestamp())}" for start, end in found.open),
        _icon("clock"),
        found.words,
    )


def _icon(name: str) -> SafeString:
    return mark_safe(heroicons._render_icon("micro", name, 12, {"aria-hidden": "true"}))  # noqa: S308 - our own icon


@register.simple_tag(takes_context=True)
def command_keys(context: template.Context) -> list[Any]:
    """The groups of commands for the dialog of keys."""
    from rapport.web.commands import groups

    return groups(context["shell"])
