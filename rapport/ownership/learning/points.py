"""Messages as points, and how alike two of them are: a weighted mean of likeness in words, meaning and facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.encoders import Encoder, blocks, encoder_of
from rapport.ownership.learning.hashing import Counts, document_frequency, fact_counts, hashed, weighed
from rapport.ownership.learning.texts import words_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
else:
    csr_matrix = Any

Floats = npt.NDArray[np.float32]
WORDS, FACTS = "words", "facts"
_FOREIGN = 0.1
# Small words that no other language in Latin letters has as well: not "is" (Dutch), "was" (German), "to" (Polish).
_ENGLISH = frozenset({
    "the", "this", "that", "these", "those", "there", "what", "how", "where", "when", "which", "who", "why", "you",
    "your", "yours", "it's", "i'm", "i've", "i'll", "i'd", "don't", "can't", "doesn't", "didn't", "isn't", "are",
    "aren't", "does", "did", "has", "been", "with", "from", "about", "please", "need", "want", "and", "should",
    "could", "would", "cannot",
})  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """Texts as counted and encoded, before a space weighs them: may be kept, and used again at the next refit."""

    words: tuple[Counts, ...]
    facts: tuple[Counts, ...]
    dense: Mapping[str, Floats]
    english: Floats

    def __len__(self) -> int:
        return len(self.words)

    @property
    def lacks(self) -> bool:
        """Whether an encoder was not asked about some of these: it has a row of zeros."""
        return not all(matrix.any(axis=1).all() for matrix in self.dense.values())

    def take(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> "Raw":
        """These rows, in this order."""
        at = [int(row) for row in rows]
        return Raw(
            tuple(self.words[row] for row in at), tuple(self.facts[row] for row in at),
            {name: matrix[at] for name, matrix in self.dense.items()}, self.english[at],
        )  # fmt: skip


def join(parts: Sequence[Raw]) -> Raw:
    """Several as one; at least one is needed."""
    first = parts[0]
    return Raw(
        tuple(row for part in parts for row in part.words), tuple(row for part in parts for row in part.facts),
        {name: np.concatenate([part.dense[name] for part in parts]) for name in first.dense},
        np.concatenate([part.english for part in parts]),
    )  # fmt: skip


Needed = Callable[[float], frozenset[str]]


def raw(
    texts: Sequence[str], facts: Sequence[Mapping[str, str]], encoders: Sequence[Encoder], needed: Needed | None = None
) -> Raw:
    """Count and encode. The fact "language" says which encoders can be believed, see `english`.

    With `needed` (from how far English is believed to ids of encoders), the others are not asked: a row of zeros.
    """
    believed = [english(text, one.get("language")) for text, one in zip(texts, facts, strict=True)]
    dense = {}
    for one in encoders:
        rows = [at for at, far in enumerate(believed) if needed is None or one.id in needed(far)]
        dense[one.id] = _encoded(one, texts, rows)
    return Raw(
        tuple(hashed(text) for text in texts), tuple(fact_counts(one) for one in facts), dense,
        np.array(believed, np.float32),
    )  # fmt: skip


def _encoded(encoder: Encoder, texts: Sequence[str], rows: Sequence[int]) -> Floats:
    if len(rows) == len(texts):
        return encoder.encode(texts)
    found = np.zeros((len(texts), encoder.size), np.float32)
    if rows:
        found[rows] = encoder.encode([texts[row] for row in rows])
    return found


def completed(rows: Raw, texts: Sequence[str], encoders: Sequence[Encoder]) -> Raw:
    """The same with what was not asked of an encoder asked now."""
    dense = dict(rows.dense)
    for one in encoders:
        missing = np.flatnonzero(~dense[one.id].any(axis=1))
        if len(missing):
            dense[one.id] = dense[one.id].copy()
            dense[one.id][missing] = one.encode([texts[int(row)] for row in missing])
    return replace(rows, dense=dense)


def english(text: str, language: str | None) -> float:
    """How far to believe encoders that know English only: 1, 0, or a quarter where nobody can tell (language "").

    Nobody can tell of short texts; there one word that only English has says enough. Where nobody tried to tell (None),
    it is English unless its letters are not.
    """
    if language:
        return float(language.lower().startswith("en"))
    letters = [sign for sign in text[:400] if sign.isalpha()]
    if sum(not sign.isascii() for sign in letters) > _FOREIGN * len(letters):
        return 0.0
    return 1.0 if language is None or not _ENGLISH.isdisjoint(words_of(text[:400])) else 0.25


@dataclass(frozen=True)
class Points:
    """Rows ready to be compared: each block has rows of length 1 (or 0)."""

    words: "csr_matrix"
    facts: "csr_matrix"
    dense: Mapping[str, Floats]

    @cached_property
    def buckets(self) -> "csr_matrix":
        """The words by bucket: whoever is compared with these looks only at what it has itself."""
        return self.words.T.tocsr()

    def take(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> "Points":
        """These rows, in this order."""
        at = np.asarray(rows, np.int64)
        return Points(self.words[at], self.facts[at], {name: matrix[at] for name, matrix in self.dense.items()})


def stacked(parts: Sequence[Points]) -> Points:
    """Several as one; at least one is needed."""
    from scipy.sparse import vstack

    first = parts[0]
    return Points(
        vstack([part.words for part in parts]).tocsr(), vstack([part.facts for part in parts]).tocsr(),
        {name: np.concatenate([part.dense[name] for part in parts]) for name in first.dense},
    )  # fmt: skip


@dataclass(frozen=True)
class Space:
    """What is common and what is rare here: learned from texts without their labels.

    `centres` are the mean vectors of the encoders: what all messages share says nothing about whose they are. They
    count in so far as there were many texts: one text has no mean.
    """

    rarity: Floats
    fact_rarity: Floats
    centres: Mapping[str, Floats]

    def points(self, rows: Raw) -> Points:
        """Rows, weighed and centred."""
        dense = {
            block: _halved(part)
            for name, matrix in rows.dense.items() if name in self.centres
            for block, part in blocks(name, matrix - self.centres[name]).items()
        }  # fmt: skip
        return Points(weighed(rows.words, self.rarity), weighed(rows.facts, self.fact_rarity), dense)


def space_of(rows: Raw) -> Space:
    """The space in which these texts, and later ones like them, are compared."""
    count = len(rows)
    words, facts = document_frequency(rows.words), document_frequency(rows.facts)
    share = count / (count + 20)
    return Space(
        (np.log((1 + count) / (1 + words)) + 1).astype(np.float32),
        # A fact that is always so, or never was, says nothing.
        np.where((facts > 0) & (facts < count), np.log((1 + count) / (0.5 + facts)), 0).astype(np.float32),
        {name: (share * matrix.mean(0)).astype(np.float32) for name, matrix in rows.dense.items()},
    )


def _halved(rows: Floats) -> Floats:
    """As a stored model keeps them: in 16 bits, so that it says the same when it is read again."""
    return rows.astype(np.float16).astype(np.float32)


def titled(space: Space, names: Raw) -> Points:
    """Names of labels as points: they have a manner, and so a mean, of their own, as far as they are many."""
    share = len(names) / (len(names) + 20)
    centres = {
        name: (share * names.dense[name].mean(0) + (1 - share) * centre).astype(np.float32)
        for name, centre in space.centres.items()
    }
    return replace(space, centres=centres).points(names)


@dataclass(frozen=True)
class Blend:
    """How much each block counts (weights by name, summing to 1) and how fast likeness falls off (`sharpness`)."""

    weights: Mapping[str, float]
    sharpness: float = 2.0

    def likeness(self, left: Points, right: Points) -> Floats:
        """The weighted mean of cosines: a matrix, rows of `left` by rows of `right`, at most 1."""
        total = np.zeros((left.words.shape[0], right.words.shape[0]), np.float32)
        for name, weight in self.weights.items():
            if weight <= 0:
                continue
            if name in (WORDS, FACTS):
                product = left.words @ right.buckets if name == WORDS else left.facts @ right.facts.T
                total += np.float32(weight) * np.asarray(product.toarray(), np.float32)
            else:
                total += np.float32(weight) * (left.dense[name] @ right.dense[name].T)
        return total

    def kernel(self, left: Points, right: Points) -> Floats:
        """exp(sharpness (likeness - 1)): 1 for the same, and never 0."""
        likeness = self.likeness(left, right)
        likeness -= 1
        likeness *= np.float32(self.sharpness)
        return np.exp(likeness, out=likeness)

    @property
    def encoders(self) -> frozenset[str]:
        """The encoders that count."""
        meaning = self.weights.keys() - {WORDS, FACTS}
        return frozenset(encoder_of(name) for name in meaning if self.weights[name] > 0)

    def sharper(self, sharpness: float) -> "Blend":
        """The same weights with another fall-off."""
        return replace(self, sharpness=sharpness)
