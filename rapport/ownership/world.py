"""The company as values: enough to decide without a database, as a policy file may have it within. Pure.

`[vocabulary]` in a file says what a company has: teams, topics with their words, channels, business hours. So that the
file can be tried wherever it lies, in a company's own CI too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.policy import Promise
from rapport.ownership.problems import PolicyError, Vocabulary
from rapport.ownership.topics import TopicMatcher, TopicWords
from rapport.staff.hours import ALWAYS, Hours, HoursError, is_open, make_hours

KEYS = ("teams", "topics", "channels", "hours")
"""What `[vocabulary]` may hold; each is a table by name."""


class OpenAt(Mapping[str, bool]):
    """By name of business hours, whether they are open at a moment; worked out when asked."""

    def __init__(self, hours: Mapping[str, Hours], at: datetime) -> None:
        self._hours, self._at = hours, at

    def __getitem__(self, name: str) -> bool:
        return is_open(self._at, self._hours[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._hours)

    def __len__(self) -> int:
        return len(self._hours)


def hours_of(promise: Promise, owner: str, directory: Directory, hours: Mapping[str, Hours]) -> Hours:
    """The business hours in which a promise counts: those it names, else those of the owning team, else all's."""
    return hours.get(hours_name(promise, owner, directory)) or hours[""]


def hours_name(promise: Promise, owner: str, directory: Directory) -> str:
    """What these business hours are called; "" are the company's own."""
    team = directory.teams.get(owner)
    return promise.hours or (team.hours if team else "")


@dataclass(frozen=True)
class World:
    """Teams, topics, business hours ("" are the company's own), and of which kind each channel is, by its name."""

    directory: Directory
    matcher: TopicMatcher
    hours: Mapping[str, Hours]
    channels: Mapping[str, str] = field(default_factory=dict)


def world_of(plain: Mapping[str, Any]) -> tuple[World, Vocabulary]:
    """The world that a file has within, and its names. Raises PolicyError where it cannot be read."""
    unknown = next((key for key in plain if key not in KEYS), None)
    if unknown is not None:
        raise PolicyError(f"vocabulary.{unknown}: expected one of {', '.join(KEYS)}")
    teams, topics, channels, hours = (_table(plain, key) for key in KEYS)
    entries = {slug: _team(slug, _inner("teams", slug, one)) for slug, one in teams.items()}
    words = tuple(_topic(slug, _inner("topics", slug, one)) for slug, one in topics.items())
    kinds = {name: str(_inner("channels", name, one).get("kind", "email")) for name, one in channels.items()}
    open_hours = {name: _hours(name, _inner("hours", name, one)) for name, one in hours.items()}
    world = World(
        Directory(entries), TopicMatcher(words), {"": next(iter(open_hours.values()), ALWAYS), **open_hours}, kinds
    )
    names = {
        "teams": frozenset(entries), "topics": frozenset(topics), "hours": frozenset(hours),
        "channels": frozenset({*kinds, *kinds.values()}),
    }  # fmt: skip
    return world, Vocabulary(names)


def plain_world(world: World) -> dict[str, Any]:
    """The `[vocabulary]` of a file that `world_of` reads again; members are left out of it."""
    teams = world.directory.teams
    found: dict[str, Any] = {
        "teams": {slug: {"name": team.name, "confidential": team.confidential} for slug, team in teams.items()},
        "topics": {one.slug: {"name": one.name, "words": list(one.words)} for one in world.matcher.topics},
        "channels": {name: {"kind": kind} for name, kind in world.channels.items()},
        "hours": {name: _plain_hours(hours) for name, hours in world.hours.items() if name},
    }
    return {key: value for key, value in found.items() if value}


def _table(plain: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    given = plain.get(key, {})
    if not isinstance(given, dict):
        raise PolicyError(f'vocabulary.{key}: expected a table by name, such as hr = {{ name = "HR" }}')
    return given


def _inner(key: str, name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise PolicyError(f"vocabulary.{key}.{name}: expected a table")
    return given


def _team(slug: str, given: Mapping[str, Any]) -> TeamEntry:
    name = str(given.get("name", slug))
    return TeamEntry(
        uuid5(NAMESPACE_URL, slug), slug, name, given.get("confidential") is True, str(given.get("hours", ""))
    )


def _topic(slug: str, given: Mapping[str, Any]) -> TopicWords:
    words = given.get("words", [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise PolicyError(f"vocabulary.topics.{slug}.words: expected a list of words")
    return TopicWords(slug, str(given.get("name", slug)), tuple(words))


def _hours(name: str, given: Mapping[str, Any]) -> Hours:
    blocks = given.get("blocks", [])
    if not isinstance(blocks, list):
        raise PolicyError(f'vocabulary.hours.{name}.blocks: expected a list such as [[0, "09:00", "17:00"]]')
    try:
        return make_hours(str(given.get("time_zone", "UTC")), blocks, str(given.get("holidays", "")))
    except HoursError as error:
        raise PolicyError(f"vocabulary.hours.{name}: {error.message}", error.hint) from error


def _plain_hours(hours: Hours) -> dict[str, Any]:
    blocks = [[day, _clock(a), _clock(b)] for day, blocks in enumerate(hours.week) for a, b in blocks]
    return {"time_zone": hours.time_zone, "blocks": blocks} | ({"holidays": hours.holidays} if hours.holidays else {})


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
