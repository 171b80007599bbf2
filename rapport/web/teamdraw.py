"""The table of who owns what, drawn in Python: a line a team, and there may be hundreds."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.web.celldraw import linked
from rapport.web.reports_show import Cell


@dataclass(frozen=True)
class Part:
    """A share of a whole: what it is, how many, and the list behind it; `x`, `width`: its place in a bar of 100."""

    key: str
    label: str
    means: str
    css: str
    cell: Cell
    share: str
    x: float = 0.0
    width: float = 0.0


@dataclass(frozen=True)
class OfTeam:
    """One team: what is theirs, how it came to them, and what was first theirs and was moved on."""

    name: str
    url: str
    hue: str
    came: Cell
    parts: list[Part]
    says: str
    overruled: Cell
    topics: list[str]
    channels: list[str]


def team_head() -> list[str]:
    """What the columns are called."""
    return [_("Team"), *_labels()]


def team_rows(teams: Iterable[OfTeam]) -> SafeString:
    """A line for each team: what came, how it came to them, what was moved on, what about and by which channel."""
    labels, nothing = [f'<td data-label="{escape(one)}"' for one in _labels()], escape(_("nothing"))
    return mark_safe("".join([_row(one, labels, nothing) for one in teams]))  # noqa: S308 - all escaped in _row


def _labels() -> list[str]:
    return [_("Came"), _("How it came to them"), _("Moved on"), _("About"), _("By")]


def _row(one: OfTeam, labels: list[str], nothing: str) -> str:
    came, how, moved, about, by = labels
    name = escape(one.name)
    called = f'<a class="strong" href="{escape(one.url)}">{name}</a>' if one.url else f"<b>{name}</b>"
    shares = "".join([f'<rect class="{at.css}" x="{at.x}" width="{at.width}" height="10"/>' for at in one.parts])
    return (
        f'<tr><td class="team-name {one.hue}"><span class="dot" aria-hidden="true"></span>{called}</td>'
        f'{came} class="num">{linked(one.came)}</td>'
        f'{how}><svg class="share-bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img">'
        f"<title>{escape(one.says) or nothing}</title>{shares}</svg></td>"
        f'{moved} class="num">{linked(one.overruled)}</td>'
        f'{about} class="soft">{escape(", ".join(one.topics)) or "–"}</td>'
        f'{by} class="soft">{escape(", ".join(one.channels)) or "–"}</td></tr>'
    )
