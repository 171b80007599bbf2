"""A decision against all that is alike is kept by a refit: for the same message, for near copies, and for no others."""

import pytest

from rapport.ownership.learning.explain import explain
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.storing import from_bytes, to_bytes
from rapport.ownership.learning.values import Example, LabelText
from tests.ownership.learning.makers import examples, message

ODD = "wrong invoices, prices, money and refunds please"
NAMES = {
    "support": "support: broken devices, leaking water and repair",
    "billing": "billing: wrong invoices, prices, money and refunds",
    "jobs": "jobs: applying for a position, interviews, hiring",
    "press": "press: journalists, articles and statements",
    "legal": "legal: contracts, complaints and data",
}


def named(*decided: Example) -> Learner:
    """Five labels known by their names, with these decisions learned by a refit."""
    learner = Learner()
    learner.name(LabelText(label, text) for label, text in NAMES.items())
    learner.teach(decided)
    learner.refit()
    return learner


def of_support(count: int) -> list[Example]:
    return [Example(f"s{seed}", message("support", seed), "support") for seed in range(count)]


def said(learner: Learner, text: str) -> str:
    return learner.predict([text])[0].label


@pytest.mark.parametrize("others", [3, 40])
def test_a_decision_its_words_speak_against_survives_a_refit_while_most_labels_are_names(others: int) -> None:
    plain = named(*of_support(others))
    assert said(plain, ODD) == "billing"
    learner = named(*of_support(others), Example("odd", ODD, "legal"))
    assert said(learner, ODD) == "legal"
    assert said(learner, f"Hello, {ODD}") == "legal"
    assert said(learner, ODD.upper()) == "legal"
    elsewhere = [message(label, seed) for label in ("support", "jobs") for seed in range(500, 510)]
    assert [text for text in elsewhere if said(learner, text) != said(plain, text)] == []


def test_it_survives_among_many_decisions_that_say_otherwise() -> None:
    learner = named(*examples(30), Example("odd", message("billing", 3), "jobs"))
    assert said(learner, message("billing", 3)) == "jobs"
    right = [said(learner, message("billing", seed)) == "billing" for seed in range(700, 730)]
    assert sum(right) >= 28


@pytest.mark.parametrize(("labels", "kept"), [
    (["legal", "press"], "press"), (["press", "legal"], "legal"),
    (["legal", "press", "legal", "press", "press", "legal", "legal", "press"], "press"),
    (["legal", "legal", "press"], "legal"),
])  # fmt: skip
def test_of_several_decisions_about_one_message_the_commonest_counts_and_of_as_common_ones_the_latest(
    labels: list[str], kept: str
) -> None:
    assert said(named(*of_support(3), *(Example(f"o{at}", ODD, one) for at, one in enumerate(labels))), ODD) == kept


def test_what_nobody_said_is_not_recalled() -> None:
    assert said(named(*of_support(10), Example("odd", ODD, "legal", weight=0.5)), ODD) == "billing"


def test_it_is_forgotten_when_it_is_taken_back() -> None:
    learner = named(*of_support(10), Example("odd", ODD, "legal"))
    learner.forget(ids=["odd"])
    learner.refit()
    assert said(learner, ODD) == "billing"


def test_it_is_kept_with_the_model_and_named_as_the_reason() -> None:
    learner = named(*of_support(10), Example("odd", ODD, "legal"))
    assert learner.model is not None
    again = Learner()
    again.examples = learner.examples
    again.adopt(from_bytes(to_bytes(learner.model), {}))
    assert again.predict([ODD]) == learner.predict([ODD])
    first = explain(again, ODD, {}).neighbours[0]
    assert (first.id, first.label) == ("odd", "legal")
    assert first.said > 0.5
