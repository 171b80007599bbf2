"""What holds of any records: scores are symmetric, nothing missing counts, estimation gets better, blocks are small."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.people.matching.blocking import CAP_LEAST, Keys
from rapport.people.matching.clustering import clusters
from rapport.people.matching.estimating import advance
from rapport.people.matching.kinds import KINDS
from rapport.people.matching.linking import SURE_BITS, against, is_sure, link
from rapport.people.matching.model import Model, default
from rapport.people.matching.records import Prepared, prepare
from rapport.people.matching.scoring import compared, score
from rapport.people.matching.table import table_of

_TEXT = st.sampled_from(
    [
        "Ann",
        "Anna",
        "Bob",
        "Robert",
        "Miller",
        "Müller",
        "van Berg",
        "Berg",
        "李小龙",
        "",
        "J",
        "x y z",
        "O'Brien",
        "unknown",
    ]
)
_RAW = st.fixed_dictionaries(
    {},
    optional={
        "name": st.lists(_TEXT, min_size=1, max_size=1),
        "given": st.lists(_TEXT, min_size=1, max_size=1),
        "family": st.lists(_TEXT, min_size=1, max_size=1),
        "email": st.lists(
            st.sampled_from(["ann@example.org", "ann.miller@example.net", "b@x.example", "no"]), max_size=3
        ),
        "phone": st.lists(st.sampled_from(["+49301234567", "0301234567", "+49301234568", "1"]), max_size=3),
        "birth_date": st.lists(st.sampled_from(["1980-04-03", "03.04.1980", "1980", "1950-01-01", "?"]), max_size=1),
        "city": st.lists(st.sampled_from(["Berlin", "Bern", "berlin "]), max_size=1),
        "street": st.lists(st.sampled_from(["12 Main Street", "Main St", "High Road"]), max_size=1),
    },
)


@given(_RAW, _RAW)
def test_scores_do_not_depend_on_who_is_asked_first(one: dict[str, list[str]], other: dict[str, list[str]]) -> None:
    a, b = prepare(one), prepare(other)
    there, back = against(default(), a, [b]), against(default(), b, [a])
    assert there.total[0] == pytest.approx(back.total[0])
    assert bool(is_sure(there)[0]) == bool(is_sure(back)[0])


@given(_RAW, _RAW, st.randoms())
def test_the_order_of_values_does_not_matter(
    one: dict[str, list[str]], other: dict[str, list[str]], chance: object
) -> None:
    turned = {
        kind: list(reversed(values)) if KINDS.get(kind) and KINDS[kind].many else values for kind, values in one.items()
    }
    turned = dict(reversed(list(turned.items())))
    a = against(default(), prepare(one), [prepare(other)]).total[0]
    b = against(default(), prepare(turned), [prepare(other)]).total[0]
    if not prepare(one).guessed:
        assert a == pytest.approx(b)


@given(_RAW, _RAW)
def test_what_is_missing_never_counts_against(one: dict[str, list[str]], other: dict[str, list[str]]) -> None:
    found = against(default(), prepare(one), [prepare(other)])
    for kind, bits in found.bits.items():
        if not prepare(one).one(kind) or not prepare(other).one(kind):
            crossed = kind in ("given", "family", "street", "street2") and found.levels[kind][0]
            assert bits[0] == 0 or crossed


@given(_RAW)
def test_a_record_alone_has_no_contradiction_with_itself(one: dict[str, list[str]]) -> None:
    found = against(default(), prepare(one), [prepare(one)])
    assert all(bits[0] >= 0 for bits in found.bits.values())


@settings(max_examples=25)
@given(st.lists(_RAW, min_size=4, max_size=14))
def test_each_step_of_estimation_explains_the_data_better(rows: list[dict[str, list[str]]]) -> None:
    # What scoring takes off for fields that say the same, and for what a household has in common, is no part of the
    # likelihood: these two have neither.
    records = [prepare({kind: row[kind] for kind in ("given", "birth_date") if kind in row}) for row in rows]
    table = table_of(records)
    ones, others = np.triu_indices(len(records), 1)
    seen = compared(table, default(len(records)), ones, others)
    model, before = default(len(records)), -np.inf
    for _ in range(8):
        step = advance(seen, model)
        assert step.fit >= before - 1e-6 * max(1, abs(before))
        model, before = step.model, step.fit


@settings(max_examples=30)
@given(st.integers(2, 3000), st.integers(0, 4))
def test_a_frequent_value_makes_few_pairs(size: int, window: int) -> None:
    keys = Keys()
    record = Prepared({"given": ("ann",), "family": ("miller",), "city": ("berlin",)})
    for _ in range(size):
        keys.add(record)
    caps = dict.fromkeys(range(32), 40)
    ones, others = keys.pairs(caps, window)
    assert len(ones) <= (size * 39 / 2 if size <= 40 else size * window)
    assert (ones < others).all()
    assert all(cap >= CAP_LEAST for cap in keys.caps().values())


def test_a_key_that_too_many_share_is_crowded() -> None:
    keys = Keys(b"salt")
    for _ in range(1200):
        keys.add(Prepared({"email": ("ann@example.org",)}))
    assert len(keys.crowded()) == 1
    assert len(Keys().crowded()) == 0


def test_a_model_is_the_same_after_its_way_through_json() -> None:
    rows = [{"name": [name], "city": [city]} for name in ("Ann Miller", "Bob Stone", "Ann Miller") for city in "ABCD"]
    linked = link([prepare(row) for row in rows], salt=b"salt")
    model = replace(linked.model, crowded=frozenset({1, -5}))
    again = Model.from_json(model.to_json())
    before = score(linked.table, model, linked.ones, linked.others).total
    assert (score(linked.table, again, linked.ones, linked.others).total == before).all()
    assert again.crowded == model.crowded
    assert "miller" not in str(model.to_json()).lower()


def test_a_chain_is_no_cluster() -> None:
    alike = {(0, 1): 4.0, (1, 2): 4.0, (0, 2): -14.0, (3, 4): 9.0}

    def ask(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        return np.array([alike[one, other] for one, other in zip(ones.tolist(), others.tolist(), strict=True)])

    pairs = np.array([[0, 1, 3], [1, 2, 4]])
    labels = clusters(5, (pairs[0], pairs[1]), np.array([4.0, 4.0, 9.0]), ask).tolist()
    assert labels[3] == labels[4]
    assert labels[0] != labels[2]


def test_relatives_at_one_address_are_two_and_never_sure() -> None:
    home = {
        "family": ["Quillfeather"],
        "street": ["12 Main Street"],
        "city": ["Berlin"],
        "postcode": ["10115"],
        "phone": ["+49301234567"],
    }
    father, son = (
        home | {"given": ["Otto"], "birth_date": ["1950-03-01"]},
        home | {"given": ["Otto"], "birth_date": ["1980-07-09"]},
    )
    sister = home | {"given": ["Marta"], "birth_date": ["1980-07-09"]}
    found = against(default(100_000), prepare(son), [prepare(father), prepare(sister), prepare(son)])
    assert found.total[0] < 0
    assert found.total[1] < 0
    assert found.total[2] > SURE_BITS
    assert is_sure(found).tolist() == [False, False, True]


def test_a_table_without_doubles_is_left_alone() -> None:
    rows = [
        {
            "given": [f"{'abcdefghij'[n % 10]}nn"],
            "family": [f"{'klmnopqrst'[n // 10 % 10]}orst"],
            "birth_date": [f"19{n % 89 + 10}-0{n % 9 + 1}-1{n % 7}"],
        }
        for n in range(400)
    ]
    linked = link([prepare(row) for row in rows])
    assert int((linked.bits > 0).sum()) == 0
