"""Who is there on which day, and where nobody of a team is. Pure.

A day has two halves, before and after noon of its zone. A team is covered in a half when somebody is there for at least
a moment of the open time in it; a half without open time needs nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from rapport.staff.hours import Hours

Span = tuple[datetime, datetime]
NOON = time(12)


class Part(StrEnum):
    """How much of a day."""

    DAY = "day"
    MORNING = "morning"
    AFTERNOON = "afternoon"


@dataclass(frozen=True)
class Gap:
    """That nobody of a team is there in a part of a day on which it is open."""

    day: date
    part: Part


def halves(day: date, zone: ZoneInfo) -> tuple[Span, Span]:
    """Before noon and after it."""
    begins, noon, ends = (_at(day, at, zone) for at in (time(), NOON, None))
    return (begins, noon), (noon, ends)


def span_of(first: date, first_part: Part, last: date, last_part: Part, zone: ZoneInfo) -> Span:
    """From the morning or the noon of one day to the noon or the end of another."""
    begins = halves(first, zone)[1 if first_part == Part.AFTERNOON else 0][0]
    ends = halves(last, zone)[0 if last_part == Part.MORNING else 1][1]
    return begins, ends


def part_away(day: date, zone: ZoneInfo, spans: Iterable[Span]) -> Part | None:
    """How much of a day somebody is away: a half counts when most of it lies in an absence."""
    away = [_overlap(half, spans) * 2 > (half[1] - half[0]) for half in halves(day, zone)]
    if all(away):
        return Part.DAY
    return Part.MORNING if away[0] else Part.AFTERNOON if away[1] else None


def gaps(days: Iterable[date], hours: Hours, absences: Mapping[UUID, Sequence[Span]]) -> list[Gap]:
    """Where nobody of a team is; `absences` has every member of it, those never away with nothing."""
    zone = ZoneInfo(hours.time_zone)
    found = []
    for day in days:
        empty = [_nobody(_open(hours, day, half), absences) for half in halves(day, zone)]
        open_halves = [bool(_open(hours, day, half)) for half in halves(day, zone)]
        if not any(empty):
            continue
        whole = all(missing or not is_open for missing, is_open in zip(empty, open_halves, strict=True))
        found.append(Gap(day, Part.DAY if whole else Part.MORNING if empty[0] else Part.AFTERNOON))
    return found


def _nobody(open_spans: list[Span], absences: Mapping[UUID, Sequence[Span]]) -> bool:
    if not open_spans or not absences:
        return False
    needed = sum((end - start for start, end in open_spans), timedelta(0))
    return all(sum((_overlap(span, away) for span in open_spans), timedelta(0)) >= needed for away in absences.values())


def _open(hours: Hours, day: date, half: Span) -> list[Span]:
    found = [(max(start, half[0]), min(end, half[1])) for start, end in hours.on(day)]
    return [(start, end) for start, end in found if start < end]


def _overlap(span: Span, others: Iterable[Span]) -> timedelta:
    """How much of a span lies in any of the others."""
    covered, reached = timedelta(0), span[0]
    for start, end in sorted(others):
        start, end = max(start, reached), min(end, span[1])
        if start < end:
            covered += end - start
            reached = end
    return covered


def _at(day: date, at: time | None, zone: ZoneInfo) -> datetime:
    if at is None:
        day, at = day + timedelta(days=1), time()
    return datetime.combine(day, at, zone).astimezone(UTC)
