"""Made-up months for `rapport bench within`: `python benchmarks/within.py` prints one JSON object over several seeds.

With `--out FILE` the month of one seed is written instead, for `rapport bench within --recorded FILE`.

The months are made, not recorded, and mean to be hard in the ways real ones are: a rhythm over day and week, nights and
weekends on which mail comes and nobody is there, hours in which all comes at once, part-timers, a late shift, somebody
on holiday and somebody ill, people who write again, work of which most is short and some is long.
"""

import argparse
import json
from datetime import UTC, date, datetime, timedelta
from math import exp, log
from random import Random
from statistics import mean, stdev
from uuid import UUID

import orjson

from rapport.ownership.simulate.within.clock import Clock, clock_of
from rapport.ownership.simulate.within.month import Arrival, Desk, Month, Worker
from rapport.ownership.simulate.within.recorded import compare, plain_of
from rapport.staff.hours import make_hours

_ZONE, _FIRST, _DAYS = "Europe/Berlin", date(2026, 3, 2), 28
_SHIFTS = {
    "whole": [[day, "09:00", "17:00"] for day in range(5)],
    "morning": [[day, "08:00", "12:00"] for day in range(5)],
    "late": [[day, "12:00", "20:00"] for day in range(5)],
    "three": [[day, "09:00", "17:00"] for day in range(3)],
}
_OPEN = [[day, "08:00", "20:00"] for day in range(5)]
#: By team: the shifts of its members, conversations on a weekday, promised hours, usual minutes of work.
_TEAMS = {
    "support": (["whole"] * 5 + ["morning"] * 3 + ["late"] * 3 + ["three"], 240, 4.0, 8.0),
    "billing": (["whole", "whole", "morning", "three", "late"], 60, 8.0, 14.0),
}
_BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 11, 13, 16, 15, 12, 9, 7, 6, 5, 4, 3, 2)
_BY_DAY = (1.25, 1.05, 1.0, 0.95, 0.8, 0.25, 0.2)
_BURSTS, _BURST_SIZE = 3, 90
_RETURNS = 0.4
_FIGURES = ("kept", "kept_more", "p50", "p90", "gini", "continuity")


def made(seed: int, load: float = 1.0) -> Month:
    """A month of two teams, with so many times as much as is usual; the same seed makes the same month."""
    random = Random(seed)
    days = _FIRST - timedelta(days=8), _FIRST + timedelta(days=_DAYS + 45)
    workers: dict[UUID, Worker] = {}
    desks = {}
    for team, (shifts, *_rest) in _TEAMS.items():
        of = [_worker(random, len(workers) + n, shift, days) for n, shift in enumerate(shifts)]
        workers |= {one.id: one for one in of}
        desks[team] = Desk(clock_of(make_hours(_ZONE, _OPEN), days), tuple(one.id for one in of))
    arrivals = [one for team in _TEAMS for one in _arrivals(random, team, desks[team].clock, load)]
    return Month(workers, desks, sorted(arrivals, key=lambda one: one.at), _midnight(_DAYS))


def _worker(random: Random, number: int, shift: str, days: tuple[date, date]) -> Worker:
    away = []
    if random.random() < 0.12:
        away.append((_midnight(7 * random.randrange(4)), 7.0))
    elif random.random() < 0.3:
        away.append((_midnight(random.randrange(_DAYS)), 2.0))
    spans = [(since, since + length * 86400) for since, length in away]
    clock = clock_of(make_hours(_ZONE, _SHIFTS[shift]), days, spans)
    capacity = 20.0 if shift in ("whole", "late") else 10.0
    return Worker(UUID(int=number + 1), f"Member {number + 1}", clock, capacity)


def _arrivals(random: Random, team: str, clock: Clock, load: float) -> list[Arrival]:
    _shifts, daily, promised, minutes = _TEAMS[team]
    people: list[str] = []
    times = [at for day in range(_DAYS) for at in _of_day(random, day, daily * load)]
    for day in random.sample([n for n in range(_DAYS) if n % 7 < 5], _BURSTS):
        since = _midnight(day) + 3600 * random.uniform(8, 15)
        times += [since + random.uniform(0, 5400) for _ in range(_BURST_SIZE if team == "support" else 15)]
    found = []
    for at in sorted(times):
        if people and random.random() < _RETURNS:
            person = people[max(0, len(people) - 1 - int(random.expovariate(1 / 400)))]
        else:
            person = f"{team} {len(people)}"
        people.append(person)
        urgent = random.random() < 0.08
        due = clock.after(at, (1.0 if urgent else promised) * 3600)
        found.append(
            Arrival(
                at, team, work=60 * random.lognormvariate(log(minutes), 0.8), person=person, due=due, urgent=urgent,
                stays=3600 * min(120.0, random.lognormvariate(log(1.5), 1.3)), weight=2.0 if urgent else 1.0,
            )
        )  # fmt: skip
    return found


def _of_day(random: Random, day: int, daily: float) -> list[float]:
    """Poisson in each hour, after the rhythm; some days are busier than others."""
    busy = exp(random.gauss(0, 0.12)) * daily * _BY_DAY[day % 7]
    found = []
    for hour, share in enumerate(_BY_HOUR):
        at, rate = 0.0, busy * share / sum(_BY_HOUR)
        while (at := at + random.expovariate(rate)) < 1:
            found.append(_midnight(day) + 3600 * (hour + at))
    return found


def _midnight(day: int) -> float:
    return (datetime(_FIRST.year, _FIRST.month, _FIRST.day, tzinfo=UTC) + timedelta(days=day, hours=-1)).timestamp()


def main() -> None:
    """Print the mean of each figure over the seeds, and how far they lie apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--load", type=float, default=1.0, help="So many times as much comes as is usual.")
    parser.add_argument("--out")
    given = parser.parse_args()
    if given.out:
        with open(given.out, "wb") as file:
            file.write(orjson.dumps(plain_of(made(0, given.load))))
        return
    months = [made(seed, given.load) for seed in range(given.seeds)]
    judged = [compare(month) for month in months]
    ways = {
        way: {name: _over([getattr(one[way], name).value for one in judged]) for name in _FIGURES}
        | {name: _over([getattr(one[way], name) for one in judged]) for name in ("longest", "without")}
        for way in judged[0]
    }
    counted = round(mean(len(month.arrivals) for month in months))
    print(json.dumps({"seeds": given.seeds, "arrivals": counted, "ways": ways}))


def _over(values: list[float]) -> list[float]:
    """Mean and standard deviation."""
    return [round(mean(values), 4), round(stdev(values), 4) if len(values) > 1 else 0.0]


if __name__ == "__main__":
    main()
