"""How much could be decided without people, against how often that would be right: drawn where it is looked at."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Subquery

from rapport.core import scope
from rapport.ownership.kinds import TEAM
from rapport.ownership.models import LearnedModel, Wish
from rapport.ownership.teaching import PRECISION_USUAL
from rapport.web import locales


def team_picture() -> dict[str, Any] | None:
    """What the model of the teams that are not confidential says of the examples left out; None before there is one.

    What people chose, as it came, is told beside it by likelihood: it is not read here once more.
    """
    wish = Wish.objects.filter(kind=TEAM, label="").values("precision")[:1]
    with scope.system():
        models = LearnedModel.objects.filter(kind=TEAM, audience=[]).order_by("-made_at")
        found = models.values_list("figures", Subquery(wish)).first()
    return picture_of(found[0], "", (), found[1] or PRECISION_USUAL) if found else None


def picture_of(
    figures: Mapping[str, Any], label: str, came: Sequence[tuple[float, float, float]], promise: int
) -> dict[str, Any] | None:
    """Coverage to the right against precision upwards, from 50 % at the bottom (from 0 % where something lies below) to
    100 %: of the examples left out, and of what was suggested, as it came. `figures` are a model's, `promise` in
    percent; None where there is no curve yet.
    """
    curve = (figures.get("curves") or {}).get(label) if label else figures.get("curve") or []
    if not curve or len(curve) < 2:
        return None
    kept = [one for one in curve if one[1] >= promise / 100]
    rows = [[locales.percent(one) for one in row] for row in curve[:: max(1, len(curve) // 10)]]
    best, real = max(kept, default=None), came if len(came) > 1 and not label else ()
    floor = 0.5 if min(one[1] for one in (*curve, *real)) >= 0.5 else 0.0
    return {
        "points": _points(curve, floor), "came": _points(real, floor),
        "scale": [locales.percent(one) for one in (1, (1 + floor) / 2, floor)],
        "promise": f"{_height(promise / 100, floor):.0f}", "percent": locales.percent(promise / 100), "rows": rows,
        "can": best is not None, "coverage": locales.percent(best[0]) if best else "",
        "precision": locales.percent(best[1]) if best else "",
    }  # fmt: skip


def _points(curve: Sequence[Sequence[float]], floor: float) -> str:
    return " ".join(f"{1000 * coverage:.0f},{_height(precision, floor):.0f}" for coverage, precision, _at in curve)


def _height(precision: float, floor: float) -> float:
    return 200 - 200 * max(0.0, precision - floor) / (1 - floor)
