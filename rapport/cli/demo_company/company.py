"""What the files of the demo company say, as values. Pure but for reading those files."""

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SPAMMER = "spammer"


@dataclass(frozen=True)
class Hours:
    """Named business hours, the same from Monday to Friday."""

    name: str
    time_zone: str
    open: str
    close: str
    holidays: str


@dataclass(frozen=True)
class Team:
    """A team; `hours` is the name of its business hours.

    `taken_by`, `hand_over` are settings of `staff.models.Team`.
    """

    slug: str
    name: str
    description: str
    hours: str
    confidential: bool
    taken_by: str
    hand_over: str


@dataclass(frozen=True)
class Member:
    """Somebody who works there. `account` says what signing in as them shows; empty: not advertised."""

    slug: str
    name: str
    email: str
    role: str
    account: str
    teams: tuple[str, ...]
    leads: frozenset[str]
    time_zone: str
    language: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class Channel:
    """A mailbox of the company."""

    slug: str
    name: str
    address: str


@dataclass(frozen=True)
class Topic:
    """What a conversation may be about, and the words that give it away."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """Somebody who writes to the company. `since` is an ISO date or empty."""

    name: str
    email: str
    relationships: tuple[str, ...]
    organization: str
    language: str
    city: str
    since: str

    @property
    def first(self) -> str:
        """The name one is greeted with."""
        return self.name.split()[0]

    @property
    def is_known(self) -> bool:
        """Whether the company knows them before they write."""
        return bool(self.relationships) and SPAMMER not in self.relationships


@dataclass(frozen=True)
class Company:
    """The whole of it."""

    name: str
    domain: str
    password: str
    hours: tuple[Hours, ...]
    teams: tuple[Team, ...]
    members: tuple[Member, ...]
    channels: tuple[Channel, ...]
    topics: tuple[Topic, ...]
    people: tuple[Person, ...]

    def member(self, slug: str) -> Member:
        """The member of that slug; KeyError when there is none."""
        return {member.slug: member for member in self.members}[slug]

    def channel(self, slug: str) -> Channel:
        """The channel of that slug; KeyError when there is none."""
        return {channel.slug: channel for channel in self.channels}[slug]


@cache
def load() -> Company:
    """The demo company as its files say."""
    said = tomllib.loads((FOLDER / "company.toml").read_text(encoding="utf-8"))
    domain = said["domain"]
    return Company(
        name=said["name"],
        domain=domain,
        password=said["password"],
        hours=tuple(Hours(**hours) for hours in said["hours"]),
        teams=tuple(_team(team) for team in said["team"]),
        members=tuple(_member(member, domain) for member in said["member"]),
        channels=tuple(Channel(c["slug"], c["name"], f"{c['slug']}@{domain}") for c in said["channel"]),
        topics=tuple(Topic(topic["name"], tuple(topic["words"])) for topic in said["topic"]),
        people=_people(),
    )


def _team(said: dict[str, Any]) -> Team:
    return Team(
        said["slug"], said["name"], said["description"], said["hours"], said.get("confidential", False),
        said.get("taken_by", "self"), said.get("hand_over", "suggest"),
    )  # fmt: skip


def _member(said: dict[str, Any], domain: str) -> Member:
    teams = tuple(said["teams"])
    return Member(
        slug=said["slug"],
        name=said["name"],
        email=f"{said['slug']}@{domain}",
        role=said["role"],
        account=said.get("account", ""),
        teams=tuple(team.removesuffix("*") for team in teams),
        leads=frozenset(team[:-1] for team in teams if team.endswith("*")),
        time_zone=said["time_zone"],
        language=said["language"],
        skills=tuple(said["skills"]),
        languages=tuple(said.get("languages", (said["language"],))),
        signature=said["signature"],
    )


def _people() -> tuple[Person, ...]:
    with (FOLDER / "people.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Person(**{**row, "relationships": tuple(filter(None, row["relationships"].split(";")))})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        )
