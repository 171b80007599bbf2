"""The learner: keeps examples, answers, learns from each correction at once and from all of them at a refit.

Examples of a confidential team never reach the shared model: they are corrections on top of it, which only predictions
for that team look at.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.calibration import NEVER, Logistic, Trade, Window, logit, moved
from rapport.ownership.learning.encoders import Encoder
from rapport.ownership.learning.judging import Judge, Scored
from rapport.ownership.learning.model import LABEL_LEAST, Came, Lesson, Model, refit
from rapport.ownership.learning.online import (
    CORRECTIONS_MAX,
    NEARER,
    Amended,
    Corrections,
    Kept,
    Memory,
    amended,
    amended_to,
)  # fmt: skip
from rapport.ownership.learning.points import Blend, Points, Raw, completed, join, raw
from rapport.ownership.learning.texts import capped, spoken
from rapport.ownership.learning.values import Example, LabelText, Prediction

Facts = Mapping[str, str]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
NAME_COUNTS = 1.0
"""A name counts as one decision."""
DUE_MIN, DUE_SHARE = 16, 0.25
_REMEMBERED = 256
_BASES = 32
_RANKED = 3
_SINCE_SHARE = 10
_BOTH = np.array([0.5], np.float32)
_BACKGROUND_MAX = 3_000


@dataclass(frozen=True)
class Said:
    """Scores of some messages: the labels of the columns, and what each part of the memory made of them."""

    labels: tuple[str, ...]
    scored: Scored
    points: Points
    english: Floats


class Learner:
    """Learns one kind of label (team, or topic, or priority). Not safe for several threads at once."""

    def __init__(self, encoders: Sequence[Encoder] = (), wanted: float = 0.95) -> None:
        self._encoders = tuple(encoders)
        self._wanted = wanted
        self.examples: dict[str, Example] = {}
        self.model: Model | None = None
        self.window = Window()
        self.windows: dict[str, Window] = {}
        self.wants: Mapping[str, float] = {}
        self._promises: dict[tuple[str, float], Trade] = {}
        self._raws: dict[str, Raw] = {}
        self._names: tuple[LabelText, ...] = ()
        self._name_rows: Raw | None = None
        self._background: Raw | None = None
        self._came: Came | None = None
        self._recent = Memory(Blend({}))
        self._since: tuple[int, Logistic | None] = (0, None)
        self._in_confidence: dict[str, Memory] = {}
        self._lately: OrderedDict[tuple[str, str], Raw] = OrderedDict()
        self._bases: deque[tuple[Raw, Points, Amended]] = deque(maxlen=_BASES)

    # What is taught -------------------------------------------------------------------------------------------------

    def name(self, labels: Iterable[LabelText]) -> None:
        """What labels are called and what is written about them: first examples. Takes effect at the next refit."""
        self._names = tuple(LabelText(one.label, spoken(one.text) or spoken(one.label)) for one in labels)
        self._name_rows = self._raw([one.text for one in self._names], [{}] * len(self._names)) if self._names else None

    def hear(self, texts: Sequence[str]) -> None:
        """Messages nobody decided: they tell what is common here. Of more than 3,000 so many, evenly spread."""
        every = list(texts)
        some = every[:: 1 + (len(every) - 1) // _BACKGROUND_MAX] if every else []
        self._background = self._raw(some, [{}] * len(some)) if some else None

    def came(self, texts: Sequence[str], facts: Sequence[Facts], ours: int = 0, nones: int = 0) -> None:
        """What came of late and nobody decided, and how much was decided besides, as ours and as none of ours.

        The next refit finds out how much of it is like nothing decided so far, and promises no more than that allows.
        """
        self._came = Came(self._raw(texts, facts), ours, nones) if texts else None

    def teach(self, examples: Iterable[Example]) -> None:
        """Take many in, for the next refit."""
        new = list(examples)
        rows = self._raw([one.text for one in new], [one.facts for one in new])
        for at, example in enumerate(new):
            self.examples[example.id] = example
            self._raws[example.id] = rows.take([at])

    def learn(self, example: Example) -> None:
        """Take one decision in; the very next prediction knows it. What was decided before under its id is replaced."""
        if example.id in self.examples:
            self.forget(ids=[example.id])
        row = self._remembered(example.text, example.facts)
        self.examples[example.id], self._raws[example.id] = example, row
        if self.model is None:
            self.refit()
        else:
            self._correct(example, row)

    def forget(
        self, ids: Iterable[str] = (), member: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> int:
        """Let go of these, or of all of a member's in a span of time; how many there were.

        They are out of what was learned since the last refit at once, are shown to nobody any more, and are out of
        everything at the next refit.
        """
        gone = {id for id in ids if id in self.examples}
        if member or since or until:
            gone |= {one.id for one in self.examples.values() if _matches(one, member, since, until)}
        for id in gone:
            del self.examples[id], self._raws[id]
        if gone:
            for memory in (self._recent, *self._in_confidence.values()):
                memory.forget(gone)
            self._since = (0, None)
            self._lately.clear()
            self._bases.clear()
        return len(gone)

    @property
    def due(self) -> bool:
        """Whether so much was learned since the last refit that another is worth it."""
        new = len(self._recent)
        return new >= min(max(DUE_MIN, DUE_SHARE * (len(self.examples) - new)), CORRECTIONS_MAX)

    def watch(self, prediction: Prediction, label: str | None) -> None:
        """What came of a prediction: thresholds follow the latest 600 of those, whatever past the model has."""
        self.saw(prediction.label, prediction.sure, prediction.label == label)

    def saw(self, label: str, sure: float, right: bool) -> None:
        """The same of what was predicted elsewhere: which label, how sure, and whether people chose it."""
        self.window.add(sure, right)
        self.windows.setdefault(label, Window()).add(sure, right)

    def refit(self) -> Model | None:
        """Learn all anew, without what was forgotten; None while there is nothing at all to learn from."""
        shared = [one for one in self.examples.values() if not one.audience]
        lesson = self._lesson(shared)
        if lesson is None:
            self.model = None
            self._bases.clear()
            return None
        self.adopt(refit(lesson, self._wanted))
        return self.model

    def adopt(self, model: Model) -> None:
        """Go on with a model that was made elsewhere, of examples this learner has; newer ones come on top of it."""
        self.model = model
        self._bases.clear()
        self._promises.clear()
        self._lately.clear()
        known = set(model.ids)
        self._recent, self._since = self._memory(model), (0, None)
        self._in_confidence = {}
        newer = _latest(one for one in self.examples.values() if one.audience or one.id not in known)
        self._complete(newer)
        for example in newer:
            self._correct(example, self._raws[example.id])

    # What is answered -----------------------------------------------------------------------------------------------

    def predict(
        self, texts: Sequence[str], facts: Sequence[Facts] | None = None, audience: str = ""
    ) -> list[Prediction]:
        """What each message is, for readers of `audience` ("" everyone, or a confidential team)."""
        told = facts or [{}] * len(texts)
        if self.model is None:
            self.refit()
        if self.model is None or not texts:
            return [Prediction("", 0.0)] * len(texts)
        return self._judged(self._said(self._rows(texts, told), audience))

    def expected(self, text: str, facts: Facts, label: str | None, audience: str = "") -> float | None:
        """How likely this label is before anybody chooses it, against the likeliest: for `Example.expected`.

        1 for the likeliest itself; None where the label is not known.
        """
        said = self.scores([text], [facts], audience)
        if said is None or self.model is None:
            return None
        if label is None:
            none = float(self.model.judge.none(said.scored)[0])
            return none / max(none, 1 - none) if self.model.judge.gate else None
        if label not in said.labels:
            return None
        shares = self.model.judge.shares(said.scored)[0]
        return float(shares[said.labels.index(label)] / max(shares))

    def scores(self, texts: Sequence[str], facts: Sequence[Facts], audience: str = "") -> Said | None:
        """The scores that `predict` judges by."""
        if self.model is None or not texts:
            return None
        return self._said(self._rows(texts, facts), audience)

    def corrections(self, audience: str = "", english: float = 1.0) -> list[Corrections]:
        """What came since the last refit, as readers of `audience` may know it, for a message (`points.english`)."""
        return [one for one, _ in self._parts(audience, np.array([english], np.float32))]

    # How ------------------------------------------------------------------------------------------------------------

    def _raw(self, texts: Sequence[str], facts: Sequence[Facts]) -> Raw:
        return raw(texts, facts, self._encoders)

    def _rows(self, texts: Sequence[str], facts: Sequence[Facts]) -> Raw:
        """As the model in force looks at them: what counts nothing to it is not encoded."""
        if len(texts) == 1:
            return self._remembered(texts[0], facts[0])
        return raw(texts, facts, self._encoders, self.model.needed if self.model else None)

    def _remembered(self, text: str, facts: Facts) -> Raw:
        """Encoded once: who corrects a prediction corrects the text that was just predicted."""
        key = (capped(text), repr(sorted(facts.items())))
        found = self._lately.get(key)
        if found is None:
            needed = self.model.needed if self.model else None
            found = self._lately[key] = raw([text], [facts], self._encoders, needed)
            if len(self._lately) > _REMEMBERED:
                self._lately.popitem(last=False)
        return found

    def _complete(self, examples: Sequence[Example]) -> None:
        """What was left out when they were only asked about is encoded now."""
        texts = {id: one.text for one in examples if self._raws[id := one.id].lacks}
        if texts:
            whole = completed(join([self._raws[id] for id in texts]), list(texts.values()), self._encoders)
            self._raws |= {id: whole.take([at]) for at, id in enumerate(texts)}

    def _memory(self, model: Model) -> Memory:
        near, far = (one.blend.sharper(NEARER * one.blend.sharpness) if one else None
                     for one in (model.machine, model.everywhere))  # fmt: skip
        return Memory(near or Blend({}), far)

    def _parts(self, audience: str, english: Floats) -> list[tuple[Corrections, Floats]]:
        own = self._in_confidence.get(audience) if audience else None
        return [*self._recent.parts(english), *(own.parts(english) if own else [])]

    def _lesson(self, shared: Sequence[Example]) -> Lesson | None:
        self._complete(shared)
        parts = [self._raws[one.id] for one in shared] + ([self._name_rows] if self._name_rows else [])
        if not parts:
            return None
        labels = [one.label for one in shared] + [one.label for one in self._names]
        ids = [one.id for one in shared] + [""] * len(self._names)
        counts = [one.weight for one in shared] + [NAME_COUNTS] * len(self._names)
        background = self._background if len(shared) < _BACKGROUND_MAX else None
        versions = {one.id: one.version for one in self._encoders}
        return Lesson(
            join(parts), tuple(labels), tuple(ids), np.array(counts, np.float32), versions, background, self._came
        )

    def _correct(self, example: Example, row: Raw) -> None:
        if self.model is None:
            return
        points, base = self._base(self.model, row)
        into = self._recent
        if example.audience:
            # What is learned in confidence is learned on top of what everybody corrected.
            base = amended(base, points, self._recent.parts(row.english))
            into = self._in_confidence.setdefault(example.audience, self._memory(self.model))
        scores: dict[str | None, float] = dict(zip(base.labels, map(float, base.scores[0]), strict=True))
        close = (float(base.close[0, 0]), float(base.close[0, 1]))
        kept = Kept(example.id, example.label, close)
        into.add(kept, points, scores | {None: float(base.none[0])}, float(row.english[0]))

    def _suited(self, judge: Judge, sure: Doubles) -> Doubles:
        """As sure as corrections since the refit were right about each other; read anew when a tenth is new."""
        read, curve = self._since
        count, before = len(self._recent), self.model.outcomes if self.model else None
        if before is not None and len(before[0]) and count - read > read // _SINCE_SHARE:
            said = [self._without(judge, one) for one, _ in self._recent.parts(_BOTH)]
            past, right = (np.concatenate(part) for part in zip(*said, strict=True))
            curve = moved((past, right), before)
            self._since = (count, curve)
        return sure if curve is None else curve(logit(sure)[:, None])

    def _without(self, judge: Judge, corrections: Corrections) -> tuple[Doubles, npt.NDArray[np.bool_]]:
        """Of each correction, (how sure, whether right) without it."""
        labels = self.model.labels if self.model else ()
        now = amended_to(corrections.without(), labels)
        scored = Scored(now.scores, now.none, now.close)
        shares, sure, none = _judged_by(judge, scored)
        likeliest = [now.labels[at] for at in shares.argmax(1)]
        refused = none >= judge.gate_at if judge.gate else np.zeros(len(none), bool)
        told = zip(corrections.kept, likeliest, refused, strict=True)
        return sure, np.array([kept.label == (None if no else label) for kept, label, no in told], bool)

    def _base(self, model: Model, rows: Raw) -> tuple[Points, Amended]:
        """What the last refit says; of a single message it is known already when the correction comes."""
        for known, points, base in reversed(self._bases):
            if known is rows:
                return points, base
        points = model.space.points(rows)
        scored = model.scored(points, rows.english)
        base = Amended(model.labels, scored.labels, scored.none, scored.close)
        if len(rows) == 1:
            self._bases.append((rows, points, base))
        return points, base

    def _said(self, rows: Raw, audience: str) -> Said:
        model = self.model
        if model is None:
            raise ValueError("there is no model yet")
        points, base = self._base(model, rows)
        now = amended(base, points, self._parts(audience, rows.english))
        return Said(now.labels, Scored(now.scores, now.none, now.close), points, rows.english)

    def _judged(self, said: Said) -> list[Prediction]:
        model = self.model
        if model is None or not said.labels:
            return [Prediction("", 0.0)] * len(said.english)
        judge = model.judge
        shares, sure, none = _judged_by(judge, said.scored)
        sure = self._suited(judge, sure)
        honest = self.window.recalibrated(sure)
        decided = Counter(model.decided)
        decided.update(self._recent.labels())
        order = np.argsort(-shares, axis=1, kind="stable")[:, :_RANKED]
        found = []
        for at, top in enumerate(order):
            label = said.labels[top[0]]
            few = decided[label] < LABEL_LEAST
            trade = NEVER if few or len(said.labels) < 2 else self._promise(model, label)
            refused = judge.gate is not None and none[at] >= judge.gate_at
            seen = float(said.scored.close[at, 0])
            found.append(Prediction(
                label, float(honest[at]), tuple((said.labels[i], float(shares[at, i])) for i in top),
                float(none[at]) if judge.gate else None,
                bool(sure[at] >= trade.threshold and not refused), seen, bool(refused),
                float(sure[at]), trade.threshold < NEVER.threshold, seen < judge.unlike_at,
            ))  # fmt: skip
        return found

    def _promise(self, model: Model, label: str) -> Trade:
        """What is kept of late for this label, else of late at all, else of the examples left out.

        `wants` has the precisions wanted of labels where they are not the usual one, under "" that of all others.
        """
        wanted = self.wants.get(label, self.wants.get("", self._wanted))
        own = self.windows.get(label)
        if own is not None and own.enough:
            return own.trade(wanted)
        if self.window.enough:
            return self.window.trade(wanted)
        if wanted == self._wanted:
            return model.trades.get(label, model.trade)
        if (label, wanted) not in self._promises:
            self._promises[label, wanted] = model.promise(label, wanted)
        return self._promises[label, wanted]


def _judged_by(judge: Judge, scored: Scored) -> tuple[Doubles, Doubles, Doubles]:
    """(shares, how sure of the likeliest, "none of ours") of each."""
    shares, right, none = judge.shares(scored), judge.right(scored), judge.none(scored)
    return shares, (right * (1 - none) if judge.gate else right), none


def _latest(examples: Iterable[Example]) -> list[Example]:
    """Of each audience as many as are kept: those of labels a refit left out may be tens of thousands."""
    found: dict[str, deque[Example]] = {}
    for one in examples:
        found.setdefault(one.audience, deque(maxlen=CORRECTIONS_MAX)).append(one)
    return [one for some in found.values() for one in some]


def _matches(example: Example, member: str, since: datetime | None, until: datetime | None) -> bool:
    if member and example.member != member:
        return False
    if since and (example.at is None or example.at < since):
        return False
    return not (until and (example.at is None or example.at > until))
