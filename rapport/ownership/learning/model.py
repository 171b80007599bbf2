"""What a refit makes: a machine for the languages every encoder knows, one for all others, and what calibrates them.

Examples that say "none of ours" are a label of their own to the machine; what the gate learns from is what the machine
says of each example left out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.calibration import NEVER, Trade, promised
from rapport.ownership.learning.choosing import FEW, blends, chosen
from rapport.ownership.learning.encoders import ENGLISH_ONLY
from rapport.ownership.learning.judging import Judge, Scored, judged, looked
from rapport.ownership.learning.machine import Fitted, Machine, fit
from rapport.ownership.learning.naming import drawn
from rapport.ownership.learning.points import FACTS, WORDS, Blend, Points, Raw, Space, space_of, stacked, titled
from rapport.ownership.learning.recalling import recalling
from rapport.ownership.learning.unseen import Unseen, reckoned

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
LABEL_OWN_TRADE = 300
LABEL_LEAST = 3
"""With fewer decisions a label is only suggested: what was right about others says nothing of it."""
LABELS_MAX = 1_000
DRAWN_HEAT = 18.0
"""As `Judge.heat` to begin with, for names that messages have drawn to themselves: what is likest is much likelier."""
EVENED_MAX = 150
"""Up to so many decisions every label weighs the same: which came first says little about which will come."""
_NAME_WEIGHS = 3.0
_KNOWN_LEAST, _KNOWN_FLOOR = 0.5, 0.4
"""Of labels known by name, the share with a decision: up to how much even many are evened, and below what it matters no
more (weighed even less, of messages like a decision hardly any would follow it)."""


@dataclass(frozen=True)
class Model:
    """A refit's result. `ids` are the examples' (of names: ""), in the order of the machine's rows.

    `outcomes` are (probability, right) of each example left out, `guessed` (guessed, true) places of its labels beside
    them; the place after the last label is "none of ours".
    """

    labels: tuple[str, ...]
    space: Space
    machine: Machine
    everywhere: Machine | None
    judge: Judge
    ids: tuple[str, ...]
    chosen_labels: tuple[str | None, ...]
    encoders: Mapping[str, str]
    trade: Trade = NEVER
    trades: Mapping[str, Trade] = field(default_factory=dict)
    outcomes: tuple[Doubles, npt.NDArray[np.bool_]] | None = None
    guessed: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None
    unseen: Unseen | None = None

    @cached_property
    def decided(self) -> Mapping[str | None, int]:
        """How many decisions of each label it is made from; names are none."""
        return Counter(one for one, id in zip(self.chosen_labels, self.ids, strict=True) if id)

    def promise(self, label: str, wanted: float) -> Trade:
        """The threshold for a precision: the label's own where it has decisions enough.

        Decisions of one label alone say nothing of what is not its: of them nothing is promised.
        """
        if self.outcomes is None or not len(self.outcomes[0]) or len(self.decided.keys() - {None}) < 2:
            return NEVER
        probability, right = self.outcomes
        at = self.labels.index(label) if self.guessed is not None and label in self.labels else None
        own = self.guessed[0] == at if self.guessed is not None else np.zeros(0, bool)
        if own.sum() < LABEL_OWN_TRADE:
            return promised(probability, right, wanted, self._never())
        return promised(probability[own], right[own], wanted, self._never(at))

    def _never(self, label: int | None = None) -> tuple[Doubles, float] | None:
        return self.unseen.beside(len(self.outcomes[0]), label) if self.unseen and self.outcomes else None

    def machines(self, english: float) -> list[tuple[Machine, float]]:
        """The machines for a message, with how far each is believed, see `points.english`."""
        if self.everywhere is None:
            return [(self.machine, 1.0)]
        return [pair for pair in ((self.machine, english), (self.everywhere, 1 - english)) if pair[1] > 0]

    def needed(self, english: float) -> frozenset[str]:
        """The encoders that a message is asked of."""
        return frozenset[str]().union(*(machine.blend.encoders for machine, _ in self.machines(english)))

    def scored(self, points: Points, english: Floats) -> Scored:
        """Scores of points, each by the machines for its language."""
        count = len(english)
        whole, close = np.zeros((count, len(self.labels) + 1), np.float32), np.zeros((count, 2), np.float32)
        for share in np.unique(english):
            rows = np.flatnonzero(english == share)
            part = points if len(rows) == count else points.take(rows)
            for machine, believed in self.machines(float(share)):
                kernel = machine.kernel(part)
                whole[rows] += np.float32(believed) * machine.scores(kernel)
                close[rows] += np.float32(believed) * machine.close(kernel)
        return Scored(whole[:, :-1], whole[:, -1], close)


@dataclass(frozen=True)
class Came:
    """What came of late: what nobody decided of it, and how much was decided besides, as ours and as none of ours."""

    rows: Raw
    ours: int = 0
    nones: int = 0


@dataclass(frozen=True)
class Lesson:
    """Everything a refit is made from: rows as counted and encoded, with labels, ids and weights; names last."""

    rows: Raw
    labels: tuple[str | None, ...]
    ids: tuple[str, ...]
    counts: Floats
    encoders: Mapping[str, str] = field(default_factory=dict)
    background: Raw | None = None
    """Texts nobody decided yet: they tell what is common here."""
    came: Came | None = None


def refit(lesson: Lesson, wanted: float = 0.95) -> Model:
    """Learn all anew. At least one example is needed, be it a label's name."""
    lesson = _bounded(lesson)
    said = np.array([bool(id) and count >= 1 for id, count in zip(lesson.ids, lesson.counts, strict=True)])
    lesson = _evened(lesson)
    labels = tuple(sorted({label for label in lesson.labels if label is not None}))
    place = {label: at for at, label in enumerate(labels)} | {None: len(labels)}
    targets = np.zeros((len(lesson.labels), len(labels) + 1), np.float32)
    truth = np.array([place[label] for label in lesson.labels])
    targets[np.arange(len(truth)), truth] = 1
    known = [name for name in lesson.rows.dense if name in lesson.encoders or not lesson.encoders]
    space = space_of(lesson.background or lesson.rows)
    real = np.array([bool(one) for one in lesson.ids])
    points = _pointed(space, lesson, real, known)
    blend, ridge = chosen(points, targets, (lesson.counts, real), known)
    fitted = fit(points, targets, lesson.counts, blend, ridge, with_apart=bool(real.any()))
    wide = _everywhere(points, targets, (lesson.counts, real, lesson.rows.english), (blend, ridge))
    fitted = recalling(fitted, points, targets, said, lesson.counts)
    wide = recalling(wide, points, targets, said, lesson.counts) if wide else None
    if not real.any():
        fitted, wide = _louder(fitted, 1 + ridge), _louder(wide, 1 + ridge) if wide else None
    heard = _by_language(fitted, wide, lesson.rows.english)
    judge, outcomes = judged(heard, truth, real, len(labels))
    unseen = _unseen(heard, truth, real, judge) if len(outcomes[1]) else None
    if not real.any() and lesson.background is not None:
        judge = replace(judge, heat=DRAWN_HEAT)
    model = Model(
        labels, space, fitted.machine, wide.machine if wide else None, judge,
        lesson.ids, lesson.labels, dict(lesson.encoders), outcomes=(outcomes[0], outcomes[2]), unseen=unseen,
        guessed=(outcomes[1], truth[real]) if len(outcomes[1]) else None,
    )  # fmt: skip
    if unseen and lesson.came and not judge.gate:
        model = replace(model, unseen=_found(model, unseen, lesson.came, outcomes[0][truth[real] < len(labels)]))
    often = np.flatnonzero(np.bincount(outcomes[1], minlength=len(labels)) >= LABEL_OWN_TRADE)
    own = {labels[at]: model.promise(labels[at], wanted) for at in often}
    return replace(model, trade=model.promise("", wanted), trades=own)


def _bounded(lesson: Lesson) -> Lesson:
    """At most so many labels, those with the most decisions: more cost memory by their square."""
    many = Counter(dict.fromkeys(lesson.labels, 0))
    many.update(label for label, id in zip(lesson.labels, lesson.ids, strict=True) if id)
    del many[None]
    if len(many) <= LABELS_MAX:
        return lesson
    kept = {None, *sorted(many, key=lambda label: (-many[label], label or ""))[:LABELS_MAX]}
    rows = [at for at, label in enumerate(lesson.labels) if label in kept]
    return replace(
        lesson, rows=lesson.rows.take(rows), labels=tuple(lesson.labels[at] for at in rows),
        ids=tuple(lesson.ids[at] for at in rows), counts=lesson.counts[rows],
    )  # fmt: skip


def _evened(lesson: Lesson) -> Lesson:
    """While there are few decisions: those of a label weigh as much as one together, and its name as much as three.

    Else the label that happened to be decided first would draw everything, and the first five decisions would make a
    learner that begins with names worse. Where many labels are known by name alone, decisions weigh less still, however
    many they are: what sets their messages apart from the others' is not known yet, and the names say it.
    """
    real = np.array([bool(one) for one in lesson.ids])
    many = Counter(label for label, id in zip(lesson.labels, lesson.ids, strict=True) if id)
    named = {label for label, id in zip(lesson.labels, lesson.ids, strict=True) if not id}
    known = len(named & many.keys()) / len(named) if named else 1.0
    if not many or (real.sum() > EVENED_MAX and known > _KNOWN_LEAST):
        return lesson
    each = max(known, _KNOWN_FLOOR) ** 2
    share = [each / many[label] if id else _NAME_WEIGHS for label, id in zip(lesson.labels, lesson.ids, strict=True)]
    return replace(lesson, counts=(lesson.counts * np.array(share, np.float32)).astype(np.float32))


def _pointed(space: Space, lesson: Lesson, real: npt.NDArray[np.bool_], encoders: Sequence[str]) -> Points:
    """Decisions as points, and names (which come after them) as names, among the messages that were heard."""
    decided, named = np.flatnonzero(real), np.flatnonzero(~real)
    parts = [space.points(lesson.rows.take(decided))] if len(decided) else []
    if len(named):
        names = titled(space, lesson.rows.take(named))
        if lesson.background is not None:
            names = drawn(names, space.points(lesson.background), next(blends(encoders, with_facts=False)))
        parts.append(names)
    return stacked(parts)


_Rows = tuple[Floats, npt.NDArray[np.bool_], Floats]


def _everywhere(points: Points, targets: Floats, rows: _Rows, how: tuple[Blend, float]) -> Fitted | None:
    """For languages that the English encoder does not know. `rows` is (counts, which are decisions, `points.english`).

    With a hundred decisions in such languages, by what does best on them; else by the encoder that knows most, and by
    facts: the words of one language say nothing about another.
    """
    (counts, real, english), (blend, ridge) = rows, how
    narrow = [name for name, weight in blend.weights.items() if weight and name in ENGLISH_ONLY]
    wide = [name for name in points.dense if name not in ENGLISH_ONLY]
    if not wide or not (narrow or blend.weights.get(WORDS)):
        return None
    foreign = real & (english < 1)
    if int(foreign.sum()) >= FEW:
        some = np.flatnonzero(foreign | ~real)
        wider, ridge = chosen(points.take(some), targets[some], (counts[some], foreign[some]), wide)
        return fit(points, targets, counts, wider, ridge, with_apart=True)
    facts = min(blend.weights.get(FACTS, 0.0), 0.5)
    weights = {name: (1 - facts) / len(wide) for name in wide} | {FACTS: facts}
    return fit(points, targets, counts, Blend(weights, blend.sharpness), ridge, with_apart=bool(real.any()))


def _louder(fitted: Fitted, by: float) -> Fitted:
    """Scores that much smoothing has made small, made about 1 for the likest again."""
    machine = replace(fitted.machine, weights=(fitted.machine.weights * by).astype(np.float32))
    return replace(fitted, machine=machine)


def _by_language(fitted: Fitted, wide: Fitted | None, english: Floats) -> Fitted:
    """What was said of each example left out, by the machines that its language would have been asked."""
    if wide is None or bool((english == 1).all()):
        return fitted
    own = english[:, None]

    def mixed(near: Floats, far: Floats) -> Floats:
        return np.asarray(own * near + (1 - own) * far, np.float32)

    apart = None
    if fitted.apart and wide.apart:
        apart = (mixed(fitted.apart[0], wide.apart[0]), mixed(fitted.apart[1], wide.apart[1]))
    without, close = mixed(fitted.without, wide.without), mixed(fitted.close, wide.close)
    return replace(fitted, without=without, close=close, apart=apart)


def _unseen(fitted: Fitted, truth: npt.NDArray[np.int64], real: npt.NDArray[np.bool_], judge: Judge) -> Unseen | None:
    """What is said of each decision with all of its label left out; None where that is not known."""
    count = fitted.without.shape[1] - 1
    rows = np.flatnonzero(real & (truth < count))
    if fitted.apart is None:
        return None
    scores = fitted.apart[0][rows]
    scores[np.arange(len(rows)), truth[rows]] = -1
    scored = Scored(scores[:, :count], scores[:, count], fitted.apart[1][rows])
    label, looks = looked(scored, judge.heat)
    sure = judge.right(scored) * (1 - judge.gate(looks) if judge.gate else 1)
    decided = np.bincount(truth[rows], minlength=count)
    return Unseen(np.asarray(sure), label, reckoned([int(one) for one in decided], judge.nones))


def _found(model: Model, unseen: Unseen, lately: Came, seen: Doubles) -> Unseen:
    """With the share of the unseen that is among what came of late."""
    points = model.space.points(lately.rows)
    sure = model.judge.right(model.scored(points, lately.rows.english))
    return unseen.after(model.decided, (seen, sure), (lately.ours, lately.nones))
