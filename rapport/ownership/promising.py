"""Promises as they are written and combined, and the plan of their steps. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from rapport.ownership.conditions import Plain
from rapport.ownership.conditions.base import chosen, known, one_or_list
from rapport.ownership.policy import (
    DEEDS,
    LEADS,
    OWNER,
    PRIORITIES,
    TEAM,
    Moment,
    Outcome,
    Promise,
    Rule,
    Span,
    Step,
    parse_span,
)
from rapport.ownership.problems import Problems
from rapport.staff.clocks import CLOCKS, PAUSES, RESOLUTION, Terms
from rapport.staff.hours import Hours
from rapport.staff.timetable import Steps

STEPS_MAX = 20
_KEYS = (*CLOCKS, "hours", "pause", "steps")
_STEP_KEYS = ("at", "do", "to", "clock")
_PERCENT_MAX = 1000
_EXAMPLE = '{ at = "80%", do = "tell", to = "owner" }'
_MINUTE = timedelta(minutes=1)
_NEAR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Planned:
    """A step of one clock: so much open time after its end (negative: before), do this, to that."""

    offset: timedelta
    do: str
    to: str

    @property
    def is_late(self) -> bool:
        """Whether the promise is broken by then."""
        return self.offset >= timedelta(0)


def parse_moment(written: str) -> Moment | None:
    """A moment from "80%", "30m before" or "1h after"; None when it is none."""
    given = written.strip().lower()
    if given.endswith("%"):
        number = given[:-1].strip()
        percent = int(number) if number.isascii() and number.isdecimal() and len(number) <= 4 else 0
        return Moment(percent) if 0 < percent <= _PERCENT_MAX else None
    for side in ("before", "after"):
        if given.endswith(f" {side}") and (span := parse_span(given.removesuffix(side))):
            return Moment(0, span, side == "after")
    return None


def parse_promise(given: object, problems: Problems) -> Promise | None:
    """A promise from a plain table, or None with what is wrong noted."""
    if not isinstance(given, dict):
        problems.note('expected a promise such as { first_answer = "4h", resolution = "2d" }')
        return None
    _check_keys(given, _KEYS, problems)
    if not set(CLOCKS) & set(given):
        problems.note("expected first_answer, next_answer, resolution or several of them")
    spans = {key: _span(given, key, problems) for key in CLOCKS}
    hours, pause = "", _pause(given, problems)
    if "hours" in given:
        with problems.at("hours"):
            hours = _hours(given["hours"], problems)
    steps = _steps(given.get("steps", []), problems)
    promise = Promise(spans["first_answer"], spans["resolution"], hours, spans["next_answer"], pause, steps)
    _check_steps(promise, problems)
    return promise


def plain_promise(promise: Promise) -> dict[str, Plain]:
    """Plain data; `parse_promise` makes an equal promise of it."""
    pairs: dict[str, Any] = {name: str(promise.span(name) or "") for name in CLOCKS} | {"hours": promise.hours}
    plain: dict[str, Plain] = {key: value for key, value in pairs.items() if value}
    if promise.pause:
        plain["pause"] = one_or_list(promise.pause)
    if promise.steps:
        plain["steps"] = [_plain_step(step) for step in promise.steps]
    return plain


def combined(promises: Sequence[Promise]) -> Promise | None:
    """Of each clock the first that sets it, with its steps; the pauses are those of the one that sets the resolution.

    The hours are those of the promise that set the first answer, or else the first of the others.
    """
    if not promises:
        return None
    by = {clock: next((one for one in promises if one.span(clock)), None) for clock in CLOCKS}
    used = [one for one in by.values() if one is not None]
    if all(one is promises[0] for one in used):
        return promises[0]
    leading = by["first_answer"] or by["resolution"] or used[0]
    steps = [
        replace(step, clock=clock)
        for clock, one in by.items() if one is not None
        for step in one.steps if step.clock in ("", clock)
    ]  # fmt: skip
    pause = by["resolution"].pause if by["resolution"] else ()
    spans = {clock: one.span(clock) if one else None for clock, one in by.items()}
    return Promise(
        spans["first_answer"], spans["resolution"], leading.hours, spans["next_answer"], pause, tuple(steps)
    )


def length_of(span: Span, hours: Hours) -> timedelta:
    """A span as open time: its days are working days of these hours."""
    return timedelta(minutes=span.minutes + span.days * hours.minutes_a_day)


def planned(promise: Promise, clock: str, hours: Hours) -> tuple[Planned, ...]:
    """The steps of a clock in the order in which they come.

    Who answers is told half an hour before (at half the time of what is promised within the hour) and when it is
    broken, unless the promise says itself when they are told before, or after.
    """
    span = promise.span(clock)
    if span is None:
        return ()
    length = length_of(span, hours)
    own = [Planned(_offset(s.at, length, hours), s.do, s.to) for s in promise.steps if s.clock in ("", clock)]
    usual = [
        Planned(-min(_NEAR, _whole(length / 2)), "tell", OWNER),
        Planned(timedelta(0), "tell", OWNER),
    ]
    told = {one.is_late for one in own if one.do == "tell" and one.to == OWNER}
    everything = [*(one for one in usual if one.is_late not in told), *own]
    return tuple(sorted(everything, key=lambda one: one.offset))


@lru_cache(maxsize=256)
def terms_of(promise: Promise, hours: Hours) -> tuple[tuple[Terms, Steps], ...]:
    """The terms of each clock with its steps: the same for every conversation that is promised this."""
    found = []
    for clock in CLOCKS:
        span = promise.span(clock)
        if span is not None:
            pause = frozenset(promise.pause if clock == RESOLUTION else ())
            steps = tuple((one.offset // _MINUTE, one.do, one.to) for one in planned(promise, clock, hours))
            found.append((Terms(clock, length_of(span, hours), hours, pause), steps))
    return tuple(found)


def at_once(steps: Sequence[Planned]) -> list[Planned]:
    """What to do of steps that are due together, as after a long stop: of what one is told, and of what moves it or
    raises its priority, only the last; every team is involved.
    """
    last = {(one.do, one.to if one.do in ("tell", "involve") else ""): one for one in steps}
    return sorted(last.values(), key=lambda one: one.offset)


def _offset(at: Moment, length: timedelta, hours: Hours) -> timedelta:
    if at.span is None:
        return _whole(length * at.percent / 100) - length
    away = length_of(at.span, hours)
    return away if at.after else max(-away, -length)


def _whole(length: timedelta) -> timedelta:
    return length // _MINUTE * _MINUTE


def check_loops(rules: Sequence[Rule], promises: Mapping[str, Promise], problems: Problems) -> None:
    """Note every rule whose owner would get the conversation back by the steps of its promise."""
    for position, rule in enumerate(rules):
        promise = _of(rule.then, promises)
        if promise is None or not rule.then.owner:
            continue
        for clock in CLOCKS:
            way = [rule.then.owner, *_teams_given(promise, clock)]
            if rule.then.owner in way[1:]:
                named = f"the promise “{rule.then.promise}”" if isinstance(rule.then.promise, str) else "its promise"
                with problems.at("rules", position, "then", "promise"):
                    problems.note(
                        f"the steps of {named} would give it back to {rule.then.owner}: {' → '.join(way)} is a loop"
                    )
                break


def _of(then: Outcome, promises: Mapping[str, Promise]) -> Promise | None:
    return promises.get(then.promise) if isinstance(then.promise, str) else then.promise


def _teams_given(promise: Promise, clock: str) -> list[str]:
    """The teams that the steps of a clock give it to, in the order in which they come."""
    span = promise.span(clock)
    steps = [s for s in promise.steps if s.do == "reassign" and s.to.startswith(TEAM) and s.clock in ("", clock)]
    return [s.to.removeprefix(TEAM) for s in sorted(steps, key=lambda s: _rough(s.at, span))] if span else []


def _rough(at: Moment, span: Span | None) -> float:
    """Where a moment lies, in minutes from the end; as no hours are known here, a working day counts as eight."""
    if at.span is None:
        return (_minutes(span) if span else 0) * (at.percent - 100) / 100
    return _minutes(at.span) * (1 if at.after else -1)


def _minutes(span: Span) -> int:
    return span.days * 8 * 60 + span.minutes


def _check_steps(promise: Promise, problems: Problems) -> None:
    """Steps that cannot come, and those that hand a conversation in a circle."""
    for place, step in enumerate(promise.steps):
        clocks = [name for name in CLOCKS if promise.span(name) and step.clock in ("", name)]
        with problems.at("steps", place):
            if step.clock and not clocks:
                with problems.at("clock"):
                    problems.note(f"nothing is promised for {step.clock}; expected a time for it, or another clock")
            for clock in clocks:
                span = promise.span(clock)
                if span and step.at.span and not step.at.after and _minutes(step.at.span) >= _minutes(span):
                    with problems.at("at"):
                        problems.note(f"“{step.at}” comes before the {span} of {clock} have begun; expected less")
                    break
    for clock in CLOCKS:
        way = _teams_given(promise, clock)
        twice = next((team for place, team in enumerate(way) if team in way[:place]), None)
        if twice is not None:
            with problems.at("steps"):
                problems.note(f"it would come to {twice} twice: {' → '.join(way)} is a loop; leave one of them out")
            break


def _steps(given: object, problems: Problems) -> tuple[Step, ...]:
    with problems.at("steps"):
        if not isinstance(given, list) or len(given) > STEPS_MAX:
            problems.note(f"expected a list of at most {STEPS_MAX} steps such as {_EXAMPLE}")
            return ()
        found = []
        for place, one in enumerate(given):
            with problems.at(place):
                found.append(_step(one, problems))
        return tuple(step for step in found if step)


def _step(given: object, problems: Problems) -> Step | None:
    if not isinstance(given, dict):
        problems.note(f"expected a step such as {_EXAMPLE}")
        return None
    _check_keys(given, _STEP_KEYS, problems)
    moment = parse_moment(given["at"]) if isinstance(given.get("at"), str) else None
    if moment is None:
        with problems.at("at"):
            problems.note('expected a moment such as "80%", "30m before" or "1h after"')
    do = _chosen(given, "do", "a deed", DEEDS, problems)
    clock = _chosen(given, "clock", "a clock", CLOCKS, problems) if "clock" in given else ""
    to = _to(given.get("to"), do, problems) if do else ""
    return Step(moment, do, to, clock) if moment and do and to else None


def _to(given: object, do: str, problems: Problems) -> str:
    """Whom or what a step means, if that goes with what it does."""
    with problems.at("to"):
        if do == "priority":
            found = chosen(given, problems, "a priority", PRIORITIES) if isinstance(given, str) else None
            if not isinstance(given, str):
                problems.note(f"expected one of {', '.join(PRIORITIES)}")
            return found[0] if found else ""
        if isinstance(given, str) and given.startswith(TEAM):
            names = known(given.removeprefix(TEAM), problems, "a team", "teams")
            return f"{TEAM}{names[0]}" if names else ""
        if do == "involve":
            problems.note('expected a team, such as "team:product"')
            return ""
        if isinstance(given, str) and "@" in given:
            names = known(given.lower(), problems, "a member", "members")
            return names[0] if names else ""
        allowed = (OWNER, LEADS) if do == "tell" else ()
        if isinstance(given, str) and given in allowed:
            return given
        words = [*(f"“{one}”" for one in allowed), "“team:SLUG” (a team)", "a member’s e-mail address"]
        problems.note(f"expected {', '.join(words[:-1])} or {words[-1]}")
        return ""


def _pause(given: Mapping[str, Any], problems: Problems) -> tuple[str, ...]:
    if "pause" not in given:
        return ()
    with problems.at("pause"):
        found = chosen(given["pause"], problems, "a pause", PAUSES) if given["pause"] != [] else ()
        if found and "resolution" not in given:
            problems.note("only the resolution pauses; expected resolution = a time, or no pause")
    return tuple(dict.fromkeys(found or ()))


def _hours(given: object, problems: Problems) -> str:
    if not isinstance(given, str):
        problems.note("expected a set of business hours, as text in quotes")
        return ""
    names = known(given, problems, "a set of business hours", "hours")
    return names[0] if names else ""


def _span(table: Mapping[str, Any], key: str, problems: Problems) -> Span | None:
    if key not in table:
        return None
    span = parse_span(table[key]) if isinstance(table[key], str) else None
    if span is None:
        with problems.at(key):
            problems.note('expected a time such as "30m", "4h", "2d" or "1d 4h", a year at most')
    return span


def _chosen(
    table: Mapping[str, Any], key: str, what: str, choices: tuple[str, ...], problems: Problems
) -> str:
    with problems.at(key):
        if not isinstance(table.get(key), str):
            problems.note(f"expected one of {', '.join(choices)}")
            return ""
        given = chosen(table[key], problems, what, choices)
        return given[0] if given else ""


def _check_keys(given: Mapping[str, Any], keys: Iterable[str], problems: Problems) -> None:
    for key in given:
        if key not in keys:
            with problems.at(str(key)):
                problems.unknown("a key", str(key), keys)


def _plain_step(step: Step) -> dict[str, Plain]:
    plain: dict[str, Plain] = {"at": str(step.at), "do": step.do, "to": step.to}
    return plain | ({"clock": step.clock} if step.clock else {})
