"""Whom of the team it is given to: nobody who cannot, evenly, and for reasons that are told."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.ownership.within.choosing import choose
from rapport.ownership.within.values import KEPT_MAX, Ask, Choice, MemberLoad
from tests.ownership.makers import member

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
WEEK_MINUTES = 5 * 8 * 60
WAYS = ("best", "rotation", "load", "on_call")
SKILLS, LANGUAGES = ("billing", "vat"), ("de", "en", "tr")

MOMENTS = st.none() | st.integers(0, 10_000).map(lambda minutes: NOON - timedelta(minutes=minutes))


def _member(number: int, **given: Any) -> MemberLoad:
    return member(number, worked=WEEK_MINUTES, **given)


LOADS = st.builds(
    lambda parts, **rest: replace(_member(parts), **rest),
    st.integers(1, 40),
    open_count=st.sampled_from([0, 0.5, 1, 3, 7.5, 20]), capacity=st.integers(0, 20), present=st.booleans(),
    away=st.booleans(), last_assigned_at=MOMENTS, given=st.sampled_from([0, 1, 12.5, 40]),
    worked=st.sampled_from([0, 480, WEEK_MINUTES]), lately=st.integers(0, 6), on_call=st.booleans(),
    skills=st.lists(st.sampled_from(SKILLS), unique=True).map(tuple),
    languages=st.lists(st.sampled_from(LANGUAGES), unique=True).map(tuple), reads=st.booleans(),
)  # fmt: skip
TEAMS = st.lists(LOADS, max_size=8, unique_by=lambda one: one.id)
ASKS = st.builds(
    Ask, how=st.sampled_from(WAYS), weight=st.sampled_from([0.5, 1, 4]), urgent=st.booleans(),
    language=st.sampled_from(["", *LANGUAGES]), skills=st.lists(st.sampled_from(SKILLS), unique=True).map(tuple),
    holder=st.sampled_from(["", "m1@rapport.example"]), holder_name=st.just("Member 1"),
    answered=st.dictionaries(st.integers(1, 40).map(lambda n: UUID(int=n)), MOMENTS.filter(bool), max_size=3),
)  # fmt: skip


def _can(one: MemberLoad) -> bool:
    return one.present and not one.reads and one.open_count < one.capacity


def _able(one: MemberLoad) -> MemberLoad:
    return replace(one, present=True, reads=False, capacity=max(one.capacity, int(one.open_count) + 1))


@settings(max_examples=80)
@given(TEAMS, ASKS)
def test_nobody_absent_or_full_is_chosen_but_who_is_on_call(team: list[MemberLoad], ask: Ask) -> None:
    found = choose(team, ask).member
    if found is None:
        assert not any(_can(one) for one in team)
    else:
        for_all_hours = found.on_call and not found.reads and not (found.away and not found.present)
        assert _can(found) or (for_all_hours and (ask.how == "on_call" or ask.urgent))


@settings(max_examples=50)
@given(TEAMS, ASKS, st.randoms())
def test_the_order_of_the_members_does_not_matter(team: list[MemberLoad], ask: Ask, random: Any) -> None:
    mixed = list(team)
    random.shuffle(mixed)
    assert choose(mixed, ask) == choose(team, ask)


@settings(max_examples=50)
@given(TEAMS, ASKS)
def test_everybody_is_told_of_once_and_who_is_left_out_has_a_reason(team: list[MemberLoad], ask: Ask) -> None:
    choice = choose(team, ask)
    assert Counter(one.member_id for one in choice.weighed) == Counter(one.id for one in team)
    if choice.member is not None:
        assert choice.weighed[0].member_id == choice.member.id
        assert not choice.weighed[0].out
        if ask.how == "best" and not choice.member.on_call:
            assert all(one.out or one.points <= choice.weighed[0].points for one in choice.weighed)
    assert choice.reason


@settings(max_examples=50)
@given(st.lists(LOADS.map(_able), min_size=2, max_size=6, unique_by=lambda one: one.id), ASKS, st.integers(1, 30))
def test_more_capacity_never_takes_a_conversation_away(team: list[MemberLoad], ask: Ask, more: int) -> None:
    ask = replace(ask, how="load" if ask.how == "load" else "best")
    chosen = choose(team, ask).member
    assert chosen is not None
    larger = [replace(one, capacity=one.capacity + more) if one.id == chosen.id else one for one in team]
    again = choose(larger, ask).member
    assert again is not None
    assert again.id == chosen.id


def _given_out(team: list[MemberLoad], asks: list[Ask], minutes: int = 1) -> Counter[int]:
    """How many each gets of those that come one after the other and stay open."""
    loads, got = {one.id: one for one in team}, Counter[int]()
    for number, ask in enumerate(asks):
        found = choose(loads.values(), ask).member
        if found is not None:
            loads[found.id] = found.with_more(ask.weight, NOON + timedelta(minutes=number * minutes))
            got[found.id.int] += 1
    return got


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.integers(1, 60), st.data())
def test_taking_turns_spreads_within_one_whatever_they_have_open(members: int, many: int, data: Any) -> None:
    opens = data.draw(st.lists(st.integers(0, 90), min_size=members, max_size=members))
    team = [_member(n, capacity=1000, open_count=opens[n]) for n in range(members)]
    got = [_given_out(team, [Ask("rotation")] * many)[n] for n in range(members)]
    assert max(got) - min(got) <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 6), st.integers(10, 80), st.sampled_from(["best", "rotation", "load"]))
def test_equal_members_end_equal_over_a_week(members: int, many: int, how: str) -> None:
    team = [_member(n, capacity=200) for n in range(members)]
    got = [_given_out(team, [Ask(how)] * many, 30)[n] for n in range(members)]
    assert max(got) - min(got) <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(20, 60), st.integers(10, 40), st.integers(1, 40))
def test_more_capacity_never_lowers_ones_share_of_a_day(members: int, many: int, capacity: int, more: int) -> None:
    team = [_member(n, capacity=capacity) for n in range(members)]
    larger = [replace(team[0], capacity=capacity + more), *team[1:]]
    asks = [Ask("best")] * min(many, members * capacity)
    assert _given_out(larger, asks)[0] >= _given_out(team, asks)[0]


def test_who_comes_back_takes_one_turn_and_is_not_flooded() -> None:
    team = [_member(n, last_assigned_at=NOON - timedelta(minutes=n)) for n in range(1, 4)]
    back = _member(9, last_assigned_at=NOON - timedelta(days=6))
    assert _given_out([*team, back], [Ask("rotation")] * 8) == {1: 2, 2: 2, 3: 2, 9: 2}
    busy = [replace(one, open_count=5, given=30) for one in team]
    fresh = replace(back, worked=60, given=0)
    assert _given_out([*busy, fresh], [Ask("best")] * 9)[9] <= 5


def test_who_was_given_less_for_the_time_they_worked_comes_first() -> None:
    half = _member(1, given=10)
    half = replace(half, worked=WEEK_MINUTES / 2)
    whole = _member(2, given=8)
    choice = choose([half, whole], Ask())
    assert choice.member == whole
    assert choice.reason == "Member 2 suits it best: was given little this week and has room for it (0 of 20)"


def told(choice: Choice) -> dict[int, dict[str, float]]:
    return {one.member_id.int: {f.name: round(f.points) for f in one.factors} for one in choice.weighed}


def test_who_answered_this_person_last_and_speaks_their_language_is_chosen_and_told_why() -> None:
    team = [_member(1, languages=("de",), open_count=9), _member(2, languages=("tr",)), _member(3)]
    answered = {UUID(int=1): NOON, UUID(int=2): NOON - timedelta(days=9)}
    choice = choose(team, Ask(language="de-AT", answered=answered))
    assert choice.reason == (
        "Member 1 suits it best: answered this person last and speaks its language and has room for it (9 of 20)"
    )
    assert told(choice) == {
        1: {"person": 30, "language": 20, "room": -20}, 3: {"room": -2}, 2: {"language": -20, "room": -2},
    }  # fmt: skip


def test_the_conversation_itself_counts_more_than_the_person_and_not_twice() -> None:
    one, other = _member(1), _member(2)
    choice = choose([one, other], Ask(answered_here={one.id: NOON}, answered={one.id: NOON}, holder=other.email))
    assert choice.member == one
    assert told(choice)[1] == {"here": 50, "room": -2}
    assert told(choice)[2] == {"holder": 25, "room": -2}


def test_a_skill_is_had_by_whoever_is_chosen_and_where_nobody_there_has_it_it_goes_on_without() -> None:
    team = [_member(1), _member(2, skills=("billing", "vat"), open_count=19), _member(3, skills=("billing",))]
    asked = choose(team, Ask(skills=("billing", "vat")))
    assert asked.member == team[1]
    assert asked.reason == "Member 2 suits it best: knows billing, vat and has room for it (19 of 20)"
    assert {one.member_id.int: one.out for one in asked.weighed} == {2: "", 1: "skill", 3: "skill"}
    without = choose([team[0], replace(team[1], open_count=20)], Ask("rotation", skills=("vat",)))
    assert without.reason == "nobody present with room knows vat; Member 1 is next in turn"
    assert [one.out for one in without.weighed] == ["", "full"]


def test_who_is_left_out_is_told_with_what_keeps_them() -> None:
    team = [
        _member(1, present=False, away=True), _member(2, present=False), _member(3, open_count=20), _member(4),
        _member(5, present=False, reads=True),
    ]  # fmt: skip
    assert [one.out for one in choose(team, Ask()).weighed] == ["", "away", "off", "full", "reads"]
    assert choose(team[:3], Ask()).reason == "everyone present has as much as they can take"
    assert choose(team[:2], Ask()).reason == "nobody of the team is present"
    assert choose([], Ask()).reason == "the team has no members"


def test_on_call_goes_before_hours_and_capacity_but_not_before_an_absence() -> None:
    there, duty = _member(1), _member(2, present=False, open_count=50, on_call=True)
    assert choose([there, duty], Ask("on_call")).reason == "Member 2 is on call"
    away = replace(duty, away=True)
    assert choose([there, away], Ask("on_call")).reason == (
        "nobody of the team is on call; Member 1 suits it best: has room for it (0 of 20)"
    )
    assert choose([away], Ask("on_call")).member is None


@pytest.mark.parametrize("how", ["best", "rotation"])
def test_outside_hours_only_what_is_urgent_goes_to_whoever_is_on_call(how: str) -> None:
    team = [_member(1, present=False), _member(2, present=False, on_call=True)]
    assert choose(team, Ask(how)).member is None
    urgent = choose(team, Ask(how, urgent=True))
    assert (urgent.member, urgent.reason) == (team[1], "nobody of the team is present; Member 2 is on call")
    full = [_member(1, open_count=20), team[1]]
    assert choose(full, Ask(how, urgent=True)).reason == "everyone present has as much as they can take"


def test_what_is_kept_has_points_and_no_figures_of_anybodys_work() -> None:
    ask = Ask(skills=("vat",), language="de", weight=1.5)
    kept = choose([_member(1, skills=("vat",), given=7), _member(2)], ask).plain(ask)
    assert kept == {
        "how": "best", "weight": 1.5, "skills": ["vat"], "language": "de",
        "of": [{"m": str(UUID(int=1)), "f": [["room", -3]]}, {"m": str(UUID(int=2)), "f": [], "o": "skill"}],
    }  # fmt: skip
    crowd = choose([_member(n) for n in range(KEPT_MAX + 3)], Ask()).plain(Ask())
    assert crowd is not None
    assert (len(crowd["of"]), crowd["more"]) == (KEPT_MAX, 3)
    assert choose([], Ask()).plain(Ask()) is None


@pytest.mark.parametrize("how", ["load", "best"])
def test_equal_loads_are_equal_however_they_were_added_up(how: str) -> None:
    sums = {"open_count": 0.1 + 0.2, "given": 0.1 + 0.2, "lately": 0.1 + 0.2}
    first = _member(1, **sums, last_assigned_at=NOON - timedelta(days=1))
    later = _member(2, open_count=0.3, given=0.3, lately=0.3, last_assigned_at=NOON)
    assert first.open_count != later.open_count
    found = choose([first, later], Ask(how))
    assert found.member == first, "of equals whoever waited longest"
    assert found.weighed[0].points == found.weighed[1].points


def test_who_is_full_is_full_however_that_was_added_up() -> None:
    assert choose([_member(1, open_count=sum([0.1] * 10), capacity=1)], Ask("load")).member is None
