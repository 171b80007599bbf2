"""Of each kind that is learned (owner, topic, priority): labels with what is promised of them and what was kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC
from rapport.ownership.outcomes import Outcome
from rapport.ownership.teaching import PRECISION_USUAL
from rapport.web import locales

TABS: Mapping[str, str | Promise] = {TEAM: lazy("Owner"), TOPIC: lazy("Topic"), PRIORITY: lazy("Priority")}
_CURVE_MAX = 40


@dataclass(frozen=True)
class Row:
    """A label: from how many decisions it was learned, the precision promised of it, and what came of the latest.

    `share` is how many of what was suggested the promise held for; `kept` how many of these people chose, too: empty
    where nothing of it has come out yet.
    """

    slug: str
    name: str
    count: int
    precision: int
    own: bool
    share: str
    kept: str
    broken: bool
    has_trade: bool


def rows(
    names: Mapping[str, str], counts: Mapping[str | None, int], wants: Mapping[str, int], came: Sequence[Outcome],
    curves: Mapping[str, Any],
) -> list[Row]:  # fmt: skip
    """One a label, the most decided first."""
    usual = wants.get("", PRECISION_USUAL)
    found = []
    for slug, name in names.items():
        precision = wants.get(slug, usual)
        own = [one for one in came if one.label == slug]
        certain = [one for one in own if one.certain]
        right = sum(one.right for one in certain)
        kept = right / len(certain) if certain else 0.0
        found.append(Row(
            slug, name, counts.get(slug, 0), precision, slug in wants,
            locales.percent(len(certain) / len(own)) if own else "",
            _("%(kept)s (%(right)s of %(all)s)") % {
                "kept": locales.percent(kept), "right": locales.number(right), "all": locales.number(len(certain)),
            } if certain else "",
            bool(certain) and kept < precision / 100, slug in curves,
        ))  # fmt: skip
    return sorted(found, key=lambda one: (-one.count, one.name))


def as_it_came(came: Iterable[Outcome]) -> list[tuple[float, float, float]]:
    """Coverage against precision of what was suggested, as it came: (coverage, precision, at which probability)."""
    ordered = sorted(came, key=lambda one: -one.sure)
    points, right = [], 0
    step = max(1, len(ordered) // _CURVE_MAX)
    for place, one in enumerate(ordered, 1):
        right += one.right
        if place % step == 0 or place == len(ordered):
            points.append((place / len(ordered), right / place, one.sure))
    return points


def certain(came: Sequence[Outcome]) -> str:
    """What letting it act would have come to of late, in a sentence; empty where people have dealt with nothing."""
    if not came:
        return ""
    sure = [one for one in came if one.certain]
    if not sure:
        said = _("Of the latest %(all)s suggestions that people have dealt with, it was certain of none.")
        return said % {"all": locales.number(len(came))}
    return _(
        "Of the latest %(all)s suggestions that people have dealt with, it was certain of %(certain)s; of these people "
        "chose the same for %(right)s."
    ) % {
        "all": locales.number(len(came)), "certain": locales.number(len(sure)),
        "right": locales.number(sum(one.right for one in sure)),
    }  # fmt: skip


def honest(kind: str, figures: Mapping[str, Any], counts: Mapping[str | None, int]) -> str:
    """What can be expected of the kind, and what cannot."""
    if kind == PRIORITY:
        return _of_priority(figures.get("steps") or {}, Counter(dict(counts)))
    if kind == TOPIC:
        return _(
            "A topic that is found by its words stays as it is. On the first day what topics are called and their "
            "words suggest; only what people set teaches how sure that is."
        )
    return ""


def _of_priority(steps: Mapping[str, Any], counts: "Counter[str | None]") -> str:
    if not steps:
        return _(
            "Priorities have an order and are few: from forty decisions of two kinds on it is known how well they can "
            "be told. What was resolved at normal priority counts half, and what a priority means here is learned from "
            "nothing else: names say nothing."
        )
    said = _(
        "Of %(count)s decisions left out, %(right)s were told right and %(near)s at most one step off; always saying "
        "the commonest one would have been right in %(usual)s."
    ) % {
        "count": locales.number(steps["count"]), "right": locales.percent(steps["right"]),
        "near": locales.percent(steps["near"]), "usual": locales.percent(steps["usual"]),
    }  # fmt: skip
    if steps["right"] <= steps["usual"]:
        said += " " + _("So it knows nothing yet that this does not: leave it off.")
    return said
