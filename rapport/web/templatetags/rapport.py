"""The small words of the templates: avatars, ages, promises, sizes, highlights."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zlib import crc32

import heroicons
from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from rapport.core.clock import now
from rapport.staff.models import Team
from rapport.web import locales, reasons
from rapport.web.shell import Shell

register = template.Library()
_HUES = 8


@register.filter
def hue(name: object) -> str:
    """The class of the color that belongs to a name; the same name always has the same."""
    return f"hue-{crc32(str(name).encode()) % _HUES}"


@register.simple_tag(takes_context=True)
def team_hue(context: template.Context, team: Team | None) -> str:
    """The color class of a team: by its place among all teams, so that no two of the first eight look the same."""
    shell: Shell | None = context.get("shell")
    if team is None or shell is None:
        return ""
    place = next((i for i, one in enumerate(shell.all_teams) if one.slug == team.slug), 0)
    return f"hue-{place * 3 % _HUES}"


@register.filter
def initials(name: object) -> str:
    """Up to two letters to stand for a name."""
    words = [word for word in re.split(r"[\s.@_+-]+", str(name or "")) if word and word[0].isalnum()]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "") if words else "?"
    return letters.upper()


@register.simple_tag
def avatar(name: object, kind: str = "person", size: str = "") -> str:
    """A square with the initials of a member, or a circle of a person. Purely ornamental: the name stands beside it."""
    classes = f"avatar avatar-{kind} {hue(name)}" + (f" avatar-{size}" if size else "")
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, initials(name))


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
        '<span class="side-count">{}<span class="visually-hidden"> open</span></span>', short_count(count)
    )
    return _link(shell, reverse("inbox", args=[name]), (name, label, icon), badge if count else "")


@register.simple_tag(takes_context=True)
def side_link(context: template.Context, name: str, label: str, icon: str) -> str:
    """A page in the sidebar."""
    return _link(context["shell"], reverse(name), (name, label, icon))


def _link(shell: Shell, url: str, what: tuple[str, str, str], badge: str = "") -> str:
    name, label, icon = what
    drawn = mark_safe(heroicons._render_icon("mini", icon, 18, {"aria-hidden": "true"}))  # noqa: S308 - our own icon
    current = mark_safe(' aria-current="page"') if shell.current == name else ""
    return format_html(
        '<li><a class="side-link" href="{}"{}>{}<span>{}</span>{}</a></li>', url, current, drawn, label, badge
    )


@register.simple_tag(takes_context=True)
def thumb_link(context: template.Context, name: str, label: str, icon: str) -> str:
    """A page in the bar under the thumb."""
    shell: Shell = context["shell"]
    url = reverse("search") if name == "search" else reverse("inbox", args=[name])
    drawn = mark_safe(heroicons._render_icon("outline", icon, 22, {"aria-hidden": "true"}))  # noqa: S308 - our own icon
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
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """The value of a key, or nothing."""
    return mapping.get(key)
