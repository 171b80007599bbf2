"""The small words of the templates: avatars, ages, promises, sizes, highlights."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from html import escape
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from rapport.conversations.models import Conversation, Topic
from rapport.core.clock import now
from rapport.people.directory.handles import kind_name
from rapport.staff.models import Member, Team
from rapport.web import faces, icons, locales, reasons
from rapport.web.shell import Shell

register = template.Library()


register.filter("hue", faces.hue)
register.filter("initials", faces.initials)
register.filter("kind_name", kind_name)
initials = faces.initials


@register.simple_tag(takes_context=True)
def team_hue(context: template.Context, team: Team | None) -> str:
    """The color class of a team: by its place among all teams, so that no two of the first eight look the same."""
    shell: Shell | None = context.get("shell")
    return shell.hues.get(team.slug, "") if team is not None and shell is not None else ""


@register.simple_tag
def avatar(name: object, kind: str = "person", size: str = "") -> str:
    """A square with the initials of a member, or a circle of a person. Purely ornamental: the name stands beside it."""
    return faces.avatar(str(name), kind, size)


@register.filter
def short_count(count: int) -> str:
    """A figure that fits a badge."""
    return locales.compact(count)


span_in_words = locales.span


@register.filter
def number(value: float) -> str:
    """A figure as the reader's language writes it."""
    return locales.number(value)


@register.filter
def span(seconds: float) -> str:
    """The length of a time in one short unit."""
    return locales.span(seconds)


@register.filter
def weekday(at: datetime) -> str:
    """A date with its day of the week."""
    return locales.weekday(at)


@register.filter
def initial(at: date) -> str:
    """The first letter of a date's day of the week, as calendars have it."""
    return locales.initial(at)


@register.filter
def day(at: datetime | None) -> str:
    """A date as the reader's language writes it."""
    return locales.day(at) if at else ""


@register.filter
def age(at: datetime | None) -> str:
    """How long ago, in few characters, as an element that the page keeps fresh."""
    if at is None:
        return ""
    seconds = (now() - at).total_seconds()
    words = gettext("now") if 0 <= seconds < 60 else span_in_words(seconds)
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>',
        at.isoformat(),
        locales.full(at),
        words,
    )


@register.filter
def moment(at: datetime | None) -> str:
    """A point in time in full, shown in the reader's zone by the page where it can."""
    if at is None:
        return ""
    return format_html('<time datetime="{}" data-moment>{}</time>', at.isoformat(), locales.moment(at))


@register.filter
def size(count: int) -> str:
    """A number of bytes in words."""
    return locales.size(count)


@register.filter
def highlight(text: str, words: Iterable[str]) -> str:
    """The text, escaped, with the words marked."""
    found = [re.escape(word) for word in words if word.strip()]
    if not found:
        return conditional_escape(text)
    parts = re.split(f"({'|'.join(found)})", str(text), flags=re.IGNORECASE)
    marked = (
        format_html("<mark>{}</mark>", part) if i % 2 else conditional_escape(part) for i, part in enumerate(parts)
    )
    return mark_safe("".join(marked))  # noqa: S308 - every part is escaped above


@register.simple_tag(takes_context=True)
def side_view(context: template.Context, name: str, label: str, icon: str) -> str:
    """A view in the sidebar with its count."""
    shell: Shell = context["shell"]
    count = getattr(shell.counts, name, 0)
    badge = format_html(
        '<span class="side-count">{}<span class="visually-hidden"> {}</span></span>',
        short_count(count),
        gettext("open"),
    )
    return _link(shell, reverse("inbox", args=[name]), (name, label, icon), badge if count else "")


@register.simple_tag(takes_context=True)
def side_teams(context: template.Context) -> str:
    """The teams in the sidebar with their counts: there may be many, and they are on every page."""
    shell: Shell = context["shell"]
    before, after = reverse("team_inbox", args=["one0team"]).split("one0team")
    hidden = '<span class="visually-hidden"> {}</span>'
    is_open, secret = format_html(hidden, gettext("open")), format_html(hidden, gettext("confidential"))
    lock = icons.icon("micro", "lock-closed", 12)
    lines = []
    for team in shell.teams:
        current = ' aria-current="page"' if shell.current == team.slug else ""
        count = f'<span class="side-count">{escape(short_count(team.open))}{is_open}</span>' if team.open else ""
        lines.append(
            f'<li><a class="side-link" href="{before}{escape(team.slug)}{after}"{current}>'
            f'<span class="side-dot {shell.hues.get(team.slug, "")}" aria-hidden="true"></span>'
            f'<span class="clip">{escape(team.name)}</span>{lock + secret if team.confidential else ""}{count}</a></li>'
        )
    return mark_safe("\n".join(lines))  # noqa: S308 - every part is escaped above


@register.simple_tag(takes_context=True)
def team_buttons(context: template.Context, teams: Iterable[Team], but: object) -> str:
    """A button for each team one may give it to: all except the one with the id `but`."""
    shell: Shell = context["shell"]
    return mark_safe(  # noqa: S308 - every part is escaped here
        "".join(
            f'<button class="menu-item" name="to" value="team:{team.id}"><span class="side-dot'
            f' {shell.hues.get(team.slug, "")}" aria-hidden="true"></span>'
            f'<span class="clip">{escape(team.name)}</span></button>'
            for team in teams
            if team.id != but
        )
    )


@register.simple_tag
def colleague_buttons(members: Iterable[Member], owner_id: object, own_id: object) -> str:
    """A button for each member it can be given to; whose it is is pressed, and oneself is "you"."""
    you = f'<span class="push">{escape(gettext("you"))}</span>'
    pressed = ' aria-pressed="true"'
    return mark_safe(  # noqa: S308 - every part is escaped here
        "".join(
            f'<button class="menu-item" name="to" value="member:{one.id}"{pressed if one.id == owner_id else ""}>'
            f'{faces.avatar(one.name, "member", "small")}<span class="clip">{escape(one.name)}</span>'
            f"{you if one.id == own_id else ''}</button>"
            for one in members
        )
    )


@register.simple_tag
def team_options(teams: Iterable[Team], conversation: Conversation) -> str:
    """Each team that neither owns the conversation nor is involved in it."""
    there = {conversation.owner_team_id, *conversation.involved}
    lines = (f'<option value="{team.id}">{escape(team.name)}</option>' for team in teams if team.id not in there)
    return mark_safe("".join(lines))  # noqa: S308 - the name is escaped


@register.simple_tag
def topic_options(topics: Iterable[Topic], chosen: object) -> str:
    """Each topic, the chosen one marked."""
    lines = (
        f'<option value="{topic.id}"{" selected" if topic.id == chosen else ""}>{escape(topic.name)}</option>'
        for topic in topics
    )
    return mark_safe("".join(lines))  # noqa: S308 - the name is escaped


@register.simple_tag(takes_context=True)
def side_link(context: template.Context, name: str, label: str, icon: str, of: str = "") -> str:
    """A page in the sidebar; `of` is what its pages call themselves, where that is not its name."""
    return _link(context["shell"], reverse(name), (of or name, label, icon))


def _link(shell: Shell, url: str, what: tuple[str, str, str], badge: str = "") -> str:
    name, label, icon = what
    drawn = icons.icon("mini", icon, 18, **{"aria-hidden": "true"})
    current = mark_safe(' aria-current="page"') if shell.current == name else ""
    return format_html(
        '<li><a class="side-link" href="{}"{}>{}<span>{}</span>{}</a></li>', url, current, drawn, label, badge
    )


@register.simple_tag(takes_context=True)
def thumb_link(context: template.Context, name: str, label: str, icon: str) -> str:
    """A page in the bar under the thumb."""
    shell: Shell = context["shell"]
    url = reverse("search") if name == "search" else reverse("inbox", args=[name])
    drawn = icons.icon("outline", icon, 22, **{"aria-hidden": "true"})
    current = mark_safe(' aria-current="page"') if shell.current == name else ""
    return format_html('<a class="thumb" href="{}"{}>{}<span>{}</span></a>', url, current, drawn, label)


@register.inclusion_tag("web/parts/field.html")
def field_row(field: BoundField) -> dict[str, Any]:
    """A form field with its label, help and errors, tied together for those who do not see it."""
    widget = field.field.widget
    group, check = isinstance(widget, CheckboxSelectMultiple), isinstance(widget, CheckboxInput)
    attrs: dict[str, Any] = {} if check or group else {"class": "input"}
    described = [f"{field.auto_id}_help"] if field.help_text else []
    if field.errors:
        described.append(f"{field.auto_id}_error")
        attrs |= {} if group else {"aria-invalid": "true"}
    if described and not group:
        attrs["aria-describedby"] = " ".join(described)
    return {
        "field": field,
        "widget": field.as_widget(attrs=attrs),
        "check": check,
        "group": group,
        "described": " ".join(described),
        "plain": getattr(field.form, "all_optional", False),
    }


@register.filter
def say(sentence: str) -> str:
    """A stored reason in the reader's language."""
    return reasons.say(str(sentence))


@register.filter
def at(values: Sequence[Any], place: int) -> Any:
    """The one of several at a place, from 0."""
    return values[place]


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of a key, or nothing."""
    return mapping.get(key)
