"""Rare tokens: a block of the English encoder that counts only where examples left out say so."""

import numpy as np
import pytest

from rapport.core.errors import Invalid
from rapport.ownership.learning import choosing
from rapport.ownership.learning.encoders import RARE, Floats, MiniLm, blocks, encoder
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.storing import from_bytes, to_bytes
from rapport.ownership.learning.values import Example

LABELS = ("jobs", "billing", "support")
WIDTH = 24
BETTER = (2, 2, 6)


def label_of(text: str) -> str:
    """Which label "message 17" has: its words do not tell."""
    return LABELS[int(text.split()[1]) % len(LABELS)]


class Double:
    """Stands in for the English encoder: by how much each of its three parts tells labels apart is said beforehand."""

    id, size = MiniLm.id, 3 * WIDTH

    def __init__(self, *telling: float, version: str = "1") -> None:
        self.telling, self.version = telling, version

    def encode(self, texts: list[str]) -> Floats:
        return np.stack([np.concatenate([self._part(text, part) for part in range(3)]) for text in texts])

    def _part(self, text: str, part: int) -> Floats:
        chance = np.random.default_rng([part, *text.encode()])
        noise = chance.normal(size=WIDTH)
        noise[LABELS.index(label_of(text))] += self.telling[part]
        return noise.astype(np.float32)


class Everywhere:
    """Stands in for the encoder of all languages."""

    id, version, size = "wide", "1", 4

    def encode(self, texts: list[str]) -> Floats:
        return np.array([[len(text), text.count("i"), text.count("o"), 1] for text in texts], np.float32)


def taught(*encoders: Double | Everywhere, count: int = 120) -> Learner:
    one = Learner(encoders)
    texts = [f"message {at}" for at in range(count)]
    one.teach(Example(text, text, label_of(text)) for text in texts)
    one.refit()
    return one


def test_rare_tokens_count_where_they_tell_labels_apart_and_nowhere_else() -> None:
    for telling, much in ((BETTER, 0.5), ((6, 6, 0), 0)):
        model = taught(Double(*telling)).model
        assert model is not None
        assert model.machine.blend.weights.get(RARE, 0) == much, telling
        assert sum(model.machine.blend.weights.values()) == pytest.approx(1)


def test_of_few_decisions_the_choice_stays_plain() -> None:
    model = taught(Double(*BETTER), count=99).model
    assert model is not None
    assert RARE not in model.machine.blend.weights


def test_of_many_examples_they_are_not_asked_for_as_reading_them_costs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for least, counts in ((120, True), (119, False)):
        monkeypatch.setattr(choosing, "_SAMPLE", least)
        model = taught(Double(*BETTER)).model
        assert model is not None
        assert (RARE in model.machine.blend.weights) == counts


def test_they_are_asked_of_their_encoder_and_never_about_other_languages() -> None:
    model = taught(Double(*BETTER), Everywhere()).model
    assert model is not None
    assert model.machine.blend.weights[RARE]
    assert model.needed(1) <= {MiniLm.id, "wide"}
    assert MiniLm.id in model.needed(1)
    assert model.needed(0) == {"wide"}
    assert model.everywhere is not None
    assert RARE not in model.everywhere.blend.weights


def test_a_model_with_them_read_back_says_the_same_corrections_and_all() -> None:
    learner, again = taught(Double(*BETTER)), Learner([Double(*BETTER)])
    assert learner.model is not None
    again.adopt(from_bytes(to_bytes(learner.model), {MiniLm.id: "1"}))
    asked = [f"message {at}" for at in range(500, 530)]
    assert [one.label for one in learner.predict(asked)] == [label_of(text) for text in asked]
    for one in (learner, again):
        one.learn(Example("new", "message 600", "billing"))
    assert learner.predict(["message 600"])[0].label == "billing"
    assert again.predict([*asked, "message 600"]) == learner.predict([*asked, "message 600"])


def test_a_model_of_the_encoder_before_is_refused() -> None:
    model = taught(Double(*BETTER, version="1.0.0+rows")).model
    assert model is not None
    with pytest.raises(Invalid, match="other encoders"):
        from_bytes(to_bytes(model), {MiniLm.id: "1.0.0+rows+rare"})


def test_blocks_do_not_mix() -> None:
    rows = np.arange(1, 13, dtype=np.float32).reshape(2, 6)
    changed = rows.copy()
    changed[:, 4:] = [[3, -9], [0, 7]]
    one, other = blocks(MiniLm.id, rows), blocks(MiniLm.id, changed)
    assert list(one) == [MiniLm.id, RARE]
    assert np.array_equal(one[MiniLm.id], other[MiniLm.id])
    assert not np.allclose(one[RARE], other[RARE])
    assert all(np.allclose(np.linalg.norm(block, axis=1), 1) for block in one.values())
    assert list(blocks("wide", rows)) == ["wide"]


def test_a_rare_word_sets_two_texts_further_apart_there_than_in_the_mean() -> None:
    found = encoder(MiniLm.id)
    if found is None:
        pytest.skip("the encoder for English is not installed")
    rows = found.encode(["how do I pay for the thing that I have", "how do I pay for the samovar that I have"])
    alike = {name: float(block[0] @ block[1]) for name, block in blocks(found.id, rows).items()}
    assert alike[RARE] < alike[MiniLm.id] - 0.02
