"""The reason is made by the code that decides."""

from rapport.ownership.learning.explain import explain, without
from rapport.ownership.learning.values import Example
from tests.ownership.learning.makers import examples, message, ready, taught


def test_the_words_that_decided_are_named() -> None:
    learner = ready()
    why = explain(learner, "hello, you charged me twice", {})
    assert why.prediction.label == "billing"
    assert {piece.what for piece in why.pieces if piece.said > 0} & {"charged", "twice"}
    assert all(piece.kind == "word" for piece in why.pieces)


def test_a_piece_counts_what_the_score_falls_by_without_it() -> None:
    learner = ready()
    text = "hello, you charged me twice"
    piece = explain(learner, text, {}).pieces[0]
    both = learner.scores([text, without(text, [piece.what])], [{}, {}])
    assert both is not None
    column = both.scored.labels[:, both.labels.index("billing")]
    assert abs(float(column[0] - column[1]) - piece.said) < 1e-5


def test_past_examples_stand_beside_it_and_forgotten_ones_do_not() -> None:
    learner = taught(*examples(40))
    text = message("billing", 1)
    first = explain(learner, text, {}).neighbours[0]
    assert first.likeness > 0.5
    learner.forget([first.id])
    assert first.id not in {one.id for one in explain(learner, text, {}).neighbours}


def test_a_confidential_example_is_shown_to_its_team_only() -> None:
    learner = taught(*examples(20))
    learner.learn(Example("secret", "the merger with Bluebird", "hr", audience="hr"))
    others = explain(learner, "the merger with Bluebird", {})
    own = explain(learner, "the merger with Bluebird", {}, "hr")
    assert "secret" not in {one.id for one in others.neighbours}
    assert own.neighbours[0].id == "secret"
    assert own.neighbours[0].said > 0.5


def test_what_would_have_changed_it_does_change_it() -> None:
    learner = ready()
    text = "please refund my money, the kettle is broken"
    why = explain(learner, text, {})
    if why.otherwise:
        changed = learner.predict([without(text, list(why.otherwise))])[0].label
        assert changed == why.then != why.prediction.label


def test_facts_are_pieces_too() -> None:
    two = (("support", "customer"), ("support", "customer"), ("partners", "partner"))
    many = [
        Example(f"e{at}", "please call me back", two[at % 3][0], {"relationship": two[at % 3][1]}) for at in range(120)
    ]
    why = explain(taught(*many), "please call me back", {"relationship": "partner"})
    assert why.pieces[0].kind == "fact"
    assert why.pieces[0].what == "relationship: partner"
    assert (why.otherwise, why.then) == (("relationship: partner",), "support")


def test_who_knows_nothing_explains_nothing() -> None:
    why = explain(taught(), "hello", {})
    assert (why.pieces, why.neighbours, why.otherwise) == ((), (), ())
