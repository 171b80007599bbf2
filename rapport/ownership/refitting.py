"""Learning anew in the background, when enough has been decided since: a part of the worker.

What takes long to import (numpy, the encoders) is imported only here and where a model is asked.
"""

import hashlib
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from threading import Event
from typing import TYPE_CHECKING, Any

from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership import lessons
from rapport.ownership.models import LearnedModel

if TYPE_CHECKING:
    from rapport.ownership.learning.encoders import Encoder
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.model import Model

log = logging.getLogger(__name__)

EXAMPLES_LEAST, LABELS_LEAST = 20, 2
NEW_LEAST = 16
PAUSE = timedelta(minutes=10)
PATIENCE = timedelta(hours=1)
_LOOK_SECONDS = 10.0


def run(stopping: Event) -> None:
    """Learn anew whenever it is due, until told to stop. Mail comes first: not in a worker's first seconds."""
    while not stopping.wait(_LOOK_SECONDS):
        if is_due():
            refit()


def is_due() -> bool:
    """Whether to learn anew.

    At once where there is no model yet, something must be forgotten, or the teams are called otherwise. Else from
    twenty examples of two teams on, when sixteen are new, or one is and an hour has gone by; every ten minutes at most.
    """
    with scope.system():
        last = LearnedModel.objects.order_by("-made_at").only("encoders", "figures", "made_at", "stale").first()
        named = lessons.teams()
        if len(named) < LABELS_LEAST:
            return bool(last and last.stale)
        if last is None or last.stale or last.figures.get("names") != _digest(named):
            return True
        if last.encoders != {one.id: one.version for one in encoders()}:
            return True
        age = now() - last.made_at
        if age < PAUSE:
            return False
        counts, _newest = lessons.tally()
        if sum(counts.values()) < EXAMPLES_LEAST or len(counts.keys() - {None}) < LABELS_LEAST:
            return False
        new = lessons.count_since(last.made_at)
        return new >= NEW_LEAST or (new > 0 and age >= PATIENCE)


def refit() -> LearnedModel | None:
    """Learn all anew and keep what came out; None where there is nothing to learn from: then no model is kept."""
    began, at = time.monotonic(), now()
    with scope.system():
        found, named = lessons.lessons(), lessons.teams()
    learner = _learner(encoders())
    _brought_up(learner, found, named)
    model = learner.refit() if named else None
    with scope.system():
        before = list(LearnedModel.objects.values_list("id", flat=True))
        figures = {"names": _digest(named), "seconds": round(time.monotonic() - began, 2)}
        made = _kept(model, figures, at) if model is not None else None
        LearnedModel.objects.filter(id__in=before).delete()
    return made


def encoders() -> "tuple[Encoder, ...]":
    """What reads meaning in this installation; words alone do where there is nothing."""
    from rapport.ownership.learning.encoders import available

    return available()


@lru_cache(maxsize=1)
def _learner(known: "tuple[Encoder, ...]") -> "Learner":
    """One a process: what was encoded once need not be encoded again."""
    from rapport.ownership.learning.learner import Learner

    return Learner(known)


def _brought_up(learner: "Learner", found: list[lessons.Lesson], named: list[tuple[str, str]]) -> None:
    from rapport.ownership.learning.values import LabelText

    wanted = {one.id for one in found}
    learner.forget(ids=learner.examples.keys() - wanted)
    learner.teach(as_example(one) for one in found if one.id not in learner.examples)
    learner.name(LabelText(slug, text) for slug, text in named)


def as_example(one: lessons.Lesson) -> Any:
    """A lesson as the learner takes it."""
    from rapport.ownership.learning.values import Example

    return Example(one.id, one.text, one.label, one.facts, one.member, one.at)


def _kept(model: "Model", figures: Mapping[str, Any], at: Any) -> LearnedModel:
    from rapport.ownership.learning.storing import to_bytes

    ids = [id for id in model.ids if id]
    return LearnedModel.objects.create(
        data=to_bytes(model), encoders=dict(model.encoders), figures={**figures, **_figures(model)}, made_at=at,
        # Something may have been taken away while this was learned.
        stale=not lessons.still_there(ids),
    )  # fmt: skip


def _figures(model: "Model") -> dict[str, Any]:
    """What the page tells: of the examples left out, how many would be assigned and how many of these were right."""
    from rapport.ownership.learning.calibration import trade_curve

    curve = trade_curve(*model.outcomes, points=40) if model.outcomes is not None and len(model.outcomes[0]) else ()
    return {
        "examples": sum(bool(id) for id in model.ids),
        "nones": model.judge.nones,
        "curve": [[round(one.coverage, 4), round(one.precision, 4), round(one.threshold, 4)] for one in curve],
        "trade": [round(model.trade.coverage, 4), round(model.trade.precision, 4), round(model.trade.threshold, 4)],
    }


def _digest(named: list[tuple[str, str]]) -> str:
    return hashlib.sha256(repr(named).encode()).hexdigest()[:16]
