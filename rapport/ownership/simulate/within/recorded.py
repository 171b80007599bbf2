"""A month as plain data (for a file), and compared: every way over the same month. Pure.

A file is one JSON object. Moments are seconds since 1970:

    {"workers": [{"id": UUID, "present": [[from, until], ...], "capacity": 20}],
     "teams": [{"team": "support", "open": [[from, until], ...], "members": [UUID, ...]}],
     "arrivals": [{"at": 0, "team": "support", "work": 600, "stays": 3600, "person": "17", "due": 14400, "weight": 1}],
     "known": {"17": {UUID: moment}}, "busy": {UUID: [[weight, until or null], ...]}}

Of an arrival only at, team and work must be there; of the rest of the file, known and busy need not, nor "until", up
to when what was never answered is said to have waited.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from math import inf
from typing import Any
from uuid import UUID

from rapport.core.errors import Invalid
from rapport.ownership.simulate.within.clock import Clock
from rapport.ownership.simulate.within.judging import Judged, judge
from rapport.ownership.simulate.within.month import Arrival, Desk, Month, Strategy, Worker, simulate
from rapport.ownership.simulate.within.strategies import STRATEGIES

_ARRIVAL = tuple(one.name for one in fields(Arrival))
_LISTS = ("skills",)


def compare(month: Month, ways: Mapping[str, Callable[[], Strategy]] = STRATEGIES) -> dict[str, Judged]:
    """What comes of the month by each way; the first is what others are compared with."""
    return judge(month, {name: simulate(month, made()) for name, made in ways.items()})


def told(month: Month, judged: Mapping[str, Judged]) -> dict[str, Any]:
    """The comparison as plain data, without members."""
    ats = [one.at for one in month.arrivals]
    return {
        "arrivals": len(ats),
        "promised": sum(one.due is not None for one in month.arrivals),
        "teams": len(month.desks),
        "members": len(month.workers),
        "days": round((max(ats) - min(ats)) / 86400, 1) if ats else 0,
        "ways": {name: one.plain() for name, one in judged.items()},
    }


def plain_of(month: Month) -> dict[str, Any]:
    """The month as it stands in a file; names and addresses are left out, and persons are numbered: a file outlives
    their erasure, and their ids would lead to them.
    """
    people = dict.fromkeys([*(one.person for one in month.arrivals if one.person), *month.known])
    numbers = {"": ""} | {person: str(number) for number, person in enumerate(people, 1)}
    arrivals = [
        {name: getattr(one, name) for name in _ARRIVAL} | {"person": numbers[one.person]} for one in month.arrivals
    ]
    return {
        "workers": [
            {"id": str(id), "present": one.clock.spans(), "capacity": one.capacity, "languages": list(one.languages),
             "skills": list(one.skills)}
            for id, one in month.workers.items()
        ],
        "teams": [
            {"team": team, "open": desk.clock.spans(), "members": [str(id) for id in desk.members],
             **({"sat": _plain_sat(desk)} if desk.sat else {})}
            for team, desk in month.desks.items()
        ],
        "arrivals": [{**one, "skills": list(one["skills"]), "holder": ""} for one in arrivals],
        "until": None if month.until == inf else month.until,
        "known": {numbers[person]: {str(id): at for id, at in of.items()} for person, of in month.known.items()},
        "busy": {
            str(id): [[weight, None if until == inf else until] for weight, until in held]
            for id, held in month.busy.items()
        },
    }  # fmt: skip


def month_of(given: object) -> Month:
    """The month in a file's object. Raises Invalid, saying what cannot be read."""
    if not isinstance(given, dict):
        raise Invalid("This is no recorded month.", "It is one JSON object with workers, teams and arrivals.")
    try:
        workers = {UUID(one["id"]): _worker(one) for one in given["workers"]}
        desks = {str(one["team"]): _desk(one) for one in given["teams"]}
        arrivals = [_arrival(one) for one in given["arrivals"]]
        known = {
            str(person): {UUID(id): float(at) for id, at in of.items()} for person, of in given.get("known", {}).items()
        }
        busy = {
            UUID(id): [(float(weight), inf if until is None else float(until)) for weight, until in held]
            for id, held in given.get("busy", {}).items()
        }
    except KeyError as error:
        raise Invalid(f"The recorded month has no {error}.", "See docs/what-if.md for what is in one.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"The recorded month cannot be read: {error}.", "See docs/what-if.md.") from error
    strangers = {id for desk in desks.values() for id in desk.members} - set(workers)
    if strangers:
        raise Invalid(f"{min(map(str, strangers))} is in a team but no worker.", "Name every member under workers.")
    until = given.get("until")
    return Month(workers, desks, arrivals, inf if until is None else float(until), known, busy)


def _worker(one: Mapping[str, Any]) -> Worker:
    capacity = float(one.get("capacity", 20))
    if not capacity > 0:
        raise ValueError("a capacity must be more than 0")
    languages, skills = tuple(one.get("languages", ())), tuple(one.get("skills", ()))
    return Worker(UUID(one["id"]), str(one.get("name", "")), _clock(one["present"]), capacity, "", languages, skills)


def _desk(one: Mapping[str, Any]) -> Desk:
    sat = {
        UUID(id): tuple((-inf if a is None else float(a), inf if b is None else float(b)) for a, b in spans)
        for id, spans in one.get("sat", {}).items()
    }
    return Desk(_clock(one["open"]), tuple(UUID(id) for id in one["members"]), sat)


def _plain_sat(desk: Desk) -> dict[str, Any]:
    """Who was of the team from when to when; null is since ever and for ever."""
    ends = {-inf: None, inf: None}
    return {str(id): [[ends.get(a, a), ends.get(b, b)] for a, b in spans] for id, spans in desk.sat.items()}


def _clock(spans: Any) -> Clock:
    return Clock((float(start), float(end)) for start, end in spans)


def _arrival(one: Mapping[str, Any]) -> Arrival:
    kept: dict[str, Any] = {name: tuple(one[name]) if name in _LISTS else one[name] for name in _ARRIVAL if name in one}
    for name in ("at", "work", "stays", "due", "weight"):
        if kept.get(name) is not None:
            kept[name] = float(kept[name])
    if kept["work"] < 0 or kept.get("stays", 0) < 0:
        raise ValueError("work and stays cannot be less than 0")
    return Arrival(**kept)
