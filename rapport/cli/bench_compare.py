"""What `rapport bench inbox` makes of two measurements. Pure."""

from typing import Any

#: p95 in milliseconds, by how a kind begins; the first that fits.
AIMS = {"search": 150.0, "filter": 150.0, "": 50.0}


def aim_ms(kind: str) -> float:
    """What a kind of page should take at most."""
    return next(aim for start, aim in AIMS.items() if kind.startswith(start))


def compared(large: dict[str, Any], small: dict[str, Any]) -> dict[str, Any]:
    """The large measurement with the ratio to the small one, and what misses its aim."""
    kinds = {
        kind: took | {"small_p50_ms": small["taken"][kind]["p50_ms"], "ratio": _ratio(took, small["taken"][kind])}
        for kind, took in large["taken"].items()
    }
    return {
        **{name: value for name, value in large.items() if name != "taken"},
        "taken": kinds,
        "over_aim": [kind for kind, took in kinds.items() if took["p95_ms"] > aim_ms(kind)],
        "over_ratio": [kind for kind, took in kinds.items() if took["ratio"] > 1.5],
    }


def _ratio(large: dict[str, float], small: dict[str, float]) -> float:
    return round(large["p50_ms"] / max(small["p50_ms"], 0.1), 2)
