"""Why a prediction came out so, asked of the code that made it: take something away and look again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapport.ownership.learning.learner import Facts, Learner, Said
from rapport.ownership.learning.texts import capped, words_of
from rapport.ownership.learning.values import Explanation, Neighbour, Piece, Prediction

WORDS_TRIED_MAX = 40
_PIECES = 8
_NEIGHBOURS = 5
_CHANGES_MAX = 5
_SAYS_SOMETHING = 0.005


@dataclass(frozen=True, slots=True)
class _Asked:
    """Messages to ask about, for whom, and the label in question."""

    learner: Learner
    audience: str
    label: str

    def scores(self, texts: Sequence[str], facts: Sequence[Facts]) -> list[float]:
        said = self.learner.scores(texts, facts, self.audience)
        if said is None:
            return [0.0] * len(texts)
        return [float(one) for one in said.scored.labels[:, said.labels.index(self.label)]]


def explain(learner: Learner, text: str, facts: Facts, audience: str = "") -> Explanation:
    """The prediction with its reasons. About as much work as predicting forty messages: asked for when somebody looks.

    A word or fact counts by how much the label's score (about 1 where it is right) falls without it. Neighbours are
    past examples that the reader may know of, and that were not forgotten.
    """
    prediction = learner.predict([text], [facts], audience)[0]
    if not prediction.label:
        return Explanation(prediction, (), ())
    asked = _Asked(learner, audience, prediction.label)
    pieces = _pieces(asked, text, facts)
    said = learner.scores([text], [facts], audience)
    neighbours = _neighbours(asked, said) if said else ()
    otherwise, then = _otherwise(asked, text, facts, pieces)
    return Explanation(prediction, tuple(_foremost(pieces)), neighbours, otherwise, then)


def _pieces(asked: _Asked, text: str, facts: Facts) -> list[Piece]:
    """Every word tried and every fact, strongest first."""
    short = capped(text)
    words = sorted(dict.fromkeys(words_of(short)), key=lambda word: -len(word))[:WORDS_TRIED_MAX]
    texts = [short, *(without(short, [word]) for word in words), *[short] * len(facts)]
    known = [facts] * (len(words) + 1) + [{k: v for k, v in facts.items() if k != name} for name in facts]
    whole, *rest = asked.scores(texts, known)
    pieces = [Piece("word", word, whole - score) for word, score in zip(words, rest, strict=False)]
    pieces += [
        Piece("fact", f"{name}: {facts[name]}", whole - score)
        for name, score in zip(facts, rest[len(words) :], strict=True)
    ]
    return sorted(pieces, key=lambda piece: -abs(piece.said))


def _foremost(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in pieces if abs(piece.said) >= _SAYS_SOMETHING][:_PIECES]


def without(text: str, words: Sequence[str]) -> str:
    """The text without these words, wherever they stand."""
    import re

    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(
        rf"(?<!\w)(?:{pattern})(?!\w)" if pattern.isascii() else pattern, " ", text, flags=re.IGNORECASE
    ).strip()


def _neighbours(asked: _Asked, said: Said) -> tuple[Neighbour, ...]:
    """The likest examples, and how much each spoke for the label."""
    learner, model = asked.learner, asked.learner.model
    if model is None:
        return ()
    machine = model.machines(float(said.english[0]))[0][0]
    kernel = machine.kernel(said.points)[0]
    column = model.labels.index(asked.label) if asked.label in model.labels else None
    found = []
    for at in np.argsort(-kernel)[: 10 * _NEIGHBOURS]:
        row = int(machine.rows[at])
        if learner.examples.get(model.ids[row]):
            spoke = machine.spoke(kernel, int(at), column) if column is not None else 0.0
            found.append(
                _neighbour(model.ids[row], model.chosen_labels[row], float(kernel[at]), spoke, machine.blend.sharpness)
            )
    for corrections in learner.corrections(asked.audience, float(said.english[0])):
        for at, near in enumerate(corrections.kernel(said.points)[0]):
            kept = corrections.kept[at]
            spoke = float(near) * corrections.weight(at, asked.label)
            found.append(_neighbour(kept.id, kept.label, float(near), spoke, corrections.blend.sharpness))
    likest = {one.id: one for one in sorted(found, key=lambda one: one.likeness)}
    return tuple(sorted(likest.values(), key=lambda one: -one.likeness)[:_NEIGHBOURS])


def _neighbour(id: str, label: str | None, kernel: float, said: float, sharpness: float) -> Neighbour:
    return Neighbour(id, label, max(0.0, 1 + float(np.log(max(kernel, 1e-9))) / sharpness), said)


def _otherwise(asked: _Asked, text: str, facts: Facts, pieces: Sequence[Piece]) -> tuple[tuple[str, ...], str]:
    """The strongest pieces without which it would be another label, and which; nothing if five do not do."""
    gone: list[Piece] = []
    for piece in [one for one in pieces if one.said > 0][:_CHANGES_MAX]:
        gone.append(piece)
        found = _predicted(asked, text, facts, gone)
        if found.label != asked.label:
            return tuple(one.what for one in gone), found.label
    return (), ""


def _predicted(asked: _Asked, text: str, facts: Facts, gone: Sequence[Piece]) -> Prediction:
    words = [one.what for one in gone if one.kind == "word"]
    names = {one.what.split(": ", 1)[0] for one in gone if one.kind == "fact"}
    left = {name: value for name, value in facts.items() if name not in names}
    return asked.learner.predict([without(capped(text), words) if words else text], [left], asked.audience)[0]
