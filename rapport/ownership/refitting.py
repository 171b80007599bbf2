"""Learning anew in the background, when enough has been decided since: a part of the worker.

What takes long to import (numpy, the encoders) is imported only here and where a model is asked.
"""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from threading import Event
from typing import TYPE_CHECKING, Any

from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership import hearing, lessons
from rapport.ownership.kinds import PRIORITY, TEAM, Slot
from rapport.ownership.models import LearnedModel
from rapport.ownership.policy import PRIORITIES

if TYPE_CHECKING:
    from rapport.ownership.learning.encoders import Encoder
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.model import Model

log = logging.getLogger(__name__)

EXAMPLES_LEAST, LABELS_LEAST = 5, 2
_PRIORITIES_LEAST = 20
NEW_LEAST = 16
PAUSE = timedelta(minutes=10)
PATIENCE = timedelta(hours=1)
_LOOK_SECONDS = 10.0
_TEAM = Slot(TEAM)
_OWN_CURVE_LEAST = 20
_IMPLIED = 0.5
"""Resolved as it was says less than said."""


def run(stopping: Event) -> None:
    """Learn anew whenever it is due, until told to stop. Mail comes first: not in a worker's first seconds.

    Before, what was decided since is held against what was known until then: a burst of contradictions is shown.
    """
    from rapport.ownership import bursting

    while not stopping.wait(_LOOK_SECONDS):
        bursting.look()
        with scope.system():
            slots = lessons.slots()
            _throw_away(slots)
        for slot in slots:
            if is_due(slot):
                refit(slot)


def _throw_away(slots: Sequence[Slot]) -> None:
    """Models of a team that is no longer confidential, or has no examples any more, go."""
    rows = LearnedModel.objects.exclude(audience=[]).values_list("id", "kind", "audience")
    gone = [id for id, kind, audience in rows if Slot(kind, audience[0]) not in slots]
    if gone:
        LearnedModel.objects.filter(id__in=gone).delete()


def is_due(slot: Slot = _TEAM) -> bool:
    """Whether to learn a kind anew.

    At once where there is no model yet and names to begin with, something must be forgotten, or the labels are called
    otherwise. Else from five examples of two labels on (priorities, which names say nothing of: twenty), when sixteen
    are new, or a third, or one is and an hour has gone by, or what was decided may not be read any more, as it became
    confidential; every ten minutes at most. With few examples also when much came that nobody decided
    (`hearing.is_worth_it`).
    """
    with scope.system():
        last = _last(slot)
        named = lessons.labels(slot.kind)
        if last is not None and last.stale:
            return True
        if slot.kind != PRIORITY and len(named) < LABELS_LEAST:
            return False
        if last is None and slot.kind != PRIORITY:
            return True
        if last is not None and _has_changed(last, named):
            return True
        if last is not None and now() - last.made_at < PAUSE:
            return False
        if last is not None and last.figures.get("withdrawn") != lessons.withdrawn(slot):
            return True
        return _has_news(slot, last) or (last is not None and hearing.is_worth_it(slot, last))


def _last(slot: Slot) -> LearnedModel | None:
    found = LearnedModel.objects.filter(kind=slot.kind, audience=slot.audience).order_by("-made_at")
    return found.only("encoders", "figures", "made_at", "stale").first()


def _has_changed(last: LearnedModel, named: list[tuple[str, str]]) -> bool:
    return bool(last.figures.get("names") != _digest(named)) or last.encoders != {o.id: o.version for o in encoders()}


def _has_news(slot: Slot, last: LearnedModel | None) -> bool:
    counts, _newest = lessons.tally(slot)
    least = _PRIORITIES_LEAST if slot.kind == PRIORITY else EXAMPLES_LEAST
    if sum(counts.values()) < least or len(counts.keys() - {None}) < LABELS_LEAST:
        return False
    if last is None:
        return True
    new = lessons.count_since(last.made_at, slot)
    return new >= min(NEW_LEAST, -(-sum(counts.values()) // 3)) or (new > 0 and now() - last.made_at >= PATIENCE)


def refit(slot: Slot = _TEAM) -> LearnedModel | None:
    """Learn all anew and keep what came out; None where there is nothing to learn from: then no model is kept."""
    began, at = time.monotonic(), now()
    with scope.system():
        # Before they are read: what becomes confidential meanwhile is noticed afterwards.
        withdrawn = lessons.withdrawn(slot)
        found, named = lessons.lessons(slot=slot), lessons.labels(slot.kind)
        heard = hearing.undecided(slot) if named and len(found) < hearing.DECIDED_MAX else []
        lately = hearing.came(slot) if len(found) >= hearing.PROMISED_LEAST else hearing.Came()
    learner = _learner(encoders(), slot)
    _brought_up(learner, found, named)
    learner.hear(heard)
    learner.came(lately.texts, lately.facts, lately.ours, lately.nones)
    model = learner.refit() if named or found else None
    learner.hear([])  # Not kept in the process, nor is the other.
    learner.came((), ())
    with scope.system():
        before = list(_of(slot).values_list("id", flat=True))
        figures = {"names": _digest(named), "heard": len(heard), "came": len(lately.texts), "withdrawn": withdrawn}
        figures["seconds"] = round(time.monotonic() - began, 2)
        made = _kept(model, slot, figures, at) if model is not None else None
        LearnedModel.objects.filter(id__in=before).delete()
    return made


def _of(slot: Slot) -> Any:
    return LearnedModel.objects.filter(kind=slot.kind, audience=slot.audience)


def encoders() -> "tuple[Encoder, ...]":
    """What reads meaning in this installation; words alone do where there is nothing."""
    return _remembering()


@lru_cache(maxsize=1)
def _remembering() -> "tuple[Encoder, ...]":
    from rapport.ownership.learning.encoders import available
    from rapport.ownership.remembering import Remembering

    return tuple(Remembering(one) for one in available())


@lru_cache(maxsize=16)
def _learner(known: "tuple[Encoder, ...]", _slot: Slot) -> "Learner":
    """One a process and kind: what was encoded once need not be encoded again."""
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

    weight = _IMPLIED if one.implied else 1.0
    known = one.expected if one.expected is not None and one.expected >= 0 else None
    return Example(one.id, one.text, one.label, one.facts, one.member, one.at, expected=known, weight=weight)


def _kept(model: "Model", slot: Slot, figures: Mapping[str, Any], at: Any) -> LearnedModel:
    from rapport.ownership.learning.storing import to_bytes

    ids = [id for id in model.ids if id]
    return LearnedModel.objects.create(
        kind=slot.kind, audience=slot.audience, data=to_bytes(model), encoders=dict(model.encoders),
        figures={**figures, **_figures(model, slot.kind)}, made_at=at,
        # Something may have been taken away while this was learned.
        stale=not lessons.still_there(ids, slot),
    )  # fmt: skip


def _figures(model: "Model", kind: str) -> dict[str, Any]:
    """What the page tells: of the examples left out, how many would be assigned and how many of these were right."""
    from rapport.ownership.learning.calibration import trade_curve

    curve = trade_curve(*model.outcomes, points=40) if model.outcomes is not None and len(model.outcomes[0]) else ()
    return {
        "curves": _curves(model),
        "examples": sum(bool(id) for id in model.ids),
        "nones": model.judge.nones,
        "curve": [[round(one.coverage, 4), round(one.precision, 4), round(one.threshold, 4)] for one in curve],
        "trade": [round(model.trade.coverage, 4), round(model.trade.precision, 4), round(model.trade.threshold, 4)],
    } | ({"steps": _steps(model)} if kind == PRIORITY else {})


def _curves(model: "Model") -> dict[str, list[list[float]]]:
    """The same trade of each label that was guessed often enough to tell."""
    from rapport.ownership.learning.calibration import trade_curve

    if model.guessed is None or model.outcomes is None:
        return {}
    found = {}
    for at, label in enumerate(model.labels):
        own = model.guessed[0] == at
        if own.sum() >= _OWN_CURVE_LEAST:
            curve = trade_curve(model.outcomes[0][own], model.outcomes[1][own], points=20)
            found[label] = [[round(one.coverage, 4), round(one.precision, 4), round(one.threshold, 4)] for one in curve]
    return found


def _steps(model: "Model") -> dict[str, Any]:
    """Of priorities left out: how many were guessed right, how many at most one step off, and what guessing always the
    commonest one would have got.
    """
    if model.guessed is None:
        return {}
    place = {name: at for at, name in enumerate(PRIORITIES)}
    steps = [place.get(label, 0) for label in model.labels]
    off = [abs(steps[g] - steps[t]) for g, t in zip(*model.guessed, strict=True) if t < len(steps)]
    true = [int(t) for t in model.guessed[1] if t < len(steps)]
    most = max(map(true.count, set(true)), default=0)
    count = len(off) or 1
    return {
        "count": len(off), "right": round(off.count(0) / count, 4), "usual": round(most / count, 4),
        "near": round(sum(one <= 1 for one in off) / count, 4),
    }  # fmt: skip


def _digest(named: list[tuple[str, str]]) -> str:
    return hashlib.sha256(repr(named).encode()).hexdigest()[:16]
