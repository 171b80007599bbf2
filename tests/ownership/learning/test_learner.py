"""What the learner makes of decisions: at once, after a refit, with little, and without what it must not know."""

from datetime import timedelta

import pytest

from rapport.ownership.learning import machine
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.values import Example, LabelText
from tests.ownership.learning.makers import BEGAN, examples, message, ready, taught


def said(learner: Learner, text: str, audience: str = "", **facts: str) -> str:
    return learner.predict([text], [facts], audience)[0].label


def test_it_learns_whose_messages_are() -> None:
    learner = ready()
    right = [
        said(learner, message(label, seed)) == label for seed in range(900, 910) for label in ("support", "billing")
    ]
    assert sum(right) >= 18


def test_a_correction_shows_in_the_very_next_prediction() -> None:
    learner = taught(*examples(30))
    text = "please send the golden samovar to Lisbon"
    before = said(learner, text)
    other = next(label for label in ("support", "billing", "jobs") if label != before)
    learner.learn(Example("c", text, other))
    assert said(learner, text) == other
    assert said(learner, "hello, the golden samovar should go to Lisbon please") == other


def test_a_label_never_seen_before_is_known_after_one_correction() -> None:
    learner = taught(*examples(10))
    learner.learn(Example("c", "journalist asks for an interview about our strategy", "press"))
    assert said(learner, "a journalist asks about our strategy") == "press"
    assert said(learner, message("billing", 3)) == "billing"


def test_a_correction_taken_back_and_given_otherwise_leaves_only_the_last() -> None:
    learner = taught(*examples(10))
    learner.learn(Example("c", "the golden samovar", "jobs"))
    learner.learn(Example("c", "the golden samovar", "billing"))
    assert said(learner, "the golden samovar") == "billing"
    assert len(learner.corrections()[0]) == 1


def test_the_refit_keeps_what_corrections_taught() -> None:
    learner = taught(*examples(10))
    for at in range(4):
        learner.learn(Example(f"c{at}", f"the golden samovar number {at}", "jobs"))
    learner.refit()
    assert learner.corrections() == []
    assert said(learner, "the golden samovar number 9") == "jobs"


def test_the_same_examples_make_the_same_model() -> None:
    a, b = (taught(*examples(20)).predict([message("jobs", 77)])[0] for _ in range(2))
    assert a == b


def test_on_the_first_day_names_and_descriptions_suggest_and_never_assign() -> None:
    learner = Learner()
    learner.name([
        LabelText("support", "Support: broken devices, repair, leaking water"),
        LabelText("billing", "Billing: invoices, refunds, prices, money"),
    ])  # fmt: skip
    learner.refit()
    found = learner.predict(["I want a refund of my money"])[0]
    assert (found.label, found.certain) == ("billing", False)
    assert 0 < found.probability <= 1


@pytest.mark.parametrize(
    "labels", [[], ["support"], ["support"] * 3, ["support", "billing"], [None], [None, "billing"]]
)
def test_little_is_enough_to_answer_and_too_little_to_be_certain(labels: list[str | None]) -> None:
    learner = taught(*(Example(f"e{at}", f"message {at}", label) for at, label in enumerate(labels)))
    found = learner.predict(["message 0", "", "something else"])
    assert len(found) == 3
    assert not any(one.certain for one in found)
    assert all(0 <= one.probability < 1 or len(labels) == 2 for one in found)


def test_a_label_with_one_example_is_neither_lost_nor_in_the_way() -> None:
    learner = taught(*examples(20), Example("rare", "our zeppelin needs a landing permit", "aviation"))
    assert said(learner, "landing permit for the zeppelin") == "aviation"
    assert said(learner, message("billing", 500)) == "billing"


def test_none_of_ours_is_not_judged_before_there_are_about_a_hundred_such_decisions() -> None:
    few, many = taught(*examples(15, nones=20)), taught(*examples(20, nones=90))
    assert few.predict([message(None, 7)])[0].none is None
    found = many.predict([message(None, 7), message("billing", 700)])
    assert found[0].is_none
    assert found[0].none is not None
    assert found[0].none > 0.5
    assert not found[0].certain
    assert not found[1].is_none


def test_while_there_is_no_gate_none_of_ours_makes_it_less_sure() -> None:
    odd = "win a free cruise, lottery prize waiting"
    ours, mixed = taught(*examples(40)), taught(*examples(40, nones=30))
    assert mixed.model is not None
    assert mixed.model.judge.gate is None
    assert mixed.predict([odd])[0].probability < 0.5
    assert mixed.predict([odd])[0].probability < ours.predict([odd])[0].probability


def test_what_is_certain_keeps_the_promise() -> None:
    learner = ready()
    test = [(message(label, seed), label) for seed in range(2000, 2060) for label in ("support", "billing", "jobs")]
    found = learner.predict([text for text, _ in test])
    sure = [one.label == label for one, (_, label) in zip(found, test, strict=True) if one.certain]
    assert len(sure) > 90
    assert sum(sure) / len(sure) >= 0.95


def test_when_outcomes_turn_bad_it_stops_being_certain() -> None:
    learner = taught(*examples(25))
    text = message("billing", 3000)
    assert learner.predict([text])[0].certain
    for seed in range(120):
        found = learner.predict([message("billing", 4000 + seed)])[0]
        learner.watch(found, "jobs" if seed % 3 == 0 else found.label)
    found = learner.predict([text])[0]
    assert not found.certain
    assert found.probability < 0.9


def test_facts_count_where_the_text_says_nothing() -> None:
    many = [
        Example(f"e{at}", "please call me back", "partners" if at % 2 else "support",
                {"relationship": "partner" if at % 2 else "customer"})
        for at in range(60)
    ]  # fmt: skip
    learner = taught(*many)
    assert said(learner, "please call me back", relationship="partner") == "partners"
    assert said(learner, "please call me back", relationship="customer") == "support"


def test_what_is_expected_of_a_label_is_known_before_it_is_given() -> None:
    learner, text = ready(), message("billing", 5)
    assert learner.expected(text, {}, "billing") == 1, "against the likeliest, which it is"
    assert 0 < (learner.expected(text, {}, "jobs") or 0) < 0.05
    assert learner.expected(text, {}, "never heard of") is None
    assert learner.expected(text, {}, None) is None
    assert Learner().expected(text, {}, "jobs") is None


# Forgetting ---------------------------------------------------------------------------------------


def test_a_forgotten_correction_is_gone_at_once() -> None:
    learner = taught(*examples(20))
    text = "the golden samovar"
    before = learner.predict([text])[0]
    learner.learn(Example("c", text, "jobs" if before.label != "jobs" else "billing"))
    assert learner.forget(["c"]) == 1
    after = learner.predict([text])[0]
    assert after.label == before.label
    assert after.probability == pytest.approx(before.probability, abs=1e-6)


def test_a_forgotten_example_is_out_of_the_next_refit() -> None:
    rare = Example("rare", "our zeppelin needs a landing permit", "aviation")
    learner = taught(*examples(20), rare)
    learner.forget(["rare"])
    learner.refit()
    assert learner.model is not None
    assert "aviation" not in learner.model.labels
    assert "rare" not in learner.model.ids


def test_a_members_decisions_of_an_evening_are_taken_back_and_no_others() -> None:
    evening = [
        Example(f"m{at}", f"nonsense {at}", "jobs", member="eve", at=BEGAN + timedelta(hours=9)) for at in range(5)
    ]
    morning = Example("good", "the pump", "support", member="eve", at=BEGAN)
    learner = taught(*examples(10), *evening, morning)
    assert learner.forget(member="eve", since=BEGAN + timedelta(hours=8)) == 5
    assert "good" in learner.examples
    assert learner.forget(member="nobody") == 0


def test_forgetting_everything_leaves_a_learner_that_knows_nothing() -> None:
    learner = taught(*examples(5))
    learner.forget(list(learner.examples))
    assert learner.refit() is None
    assert learner.predict(["hello"])[0].label == ""


# Bounds -------------------------------------------------------------------------------------------


def test_what_is_confidential_changes_nothing_for_others() -> None:
    secret = [Example(f"s{at}", "the merger with Bluebird", "hr", audience="hr") for at in range(5)]
    with_it, without = taught(*examples(20), *secret), taught(*examples(20))
    text = "what about the merger with Bluebird"
    assert with_it.predict([text])[0] == without.predict([text])[0]
    assert said(with_it, text, audience="hr") == "hr"
    assert said(with_it, text, audience="board") != "hr"
    with_it.refit()
    assert with_it.predict([text])[0] == without.predict([text])[0]


def test_a_confidential_correction_stays_so_when_it_is_learned_at_once() -> None:
    learner = taught(*examples(20))
    before = learner.predict(["the merger with Bluebird"])[0]
    learner.learn(Example("s", "the merger with Bluebird", "hr", audience="hr"))
    assert learner.predict(["the merger with Bluebird"])[0] == before
    assert said(learner, "the merger with Bluebird", audience="hr") == "hr"
    learner.forget(["s"])
    assert said(learner, "the merger with Bluebird", audience="hr") == before.label


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "\0", "a" * 20_000, "ab " * 1_700_000, "\ud800 broken", "🤖" * 5_000, "中文" * 900]
)
def test_any_text_is_answered(text: str) -> None:
    learner = taught(*examples(10))
    found = learner.predict([text], [{"language": "xx", "": ""}])[0]
    assert found.label in {"support", "billing", "jobs"}
    learner.learn(Example("odd", text, "billing"))
    assert said(learner, text, language="xx") in {"support", "billing", "jobs"}


def test_no_text_has_no_answer() -> None:
    assert taught(*examples(5)).predict([]) == []


NAMED = {
    "support": "support: a device that is broken, leaks or does not start",
    "billing": "billing: invoices, prices, money and refunds",
    "jobs": "jobs: applying for a position, interviews, hiring",
}


def test_what_was_decided_often_at_first_does_not_draw_what_was_decided_seldom() -> None:
    learner = Learner()
    learner.name(LabelText(label, text) for label, text in NAMED.items())
    counts = {"support": 20, "billing": 3, "jobs": 3}
    learner.teach(
        Example(f"{label}{seed}", message(label, seed), label) for label, many in counts.items() for seed in range(many)
    )
    learner.refit()
    right = {label: sum(said(learner, message(label, 100 + seed)) == label for seed in range(20)) for label in counts}
    # As they came, each counting one: 20, 14 and 5.
    assert right["support"] == 20
    assert right["billing"] >= 16
    assert right["jobs"] >= 9


def test_names_of_the_others_win_for_their_words_when_all_first_decisions_are_of_one_label() -> None:
    def others_right(decided: int) -> int:
        learner = Learner()
        learner.name(LabelText(label, text) for label, text in NAMED.items())
        learner.teach(Example(f"d{seed}", message("support", seed), "support") for seed in range(decided))
        learner.refit()
        assert said(learner, message("support", 300)) == "support"
        asked = [
            (label, f"{seed}: {NAMED[label].split(': ')[1]}, please")
            for label in ("billing", "jobs")
            for seed in range(9)
        ]
        return sum(said(learner, text) == label for label, text in asked)

    # Weighed as one beside each name, ten of one label draw them all.
    assert [others_right(decided) for decided in (3, 10, 40, 200)] == [18] * 4


def test_beyond_what_can_all_be_kept_some_stand_for_the_others_also_where_many_are_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = ready()
    monkeypatch.setattr(machine, "EVERY", 50)
    monkeypatch.setattr(machine, "LANDMARKS", 40)
    many = [Example(f"{one.id}-{copy}", one.text, one.label) for one in examples(40) for copy in range(5)]
    learner = taught(*many)
    assert learner.model is not None
    assert len(learner.model.machine.rows) == 40
    asked = [(message(label, seed), label) for label in ("support", "billing", "jobs") for seed in range(900, 910)]
    assert sum(said(learner, text) == label for text, label in asked) >= 27
    assert sum(said(whole, text) == label for text, label in asked) >= 27
    assert learner.model.outcomes is not None
    assert learner.model.outcomes[1].mean() > 0.9, "what each would have been called without it"


def test_few_decisions_that_say_nothing_of_each_other_make_it_unsure_of_a_message_like_one_of_them() -> None:
    def sure(labels: tuple[str, ...]) -> float:
        texts = [message(label, seed) for seed in range(8) for label in ("support", "billing", "jobs")]
        learner = taught(*(Example(f"d{at}", text, labels[at % len(labels)]) for at, text in enumerate(texts)))
        return learner.predict([texts[4]])[0].probability

    # Each by what it is about; and by turns, whatever it is about.
    assert sure(("support", "billing", "jobs")) > 0.9
    assert sure(("support", "billing", "jobs", "billing", "jobs", "support", "jobs")) < 0.7
