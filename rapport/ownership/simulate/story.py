"""What came out of a replay, as plain data: what a page tells and a file keeps. Pure.

Every pair of figures is [as it was, as it would have been].
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rapport.ownership.conditions import names_in
from rapport.ownership.policy import HOLDER, WEIGHED, Policy, Rule
from rapport.ownership.simulate.clocks import BROKEN, KEPT, NEVER, OPEN
from rapport.ownership.simulate.desks import Desk, Load
from rapport.ownership.simulate.doubt import paired
from rapport.ownership.simulate.lint import always_late, never_fired, oddities
from rapport.ownership.simulate.past import Staffing
from rapport.ownership.simulate.promises import CLOCKS, TOLD
from rapport.ownership.simulate.replay import Shown, Side, Tally, team_hours
from rapport.ownership.stepping import DONE

_FLOWS_MAX = 60
_STEPS_MAX = 200
_MEMBERS_MAX = 500


def story(
    tally: Tally,
    loads: tuple[Load, Load],
    policies: tuple[Policy, Policy],
    staffing: Staffing,
    teams: Mapping[str, int],
) -> dict[str, Any]:
    """All of it; `teams` has how many members each active team has, by slug."""
    sides = tally.base, tally.draft
    return {
        "total": tally.total,
        "moved": sum(tally.moved.values()),
        "flows": _flows(tally),
        "changes": _changes(tally),
        "asks": sorted({what for policy in policies for rule in policy.rules for what in _asks(rule)}),
        "agreement": _agreement(tally),
        "recorded": [tally.recorded_same, tally.recorded],
        "guessed": tally.guessed,
        "unpromised": tally.unpromised,
        "triage": [side.triage for side in sides],
        "left": _differs(tally.triaged[True, False], tally.triaged[False, True], tally.total),
        "late": {clock: _late(tally, clock) for clock, count in tally.promised.items() if count},
        "teams": _teams(sides),
        "members": _members(loads, staffing),
        "queued": [dict(load.queued) for load in loads],
        "promises": {clock: [_promise(side, clock) for side in sides] for clock in CLOCKS.values()},
        "turned": _turned(tally),
        "steps": [_steps(side) for side in sides],
        "rules": [_rules(side, policy) for side, policy in zip(sides, policies, strict=True)],
        "met": _met(tally, policies[1]),
        "odd": [vars(one) for one in oddities(policies[1], teams)],
    }


def _flows(tally: Tally) -> list[dict[str, Any]]:
    found = []
    for flow, count in tally.moved.most_common(_FLOWS_MAX):
        shown = _shown(tally.shown.get(flow, []))
        found.append({"from": flow[0], "to": flow[1], "count": count, "shown": shown})
    return found


def _shown(kept: Sequence[Shown]) -> list[dict[str, Any]]:
    return [
        {"id": str(one.id), "at": one.at.isoformat(), "base": one.base, "draft": one.draft} for one in reversed(kept)
    ]


def _changes(tally: Tally) -> list[dict[str, Any]]:
    return [
        {"what": what, "from": before, "to": after, "count": count,
         "shown": _shown(tally.changed_shown.get((what, before, after), []))}
        for (what, before, after), count in sorted(tally.changed.items(), key=lambda one: (-one[1], one[0]))
    ][:_FLOWS_MAX]  # fmt: skip


def _asks(rule: Rule) -> set[str]:
    """The conditions by name, "held" where it gives to who holds the relationship, "weighed" where members are."""
    more = {"held"} if HOLDER in (rule.then.owner, f"@{rule.then.assign}") else set()
    return names_in(rule.when) | more | ({"weighed"} if rule.then.assign in WEIGHED else set())


def _agreement(tally: Tally) -> dict[str, Any]:
    both, only_base = tally.settled[True, True], tally.settled[True, False]
    only_draft, neither = tally.settled[False, True], tally.settled[False, False]
    total = both + only_base + only_draft + neither
    difference = paired(only_base, only_draft, total)
    return {
        "settled": total,
        "right": [both + only_base, both + only_draft],
        "only": [only_base, only_draft],
        "share": difference.share, "low": difference.low, "high": difference.high, "chance": difference.chance,
        "clear": difference.is_clear,
    }  # fmt: skip


def _differs(only_base: int, only_draft: int, total: int) -> dict[str, Any]:
    """How much more or less often it is so by the draft, in shares of `of`, with its doubt (`doubt.paired`)."""
    found = paired(only_base, only_draft, total)
    return {"of": total, "share": found.share, "low": found.low, "high": found.high, "clear": found.is_clear,
            "only": [only_base, only_draft]}  # fmt: skip


def _late(tally: Tally, clock: str) -> dict[str, Any]:
    """Conversations of which a clock is late by one policy and not by the other, of all that either promises it."""
    only_base, only_draft = (
        sum(count for (one, *states), count in tally.turned.items() if one == clock and states[side] == BROKEN)
        for side in (0, 1)
    )
    return _differs(only_base, only_draft, tally.promised[clock])


def _teams(sides: tuple[Side, Side]) -> list[dict[str, Any]]:
    slugs = {slug for side in sides for slug in side.owners if slug}
    found: list[dict[str, Any]] = [
        {
            "team": slug,
            "count": [side.owners[slug] for side in sides],
            "hours": [team_hours(side.by_hour, slug) for side in sides],
        }
        for slug in slugs
    ]
    return sorted(found, key=lambda one: (-max(one["count"]), one["team"]))


def _members(loads: tuple[Load, Load], staffing: Staffing) -> list[dict[str, Any]]:
    names = {seat.member_id: (seat.name, slug) for slug, seats in staffing.seats.items() for seat in seats}
    found: list[dict[str, Any]] = []
    for id in {id for load in loads for id in load.desks}:
        desks = [load.desks.get(id, Desk()) for load in loads]
        name, team = names.get(id, ("", ""))
        found.append({
            "id": str(id), "name": name, "team": team,
            "given": [desk.given for desk in desks], "most": [desk.most for desk in desks],
            "hours": [[desk.hours[hour] for hour in range(24)] for desk in desks],
        })  # fmt: skip
    return sorted(found, key=lambda one: (-max(one["given"]), str(one["id"])))[:_MEMBERS_MAX]


def _promise(side: Side, clock: str) -> dict[str, int]:
    return {state: side.promises.clocks[f"{clock}_{state}"] for state in (KEPT, BROKEN, OPEN, NEVER)}


def _turned(tally: Tally) -> list[dict[str, Any]]:
    """Promises that one policy breaks and the other does not: which clock, how it ended by each, with examples."""
    return [
        {"clock": clock, "from": was, "to": would, "count": count,
         "shown": _shown(tally.turned_shown.get((clock, was, would), []))}
        for (clock, was, would), count in sorted(tally.turned.items(), key=lambda one: (-one[1], one[0]))
    ]  # fmt: skip


def _steps(side: Side) -> list[dict[str, Any]]:
    """Each step that came due, by promise, clock and when it comes; `then`: how the clock ended after it.

    `told` has of what tells whoever answers for it how often somebody had it ("member"), how often nobody ("leads").
    `done` is how often it did what it says, `not` why it would not have ("already": it was so).
    """
    found: dict[tuple[Any, ...], dict[str, int]] = {}
    for (*step, what), count in side.promises.steps.items():
        found.setdefault(tuple(step), {})[what] = count
    told, ordered = [], sorted(found.items(), key=lambda one: _in_order(one[0]))
    for (promise, clock, minutes, do, to), counts in ordered[:_STEPS_MAX]:
        told.append({
            "promise": promise, "clock": CLOCKS[clock], "minutes": minutes, "do": do, "to": to, "due": counts["due"],
            "done": counts.get(DONE, 0), "told": {what.removeprefix("told_"): counts.get(what, 0) for what in TOLD},
            "then": {state: counts.get(state, 0) for state in (KEPT, BROKEN, OPEN)},
            "not": {why: count for why, count in sorted(counts.items()) if why not in _COUNTED},
        })  # fmt: skip
    return told


def _in_order(step: tuple[Any, ...]) -> tuple[Any, ...]:
    promise, clock, *when = step
    return promise, list(CLOCKS).index(clock), *when


_COUNTED = {"due", DONE, KEPT, BROKEN, OPEN, *TOLD}


def _rules(side: Side, policy: Policy) -> dict[str, Any]:
    deciding = {number for number, rule in enumerate(policy.rules, 1) if rule.decides}
    late = always_late(side.decided, side.late, deciding)
    return {
        "names": {number: rule.name for number, rule in enumerate(policy.rules, 1) if number <= _NAMED_MAX},
        "count": len(policy.rules),
        "decided": dict(sorted(side.decided.items())),
        "never": never_fired(side.hits, len(policy.rules))[:_NAMED_MAX],
        "late": [[number, other, side.hits[number]] for number, other in late.items()][:_NAMED_MAX],
        "failed": dict(sorted(side.failed.items())),
    }


def _met(tally: Tally, policy: Policy) -> list[dict[str, Any]]:
    """Rules of the draft that hit where another had decided: those that never decide, and (`differs`) those that would
    have given it to another team; with examples.
    """
    late, decided = tally.draft.late, tally.draft.decided
    found = []
    for (number, other), count in sorted(late.items(), key=lambda one: (bool(decided[one[0][0]]), -one[1], one[0])):
        if not other:
            continue  # Another rule could not be tried, and left it to those who sort.
        owners = [policy.rules[place - 1].then.owner for place in (number, other)]
        differs = len(set(owners)) == 2 and all(owner[:1] not in ("", "@") for owner in owners)
        if differs or (policy.rules[number - 1].decides and not decided[number]):
            shown = _shown(tally.met_shown.get((str(number), str(other)), []))
            found.append({"rule": number, "other": other, "count": count, "differs": differs, "shown": shown})
    return found[:_MET_MAX]


_MET_MAX = 20
_NAMED_MAX = 500
