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
    """

    base: dict[str, Any]
    draft: dict[str, Any]
    since: datetime
    until: datetime
    number: int | None = None
    member_id: UUID | None = None


class Learned(NamedTuple):
    """What was done by itself from what people had decided: a team, topic or priority, and how likely it was."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Past:
    """A conversation as it stood when it came (`facts`), and what became of it.

    `owner` is the team people left it with, by slug; `settled`: people dealt with it (answered, resolved, or moved it).
    `recorded` is the owner the policy gave it then, `recorded_by` the number of that version. `guessed`: something of
    its sender was written down only later, and so was left out. `learned`: what was learned by then, by kind, where it
    acted by itself. `turns`: what happened with it since; None: not asked for.
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
    turns: Sequence[Turn] | None = None


@dataclass(frozen=True)
class Scenery:
    """The company as the replay sees it: teams, hours by name, topics.

    Teams have members only where somebody asks for them: to find whose a holder is, or whom a step means.

    `until` is the moment up to which is known what became of it.
    """

    directory: Directory
    matcher: TopicMatcher
    hours: Mapping[str, Hours]
    until: datetime


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
    """Who sits in which team (by slug), until when what each had before stays open (None: still is), who is on call."""

    seats: Mapping[str, tuple[Seat, ...]] = field(default_factory=dict)
    open_before: Mapping[UUID, tuple[datetime | None, ...]] = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
