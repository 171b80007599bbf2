"""Rows of a list, drawn in Python: forty of them by a template are five sixths of what a page costs.

Every value that anybody wrote goes through `escape`; words of ours are translated once for all rows of a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.conversations.models import Priority, Status
from rapport.conversations.presence import Here
from rapport.conversations.summaries import Summary
from rapport.web import locales
from rapport.web.faces import avatar
from rapport.web.icons import icon
from rapport.web.promisedraw import promise_badge
from rapport.web.promises import Clocks
from rapport.web.rows import Row

_NOWHERE = UUID(int=0)


@dataclass(frozen=True)
class Around:
    """What all rows of a page share. `query` goes behind each address; `hues` are the color classes of the teams
    by their slugs."""

    at: datetime
    clocks: Clocks
    hues: Mapping[str, str]
    query: str
    open_id: UUID | None = None


@dataclass(frozen=True)
class _Words:
    nobody: str
    nothing: str
    select: str
    unread: str
    waits: str
    files: str
    confidential: str
    no_team: str
    by: str
    owner: str
    writes: str
    looks: str
    now: str
    priorities: Mapping[int, str]


def draw(rows: Sequence[Row], around: Around) -> SafeString:
    """The rows, one after another."""
    words = _words()
    before, after = reverse("conversation", args=[_NOWHERE]).split(str(_NOWHERE))
    address = before, escape(after + around.query)
    return mark_safe("".join(_row(row, around, words, address) for row in rows))  # noqa: S308 - escaped below


def _words() -> _Words:
    return _Words(
        nobody=_("Unknown sender"),
        nothing=_("(no subject)"),
        select=_("Select %(subject)s"),
        unread=_hidden(_("unread")),
        waits=_hidden(_("waits for an answer")),
        files=f'<span class="row-files">{icon("micro", "paper-clip", 12)}{_hidden(_("with files"))}</span>',
        confidential=f'<span class="badge">{icon("micro", "lock-closed", 12)}{escape(_("Confidential"))}</span>',
        no_team=f'<span class="badge badge-warn">{escape(_("No team"))}</span>',
        by=_("by %(channel)s"),
        owner=_("owned by %(name)s"),
        writes=_("%(name)s is writing"),
        looks=_("%(name)s looks at this"),
        now=_("now"),
        priorities={int(value): str(label) for value, label in Priority.choices},
    )


def _row(row: Row, around: Around, words: _Words, address: tuple[str, str]) -> str:
    one = row.conversation
    who = one.person or words.nobody
    subject, id = one.subject or words.nothing, str(one.id)
    url = f"{address[0]}{id}{address[1]}"
    current = ' aria-current="true"' if one.id == around.open_id else ""
    return (
        f'<li class="row{" row-unread" if row.unread else ""}" id="c-{id}" data-id="{id}" data-at="{row.rank}">\n'
        f'<input class="row-check" type="checkbox" form="bulk" name="ids" value="{id}" tabindex="-1"'
        f' aria-label="{escape(words.select % {"subject": subject})}">\n'
        f'<a class="row-link" href="{url}" hx-get="{url}" hx-target="#detail" hx-push-url="true"'
        f' hx-swap="innerHTML show:none" hx-indicator="#busy"{current}>\n{avatar(who)}\n<span class="row-main">\n'
        f'<span class="row-top"><span class="row-who clip">{escape(who)}</span>{_marks(row, words)}'
        f'<span class="row-age">{_age(one.last_activity_at, around.at, words.now)}</span></span>\n'
        f'<span class="row-subject clip">{escape(subject)}</span>\n'
        f'<span class="row-third"><span class="row-snippet clip">{escape(one.snippet)}</span>{_why(row)}</span>\n'
        f'<span class="row-meta">\n{_meta(row, around, words)}\n</span>\n</span>\n</a>\n</li>'
    )


def _marks(row: Row, words: _Words) -> str:
    one = row.conversation
    waits = one.awaiting_answer and one.status == Status.OPEN
    return (
        (words.unread if row.unread else "")
        + (words.waits if waits else "")
        + (words.files if row.files else "")
        + (_viewers(row, words) if row.viewers else "")
    )


def _viewers(row: Row, words: _Words) -> str:
    more = f'<span class="small faint">+{row.more_viewers}</span>' if row.more_viewers else ""
    return f'<span class="row-viewers">{"".join(_viewer(one, words) for one in row.viewers)}{more}</span>'


def _viewer(viewer: Here, words: _Words) -> str:
    said = (words.writes if viewer.typing else words.looks) % {"name": viewer.name}
    return (
        f'<span class="viewer{" viewer-types" if viewer.typing else ""}" title="{escape(said)}">'
        f"{avatar(viewer.name, 'member', 'small')}{_hidden(said)}</span>"
    )


def _why(row: Row) -> str:
    return f'<span class="row-why clip" title="{escape(row.why_long)}">{escape(row.why)}</span>' if row.why else ""


def _meta(row: Row, around: Around, words: _Words) -> str:
    one = row.conversation
    parts: list[str] = [promise_badge(one, around.clocks.of(one.owner_team_id, one.promised_hours), around.at)]
    if snoozed := row.snoozed:
        parts.append(f'<span class="badge badge-info">{icon("micro", "moon", 12)}{escape(snoozed)}</span>')
    if row.draft:
        parts.append(f'<span class="badge badge-warn">{icon("micro", "pencil", 12)}{escape(row.draft)}</span>')
    if one.priority > Priority.NORMAL:
        tone = "danger" if one.priority == Priority.URGENT else "warn"
        parts.append(f'<span class="badge badge-{tone}">{escape(words.priorities[one.priority])}</span>')
    if one.confidential:
        parts.append(words.confidential)
    if one.topic:
        parts.append(f'<span class="badge topic-badge"><span class="clip">{escape(one.topic)}</span></span>')
    return "\n".join([*(part for part in parts if part), *_owners(one, around, words)])


def _owners(one: Summary, around: Around, words: _Words) -> list[str]:
    parts = [words.no_team]
    if one.owner_team_id:
        hue = around.hues.get(one.team_slug, "")
        parts = [f'<span class="badge team-badge {hue}"><span class="clip">{escape(one.team)}</span></span>']
    if one.channel:
        parts.append(_hidden(words.by % {"channel": one.channel}))
    if one.owner_member_id:
        face = avatar(one.member, "member", "small")
        parts.append(f'<span class="row-owner" title="{escape(one.member)}">{face}</span>')
        parts.append(_hidden(words.owner % {"name": one.member}))
    return parts


@lru_cache(maxsize=4096)
def _hidden(text: str) -> str:
    return f'<span class="visually-hidden">{escape(text)}</span>'


def _age(at: datetime, now: datetime, word_now: str) -> str:
    seconds = (now - at).total_seconds()
    said = word_now if 0 <= seconds < 60 else locales.span(seconds)
    return f'<time datetime="{at.isoformat()}" title="{escape(locales.full(at))}" data-age>{escape(said)}</time>'
