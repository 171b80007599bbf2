"""The parts by themselves: texts, likeness, least squares, calibration, measures, bursts."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from rapport.ownership.learning import machine, measures
from rapport.ownership.learning.bursts import bursts
from rapport.ownership.learning.calibration import NEVER, Window, logistic, promised, temperature, trade_curve
from rapport.ownership.learning.encoders import available, missing, unit
from rapport.ownership.learning.hashing import BUCKETS, hashed, weighed
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.points import Blend, Points, raw, space_of
from rapport.ownership.learning.texts import CHARACTERS_MAX, capped, spoken
from rapport.ownership.learning.values import Example, LabelText
from tests.ownership.learning.makers import BEGAN

RNG = np.random.default_rng(0)
_SAME = np.ones(BUCKETS, np.float32)


@given(st.text(max_size=300))
def test_a_text_is_short_and_a_row_of_length_one_or_nothing(text: str) -> None:
    assert len(capped(text)) <= CHARACTERS_MAX
    buckets, counts = hashed(text)
    assert len(buckets) == len(counts)
    assert not len(buckets) or (buckets.min() >= 0 and buckets.max() < BUCKETS)
    row = weighed([(buckets, counts)], _SAME)
    assert abs(float(row.multiply(row).sum()) - bool(len(buckets))) < 1e-4


def test_of_a_long_text_what_others_say_too_counts_before_what_nobody_else_says() -> None:
    rarity = np.full(BUCKETS, 9.0, np.float32)
    said = np.arange(0, 1_000)
    rarity[said] = 3.0
    long = (np.arange(0, 3_000), np.ones(3_000, np.float32))
    assert weighed([long], rarity).indices.tolist() == said.tolist()
    short = (np.arange(500, 1_400), np.ones(900, np.float32))
    assert weighed([short], rarity).nnz == 900


def test_a_fact_that_is_always_so_says_nothing() -> None:
    texts = ["one", "two", "three"]
    rows = raw(texts, [{"hour": "9", "to": to} for to in ("sales", "help", "sales")], ())
    facts = space_of(rows).points(rows).facts
    assert [int((one.data > 0).sum()) for one in facts] == [1, 1, 1]


def test_unbroken_strings_are_cut_and_languages_without_spaces_are_not() -> None:
    assert capped("a" * 10_000 + " b") == "a" * 40 + " b"
    assert capped("我的卡还没有到" * 20) == "我的卡还没有到" * 20
    assert len(capped("ab " * 2_000_000)) <= CHARACTERS_MAX


@pytest.mark.parametrize(("name", "words"), [
    ("card_arrival", "card arrival"), ("cardArrival", "card arrival"), ("Customer Service", "customer service"),
    ("PR", "pr"), ("", ""), ("a-b/c:d", "a b c d"),
])  # fmt: skip
def test_a_label_is_read_as_words(name: str, words: str) -> None:
    assert spoken(name) == words


def _points(rows: np.ndarray) -> Points:
    nothing = csr_matrix((len(rows), 1), dtype=np.float32)
    return Points(nothing, nothing, {"a": unit(rows.astype(np.float32))})


def _clusters(count: int) -> tuple[Points, np.ndarray]:
    label = RNG.integers(0, 4, count)
    centres = RNG.normal(size=(4, 8))
    return _points(centres[label] + RNG.normal(size=(count, 8))), np.eye(4, dtype=np.float32)[label]


def test_what_it_would_have_said_without_an_example_is_what_it_says_when_fitted_without_it() -> None:
    points, targets = _clusters(60)
    counts = np.where(np.arange(60) % 3 == 0, 0.5, 1).astype(np.float32)
    fitted = machine.fit(points, targets, counts, Blend({"a": 1.0}), 0.2)
    kernel = Blend({"a": 1.0}).kernel(points, points).astype(float)
    rest = targets - fitted.machine.prior
    for at in (0, 7, 59):
        others = np.delete(np.arange(60), at)
        system = kernel[np.ix_(others, others)] + np.diag(0.2 / counts[others])
        own = kernel[at, others] @ np.linalg.solve(system, rest[others]) + fitted.machine.prior
        assert np.abs(own - fitted.without[at]).max() < 1e-4


def test_with_more_examples_than_landmarks_it_says_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    points, targets = _clusters(300)
    ones = np.ones(300, np.float32)
    whole = machine.fit(points, targets, ones, Blend({"a": 1.0}), 0.2)
    monkeypatch.setattr(machine, "EVERY", 200)
    monkeypatch.setattr(machine, "LANDMARKS", 200)
    part = machine.fit(points, targets, ones, Blend({"a": 1.0}), 0.2)
    assert len(part.machine.rows) == 200
    assert (part.without.argmax(1) == whole.without.argmax(1)).mean() > 0.95


def test_examples_that_are_all_the_same_do_not_stop_it() -> None:
    points = _points(np.ones((40, 3)))
    fitted = machine.fit(
        points, np.eye(2, dtype=np.float32)[np.arange(40) % 2], np.ones(40, np.float32), Blend({"a": 1.0}), 1e-9
    )
    assert np.isfinite(fitted.machine.weights).all()


def test_a_fitted_model_beats_its_prior() -> None:
    x = RNG.normal(size=(400, 2))
    y = x[:, 0] + 0.3 * RNG.normal(size=400) > 0.8
    p = logistic(x, y)(x)
    prior = float(y.mean())
    likelihood = float(np.mean(np.log(np.where(y, p, 1 - p))))
    assert likelihood > prior * np.log(prior) + (1 - prior) * np.log(1 - prior) + 0.1
    assert abs(float(p.mean()) - prior) < 0.01


def test_the_temperature_makes_shares_as_sure_as_they_are_right() -> None:
    scores = np.eye(3)[RNG.integers(0, 3, 300)]
    truth = np.where(RNG.random(300) < 0.8, scores.argmax(1), RNG.integers(0, 3, 300))
    assert 1.5 < temperature(scores, truth) < 4


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=80), st.floats(0.5, 0.99))
def test_a_promise_was_kept_in_the_past_or_is_not_given(said: list[tuple[float, bool]], wanted: float) -> None:
    probability, right = np.array([p for p, _ in said]), np.array([r for _, r in said], bool)
    trade = promised(probability, right, wanted)
    taken = right[probability >= trade.threshold]
    assert trade == NEVER or (taken.mean() >= wanted and len(taken) == round(trade.coverage * len(said)))


def test_ten_right_of_ten_are_too_few_for_a_promise_of_95_percent() -> None:
    assert promised(np.full(10, 0.9), np.ones(10, bool), 0.95) == NEVER
    assert promised(np.full(100, 0.9), np.ones(100, bool), 0.95).coverage == 1


def test_coverage_grows_along_the_curve() -> None:
    curve = trade_curve(RNG.random(200), RNG.random(200) < 0.9)
    assert [one.coverage for one in curve] == sorted(one.coverage for one in curve)
    assert curve[-1].coverage == 1
    assert trade_curve(np.zeros(0), np.zeros(0, bool)) == []


def test_a_window_follows_what_came_lately() -> None:
    window = Window()
    assert window.trade(0.95) == NEVER
    for at in range(300):
        window.add(0.9, at % 2 == 0)
    assert abs(float(window.recalibrated(np.array([0.9]))[0]) - 0.5) < 0.05
    assert window.trade(0.95) == NEVER


def test_measures_are_what_they_are_called() -> None:
    assert measures.macro_f1(["a", "a", "b"], ["a", "b", "b"]) == pytest.approx(2 / 3)
    assert measures.auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == pytest.approx(0.75)
    assert measures.auroc(np.ones(4), np.array([True, False, True, False])) == 0.5
    assert measures.auroc(np.ones(2), np.array([True, True])) == 0.5
    assert measures.ece(np.array([0.9] * 10), np.array([True] * 9 + [False])) == pytest.approx(0)
    assert measures.ece(np.array([1.0, 1.0]), np.array([True, False])) == pytest.approx(0.5)
    assert measures.accuracy([]) == 0


def test_a_note_says_which_encoders_are_missing() -> None:
    assert bool(missing()) == (len(available()) < 2)


# Bursts -------------------------------------------------------------------------------------------


def _decisions(member: str, count: int, expected: float, minutes: int = 1) -> list[Example]:
    return [
        Example(
            f"{member}{at}",
            "text",
            "jobs",
            member=member,
            at=BEGAN + timedelta(minutes=minutes * at),
            expected=expected,
        )
        for at in range(count)
    ]


def test_a_burst_against_all_that_was_learned_is_found_with_whose_and_when() -> None:
    found = bursts([*_decisions("eve", 12, 0.01), *_decisions("ann", 200, 0.9)])
    assert [(one.member, one.against) for one in found] == [("eve", 12)]
    assert found[0].since == BEGAN
    assert len(found[0].ids) == 12


def test_what_is_a_sixth_as_likely_as_another_label_is_against_what_was_learned() -> None:
    assert [one.member for one in bursts([*_decisions("eve", 16, 0.16), *_decisions("ann", 58, 0.9)])] == ["eve"]


@pytest.mark.parametrize("quiet", [
    _decisions("ann", 300, 0.9),
    [*_decisions("eve", 16, 0.25), *_decisions("ann", 58, 0.9)],
    _decisions("ann", 9, 0.01),
    _decisions("ann", 40, 0.01, minutes=30),
    [replace(one, member="") for one in _decisions("ann", 40, 0.01)],
    [replace(one, expected=None) for one in _decisions("ann", 40, 0.01)],
    [],
], ids=["as expected", "a quarter as likely", "few", "over a day", "nobody's", "nobody asked", "none"])  # fmt: skip
def test_ordinary_work_is_no_burst(quiet: list[Example]) -> None:
    assert bursts(quiet) == []


def test_where_everybody_contradicts_the_model_the_model_is_to_blame() -> None:
    assert bursts([one for name in ("ann", "ben", "cho") for one in _decisions(name, 15, 0.01)]) == []


def test_names_are_drawn_to_what_people_say_when_they_mean_them() -> None:
    heard = ["refund the money please", "give my money back", "money back", "the courier lost it", "parcel lost",
             "lost by the courier", "where does the courier go"] * 3  # fmt: skip
    for told, label in ((heard, "shipping"), ([], "")):
        learner = Learner()
        learner.name([LabelText("billing", "refund"), LabelText("shipping", "parcel")])
        learner.hear(told)
        said = learner.predict(["about your courier"])[0]
        assert not said.certain
        assert (said.label == label and said.probability > 0.5) if label else said.probability < 0.9
        assert learner.predict(["a refund"])[0].label == "billing"
