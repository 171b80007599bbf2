"""What a search found, counted by team, channel, topic, status and age: each a filter one click away."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rapport.conversations.models import Attachment, Conversation, Status
from rapport.core.clock import now
from rapport.web.asking import Question

_SHOWN = 6
_AGES = {
    "7d": (gettext_noop("Last 7 days"), timedelta(days=7)),
    "30d": (gettext_noop("Last 30 days"), timedelta(days=30)),
    "1y": (gettext_noop("Last year"), timedelta(days=365)),
}


@dataclass(frozen=True)
class Choice:
    """One value with how many have it, and the query with it added."""

    label: str
    count: int
    query: str


@dataclass(frozen=True)
class Facet:
    """One thing to narrow by."""

    title: str
    choices: Sequence[Choice]


def facets_of(question: Question, ids: Sequence[UUID]) -> list[Facet]:
    """The facets of what was found, with one statement; those that would not narrow are left out."""
    with_file = Attachment.objects.filter(conversation_id=OuterRef("pk"), inline=False)
    rows = list(
        Conversation.objects.filter(id__in=ids)
        .annotate(with_file=Exists(with_file))
        .values_list("owner_team__name", "channel__name", "topic__name", "status", "last_activity_at", "with_file")
    )
    statuses = dict(Status.choices)
    since = now()
    counted = {span: sum(row[4] > since - back for row in rows) for span, (_label, back) in _AGES.items()}
    ages = Counter({span: count for span, count in counted.items() if 0 < count < len(rows)})
    files = Counter("attachment" for row in rows if row[5])
    facets = (
        _facet(question, "status", _("Status"), Counter(row[3] for row in rows), lambda one: str(statuses[one])),
        _facet(question, "team", _("Team"), Counter(row[0] or "none" for row in rows), _named(_("No team"))),
        _facet(question, "channel", _("Channel"), Counter(row[1] for row in rows if row[1]), str),
        _facet(question, "topic", _("Topic"), Counter(row[2] or "none" for row in rows), _named(_("No topic"))),
        _facet(question, "after", _("When"), ages, lambda one: _(_AGES[one][0])),
        _facet(question, "has", _("With"), files, lambda _one: _("Attachment")),
    )
    return [facet for facet in facets if facet.choices]


def _named(nothing: str) -> Callable[[str], str]:
    return lambda one: nothing if one == "none" else one


def _facet(question: Question, operator: str, title: str, counts: Counter[str], label: Callable[[str], str]) -> Facet:
    taken = {one.lower() for one in question.asked.values(operator)}
    alike = len(counts) == 1 and operator in ("status", "team", "channel", "topic")
    shown = [] if alike else counts.most_common(_SHOWN)
    choices = [
        Choice(label(value), count, question.with_filter(operator, value))
        for value, count in shown
        if value.lower() not in taken
    ]
    return Facet(title, choices)
