"""What is certain keeps its promise, also where little is known: few decisions of a label, and what was never seen."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.ownership.learning.calibration import NEVER, moved, promised
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.machine import fit
from rapport.ownership.learning.points import WORDS, Blend, raw, space_of
from rapport.ownership.learning.storing import from_bytes, to_bytes
from rapport.ownership.learning.unseen import Unseen, came, reckoned
from rapport.ownership.learning.values import Example, LabelText
from tests.ownership.learning.makers import examples, message, ready, taught


def test_a_promise_needs_as_many_right_as_chance_does_not_make() -> None:
    right = np.ones(200, bool)
    assert promised(np.linspace(0.9, 1, 20), right[:20], 0.95) == NEVER
    assert promised(np.linspace(0.9, 1, 200), right, 0.95).coverage == 1


def test_what_could_not_have_been_right_lifts_the_threshold() -> None:
    sure, right = np.linspace(0.5, 1, 400), np.ones(400, bool)
    plain = promised(sure, right, 0.95)
    wary = promised(sure, right, 0.95, (np.linspace(0.5, 0.8, 100), 1.0))
    assert (plain.threshold, plain.coverage) == (0.5, 1)
    assert 0.7 < wary.threshold <= 0.81
    assert promised(sure, right, 0.95, (np.full(100, 1.0), 1.0)) == NEVER


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(0, 79))
def test_more_is_reckoned_with_the_more_came_just_once_and_the_more_was_none_of_ours(
    many: list[int], nones: int
) -> None:
    share = reckoned(many, nones)
    assert 0 <= share <= 0.5
    assert share >= min(0.5, 10 * nones / max(sum(many) + nones, 1))
    assert reckoned([*many, 1], 0) > 0


def test_of_much_that_came_often_hardly_anything_unseen_is_reckoned_with() -> None:
    assert reckoned([100] * 80, 0) == 0
    assert reckoned([30, 18, 1, 1], 0) == 0.04
    assert reckoned([100] * 79 + [98], 2) == 20 / 8_000, "ten times what was decided so"
    assert (reckoned([10] * 10, 2), reckoned([10] * 10, 9)) == (20 / 102, 0.5), "and never more than half"
    assert reckoned([100] * 80, 80) == 0, "the gate sees them from here on"
    assert reckoned([1, 1, 1], 0) == 0.5
    assert reckoned([], 0) == 0


@given(st.floats(0, 1), st.integers(100, 300))
def test_how_much_of_what_came_is_unseen_is_found_by_how_sure_it_is_of_it(share: float, count: int) -> None:
    def sure(many: int) -> np.ndarray:
        return np.sqrt(np.linspace(0.01, 0.99, many))

    unseen = round(count * share)
    found = came(sure(400), 1 - sure(400), np.concatenate([sure(count - unseen), 1 - sure(unseen)]))
    assert share - 0.15 <= found <= share + 0.01, "a little on the low side"


def test_what_was_found_stands_for_what_few_none_of_ours_say() -> None:
    assert reckoned([100] * 80, 20) == 200 / 8_020
    assert reckoned([100] * 80, 20, found=0.01) == 0.01
    assert reckoned([100] * 80, 20, found=0.0) == 20 / 8_020, "and never less than was decided so"
    assert reckoned([1, 1, 8], 0, found=0.0) == 0.2
    assert reckoned([100] * 80, 0, found=0.97) == 0.9


def test_what_came_of_late_and_is_like_nothing_decided_is_reckoned_with_though_nobody_said_what_it_is() -> None:
    odd = "win a free cruise, lottery prize number {} is waiting"

    def share(many: int, ours: int, decided: int = 0) -> float:
        learner.came(
            [message(("support", "billing", "jobs")[at % 3], 600 + at) for at in range(ours)]
            + [odd.format(at) for at in range(many)],
            [{}] * (many + ours), ours=decided,
        )  # fmt: skip
        model = learner.refit()
        assert model is not None
        assert model.unseen is not None
        return model.unseen.share

    learner = taught(*(one for one in examples(40) if one.label != "jobs"))
    assert share(60, 60) == 0, "with two labels, one left out is told as the other, and as surely as ever"
    learner = taught(*examples(40))
    assert share(0, 120) < 0.05
    assert share(50, 49) == 0, "of fewer than a hundred nothing is found out"
    assert 0.05 < share(60, 60, decided=280) < 0.2, "what was decided came too"
    assert 0.3 < share(60, 60) < 0.6
    assert not learner.predict([odd.format(99)])[0].certain


def test_decisions_of_one_label_alone_promise_nothing_of_the_others_messages() -> None:
    learner = Learner()
    learner.name([LabelText("support", "support: broken devices"), LabelText("billing", "billing: invoices, refunds")])
    learner.teach(Example(f"s{seed}", message("support", seed), "support") for seed in range(60))
    learner.refit()
    asked = [message(label, 300 + seed) for label in ("support", "billing") for seed in range(20)]
    assert not any(one.certain for one in learner.predict(asked))


def test_each_label_left_out_whole_scores_as_if_it_had_not_been_learned() -> None:
    rows = raw([message(label, seed) for label in ("support", "billing", "jobs") for seed in range(6)], [{}] * 18, ())
    targets = np.repeat(np.eye(3, dtype=np.float32), 6, axis=0)
    points, blend, counts = space_of(rows).points(rows), Blend({WORDS: 1.0}), np.ones(18, np.float32)
    whole = fit(points, targets, counts, blend, 0.2, with_apart=True)
    assert whole.apart is not None
    prior = targets.mean(0)
    few = np.arange(6, 18)
    kernel = blend.kernel(points.take(few), points.take(few)).astype(float) + 0.2 * np.eye(12)
    without = (
        blend.kernel(points.take(range(6)), points.take(few)) @ np.linalg.solve(kernel, targets[few] - prior) + prior
    )
    assert np.allclose(whole.apart[0][:6], without, atol=1e-4)
    assert (whole.apart[1] <= whole.close + 1e-6).all()
    assert fit(points, targets, counts, blend, 0.2).apart is None


def test_a_label_with_two_decisions_is_suggested_and_never_assigned() -> None:
    def asked(decided: int) -> bool:
        some = [Example(f"z{at}", "our zeppelin needs a landing permit", "aviation") for at in range(decided)]
        found = taught(*examples(40), *some).predict(["the zeppelin needs a landing permit"])[0]
        assert found.label == "aviation"
        return found.certain

    assert not asked(2)
    assert asked(12)


def test_a_label_that_two_corrections_taught_is_not_certain_before_the_refit_either() -> None:
    learner = taught(*examples(40))
    for at in range(2):
        learner.learn(Example(f"z{at}", "our zeppelin needs a landing permit", "aviation"))
    found = learner.predict(["our zeppelin needs a landing permit"])[0]
    assert (found.label, found.certain) == ("aviation", False)


def test_few_none_of_ours_make_it_assign_less_of_what_is_like_nothing_it_knows() -> None:
    def assigned(learner: Learner, label: str | None) -> int:
        return sum(one.certain for one in learner.predict([message(label, 800 + seed) for seed in range(30)]))

    odd = "win a billing cruise, the invoice prize is waiting, please"
    known, some = (
        taught(*examples(40)),
        taught(*examples(40), *(Example(f"n{at}", f"{odd} {at}", None) for at in range(20))),
    )
    assert known.model is not None
    assert some.model is not None
    assert known.model.unseen is not None
    assert some.model.unseen is not None
    assert (known.model.unseen.share, some.model.unseen.share) == (0, 0.5)
    assert assigned(known, "billing") == 30
    assert assigned(some, None) == 0


def test_what_was_never_seen_is_kept_with_the_model() -> None:
    model = ready().model
    assert model is not None
    again = from_bytes(to_bytes(model))
    assert isinstance(again.unseen, Unseen)
    assert model.unseen is not None
    assert again.unseen.share == model.unseen.share
    assert (again.unseen.sure == model.unseen.sure).all()
    assert again.promise("billing", 0.9) == model.promise("billing", 0.9)
    assert again.decided == model.decided


# Between refits -----------------------------------------------------------------------------------


def test_probabilities_move_towards_what_came_lately_by_how_much_came() -> None:
    before = np.full(400, 0.8), np.arange(400) % 5 > 0

    def after(count: int, right: bool) -> float:
        curve = moved((np.full(count, 0.8), np.full(count, right)), before)
        return float(curve(np.array([[np.log(4)]]))[0])

    assert after(1, False) == pytest.approx(0.75, abs=0.02)
    assert after(40, False) < after(10, False) < after(1, False)
    assert after(40, True) > 0.83
    assert after(40, False) > 0.3, "where people only tell what is wrong, they do not say how often it is"


def test_corrections_that_contradict_each_other_make_it_unsure_before_the_next_refit() -> None:
    def asked(labels: tuple[str, ...]) -> tuple[float, bool]:
        learner, chance = taught(*examples(30)), random.Random(1)
        for at in range(36):
            about = ("support", "billing", "jobs")[at % 3]
            learner.learn(Example(f"c{at}", message(about, 500 + at), about if labels == () else chance.choice(labels)))
        found = learner.predict([message("billing", seed) for seed in range(900, 930)])
        return float(np.mean([one.probability for one in found])), any(one.certain for one in found)

    sure, certain = asked(())
    assert sure > 0.9
    assert certain
    unsure, wrongly = asked(("support", "billing", "jobs"))
    assert unsure < 0.75
    assert not wrongly


@pytest.mark.parametrize("texts", [("hello",), ("hello", "ticket x", "ticket y")])
def test_what_is_like_nothing_is_no_surer_than_decisions_that_contradict_each_other(texts: tuple[str, ...]) -> None:
    chance = random.Random(1)
    learner = Learner((), 0.95)
    learner.name([LabelText(one, one) for one in "abc"])
    learner.teach([Example(str(number), chance.choice(texts), chance.choice("abc")) for number in range(120)])
    learner.refit()
    for asked in (*texts, "where is my parcel", "unsubscribe me from all of this"):
        said = learner.predict([asked])[0]
        assert said.probability < 0.6
        assert not said.certain
