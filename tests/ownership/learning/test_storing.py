"""A model is bytes, and only a model is read."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from rapport.core.errors import Invalid
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.storing import from_bytes, to_bytes
from tests.ownership.learning.makers import examples, message, taught


def test_a_model_read_back_says_the_same() -> None:
    learner = taught(*examples(15, nones=85))
    assert learner.model is not None
    again = Learner()
    again.adopt(from_bytes(to_bytes(learner.model), {}))
    texts = [message(label, seed) for seed in range(5) for label in ("jobs", "billing", None)]
    assert again.predict(texts) == learner.predict(texts)


def test_it_holds_ids_and_no_texts() -> None:
    learner = taught(*examples(10))
    assert learner.model is not None
    with np.load(io.BytesIO(to_bytes(learner.model)), allow_pickle=False) as file:
        whole = b"".join(file[name].tobytes() for name in file.files)
    assert b'"e3"' in whole
    assert b"kettle" not in whole
    assert "kettle".encode("utf-32-le") not in whole


def test_a_model_made_by_other_encoders_is_refused() -> None:
    learner = taught(*examples(5))
    assert learner.model is not None
    with pytest.raises(Invalid, match="other encoders"):
        from_bytes(to_bytes(learner.model), {"use": "9"})


class _Run:
    def __reduce__(self) -> object:
        return (pytest.fail, ("it ran",))


def _pickled() -> bytes:
    out = io.BytesIO()
    np.savez(out, meta=np.array([_Run()], dtype=object))
    return out.getvalue()


def _cut() -> bytes:
    learner = taught(*examples(5))
    assert learner.model is not None
    whole = to_bytes(learner.model)
    return whole[: len(whole) // 2]


@pytest.mark.parametrize("data", [b"", b"hello", pickle.dumps({"a": 1}), _pickled(), _cut(), zipfile.__doc__.encode()])
def test_what_is_no_model_is_refused_and_nothing_runs(data: bytes) -> None:
    with pytest.raises(Invalid, match="no model"):
        from_bytes(data)
