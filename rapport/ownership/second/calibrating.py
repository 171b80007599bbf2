"""How likely people choose what the endpoint said, by what came of what it said before. Pure.

What it says of its own certainty is a sign among others and no probability: it is one only once enough has come out.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LEAST = 60
_RIDGE = 2.0
_EDGE = 0.01


def probability(sure: float, came: Sequence[tuple[float, bool]]) -> float | None:
    """Of an answer that is so sure; `came` are earlier ones (how sure, whether people chose it). None of too few."""
    if len(came) < LEAST:
        return None
    import numpy as np

    from rapport.ownership.learning.calibration import logistic

    right = np.array([one for _, one in came], bool)
    if right.all() or not right.any():
        return float((right.sum() + 1) / (len(came) + 2))
    fit = logistic(_odds([one for one, _ in came]), right, ridge=_RIDGE)
    # Where the surest were oftener wrong, what it says of itself says nothing.
    return float(right.mean()) if fit.weights[0] < 0 else float(fit(_odds([sure]))[0])


def _odds(sure: Sequence[float]) -> "npt.NDArray[np.float64]":
    import numpy as np

    inside = np.clip(np.array(sure, float), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))[:, None]
