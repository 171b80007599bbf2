"""What is known of one conversation of the past, and of the company around it. Values only. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from rapport.ownership.engine import Directory
from rapport.ownership.facts import Facts
from rapport.ownership.simulate.course import Turn
from rapport.ownership.topics import TopicMatcher
from rapport.staff.hours import Hours
from rapport.staff.rota import Rota


@dataclass(frozen=True)
class Asked:
    """Two policies as plain data and a span; `number` is the version of the first, where it is one.

    `member_id` is who looks: what they may not see is not counted. None: everything, for a command on the machine.
    `setup` is with what other setup of the company the second is tried, as plain data (`changed`).
    """

    base: dict[str, Any]
    draft: dict[str, Any]
    since: datetime
    until: datetime
    number: int | None = None
    member_id: UUID | None = None
    setup: Mapping[str, Any] = field(default_factory=dict)


class Learned(NamedTuple):
    """What was done by itself from what people had decided: a team, topic or priority, and how likely it was.

    `sure` is what its promise is held against, None where it was not kept; `certain`: by what was promised then.
    """

    label: str
    probability: float
    sure: float | None = None
    certain: bool = False


class Held(NamedTuple):
    """Whose a conversation was from a moment on: of which team, and of whom in it; `by_step`: a promise gave it."""

    at: datetime
    team: UUID | None
    member: UUID | None
    by_step: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A conversation as it stood when it came (`facts`), and what became of it.

    `owner` is the team people left it with, by slug; `settled`: people dealt with it (answered, resolved, or moved it).
    `decided_at` is when the policy decided it then, and so by which setup of the company: later than it came where old
    mail was brought in. `recorded` is the owner the policy gave it then, `recorded_by` the number of that version.
    `guessed`: something of its sender was written down only later, and so was left out. `learned`: what was learned by
    then, by kind, where it acted by itself; `said` is all that it said. `turns`: what happened with it since; None: not
    asked for. `held`: whose it really was, in order, where steps ask for it.
    """

    id: UUID
    facts: Facts
    owner: str = ""
    settled: bool = False
    recorded: str = ""
    recorded_by: int | None = None
    answered_at: datetime | None = None
    resolved_at: datetime | None = None
    guessed: bool = False
    learned: Mapping[str, Learned] = field(default_factory=dict)
    decided_at: datetime | None = None
    said: Mapping[str, Learned] = field(default_factory=dict)
    turns: Sequence[Turn] | None = None
    held: Sequence[Held] = ()

    @property
    def then(self) -> datetime:
        """The moment whose setup counts."""
        return self.decided_at or self.facts.at


@dataclass(frozen=True)
class Scenery:
    """The company of a moment as the replay sees it: teams with their members (to find whose a holder is, or whom a
    step means), hours by name, topics.

    `until` is the moment up to which is known what became of it. `holders` has e-mail address and name of who may hold
    a relationship, `channels` name and kind of each, both by id. `open_teams` has the short names of all teams that are
    not in confidence, by id, also of those that are gone.
    """

    directory: Directory
    matcher: TopicMatcher
    hours: Mapping[str, Hours]
    until: datetime
    holders: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)
    channels: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)
    open_teams: Mapping[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member in a team, for the load: `hours` is the name of those they work in, `away` when they are not there."""

    member_id: UUID
    email: str
    name: str
    capacity: int
    hours: str = ""
    away: tuple[tuple[datetime, datetime], ...] = ()
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Staffing:
    """Who sits in which team (by slug), until when what each had before stays open (None: still is), who is on call.

    `hours` are all business hours by name, `team_hours` the name of each team's own.
    """

    seats: Mapping[str, tuple[Seat, ...]] = field(default_factory=dict)
    open_before: Mapping[UUID, tuple[datetime | None, ...]] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    hours: Mapping[str, Hours] = field(default_factory=dict)
    team_hours: Mapping[str, str] = field(default_factory=dict)
