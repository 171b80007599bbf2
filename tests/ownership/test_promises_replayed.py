"""Promises over a run of events, as they are followed when a policy is tried on the past, against plain reckoning."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.facts import Facts
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.policy import Policy
from rapport.ownership.promising import terms_of
from rapport.ownership.simulate.clocks import Ended, followed_through
from rapport.ownership.simulate.course import ANSWERED, ASKED, CHANGED, SENT, UNREACHED, UNSAID, WOKEN, Turn, course
from rapport.ownership.simulate.desks import Load
from rapport.ownership.simulate.past import Past, Scenery, Staffing
from rapport.ownership.simulate.replay import pair, replay
from rapport.ownership.simulate.story import story
from rapport.ownership.topics import TopicMatcher
from rapport.ownership.within.values import MemberLoad
from rapport.staff.clocks import CLOCKS, NEXT_ANSWER, Happening, Run, Terms, moment, phase_of, replayed
from rapport.staff.hours import ALWAYS, make_hours

NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)  # the clocks go forward on the 29th
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HALVES = (("09:00", "12:00"), ("13:00", "17:00"))
OFFICE = make_hours("Europe/Berlin", [[day, *half] for day in range(6) for half in HALVES])
PROMISE: dict[str, Any] = {
    "first_answer": "4h", "next_answer": "3h", "resolution": "2d", "pause": ["waiting", "snoozed"],
    "steps": [
        {"at": "50%", "do": "tell", "to": "leads"}, {"at": "1h after", "do": "involve", "to": "team:product"},
        {"at": "3h after", "do": "priority", "to": "high"},
    ],
}  # fmt: skip
RESOLVED = {"status": "resolved", "awaiting_answer": False, "snoozed": False, "snoozed_until": None}


def policy(promise: dict[str, Any] | None, owner: str = "support") -> Policy:
    rules = [{"name": "All", "when": {"kind": "message"}, "then": {"owner": owner, "promise": "all"}}]
    if promise is None:
        return policy_from_dict({"triage": owner})
    return policy_from_dict({"triage": owner, "rules": rules, "promises": {"all": promise}})


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Happening], list[Turn]]:
    """What happened, as the plain reckoning is told it and as the past has it: only what could happen."""
    told, turns, at, resolved, sleeps = [], [Turn(NOON, ASKED)], NOON, False, False
    for minutes, what in draw(st.lists(st.tuples(
        st.integers(1, 2500), st.sampled_from(["asked", "answered", "snoozed", "woken", "resolved", "reopened"]),
    ), max_size=9)):  # fmt: skip
        at += minutes * MINUTE
        if what in (("resolved", "snoozed") if resolved else ("reopened",)) or (what == "woken" and not sleeps):
            continue
        told.append(Happening(at, what))
        turns.append(_turn(at, what))
        sleeps = what == "snoozed" or (sleeps and what in ("answered", "reopened"))
        resolved = what == "resolved" or (resolved and what not in ("asked", "reopened"))
    return told, turns


def _turn(at: datetime, what: str) -> Turn:
    if what in ("asked", "answered"):
        return Turn(at, ASKED if what == "asked" else ANSWERED)
    after: dict[str, Any] = {
        "snoozed": {"snoozed": True, "snoozed_until": (at + HOUR).isoformat()}, "woken": {},
        "resolved": RESOLVED | {"resolved_at": at.isoformat()}, "reopened": {"status": "open", "resolved_at": None},
    }[what]  # fmt: skip
    return Turn(at, WOKEN) if what == "woken" else Turn(at, CHANGED, after=after)


def plainly(terms: Terms, steps: Any, happenings: list[Happening], until: datetime) -> tuple[Counter[str], list[Any]]:
    """How each round ended and which steps came due when, reckoned anew after every single thing that happened."""
    ended: dict[datetime, str] = {}
    came: list[tuple[int, datetime]] = []
    done, round_of = 0, None
    marks = [one.at for one in happenings]
    for count in range(len(happenings) + 1):
        run: Run = replayed(terms, NOON, happenings[:count])
        if run.began is None:
            continue
        if run.began != round_of:
            done, round_of = 0, run.began
        ends = max([until, *marks]) if count == len(happenings) else marks[count]
        while done < len(steps) and (at := moment(run, timedelta(minutes=steps[done][0]), terms.hours)):
            if at > ends or (at == ends and count < len(happenings)):
                break
            came.append((steps[done][0], at))
            done += 1
        ended[run.began] = {"kept": "kept", "broken": "broken"}.get(phase_of(run, max([until, *marks])).value, "open")
    return Counter(ended.values()), came


@settings(max_examples=60, deadline=None)
@given(runs(), st.sampled_from(CLOCKS), st.booleans(), st.integers(0, 20_000))
def test_the_replayed_clock_is_the_one_that_ran(
    run: tuple[list[Happening], list[Turn]], clock: str, pauses: bool, minutes: int
) -> None:
    happenings, turns = run
    promise = policy(PROMISE if pauses else PROMISE | {"pause": "waiting"}).promises["all"]
    terms, steps = next(one for one in terms_of(promise, OFFICE) if one[0].name == clock)
    until = NOON + minutes * MINUTE
    found = followed_through(terms, steps, course(NOON, turns), (NOON, until))
    states, came = plainly(terms, steps, happenings, until)
    assert Counter(found.states) == states
    assert sorted((one.minutes, one.at) for one in found.steps) == sorted(came)
    assert sum(found.states.values()) <= (1 if clock != NEXT_ANSWER else len(happenings))


def ended(clock: str, *turns: Turn, until: datetime = NOON + 60 * 24 * HOUR) -> Ended:
    terms, steps = next(one for one in terms_of(policy(PROMISE).promises["all"], ALWAYS) if one[0].name == clock)
    return followed_through(terms, steps, course(NOON, [Turn(NOON, ASKED), *turns]), (NOON, until))


def test_each_question_after_our_answer_is_a_round_of_its_own() -> None:
    found = ended(
        "next_answer", Turn(NOON + HOUR, ANSWERED), Turn(NOON + 2 * HOUR, ASKED), Turn(NOON + 3 * HOUR, ASKED),
        Turn(NOON + 4 * HOUR, ANSWERED), Turn(NOON + 9 * HOUR, ASKED), Turn(NOON + 14 * HOUR, ANSWERED),
        Turn(NOON + 20 * HOUR, ASKED), until=NOON + 21 * HOUR,
    )  # fmt: skip
    assert (found.states, found.state) == ({"kept": 1, "broken": 1, "open": 1}, "broken")
    assert found.due == NOON + 12 * HOUR
    assert [(one.minutes, one.do, one.then) for one in found.steps] == [
        (-90, "tell", "kept"), (-90, "tell", "broken"), (-30, "tell", "broken"), (0, "tell", "broken"),
        (60, "involve", "broken"),
    ]  # fmt: skip


def test_an_answer_that_was_taken_back_or_reached_nobody_is_none() -> None:
    one, other = UUID(int=1), UUID(int=2)
    back = ended("first_answer", Turn(NOON + HOUR, ANSWERED, one), Turn(NOON + HOUR + MINUTE, UNSAID, one))
    assert back.states == {"broken": 1}
    later = ended("first_answer", Turn(NOON + HOUR, "held", one), Turn(NOON + 3 * HOUR, SENT, one))
    assert later.states == {"kept": 1}
    late = ended(
        "next_answer", Turn(NOON + HOUR, ANSWERED, one), Turn(NOON + 2 * HOUR, ASKED, UUID(int=3)),
        Turn(NOON + 3 * HOUR, ANSWERED, other), Turn(NOON + 4 * HOUR, UNREACHED, other),
    )  # fmt: skip
    assert late.states == {"broken": 1}


def test_what_has_no_events_goes_by_what_is_known_today() -> None:
    terms, steps = terms_of(policy({"first_answer": "4h"}).promises["all"], ALWAYS)[0]
    known = course(NOON, [Turn(NOON, ASKED)], (NOON + HOUR, NOON + 2 * HOUR))
    assert followed_through(terms, steps, known, (NOON, NOON + 9 * HOUR)).states == {"kept": 1}
    assert known[-1].row["status"] == "resolved"


SCENERY = Scenery(
    Directory({
        slug: TeamEntry(
            UUID(int=n), slug, slug.title(), slug == "hr", members=(MemberLoad(UUID(int=n), f"{n}@x", "Ann"),)
        ) for n, slug in enumerate(("support", "product", "backup", "hr"), 1)
    } | {"empty": TeamEntry(UUID(int=9), "empty", "Empty")}),
    TopicMatcher([]), {"": ALWAYS}, NOON + 60 * 24 * HOUR,
)  # fmt: skip


def told(base: Policy, draft: Policy, *turns: Turn) -> dict[str, Any]:
    one = Past(UUID(int=1), Facts(at=NOON, text="Hello"), "support", turns=[Turn(NOON, ASKED), *turns])
    tally = replay([one], pair(base, draft), SCENERY)
    return story(tally, (Load(), Load()), (base, draft), Staffing(), {})


def steps(side: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for one in side:
        yield one["minutes"], one["do"], one["to"], one["due"], one["done"], one["not"]


def test_what_one_policy_breaks_and_the_other_does_not_is_counted_with_an_example_that_says_why() -> None:
    found = told(policy({"first_answer": "4h"}), policy({"first_answer": "2h"}), Turn(NOON + 3 * HOUR, ANSWERED))
    (one,) = found["turned"]
    assert (one["clock"], one["from"], one["to"], one["count"]) == ("first", "kept", "broken", 1)
    assert [one["shown"][0][side] for side in ("base", "draft")] == [
        "kept 2026-03-25T16:00:00+00:00", "broken 2026-03-25T14:00:00+00:00",
    ]  # fmt: skip
    assert [side["kept"] for side in found["promises"]["first"]] == [1, 0]
    assert not found["steps"][0], "without a step in either policy none is worked out"


def test_steps_say_what_they_would_have_done_before_which_answer_and_why_not() -> None:
    given = [
        ("50%", "reassign", "team:product"), ("1h before", "reassign", "team:empty"),
        ("1h after", "involve", "team:product"), ("2h after", "priority", "low"), ("3h after", "tell", "team:gone"),
        ("4h after", "tell", "2@x"), ("5h after", "reassign", "team:backup"), ("30h after", "tell", "leads"),
    ]  # fmt: skip
    with_steps = {"first_answer": "10h", "steps": [{"at": at, "do": do, "to": to} for at, do, to in given]}
    found = told(policy({"first_answer": "10h"}), policy(with_steps), Turn(NOON + 20 * HOUR, ANSWERED))
    base, draft = found["steps"]
    assert [one[:4] for one in steps(base)] == [(-30, "tell", "owner", 1), (0, "tell", "owner", 1)]
    assert [one for one in steps(draft) if one[2] != "owner"] == [
        (-300, "reassign", "team:product", 1, 1, {}), (-60, "reassign", "team:empty", 1, 0, {"empty": 1}),
        (60, "involve", "team:product", 1, 0, {"already": 1}), (120, "priority", "low", 1, 0, {"already": 1}),
        (180, "tell", "team:gone", 1, 0, {"gone": 1}), (240, "tell", "member", 1, 1, {}),
        (300, "reassign", "team:backup", 1, 1, {}),
    ]  # fmt: skip
    assert {one["then"]["broken"] for one in draft} == {1}
    assert {one["promise"] for one in draft} == {"all"}


def test_what_people_gave_to_another_team_is_where_steps_find_it_and_confidence_holds_them() -> None:
    step = {"at": "50%", "do": "reassign", "to": "team:product"}
    promise = {"first_answer": "10h", "steps": [step]}
    moved = Turn(NOON + HOUR, CHANGED, after={"owner_team_id": str(UUID(int=2))})
    found = told(policy(promise), policy(promise, "hr"), moved)
    assert [next(one["not"] for one in side if one["do"] == "reassign") for side in found["steps"]] == [
        {"already": 1}, {"already": 1},
    ]  # fmt: skip
    found = told(policy(promise), policy(promise, "hr"))
    assert [next(one["not"] for one in side if one["do"] == "reassign") for side in found["steps"]] == [
        {}, {"confidence": 1},
    ]  # fmt: skip


def test_what_is_in_confidence_goes_to_no_member_of_another_team_and_is_followed_by_none() -> None:
    def comes(owner: str, do: str, to: str) -> dict[str, int]:
        promise = {"first_answer": "10h", "steps": [{"at": "50%", "do": do, "to": to}]}
        (found,) = (one for one in told(policy(promise), policy(promise, owner))["steps"][1] if one["do"] == do)
        return found["not"] or {"done": found["done"]}

    assert comes("support", "reassign", "2@x") == comes("hr", "reassign", "4@x") == {"done": 1}
    assert comes("hr", "reassign", "2@x") == {"confidence": 1}
    assert comes("support", "reassign", "4@x") == {"left": 1}, "only whoever sits in an open team is found by name"
    assert comes("support", "involve", "team:product") == {"done": 1}
    assert comes("hr", "involve", "team:product") == {"confidence": 1}


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_parts_add_up(parts: int) -> None:
    items = [
        Past(UUID(int=n), Facts(at=NOON + n * HOUR, text="Hello"), "support", turns=[
            Turn(NOON + n * HOUR, ASKED), Turn(NOON + 2 * n * HOUR + HOUR, ANSWERED),
        ]) for n in range(20)
    ]  # fmt: skip
    both = pair(policy(PROMISE), policy(PROMISE | {"first_answer": "2h"}))
    whole, added = replay(items, both, SCENERY), replay([], both, SCENERY)
    for part in range(parts):
        added.add(replay(items[part::parts], both, SCENERY))
    assert added.base.promises == whole.base.promises
    assert added.draft.promises == whole.draft.promises
    assert added.turned == whole.turned
