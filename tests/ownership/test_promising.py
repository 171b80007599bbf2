"""Promises as they are written: read, written back, wrong ones told with their line, and the plan of their steps."""

from datetime import timedelta

import pytest

from rapport.ownership.format import dump, load
from rapport.ownership.plain import policy_from_dict, policy_to_dict
from rapport.ownership.policy import Moment, Promise, Span, Step
from rapport.ownership.problems import PolicyError, Vocabulary
from rapport.ownership.promising import Planned, at_once, combined, parse_moment, planned
from rapport.staff.hours import ALWAYS, make_hours

WORDS = Vocabulary(
    {
        "teams": frozenset({"support", "product", "backup"}), "topics": frozenset(), "channels": frozenset(),
        "members": frozenset({"ann@example.org"}), "hours": frozenset({"Office"}),
    }
)  # fmt: skip
SOURCE = """
triage = "support"

[promises.fast]
first_answer = "4h"
next_answer = "8h"
resolution = "3d"
hours = "Office"
pause = ["waiting", "snoozed"]
steps = [
    { at = "80%", do = "tell", to = "leads", clock = "first_answer" },
    { at = "30m before", do = "involve", to = "team:product" },
    { at = "1h after", do = "reassign", to = "team:backup", clock = "first_answer" },
    { at = "100%", do = "priority", to = "urgent", clock = "resolution" },
    { at = "1d after", do = "tell", to = "ann@example.org" },
]

[[rules]]
name = "All"
when = { kind = "message" }
then = { owner = "support", promise = "fast" }
"""


@pytest.mark.parametrize("fmt", ["toml", "yaml"])
def test_every_part_of_a_promise_is_written_and_read_again(fmt: str) -> None:
    policy = load(SOURCE, "toml", WORDS)
    promise = policy.promises["fast"]
    assert (promise.next_answer, promise.pause, len(promise.steps)) == (Span(0, 480), ("waiting", "snoozed"), 5)
    assert promise.steps[1] == Step(Moment(span=Span(0, 30)), "involve", "team:product")
    assert load(dump(policy, fmt), fmt, WORDS) == policy
    assert policy_from_dict(policy_to_dict(policy)) == policy


def test_an_older_policy_is_read_unchanged() -> None:
    plain = {"format": 1, "triage": "support", "promises": {"old": {"first_answer": "4h", "resolution": "2d"}}}
    policy = policy_from_dict({**plain, "rules": []})
    assert policy.promises["old"] == Promise(Span(0, 240), Span(2))
    assert policy_to_dict(policy)["promises"] == plain["promises"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("next_answer", "next_anser", 6, "did you mean “next_answer”?"),
        ('"8h"', '"8 hours"', 6, "promises.fast.next_answer: expected a time such as"),
        ('"snoozed"]', '"sleeping"]', 9, "there is no pause “sleeping”"),
        ('"80%"', '"80 of 100"', 11, 'expected a moment such as "80%", "30m before" or "1h after"'),
        ('"team:product"', '"team:produkt"', 12, "there is no team “produkt”; did you mean “product”?"),
        ('"reassign"', '"asign"', 13, "there is no deed “asign”; did you mean “reassign”?"),
        ('"team:backup"', '"owner"', 13, "expected “team:SLUG” (a team) or a member’s e-mail address"),
        ('"urgent"', '"urgant"', 14, "did you mean “urgent”?"),
        ('"ann@example.org"', '"anne@example.org"', 15, "did you mean “ann@example.org”?"),
        ('"30m before"', '"5h before"', 12, "“5h before” comes before the 4h of first_answer have begun"),
        ('next_answer = "8h"', "", 14, None),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_was_meant(
    old: str, new: str, line: int, said: str | None
) -> None:
    source = SOURCE.replace(old, new, 1)
    if said is None:
        load(source, "toml", WORDS)
        return
    with pytest.raises(PolicyError) as caught:
        load(source, "toml", WORDS)
    assert said in caught.value.message
    assert f"line {line}," in caught.value.message


def test_a_step_for_what_is_not_promised_and_a_pause_of_nothing_are_refused() -> None:
    step = {"at": "80%", "do": "tell", "to": "owner", "clock": "resolution"}
    promise = {"first_answer": "1h", "pause": "waiting", "steps": [step]}
    plain = {"triage": "support", "rules": [], "promises": {"one": promise}}
    with pytest.raises(PolicyError) as caught:
        policy_from_dict(plain)
    assert "only the resolution pauses" in caught.value.message
    assert "nothing is promised for resolution" in caught.value.message


def steps(*teams: str) -> list[dict[str, str]]:
    return [{"at": f"{n}h after", "do": "reassign", "to": f"team:{team}"} for n, team in enumerate(teams, 1)]


def test_steps_that_hand_it_in_a_circle_are_refused() -> None:
    promise = {"first_answer": "1h", "steps": steps("product", "backup", "product")}
    plain = {"triage": "support", "rules": [], "promises": {"one": promise}}
    with pytest.raises(PolicyError, match="product → backup → product is a loop"):
        policy_from_dict(plain)
    rule = {"name": "r", "when": {"kind": "message"}, "then": {"owner": "support", "promise": "one"}}
    promise["steps"] = steps("product", "support")
    with pytest.raises(PolicyError, match=r"rule 1, then\.promise: .*support → product → support is a loop"):
        policy_from_dict({**plain, "rules": [rule]})
    promise["steps"] = steps("product", "backup")
    policy_from_dict({**plain, "rules": [rule]})


@pytest.mark.parametrize("written", ["", "%", "0%", "-5%", "1001%", "30m", "before", "30 before", "1h after all"])
def test_what_is_no_moment_is_none(written: str) -> None:
    assert parse_moment(written) is None


def plan(promise: Promise, clock: str = "first_answer") -> list[tuple[int, str, str]]:
    return [(one.offset // timedelta(minutes=1), one.do, one.to) for one in planned(promise, clock, ALWAYS)]


def test_who_answers_is_told_before_and_after_unless_the_promise_says_when() -> None:
    plain = Promise(Span(0, 240), Span(2))
    assert plan(plain) == [(-30, "tell", "owner"), (0, "tell", "owner")]
    assert plan(Promise(Span(0, 20))) == [(-10, "tell", "owner"), (0, "tell", "owner")]
    assert plan(plain, "next_answer") == []
    own = (Step(Moment(50), "tell", "owner"), Step(Moment(span=Span(0, 60), after=True), "reassign", "team:backup"))
    assert plan(Promise(Span(0, 240), steps=own)) == [
        (-120, "tell", "owner"), (0, "tell", "owner"), (60, "reassign", "team:backup"),
    ]  # fmt: skip


def test_a_day_of_a_step_is_a_working_day_and_a_percentage_a_whole_minute() -> None:
    office = make_hours("UTC", [[day, "09:00", "12:00"] for day in range(5)])
    own = (Step(Moment(span=Span(1), after=True), "tell", "leads"), Step(Moment(33), "tell", "leads"))
    found = [one.offset for one in planned(Promise(Span(1), steps=own), "first_answer", office) if one.to == "leads"]
    assert found == [timedelta(minutes=59 - 180), timedelta(minutes=180)]


def test_of_steps_that_are_late_together_only_what_still_says_something_is_done() -> None:
    hour = timedelta(hours=1)
    late = [
        Planned(-hour, "tell", "owner"), Planned(0 * hour, "tell", "owner"), Planned(0 * hour, "involve", "team:a"),
        Planned(hour, "reassign", "team:a"), Planned(hour, "involve", "team:b"),
        Planned(2 * hour, "reassign", "team:b"),
    ]  # fmt: skip
    assert [(one.do, one.to) for one in at_once(late)] == [
        ("tell", "owner"), ("involve", "team:a"), ("involve", "team:b"), ("reassign", "team:b"),
    ]  # fmt: skip


def test_each_clock_brings_the_steps_of_the_promise_that_set_it() -> None:
    one = Promise(Span(0, 60), hours="Office", steps=(Step(Moment(50), "tell", "leads"),))
    other = Promise(Span(0, 30), Span(2), pause=("waiting",), steps=(Step(Moment(80), "tell", "leads"),))
    assert combined([other, one]) is other
    both = combined([one, other])
    assert both is not None
    assert (both.first_answer, both.resolution, both.hours) == (Span(0, 60), Span(2), "Office")
    assert both.pause == ("waiting",)
    assert [(str(step.at), step.clock) for step in both.steps] == [("50%", "first_answer"), ("80%", "resolution")]
