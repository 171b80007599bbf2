"""How long a promise still has, in the business hours that it was given in."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.conversations.models import Status
from rapport.staff.clocks import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION
from rapport.staff.hours import ALWAYS, Hours, HoursError, business_elapsed, stored_hours
from rapport.staff.models import BusinessHours, Team
from rapport.web import locales

_SOON = timedelta(hours=1)
_FAR = timedelta(days=60)
_AHEAD = timedelta(hours=30)


@dataclass(frozen=True)
class Left:
    """Of one promise: `left` in open time, negative since it was broken; `open` are the open times of the next day.

    Far ones count by the calendar: `day_minutes` then is a whole day.
    """

    due_at: datetime
    clock: str
    left: timedelta
    day_minutes: int
    open: tuple[tuple[datetime, datetime], ...]

    @property
    def tone(self) -> str:
        """How it is colored."""
        return "danger" if self.left < timedelta(0) else "warn" if self.left < _SOON else "plain"

    @property
    def words(self) -> str:
        """In few characters."""
        late = self.left < timedelta(0)
        if late and self.left > -timedelta(minutes=1):
            return _("overdue")  # perhaps for a whole weekend: no working time has passed since
        spoken = locales.span(self.left.total_seconds(), self.day_minutes)
        return (_("%(span)s late") if late else _("%(span)s left")) % {"span": spoken}


class Promised(Protocol):
    """What has promises: a conversation, or its row in a list."""

    @property
    def status(self) -> str: ...
    @property
    def first_answered_at(self) -> datetime | None: ...
    @property
    def first_answer_due_at(self) -> datetime | None: ...
    @property
    def next_answer_due_at(self) -> datetime | None: ...
    @property
    def resolution_due_at(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime | None: ...


class Clocks:
    """The business hours of the teams; of a team without its own, and of no team, those of the company."""

    def __init__(self, teams: Iterable[Team]) -> None:
        rows = BusinessHours.objects.order_by("id").values_list("id", "name", "time_zone", "blocks", "holidays")
        by_id: dict[UUID, Hours] = {}
        self._named: dict[str, Hours] = {}
        for id, name, zone, blocks, holidays in rows:
            # The page of business hours tells of those that cannot be used; a list is shown all the same.
            with suppress(HoursError):
                by_id[id] = self._named[name] = stored_hours(zone, blocks, holidays)
        self._company = next(iter(by_id.values()), ALWAYS)
        self._of: dict[UUID, Hours] = {
            team.id: (by_id.get(team.hours_id) if team.hours_id else None) or self._company for team in teams
        }

    def of(self, team_id: UUID | None, promised: str | None = None) -> Hours:
        """The hours that something was `promised` in, by name; without such a promise those in which a team answers."""
        if promised is not None:
            return self._named.get(promised, self._company)
        return self._of.get(team_id, self._company) if team_id else self._company


def left_of(conversation: Promised, hours: Hours, at: datetime) -> Left | None:
    """What is left at `at` of the promise that runs out first; None when none runs."""
    if conversation.status != Status.OPEN:
        return None
    first = conversation.first_answer_due_at if conversation.first_answered_at is None else None
    running = [(first, FIRST_ANSWER), (conversation.next_answer_due_at, NEXT_ANSWER)]
    running += [(conversation.resolution_due_at, RESOLUTION)]
    soonest = min(((due, clock) for due, clock in running if due), key=lambda one: one[0], default=None)
    if soonest is None:
        return None
    due, clock = soonest
    return Left(due, clock, *time_left(due, hours, at))


def time_left(
    due: datetime, hours: Hours, at: datetime
) -> tuple[timedelta, int, tuple[tuple[datetime, datetime], ...]]:
    """The open time from `at` to `due`, the minutes of a working day, and when the clock runs in the next hours. Pure.

    Broken outside of business hours is broken all the same, though no open time has passed since.
    """
    if abs(due - at) > _FAR or not hours.minutes_a_day:
        return due - at, ALWAYS.minutes_a_day, ((at, at + _AHEAD),)
    left = business_elapsed(at, due, hours)
    if due < at:
        left = min(left, -timedelta(seconds=1))
    return left, hours.minutes_a_day, _open_times(hours, at)


def _open_times(hours: Hours, at: datetime) -> tuple[tuple[datetime, datetime], ...]:
    until = at + _AHEAD
    days = [(at + timedelta(days=ahead)).date() for ahead in (-1, 0, 1, 2)]
    spans = (span for day in days for span in hours.on(day))
    return tuple((max(start, at), min(end, until)) for start, end in spans if end > at and start < until)
