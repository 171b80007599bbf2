"""Two policies over the past, as values: what moves, what holds, who has how much, what never fires."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.facts import Facts
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.policy import Policy
from rapport.ownership.simulate.desks import Staffed, seat_all
from rapport.ownership.simulate.lint import oddities
from rapport.ownership.simulate.past import Learned, Past, Scenery, Seat, Staffing
from rapport.ownership.simulate.replay import EXAMPLES_MAX, Drafted, Job, Tally, pair, replay
from rapport.ownership.simulate.story import story
from rapport.ownership.topics import TopicMatcher, TopicWords
from rapport.staff.hours import Hours, make_hours
from rapport.staff.rota import Rota

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SIZES = {"support": 2, "product": 1, "hr": 0}
OFFICE = make_hours("Europe/Berlin", [[day, "09:00", "17:00"] for day in range(5)])
SCENERY = Scenery(
    Directory({slug: TeamEntry(UUID(int=n), slug, slug.title()) for n, slug in enumerate(SIZES, 1)}),
    TopicMatcher([TopicWords("refund", "Refunds", ("refund",))]),
    {"": OFFICE, "Office": OFFICE},
    NOON + timedelta(days=30),
)


def policy(*rules: tuple[dict[str, Any], dict[str, Any]], **more: Any) -> Policy:
    named = [{"name": f"Rule {n}", "when": when, "then": then} for n, (when, then) in enumerate(rules, 1)]
    return policy_from_dict({"triage": "support", "rules": named, **more})


def past(number: int, text: str = "hello", hours: int = 0, **given: Any) -> Past:
    at = NOON + timedelta(hours=hours)
    return Past(UUID(int=number), Facts(at=at, text=text, **given.pop("facts", {})), **({"owner": "support"} | given))


def always(staffing: Staffing, **hours: Hours) -> Staffed:
    """The same staffing all the time, with these business hours beside its own."""
    staffed = replace(staffing, hours={**staffing.hours, **hours})
    return lambda _at: staffed


def told(tally: Tally, base: Policy, draft: Policy) -> dict[str, Any]:
    return story(tally, seat_all(tally.jobs, always(Staffing(hours=SCENERY.hours))), (base, draft), Staffing(), SIZES)


BASE = policy(({"topic": "refund"}, {"owner": "support"}))
DRAFT = policy(({"words": "broken"}, {"owner": "product"}), ({"topic": "refund"}, {"owner": "support"}))


def test_what_moves_is_counted_by_flow_with_its_newest_examples_and_both_reasons() -> None:
    tally = replay([past(n, "My refund, it is broken", n) for n in range(20)], pair(BASE, DRAFT), SCENERY)
    (flow,) = told(tally, BASE, DRAFT)["flows"]
    assert (flow["from"], flow["to"], flow["count"], len(flow["shown"])) == ("support", "product", 20, EXAMPLES_MAX)
    assert flow["shown"][0] == {
        "id": str(UUID(int=19)), "at": (NOON + timedelta(hours=19)).isoformat(),
        "base": "Support owns this: it is about refunds; rule 1",
        "draft": "Product owns this: it says “broken”; rule 1",
    }  # fmt: skip


def test_what_was_learned_acts_as_it_did_then_where_this_policy_too_leaves_it_to_people() -> None:
    learned = {
        "team": Learned("product", 0.97), "topic": Learned("refund", 0.9), "priority": Learned("urgent", 0.96),
    }  # fmt: skip
    gone = {"team": Learned("gone", 0.99), "priority": Learned("nonsense", 0.9)}
    items = [past(1, "hello", learned=learned), past(2, "broken", learned=learned), past(3, "hello", learned=gone)]
    draft = policy(({"words": "broken"}, {"owner": "hr", "priority": "low"}))
    tally = replay(items, pair(policy(), draft), SCENERY)
    assert tally.base.owners == {"product": 2, "support": 1}
    assert tally.draft.owners == {"product": 1, "hr": 1, "support": 1}
    assert (tally.base.triage, tally.draft.triage) == (1, 1)
    assert tally.changed == {("priority", "urgent", "low"): 1}
    (shown,) = tally.shown["product", "hr"]
    assert shown.base == "Product owns this: in 97 of 100 cases like it people gave it to this team"


def test_what_was_learned_changes_nothing_that_a_draft_keeps_in_confidence() -> None:
    learned = {"team": Learned("product", 0.97), "topic": Learned("refund", 0.9), "priority": Learned("urgent", 0.96)}
    hushed = policy(({"words": "hello"}, {"confidential": True}))
    tally = replay([past(1, "hello", learned=learned)], pair(policy(), hushed), SCENERY)
    assert (tally.base.owners, tally.draft.owners) == ({"product": 1}, {"support": 1})
    assert tally.changed == {
        ("topic", "refund", ""): 1, ("priority", "urgent", "normal"): 1, ("confidential", "no", "yes"): 1,
    }  # fmt: skip
    teams = dict(SCENERY.directory.teams)
    teams["product"] = replace(teams["product"], confidential=True)
    closed = replace(SCENERY, directory=Directory(teams))
    tally = replay([past(1, "hello", learned=learned)], pair(policy(), policy()), SCENERY, Drafted(closed))
    assert (tally.base.owners, tally.draft.owners) == ({"product": 1}, {"support": 1}), "nor gives to such a team"


def test_who_holds_the_relationship_gets_it_where_they_are_there_and_of_the_team() -> None:
    rules = policy(({"held": True}, {"owner": "product", "assign": "holder"}))
    items = [past(n, facts={"holder": who, "holder_name": who}) for n, who in enumerate(("ann@x", "bo@x", "cy@x", ""))]
    away = ((NOON - timedelta(days=1), NOON + timedelta(days=1)),)
    seats = (Seat(UUID(int=1), "ann@x", "Ann", 5), Seat(UUID(int=2), "bo@x", "Bo", 5, "", away))
    tally = replay(items, pair(BASE, rules), SCENERY)
    _, load = seat_all(tally.jobs, always(Staffing({"product": seats}, hours=SCENERY.hours)))
    assert {id.int: desk.given for id, desk in load.desks.items()} == {1: 1}
    assert load.queued == {"product": 2}


def test_that_nobody_is_counted_in_the_replay_is_not_given_as_a_reason() -> None:
    draft = policy(({"words": "broken"}, {"owner": "product", "assign": "load"}))
    (flow,) = told(replay([past(1, "broken")], pair(BASE, draft), SCENERY), BASE, draft)["flows"]
    assert flow["shown"][0]["draft"] == "Product owns this: it says “broken”; rule 1"


def test_what_else_becomes_otherwise_is_counted_with_examples() -> None:
    draft = policy(
        ({"words": "broken"}, {"priority": "urgent", "confidential": True, "topic": "fault"}),
        ({"topic": "refund"}, {"owner": "support"}),
    )
    found = told(replay([past(n, "My refund, it is broken", n) for n in range(9)], pair(BASE, draft), SCENERY),
                 BASE, draft)  # fmt: skip
    assert not found["moved"]
    assert [(one["what"], one["from"], one["to"], one["count"]) for one in found["changes"]] == [
        ("confidential", "no", "yes", 9), ("priority", "normal", "urgent", 9), ("topic", "refund", "fault", 9),
    ]  # fmt: skip
    assert [len(one["shown"]) for one in found["changes"]] == [EXAMPLES_MAX] * 3
    assert found["asks"] == ["topic", "words"]


def test_parts_count_up_to_the_whole_in_any_number() -> None:
    items = [past(n, "broken refund" if n % 3 else "hi", n, settled=n % 2 == 0, owner="product") for n in range(60)]
    whole, parts = replay(items, pair(BASE, DRAFT), SCENERY), Tally()
    for at in range(0, 60, 7):
        parts.add(replay(items[at : at + 7], pair(BASE, DRAFT), SCENERY))
    assert told(parts, BASE, DRAFT) == told(whole, BASE, DRAFT)


def test_agreement_counts_what_people_settled_and_tells_the_doubt() -> None:
    items = [past(n, "broken", owner="product", settled=n < 30) for n in range(50)]
    items += [past(100 + n, "refund", settled=True) for n in range(10)]
    found = told(replay(items, pair(BASE, DRAFT), SCENERY), BASE, DRAFT)["agreement"]
    assert (found["settled"], found["right"], found["only"]) == (40, [10, 40], [0, 30])
    assert found["clear"]
    assert 0.5 < found["low"] < 0.75 < found["high"] <= 1


def test_how_true_the_replay_is_is_measured_by_what_the_same_version_decided_then() -> None:
    items = [past(n, "refund", recorded="support", recorded_by=4) for n in range(9)]
    items += [past(10, "refund", recorded="product", recorded_by=4), past(11, recorded="hr", recorded_by=3)]
    assert told(replay(items, pair(BASE, DRAFT, 4), SCENERY), BASE, DRAFT)["recorded"] == [9, 10]


def test_promises_are_held_against_when_the_first_answer_really_came() -> None:
    hour = timedelta(hours=1)
    promised = policy(({"always": True}, {"owner": "support", "promise": {"first_answer": "2h", "resolution": "1d"}}))
    strict = policy(({"always": True}, {"owner": "support", "promise": {"first_answer": "30m"}}))
    items = [
        past(1, answered_at=NOON + hour, resolved_at=NOON + 60 * hour),
        past(2, answered_at=NOON + timedelta(hours=21)),  # Thursday 10:00 in Berlin: an hour of business after 17:00
        past(3),
        past(4, hours=24 * 30 - 1),
    ]
    found = told(replay(items, pair(promised, strict), SCENERY), promised, strict)["promises"]
    assert found["first"][0] == {"kept": 1, "broken": 2, "open": 1, "never": 0}
    assert found["first"][1] == {"kept": 0, "broken": 4, "open": 0, "never": 0}
    assert found["resolution"] == [
        {"kept": 0, "broken": 3, "open": 1, "never": 0}, {"kept": 0, "broken": 0, "open": 0, "never": 0}
    ]  # fmt: skip


def test_load_by_hour_is_on_the_clock_of_the_company() -> None:
    tally = replay([past(1, "broken")], pair(BASE, DRAFT), SCENERY)
    teams = {one["team"]: one for one in told(tally, BASE, DRAFT)["teams"]}
    assert teams["support"]["hours"][0][13] == 1, "noon in UTC is one o'clock in Berlin"
    assert teams["product"]["count"] == [0, 1]


def test_rules_that_never_fire_come_too_late_or_fail_are_named() -> None:
    draft = policy(
        ({"always": True}, {"owner": "support"}),
        ({"topic": "refund"}, {"owner": "product"}),
        ({"words": "zebra"}, {"priority": "high"}),
        ({"time": {"is": "inside", "hours": "Gone"}}, {"priority": "low"}),
    )
    rules = told(replay([past(n, "refund") for n in range(3)], pair(BASE, draft), SCENERY), BASE, draft)["rules"][1]
    assert (rules["never"], rules["late"], rules["failed"], rules["decided"]) == (
        [3, 4], [[2, 1, 3]], {4: 3}, {1: 3},
    )  # fmt: skip


def test_rules_that_meet_are_told_with_examples_where_they_contradict_or_one_never_decides() -> None:
    draft = policy(
        ({"topic": "refund"}, {"owner": "product"}),
        ({"topic": "refund"}, {"owner": "support"}),
        ({"words": "broken"}, {"owner": "support"}),
        ({"words": ["broken", "refund"]}, {"owner": "product", "priority": "high"}),
    )
    items = [past(1, "refund"), past(2, "refund, broken"), past(3, "broken")]
    found = told(replay(items, pair(BASE, draft), SCENERY), BASE, draft)
    assert [(one["rule"], one["other"], one["count"], one["differs"]) for one in found["met"]] == [
        (2, 1, 2, True), (4, 1, 2, False), (4, 3, 1, True), (3, 1, 1, True),
    ]  # fmt: skip
    assert [one["id"] for one in found["met"][0]["shown"]] == [str(UUID(int=n)) for n in (2, 1)]
    assert found["met"][0]["shown"][0]["draft"] == "Product owns this: it is about refunds; rule 1"
    assert [(one["what"], one["rule"], one["other"]) for one in found["odd"]] == [("contradict", 2, 1)]


def test_differences_of_what_is_sorted_and_late_tell_their_doubt() -> None:
    promised = policy(({"words": "broken"}, {"owner": "product", "promise": {"first_answer": "1h"}}))
    loose = policy(({"words": "broken"}, {"owner": "product", "promise": {"first_answer": "3h"}}))
    none = policy()
    items = [past(n, "broken", answered_at=NOON + timedelta(hours=2)) for n in range(20)] + [past(50, "hello")]
    found = told(replay(items, pair(promised, loose), SCENERY), promised, loose)
    assert (found["left"]["of"], found["left"]["only"], found["left"]["clear"]) == (21, [0, 0], False)
    late = found["late"]["first"]
    assert (late["of"], late["only"], late["share"], late["clear"]) == (20, [20, 0], -1, True)
    assert -1 <= late["low"] < late["high"] < 0
    found = told(replay(items, pair(promised, none), SCENERY), promised, none)
    assert (found["left"]["only"], found["left"]["clear"]) == ([0, 20], True)


def test_a_question_both_policies_ask_is_asked_once() -> None:
    ready = pair(BASE, DRAFT)
    assert ready.base.rules[0].when is ready.draft.rules[1].when
    assert ready.base.rules[0].when is not ready.draft.rules[0].when


SEATS = tuple(Seat(UUID(int=n), f"m{n}@example.org", f"Member {n}", 2) for n in (1, 2))


def jobs(*hours: float, lasting: int | None = None, how: str = "load") -> list[Job]:
    return [
        Job(NOON + timedelta(hours=h), NOON + timedelta(hours=h + lasting) if lasting else None,
            ("support", "support"), (how, "load"))
        for h in hours
    ]  # fmt: skip


def test_conversations_go_to_who_has_most_room_then_and_are_closed_when_they_were() -> None:
    staffing = Staffing({"support": SEATS}, {UUID(int=1): (None,)})
    load, _ = seat_all(jobs(0, 0, 0, 0), always(staffing))
    assert {id.int: desk.given for id, desk in load.desks.items()} == {1: 1, 2: 2}
    assert load.queued["support"] == 1
    load, _ = seat_all(jobs(0, 2, 4, 6, lasting=1), always(staffing))
    assert {id.int: (desk.given, desk.most) for id, desk in load.desks.items()} == {2: (4, 1)}
    load, _ = seat_all(jobs(0, 1, 2, lasting=1), always(Staffing({"support": (replace(SEATS[0], capacity=1),)})))
    assert (load.desks[SEATS[0].member_id].given, load.queued["support"]) == (3, 0), "one ends as the next comes"
    named, load = seat_all(jobs(0, 0, how="m1@example.org"), always(staffing))
    assert {id.int: desk.given for id, desk in named.desks.items()} == {1: 2}


def test_what_somebody_was_given_more_than_a_week_ago_does_not_count_against_them() -> None:
    first, other = (replace(seat, capacity=20) for seat in SEATS[:2])
    given = [*jobs(0, 0, 0, 0, how=first.email, lasting=1), *jobs(24 * 6, how=other.email, lasting=1)]
    for days, expected in ((6.5, other), (7.5, first)):
        now = jobs(24 * days, how="best")
        load, _ = seat_all([*given, *now], always(Staffing({"support": (first, other)})))
        before = {first.member_id: 4, other.member_id: 1}
        assert [id for id, desk in load.desks.items() if desk.given > before[id]] == [expected.member_id], days


def test_who_is_away_or_off_gets_nothing() -> None:
    away = Seat(UUID(int=1), "a", "A", 9, "", ((NOON - timedelta(days=1), NOON + timedelta(days=1)),))
    off = Seat(UUID(int=2), "b", "B", 9, "Office")
    load, _ = seat_all(jobs(0, 9), always(Staffing({"support": (away, off)}), Office=OFFICE))
    assert {id.int: desk.given for id, desk in load.desks.items()} == {2: 1}
    assert load.queued["support"] == 1
    nobody, _ = seat_all(jobs(0), always(Staffing()))
    assert nobody.queued["support"] == 1


def test_the_desks_choose_as_arriving_conversations_do() -> None:
    speaks = replace(SEATS[0], capacity=9, languages=("de",)), replace(SEATS[1], capacity=9, languages=("tr",))
    rules = policy(({"always": True}, {"owner": "support", "assign": "best"}))
    items = [past(n, hours=n, facts={"language": "de", "person": UUID(int=8)}) for n in range(3)]
    items += [past(n, hours=n, facts={"language": "tr"}) for n in range(3, 5)]
    tally = replay(items, pair(BASE, rules), SCENERY)
    _, load = seat_all(tally.jobs, always(Staffing({"support": speaks})))
    assert {id.int: desk.given for id, desk in load.desks.items()} == {1: 3, 2: 2}


def test_outside_hours_the_desks_ask_whoever_is_on_call_for_what_is_urgent() -> None:
    seats = tuple(replace(seat, hours="Office") for seat in SEATS)
    rota = Rota((seats[1].member_id,), NOON.date() - timedelta(days=7))
    rules = policy(
        ({"words": "fire"}, {"priority": "urgent"}), ({"always": True}, {"owner": "support", "assign": "rotation"})
    )
    items = [past(1, "fire", 12), past(2, "hello", 12)]
    tally = replay(items, pair(BASE, rules), SCENERY)
    staffing = Staffing({"support": seats}, rotas={"support": rota}, hours={"": OFFICE})
    _, load = seat_all(tally.jobs, always(staffing, Office=OFFICE))
    assert {id.int: desk.given for id, desk in load.desks.items()} == {2: 1}
    assert load.queued == {"support": 1}


TO_SUPPORT, TO_PRODUCT = {"owner": "support"}, {"owner": "product"}


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ({"topic": "refund"}, {"topic": "refund"}, "contradict"),
        ({"relationship": "customer", "topic": "refund"}, {"all": [{"topic": "refund"}, {"relationship": "customer"}]},
         "contradict"),
        ({"topic": ["a", "b"]}, {"topic": ["b", "a"]}, "contradict"),
        ({"any": [{"topic": "a"}, {"reply": True}]}, {"any": [{"reply": True}, {"topic": "a"}]}, "contradict"),
        ({"topic": ["a", "b"]}, {"topic": "a"}, "shadowed"),
        ({"topic": "a"}, {"topic": "a", "language": "de"}, "shadowed"),
        ({"topic": ["a", "b"]}, {"topic": "b", "not": {"reply": True}}, "shadowed"),
        ({"always": True}, {"topic": "a"}, "shadowed"),
        ({"topic": "a"}, {"topic": ["a", "b"]}, ""),
        ({"topic": "a", "language": "de"}, {"topic": "a"}, ""),
        ({"words": {"all": ["a", "b"]}}, {"words": {"all": ["a"]}}, ""),
        ({"not": {"topic": "a"}}, {"not": {"topic": ["a", "b"]}}, ""),
        ({"from": "a.example"}, {"to": "a.example"}, ""),
    ],
)  # fmt: skip
def test_rules_that_contradict_or_shadow_are_found(first: Any, second: Any, what: str) -> None:
    found = oddities(policy((first, TO_SUPPORT), (second, TO_PRODUCT)), {"support": 1, "product": 1})
    assert [(one.what, one.rule, one.other) for one in found] == ([(what, 2, 1)] if what else [])


def test_rules_that_only_add_or_ask_who_owned_it_before_hide_nothing() -> None:
    always = {"always": True}
    found = oddities(
        policy((always, {"priority": "high"}), (always, {"owner": "@earlier"}), (always, TO_SUPPORT)), SIZES
    )
    assert found == []


def test_teams_that_are_gone_or_have_nobody_are_named() -> None:
    found = oddities(policy(({"topic": "a"}, {"owner": "press"}), ({"topic": "b"}, {"owner": "hr"})), SIZES)
    assert [(one.what, one.rule, one.team) for one in found] == [("gone", 1, "press"), ("empty", 2, "hr")]
    assert [one.what for one in oddities(Policy("press"), SIZES)] == ["triage_gone"]
    steps = [{"at": "1h after", "do": "involve", "to": f"team:{team}"} for team in ("support", "nowhere")]
    plain = {"triage": "support", "rules": [], "promises": {"fast": {"first_answer": "1h", "steps": steps}}}
    found = oddities(policy_from_dict(plain), {"support": 0})
    assert [(one.what, one.team, one.promise) for one in found[1:]] == [
        ("step_empty", "support", "fast"), ("step_gone", "nowhere", "fast"),
    ]  # fmt: skip
    assert [one.what for one in oddities(Policy("hr"), SIZES)] == ["triage_empty"]


@pytest.mark.parametrize(
    ("when", "never"),
    [
        ({"earlier_owner": "thread"}, True),
        ({"reply": True, "earlier_owner": {"of": "thread", "team": "hr"}}, True),
        ({"all": [{"any": [{"earlier_owner": "thread"}]}]}, True),
        ({"any": [{"earlier_owner": "thread"}, {"reply": True}]}, False),
        ({"not": {"earlier_owner": "thread"}}, False),
        ({"earlier_owner": "any"}, False),
        ({"earlier_owner": "person"}, False),
    ],
)
def test_a_rule_that_needs_an_earlier_owner_of_the_thread_is_named(when: Any, never: bool) -> None:
    found = oddities(policy((when, TO_SUPPORT)), {"support": 1})
    assert [(one.what, one.rule) for one in found] == ([("never", 1)] if never else [])


def test_ten_thousand_rules_are_looked_through_too() -> None:
    rules = [({"words": f"w{n}", "topic": f"t{n % 50}"}, TO_SUPPORT) for n in range(9_999)]
    found = oddities(policy(*rules, ({"words": "w7", "topic": "t7", "reply": True}, TO_PRODUCT)), SIZES)
    assert [(one.what, one.rule, one.other) for one in found] == [("shadowed", 10_000, 8)]
