"""`rapport bench routing`: how well and how fast ownership is learned from labelled messages. Needs no database."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rapport.core.errors import Invalid
from rapport.inbound.language import language_of
from rapport.ownership.learning import measures
from rapport.ownership.learning.encoders import available, missing
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.texts import spoken
from rapport.ownership.learning.unseen import NONES_ENOUGH
from rapport.ownership.learning.values import Example, LabelText, Prediction

_TIMED = 300
_BATCH = 512
_LINE = 'One JSON object a line is needed, such as {"text": "Where is it?", "label": "delivery"}.'
_KNOWN = {"text", "label", "facts", "name", "names", "description", "id"}


@dataclass(frozen=True)
class Row:
    """A line of a file: a text with its label (None: none of ours) and facts."""

    text: str
    label: str | None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """A file's rows, and what it says of labels: name or description by label."""

    rows: tuple[Row, ...]
    names: dict[str, str]


@dataclass(frozen=True)
class Way:
    """How to measure."""

    stream: bool = False
    names_only: bool = False
    per_label: int = 0
    seed: int = 0
    wanted: float = 0.95


def measured(train: File, test: File, way: Way) -> dict[str, Any]:
    """Learn from `train`, predict `test`, and say how it went. The test's labels are looked at afterwards only.

    Raises Invalid for a test that has names alone.
    """
    if not test.rows:
        raise Invalid("There is nothing to predict in --test.", 'It needs lines with "text" and "label".')
    learner = Learner(available(), way.wanted)
    examples = [] if way.names_only else _examples(_thinned(train.rows, way), "train")
    names = _names(train, test if way.stream else None)
    learner.name(names)
    if way.names_only:
        learner.hear([row.text for row in train.rows])
    learner.teach(examples)
    began = time.perf_counter()
    learner.refit()
    took = time.perf_counter() - began
    result = _streamed(learner, test.rows) if way.stream else _judged(learner, test.rows) | _timed(learner, test.rows)
    return {
        "train": len(examples), "test": len(test.rows), "labels": len(names),
        "encoders": [f"{one.id} {one.version}" for one in available()], "note": _note(learner, len(names)),
        "refit_s": round(took, 2), "blend": _blend(learner), "none_gate_trained": _gated(learner),
    } | result  # fmt: skip


def _gated(learner: Learner) -> bool:
    """Whether it tells what is none of ours by now; a stream may teach it so."""
    return bool(learner.model and learner.model.judge.gate)


def _note(learner: Learner, labels: int) -> str:
    """What is missing here, and what was left out, in words."""
    known = len(learner.model.labels) if learner.model else 0
    left = f"of {labels} labels the {known} with the most decisions are learned" if known < labels else ""
    nones = learner.model.judge.nones if learner.model else 0
    few = f"{nones} decisions were none of ours: under {NONES_ENOUGH} it refuses nothing" if not _gated(learner) else ""
    return ". ".join(part for part in (missing(), left, few) if part)


def _blend(learner: Learner) -> dict[str, float]:
    if learner.model is None:
        return {}
    blend = learner.model.machine.blend
    return {name: round(weight, 3) for name, weight in blend.weights.items() if weight} | {"sharpness": blend.sharpness}


def _names(train: File, test: File | None) -> list[LabelText]:
    """Every label that the files know, with what they say of it; its own name where they say nothing."""
    said = (test.names if test else {}) | train.names
    labels = {row.label for row in train.rows} | {row.label for row in (test.rows if test else ())} | set(said)
    return [LabelText(label, f"{spoken(label)}. {said[label]}" if label in said else label)
            for label in sorted(one for one in labels if one is not None)]  # fmt: skip


def _thinned(rows: Sequence[Row], way: Way) -> Sequence[Row]:
    """With `per_label`, so many of each label, drawn by the seed."""
    if not way.per_label:
        return rows
    mixed = list(rows)
    random.Random(way.seed).shuffle(mixed)  # noqa: S311 - drawn alike each time
    taken: Counter[str | None] = Counter()
    kept = []
    for row in mixed:
        taken[row.label] += 1
        if taken[row.label] <= way.per_label:
            kept.append(row)
    return kept


def _examples(rows: Sequence[Row], prefix: str) -> list[Example]:
    return [Example(f"{prefix}-{at}", row.text, row.label, row.facts) for at, row in enumerate(rows)]


def _predicted(learner: Learner, rows: Sequence[Row]) -> list[Prediction]:
    found: list[Prediction] = []
    for first in range(0, len(rows), _BATCH):
        part = rows[first : first + _BATCH]
        found += learner.predict([row.text for row in part], [row.facts for row in part])
    return found


def _judged(learner: Learner, rows: Sequence[Row]) -> dict[str, Any]:
    _predicted(learner, rows[:8])
    began, cpu = time.perf_counter(), time.process_time()
    predictions = _predicted(learner, rows)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return figures(rows, predictions) | {
        "batch_per_s": round(len(rows) / took, 1), "batch_per_cpu_s": round(len(rows) / cpu, 1)
    }  # fmt: skip


def figures(rows: Sequence[Row], predictions: Sequence[Prediction]) -> dict[str, Any]:
    """The figures of predictions against what people chose."""
    ours = np.array([row.label is not None for row in rows], bool)
    label = np.array([p.label == row.label for row, p in zip(rows, predictions, strict=True)], bool)
    refused = np.array([p.is_none for p in predictions], bool)
    certain = np.array([p.certain for p in predictions], bool)
    said = np.array([p.probability for p in predictions])
    none = np.array([p.none if p.none is not None else 1 - (p.probability + p.seen) / 2 for p in predictions])
    truth = [row.label for row in rows if row.label is not None]
    return {
        "accuracy": _r(measures.accuracy(label[ours])),
        "macro_f1": _r(measures.macro_f1(truth, [p.label for p, one in zip(predictions, ours, strict=True) if one])),
        "oos_recall": _r(measures.accuracy(refused[~ours])) if (~ours).any() else None,
        "accuracy_with_reject": _r(measures.accuracy((label & ~refused)[ours])),
        "auroc": _r(measures.auroc(none, ~ours)) if (~ours).any() else None,
        "ece": _r(measures.ece(said, label & ours)),
        "coverage_at_95": _r(float(certain.mean())),
        "precision_at_95": _r(measures.accuracy((label & ours)[certain])) if certain.any() else None,
    }  # fmt: skip


def _timed(learner: Learner, rows: Sequence[Row]) -> dict[str, Any]:
    """One at a time: predictions never asked before, and corrections of them; the corrected must show at once."""
    some = rows[:_TIMED]
    alone: list[tuple[float, float]] = []
    corrected: list[tuple[float, float]] = []
    shown = 0
    for at, row in enumerate(some):
        fresh = f"{row.text} ({at})"
        learner.predict([fresh], [row.facts])
        alone.append(_took(partial(learner.predict, [f"{fresh} ?"], [row.facts])))
        wrong = some[at - 1].label
        corrected.append(_took(partial(learner.learn, Example(f"timed-{at}", fresh, wrong, row.facts))))
        now = learner.predict([fresh], [row.facts])[0]
        shown += now.label == wrong or (wrong is None)
    found = _spans("predict_ms", alone) | _spans("correct_ms", corrected)
    return found | {"shown_at_once": _r(shown / max(len(some), 1))}


def _took(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def _spans(name: str, times: Sequence[tuple[float, float]]) -> dict[str, float]:
    found = {}
    for kind, values in (("", [wall for wall, _ in times]), ("cpu_", [cpu for _, cpu in times])):
        for share in (50, 99):
            found[f"{name}_{kind}p{share}"] = round(float(np.percentile(values, share)), 2) if values else 0.0
    return found


def _streamed(learner: Learner, rows: Sequence[Row]) -> dict[str, Any]:
    """Predict, then learn, row after row, as decisions come."""
    predictions: list[Prediction] = []
    alone, corrected, refits = [], [], []
    for at, row in enumerate(rows):
        alone.append(_took(partial(_asked, learner, row, predictions)))
        prediction = predictions[-1]
        learner.watch(prediction, row.label)
        corrected.append(_took(partial(learner.learn, Example(f"s-{at}", row.text, row.label, row.facts))))
        if learner.due:
            refits.append(_took(learner.refit)[0] / 1000)
    right = np.array(
        [p.label == r.label or (r.label is None and p.is_none) for p, r in zip(predictions, rows, strict=True)]
    )
    return figures(rows, predictions) | _spans("predict_ms", alone) | _spans("correct_ms", corrected) | {
        "stream_last_200": _r(measures.accuracy(right[-200:])), "stream_51_200": _span(right, 50, 200),
        "stream_201_1000": _span(right, 200, 1000), "refits": len(refits),
        "refit_last_s": _r(refits[-1]) if refits else None,
    }  # fmt: skip


def _asked(learner: Learner, row: Row, into: list[Prediction]) -> None:
    into += learner.predict([row.text], [row.facts])


def _span(right: npt.NDArray[np.bool_], first: int, last: int) -> float | None:
    return _r(measures.accuracy(right[first:last])) if len(right) > first else None


def _r(value: float) -> float:
    return round(float(value), 4)


def read(path: Path) -> File:
    """The file's rows; one that cannot be used stops with its line."""
    rows: list[Row] = []
    names: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name} is not text in UTF-8.", "One JSON object a line is needed.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            _take(_object(line, path, number), rows, names, f"{path.name}, line {number}")
    if not rows and not names:
        raise Invalid(
            f"There is nothing in {path.name}.", 'One JSON object a line is needed: {"text": ..., "label": ...}'
        )
    return File(tuple(rows), names)


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
        if "\\ud" in line.lower():
            # Half of a character, which JSON can say and no text in UTF-8 can hold.
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path.name}, line {number} is no JSON: {error}", "One JSON object a line is needed.") from error
    if not isinstance(found, dict):
        raise Invalid(
            f"{path.name}, line {number} is no JSON object.", 'Such as {"text": "Where is it?", "label": "delivery"}.'
        )
    return found


def _take(found: dict[str, Any], rows: list[Row], names: dict[str, str], where: str) -> None:
    label = _label(found.get("label"), where)
    said = found.get("names", {})
    if not isinstance(said, dict):
        raise Invalid(f"{where}: names is no object.", 'Such as {"names": {"delivery": "Where parcels are"}}.')
    names.update({str(key): str(value) for key, value in said.items()})
    if label is not None and (text := found.get("description") or found.get("name")):
        names[label] = str(text)
    if "text" not in found:
        if said or (label is not None and label in names):
            return
        raise Invalid(f"{where} has no text.", 'Each line needs "text", and "label" (null: none of ours).')
    if not isinstance(found["text"], str):
        raise Invalid(f"{where}: the text is no text.", "Write it in quotes.")
    if "label" not in found:
        raise Invalid(f"{where} has no label.", "null says that it is none of ours.")
    rows.append(Row(found["text"], label, _facts(found, where)))


def _label(found: Any, where: str) -> str | None:
    """A text, or a number as many files have it."""
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if found is not None and (not isinstance(found, str) or not found):
        raise Invalid(f"{where}: the label is no text.", "A label is a text; null says that it is none of ours.")
    return None if found is None else found


def _facts(found: dict[str, Any], where: str) -> dict[str, str]:
    own = found.get("facts", {})
    if not isinstance(own, dict):
        raise Invalid(f"{where}: facts is no object.", 'Such as {"facts": {"channel": "email"}}.')
    every = {key: value for key, value in found.items() if key not in _KNOWN} | own
    told = {str(key): ",".join(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in every.items() if value is not None}  # fmt: skip
    if "language" not in told and (language := language_of(found["text"])) != "en":
        told["language"] = language
    return told
