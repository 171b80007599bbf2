"""The badge of a promise: how much is left, and what the page needs to keep it going."""

from datetime import datetime
from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.staff.hours import Hours
from rapport.web import locales
from rapport.web.icons import icon
from rapport.web.promises import Left, Promised, left_of


def promise_badge(conversation: Promised, hours: Hours, at: datetime) -> SafeString:
    """How much of the promise is left in these business hours, or by how much it is broken; empty without one."""
    found = left_of(conversation, hours, at) if conversation.due_at is not None else None
    return mark_safe(_drawn(found, int(at.timestamp())) if found else "")  # noqa: S308 - escaped below


def _drawn(found: Left, at: int) -> str:
    title = {
        "first_answer": _("First answer due: %(when)s"), "next_answer": _("Next answer due: %(when)s"),
        "resolution": _("Resolution due: %(when)s"),
    }[found.clock]  # fmt: skip
    when = title % {"when": locales.full(found.due_at)}
    spans = ",".join(f"{int(start.timestamp())}-{int(end.timestamp())}" for start, end in found.open)
    return (
        f'<span class="badge badge-{found.tone}" title="{escape(when)}" data-due="{found.due_at.isoformat()}"'
        f' data-left="{int(found.left.total_seconds())}" data-at="{at}" data-day="{found.day_minutes}"'
        f' data-open="{spans}">{icon("micro", "clock", 12, **{"aria-hidden": "true"})}{escape(found.words)}</span>'
    )
