"""What the list of conversations and the timeline beside it are drawn with."""

from typing import Any

from django import template
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.web import itemdraw, queues, rowdraw
from rapport.web.inbox import Listing
from rapport.web.promisedraw import promise_badge
from rapport.web.rowdraw import Around
from rapport.web.rows import rows_with_facts
from rapport.web.shell import Shell
from rapport.web.templatetags.rapport import age
from rapport.web.timeline import Item

register = template.Library()


@register.simple_tag(takes_context=True)
def list_rows(context: template.Context) -> SafeString:
    """The rows of the page in `page`, as `listing` shows them."""
    shell: Shell = context["shell"]
    names = {team.id: team.name for team in shell.all_teams}
    listing = context["listing"]
    rows = rows_with_facts(listing.view, context["page"].rows, names)
    return rowdraw.draw(rows, Around(now(), shell.clocks, shell.hues, listing.query, context.get("open_id")))


@register.inclusion_tag("web/inbox/queue_head.html", takes_context=True)
def queue_head(context: template.Context, listing: Listing) -> dict[str, Any]:
    """How many wait for a member, above the list of a team; nothing beside an open conversation."""
    shell: Shell = context["shell"]
    team_id = listing.view.team_id
    return {"head": None if team_id is None or context.get("conversation") else queues.head_of(shell, team_id)}


@register.simple_tag(takes_context=True)
def timeline_items(context: template.Context) -> SafeString:
    """The entries of `timeline`, which is of `conversation`."""
    around = itemdraw.Around(
        context["conversation"].id, bool(context.get("can_write")), context["listing"].query,
        format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', context.get("csrf_token", "")),
        lambda item: _delivery(context, item), age,
    )  # fmt: skip
    return itemdraw.draw(context["timeline"].items, around)


def _delivery(context: template.Context, item: Item) -> str:
    with context.push(item=item, delivery=item.delivery):
        drawn = get_template("web/conversation/delivery.html").template.render(context)  # type: ignore[attr-defined]
    return str(drawn)


@register.simple_tag(takes_context=True)
def promise(context: template.Context, conversation: Conversation) -> str:
    """How much of the promise is left in the business hours it was given in, or by how much it is broken."""
    shell: Shell | None = context.get("shell")
    if shell is None or conversation.due_at is None:
        return ""
    clocks = conversation.clocks.filter(due_at=conversation.due_at).order_by("name") if conversation.promised else None
    hours = clocks.values_list("hours", flat=True).first() if clocks is not None else None
    return promise_badge(conversation, shell.clocks.of(conversation.owner_team_id, hours), now())


@register.simple_tag(takes_context=True)
def command_keys(context: template.Context) -> list[Any]:
    """The groups of commands for the dialog of keys."""
    from rapport.web.commands import groups

    return groups(context["shell"])
