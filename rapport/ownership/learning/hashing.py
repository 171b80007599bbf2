"""Words and pieces of words as a sparse row: hashed, so that no vocabulary is kept, and no text can be read back."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.texts import capped, words_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
else:
    csr_matrix = Any

BUCKETS = 1 << 18
_PIECES = (2, 3, 4, 5)
_FEATURES_MAX = 1_000
_SEEN = 4
"""In so many texts a piece of a long text should have been seen: what nobody else says cannot make two alike."""
_MIX = np.uint32(2654435761)
Counts = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


def hashed(text: str) -> Counts:
    """(buckets, counts) of the words, pairs of words and pieces of 2 to 5 signs within words."""
    lowered = capped(text).lower()
    words = words_of(lowered)
    hashes = [zlib.crc32(word.encode()) for word in words]
    pairs = [(a * 31 + b) & 0xFFFFFFFF for a, b in pairwise(hashes)]
    found = np.array([*hashes, *pairs], np.uint32) * _MIX >> np.uint32(15)
    buckets, counts = np.unique(np.concatenate([found, _pieces(lowered)]), return_counts=True)
    return buckets.astype(np.int64) % BUCKETS, counts.astype(np.float32)


def _pieces(text: str) -> npt.NDArray[np.uint32]:
    """Hashes of every run of 2 to 5 signs that holds no space but at its ends."""
    signs = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), np.uint32)
    space = signs == 32
    found = []
    for length in _PIECES:
        count = len(signs) - length + 1
        if count <= 0:
            break
        value = np.full(count, length, np.uint32)
        inner = np.zeros(count, bool)
        for at in range(length):
            value = value * np.uint32(16777619) ^ signs[at : at + count]
            if 0 < at < length - 1:
                inner |= space[at : at + count]
        keep = ~inner & ~(space[:count] & space[length - 1 :])
        found.append(value[keep] * _MIX >> np.uint32(15) ^ np.uint32(length))
    return np.concatenate(found) if found else np.zeros(0, np.uint32)


def fact_counts(facts: Mapping[str, str]) -> Counts:
    """(buckets, counts) of facts; a value with several parts, by comma, is several facts."""
    said = Counter(
        f"{name}={part.strip().lower()}"
        for name, value in facts.items()
        for part in str(value).split(",")
        if part.strip()
    )
    buckets = np.array([zlib.crc32(one.encode()) % BUCKETS for one in said], np.int64)
    order = np.argsort(buckets)
    return buckets[order], np.array(list(said.values()), np.float32)[order]


def document_frequency(rows: Sequence[Counts]) -> npt.NDArray[np.float32]:
    """In how many rows each bucket occurs."""
    every = np.concatenate([row[0] for row in rows]) if rows else np.zeros(0, np.int64)
    return np.bincount(every, minlength=BUCKETS).astype(np.float32)


def weighed(rows: Sequence[Counts], rarity: npt.NDArray[np.float32]) -> "csr_matrix":
    """Rows of length 1, each bucket by 1 + log of its count and by its rarity; of a long text the 1,000 heaviest.

    Of those that were seen before: the heaviest of all are misprints and numbers that no other text has.
    """
    from scipy.sparse import csr_matrix

    ends, buckets, values = [0], [], []
    seldom = rarity.max() - np.log(_SEEN + 0.5)  # The rarest of all was seen in no text: log(1 + how many texts) + 1.
    for found, counts in rows:
        weight = (1 + np.log(counts)) * rarity[found]
        if len(found) > _FEATURES_MAX:
            worth = np.where(rarity[found] < seldom, weight, weight * 1e-3)
            heaviest = np.sort(np.argpartition(worth, -_FEATURES_MAX)[-_FEATURES_MAX:])
            found, weight = found[heaviest], weight[heaviest]
        length = float(np.linalg.norm(weight)) or 1.0
        buckets.append(found)
        values.append((weight / length).astype(np.float32))
        ends.append(ends[-1] + len(found))
    data = np.concatenate(values) if values else np.zeros(0, np.float32)
    indices = np.concatenate(buckets) if buckets else np.zeros(0, np.int64)
    return csr_matrix((data, indices, np.array(ends)), shape=(len(rows), BUCKETS))
