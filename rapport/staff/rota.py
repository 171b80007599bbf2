"""Who is on call: by a weekly rotation, and by hand for a span. Pure.

What was entered by hand goes before the rotation. Weeks are read on the wall clock of the rota's time zone, so that
the hand-over stays at its hour over daylight-saving changes.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from rapport.staff.hours import instant


@dataclass(frozen=True, slots=True)
class Duty:
    """A span for which somebody was put on call by hand."""

    member_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Rota:
    """A team's. `order` takes turns week by week from `first` on, handed over at `minutes` after midnight in `zone`."""

    order: tuple[UUID, ...] = ()
    first: date | None = None
    minutes: int = 9 * 60
    zone: str = "UTC"
    duties: tuple[Duty, ...] = ()

    def on_call(self, at: datetime, away: Container[UUID] = ()) -> UUID | None:
        """Who is on call at a moment; who is away is passed over for the next of the rotation."""
        return next((one for one in self._asked(at) if one not in away), None)

    def by_hand(self, at: datetime) -> tuple[Duty, ...]:
        """What was entered by hand for a moment, the latest to begin first."""
        now = (one for one in self.duties if one.starts_at <= at < one.ends_at)
        return tuple(sorted(now, key=lambda one: (one.starts_at, one.member_id), reverse=True))

    def week(self, at: datetime) -> int | None:
        """The number of the week of the rotation, from 0; None before it began."""
        if self.first is None or not self.order:
            return None
        week = (at.astimezone(ZoneInfo(self.zone)).date() - self.first).days // 7
        # By the moment and not by the wall clock, which in autumn shows the hour of the hand-over twice.
        if week >= 0 and at >= self.starts(week + 1):
            return week + 1
        return week if week >= 0 and at >= self.starts(week) else week - 1 if week > 0 else None

    def starts(self, week: int) -> datetime:
        """When that week begins, in UTC; a mark that is skipped or shown twice is read as in business hours."""
        if self.first is None:
            raise ValueError("a rota without a first day has no weeks")
        return instant(self.first + timedelta(days=7 * week), self.minutes, ZoneInfo(self.zone))

    def turn(self, week: int) -> UUID:
        """Whose turn that week is."""
        return self.order[week % len(self.order)]

    def _asked(self, at: datetime) -> Iterator[UUID]:
        yield from (one.member_id for one in self.by_hand(at))
        week = self.week(at)
        if week is not None:
            yield from (self.turn(week + ahead) for ahead in range(len(self.order)))
