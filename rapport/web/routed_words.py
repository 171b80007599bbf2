"""How what came in found its owner, in words: on the page of ownership, and above the lists behind its figures."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.insight.sources import Narrowing
from rapport.web import locales

if TYPE_CHECKING:
    from rapport.web.reports_show import Names

COUNTS = lazy(
    "Conversations that began during the period and whose owner was decided when they came: not those that members "
    "began. Spam and merged ones do not count."
)
WAYS: dict[str, tuple[str | Promise, str | Promise]] = {
    "rule": (lazy("Rule"), lazy("A rule of the policy named the team.")),
    "@earlier": (lazy("Earlier owner"), lazy("A rule gave it to the team that had this person before.")),
    "@holder": (lazy("Relationship"), lazy("A rule gave it to the team of whoever holds the relationship.")),
    "learned": (lazy("By itself"), lazy("No rule decided; what was learned was certain enough to give it to a team.")),
    "suggested": (lazy("As suggested"), lazy("No rule decided; people settled on the team that was suggested.")),
    "sorted": (lazy("Sorted by people"), lazy("No rule decided; people dealt with it, not as suggested.")),
    "untouched": (lazy("Not sorted yet"), lazy("No rule decided, and nobody has answered, resolved or moved it.")),
}  # fmt: skip
"""By which way a conversation came to its owner: what it is called, and what that means."""
_SEVERAL = {"triage": lazy("Left to triage"), "rules": lazy("By a rule")}


def css_of(way: str) -> str:
    """The class of the color of a way."""
    return f"way-{way.removeprefix('@')}"


def tenth(number: int) -> str:
    """A tenth of the likelihood: "60%–70%"."""
    return f"{locales.percent(number / 10)}–{locales.percent((number + 1) / 10)}"


def weekday(number: int) -> str:
    """A day of the week, 1 being Monday, in short."""
    return str(locales.locale().days["format"]["abbreviated"][number - 1])


def narrowed(narrowing: Narrowing, names: "Names") -> list[str]:
    """What a list is narrowed to beside team, channel and topic."""
    words: dict[str, Callable[[str], str]] = {
        "way": lambda value: str(_SEVERAL.get(value) or WAYS.get(value, (value, ""))[0]),
        "rule": lambda value: _("Rule “%(name)s”") % {"name": value},
        "first": lambda value: _("Given to %(team)s first") % {"team": names.name("team", value)},
        "overruled": lambda value: _("Moved on by a member") if value == "yes" else _("Not moved on"),
        "likely": lambda value: _("Suggested as %(span)s likely") % {"span": tenth(int(value))},
        "said": lambda value: _("People settled on it") if value == "right" else _("People settled otherwise"),
        "hour": lambda value: f"{int(value):02}:00",
        "weekday": lambda value: weekday(int(value)),
    }
    return [words[name](value) for name, value in narrowing.by.items() if name in words and _makes_sense(name, value)]


def _makes_sense(name: str, value: str) -> bool:
    bounds = {"likely": range(10), "hour": range(24), "weekday": range(1, 8)}
    return name not in bounds or (value.isdecimal() and len(value) < 3 and int(value) in bounds[name])
