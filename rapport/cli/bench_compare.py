"""What `rapport bench inbox` makes of two measurements. Pure."""

from typing import Any

#: p95 in milliseconds, by how a kind begins; the first that fits.
AIMS = {"search": 150.0, "filter": 150.0, "report": 500.0, "ownership": 100.0, "": 50.0}


def aim_ms(kind: str) -> float:
    """What a kind of page should take at most."""
    return next(aim for start, aim in AIMS.items() if kind.startswith(start))


def compared(large: dict[str, Any], small: dict[str, Any]) -> dict[str, Any]:
    """The large measurement with the ratio to the small one, and what misses its aim."""
    kinds = {kind: _beside(took, small["taken"][kind]) for kind, took in large["taken"].items()}
    return {
        **{name: value for name, value in large.items() if name != "taken"},
        "taken": kinds,
        "over_aim": [kind for kind, took in kinds.items() if took["p95_ms"] > aim_ms(kind)],
        "over_ratio": [kind for kind, took in kinds.items() if took["ratio"] > 1.5],
    }


def _beside(large: dict[str, float], small: dict[str, float]) -> dict[str, float]:
    """The ratio is that of the processor's time, which does not depend on what else the machine does."""
    ratio = round(large["cpu_ms"] / max(small["cpu_ms"], 0.1), 2)
    return large | {"small_p50_ms": small["p50_ms"], "small_cpu_ms": small["cpu_ms"], "ratio": ratio}
