"""Whatever it is given, the learner answers, and looks at no more than it said it would."""

from dataclasses import replace

import numpy as np
import pytest

from rapport.ownership.learning import choosing, learner, model, online, texts
from rapport.ownership.learning.encoders import Floats
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.online import Corrections, Kept
from rapport.ownership.learning.points import Blend, Points
from rapport.ownership.learning.values import Example, LabelText
from tests.ownership.learning.makers import examples, message, ready, taught


class Counting:
    """An encoder that remembers what it was asked."""

    id, version, size = "counting", "1", 4

    def __init__(self, id: str = "counting") -> None:
        self.id = id
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> Floats:
        self.asked += texts
        return np.array([[len(text), text.count("e"), text.count("o"), 1] for text in texts], np.float32)


@pytest.mark.parametrize("text", [
    "", " \n\t", "\0\0", "\ud800", "🫖" * 9, "a" * 20_000, "中" * 20_000, "w " * 2_500_000,
])  # fmt: skip
def test_any_text_gets_an_answer_and_can_be_corrected(text: str) -> None:
    one = taught(*examples(10))
    assert 0 <= one.predict([text])[0].probability <= 1
    one.learn(Example("odd", text, "jobs"))
    assert one.predict([text])[0].label == "jobs"


def test_of_five_megabytes_the_beginning_is_looked_at() -> None:
    long = message("billing", 1) + " invoice" * 600_000
    assert len(texts.capped(long)) <= texts.CHARACTERS_MAX
    assert ready().predict([long])[0].label == "billing"
    assert ready().predict([long])[0] == ready().predict([long[:20_000]])[0]


def test_labels_with_one_example_each_are_suggested_and_never_certain() -> None:
    one = taught(*(Example(f"e{at}", f"all about subject{at} and thing{at}", f"topic{at}") for at in range(150)))
    said = one.predict([f"a question about subject{at}" for at in range(0, 150, 10)])
    assert [found.label for found in said] == [f"topic{at}" for at in range(0, 150, 10)]
    assert not any(found.certain for found in said)


def test_of_too_many_labels_those_with_most_decisions_are_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "LABELS_MAX", 20)
    one = Learner()
    one.name(LabelText(f"topic{at}", f"subject{at}") for at in range(500))
    one.teach(Example(f"e{at}", f"we write about subject{at % 10}", f"topic{at % 10}") for at in range(60))
    found = one.refit()
    assert found is not None
    assert len(found.labels) == 20
    assert {f"topic{at}" for at in range(10)} <= set(found.labels)
    assert one.predict(["hello, subject3"])[0].label == "topic3"
    one.learn(Example("new", "the last subject499 of them all", "topic499"))
    assert one.predict(["the last subject499 of them all"])[0].label == "topic499"


def test_more_labels_than_are_learned_cost_no_more() -> None:
    one = Learner()
    one.teach(Example(f"e{at}", f"word{at}", f"topic{at}") for at in range(300))
    one.name(LabelText(f"topic{at}", f"word{at}") for at in range(2_000))
    lesson = one._lesson(list(one.examples.values()))
    assert lesson is not None
    bounded = model._bounded(lesson)
    assert len(set(bounded.labels)) == model.LABELS_MAX
    assert len(bounded.rows) == len(bounded.ids) == len(bounded.counts) <= 2 * model.LABELS_MAX


def test_of_labels_that_were_left_out_only_the_latest_examples_are_corrections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "LABELS_MAX", 5)
    monkeypatch.setattr(learner, "CORRECTIONS_MAX", 4)
    one = taught(*(Example(f"e{at}", f"all about subject{at}", f"topic{at:02}") for at in range(30)))
    assert one.predict(["all about subject29"])[0].label == "topic29"
    assert len(one._recent) == 4


def test_corrections_stay_bounded_and_exact_when_the_oldest_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "CORRECTIONS_MAX", 12)
    chance = np.random.default_rng(3)
    blend = Blend({"a": 1.0})
    rows = chance.normal(size=(40, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    some, whole = Corrections(blend), Corrections(blend)
    for at in range(40):
        _add(some, rows, at)
    for at in range(28, 40):
        _add(whole, rows, at)
    assert [kept.id for kept in some.kept] == [str(at) for at in range(28, 40)]
    asked = _points(rows[:5])
    order = [some.labels.index(label) for label in whole.labels]
    assert np.abs(some.change(asked)[0][:, order] - whole.change(asked)[0]).max() < 1e-5
    assert some.forget([str(at) for at in range(28, 40)])
    assert len(some) == 0
    assert not some.change(asked)[0].any()


def _add(into: Corrections, rows: np.ndarray, at: int) -> None:
    label = "abc"[at % 3]
    into.add(Kept(str(at), label), _points(rows[at : at + 1]), {"a": 0.3, "b": 0.1 * (at % 2), None: -0.05})


def _points(rows: np.ndarray) -> Points:
    from scipy.sparse import csr_matrix

    nothing = csr_matrix((len(rows), 1), dtype=np.float32)
    return Points(nothing, nothing, {"a": rows})


def test_an_encoder_that_counts_nothing_is_not_asked_until_it_is_learned_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    used, unused = Counting("used"), Counting("unused")
    monkeypatch.setattr(choosing, "_meaning", lambda encoders: {"used": 1.0, "unused": 0.0})
    monkeypatch.setattr(model, "_everywhere", lambda *_: None)
    one = Learner([used, unused])
    one.teach(examples(5))
    one.refit()
    unused.asked.clear()
    for text, label in (("an unheard of hovercraft", "jobs"), ("full of eels", "billing")):
        assert one.predict([text, text])[0].label
        one.learn(Example(text, text, label))
        assert one.predict([text])[0].label == label
    assert unused.asked == []
    one.refit()
    assert sorted(unused.asked) == ["an unheard of hovercraft", "full of eels"]
    assert one.predict(["full of eels"])[0].label == "billing"


def test_of_a_hundred_decisions_in_another_language_its_words_are_learned() -> None:
    for count, by_words in ((10, False), (40, True)):
        one = Learner([Counting("all-minilm-l6-v2-int8"), Counting("wide")])
        one.teach(replace(example, facts={"language": "de"}) for example in examples(count))
        found = one.refit()
        assert found is not None
        assert found.everywhere is not None
        assert bool(found.everywhere.blend.weights.get("words")) == by_words
    assert one.predict([message("jobs", 999)], [{"language": "de"}])[0].label == "jobs"


def test_a_correction_in_another_language_shows_at_once_and_leaves_english_alone() -> None:
    narrow, wide = Counting("all-minilm-l6-v2-int8"), Counting("wide")
    one = Learner([narrow, wide])
    one.teach(examples(12))
    one.refit()
    before = one.predict([message("billing", 3)])[0]
    one.learn(Example("de", "bewerbung als ingenieurin", "jobs", {"language": "de"}))
    assert one.predict(["bewerbung als ingenieurin"], [{"language": "de"}])[0].label == "jobs"
    assert one.predict([message("billing", 3)])[0] == before


def test_of_many_undecided_messages_some_are_heard_from_first_to_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "_BACKGROUND_MAX", 3)
    counting = Counting()
    one = Learner([counting])
    one.hear([f"message {at}" for at in range(7)])
    assert counting.asked == ["message 0", "message 3", "message 6"]
    one.hear([])
    assert one.predict(["anything"])[0].label == ""
