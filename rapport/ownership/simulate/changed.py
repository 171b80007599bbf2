"""The setup a draft is tried with, where that is another: what it says of topics, teams, hours, members. Pure.

As plain data it is what `[vocabulary]` of a policy file may hold, and more: members, and from which probability on what
was learned acts. Whatever it does not name stays as it was then, at every moment of the past.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC
from rapport.ownership.problems import PolicyError, Vocabulary
from rapport.ownership.simulate.setup import HOURS, MEMBERS, SEATS, TEAMS, TOPICS
from rapport.ownership.simulate.timeline import Row, Rows
from rapport.staff.hours import HoursError, make_hours

Named = Mapping[str, Mapping[str, Any]]
#: By part what may be said of each, and as what.
_PARTS: dict[str, dict[str, type]] = {
    "topics": {"name": str, "words": list, "active": bool},
    "teams": {"name": str, "confidential": bool, "hours": str, "active": bool, "members": list},
    "hours": {"time_zone": str, "blocks": list, "holidays": str},
    "members": {"teams": list, "capacity": int, "hours": str, "skills": list, "languages": list},
    "learned": {"from": int},
}
IGNORED = ("channels",)
"""What such a file may hold and nothing here goes by."""
_KINDS = (TEAM, TOPIC, PRIORITY)
_WORDS_MAX, _NAMED_MAX, _NAME_LONG_MAX = 200, 500, 254
_CAPACITY_MAX = 1000


@dataclass(frozen=True)
class Changed:
    """What of the setup is otherwise. Teams and topics are by slug, hours by name, members by e-mail address.

    `learned` has by kind ("team", "topic", "priority") from how many percent on what was learned acts by itself.
    """

    topics: Named = field(default_factory=dict)
    teams: Named = field(default_factory=dict)
    hours: Named = field(default_factory=dict)
    members: Named = field(default_factory=dict)
    learned: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any((self.topics, self.teams, self.hours, self.members, self.learned))

    @property
    def changes_rows(self) -> bool:
        """Whether the company is another one by it."""
        return any((self.topics, self.teams, self.hours, self.members))


def read(plain: Mapping[str, Any]) -> Changed:
    """What plain data says. Raises PolicyError, saying where it cannot be read."""
    if not isinstance(plain, Mapping):
        raise PolicyError(f"setup: expected a table with some of {', '.join(_PARTS)}")
    unknown = next((key for key in plain if key not in (*_PARTS, *IGNORED)), None)
    if unknown is not None:
        raise PolicyError(f"setup.{unknown}: expected one of {', '.join(_PARTS)}")
    parts = {part: _part(part, plain.get(part, {})) for part in _PARTS}
    for name, one in parts["hours"].items():
        try:
            make_hours(one.get("time_zone", "UTC"), one.get("blocks", []), one.get("holidays", ""))
        except HoursError as error:
            raise PolicyError(f"setup.hours.{name}: {error.message}", error.hint) from error
    for email, one in parts["members"].items():
        if not 1 <= one.get("capacity", 1) <= _CAPACITY_MAX:
            raise PolicyError(f"setup.members.{email}.capacity: expected a number from 1 to {_CAPACITY_MAX}")
    learned = {kind: one.get("from", 0) for kind, one in parts.pop("learned").items()}
    for kind, percent in learned.items():
        if kind not in _KINDS or not 1 <= percent <= 100:
            raise PolicyError(f"setup.learned.{kind}: expected one of {', '.join(_KINDS)}, from 1 to 100 percent")
    return Changed(**parts, learned=learned)


def _part(part: str, given: Any) -> Named:
    if not isinstance(given, Mapping) or len(given) > _NAMED_MAX:
        raise PolicyError(f"setup.{part}: expected a table by name, of at most {_NAMED_MAX}")
    for name, one in given.items():
        where = f"setup.{part}.{name}"
        if not isinstance(one, Mapping) or not _is_word(name):
            raise PolicyError(f"{where}: expected a table")
        for key, value in one.items():
            _check(part, key, value, f"{where}.{key}")
    return given


def _check(part: str, key: str, value: object, where: str) -> None:
    kind = _PARTS[part].get(key)
    if kind is None:
        raise PolicyError(f"{where}: expected one of {', '.join(_PARTS[part])}")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise PolicyError(f"{where}: expected {_EXPECTED[kind]}")
    if key == "blocks" and isinstance(value, list) and not all(isinstance(one, list) for one in value):
        raise PolicyError(f'{where}: expected a list such as [[0, "09:00", "17:00"]]')
    if isinstance(value, str) and "\0" in value:
        raise PolicyError(f"{where}: expected {_EXPECTED[str]} without control characters")
    if isinstance(value, list) and key != "blocks" and not _are_words(value):
        raise PolicyError(f"{where}: expected a list of words, at most {_WORDS_MAX}")


_EXPECTED = {str: "a text", list: "a list", bool: "true or false", int: "a whole number"}


def _are_words(given: list[Any]) -> bool:
    return len(given) <= _WORDS_MAX and all(map(_is_word, given))


def _is_word(given: object) -> bool:
    """A text of some length that the database takes too."""
    return isinstance(given, str) and 0 < len(given) <= _NAME_LONG_MAX and "\0" not in given


def vocabulary_with(changed: Changed, names: Vocabulary) -> Vocabulary:
    """The names that a rule may use which is tried with this setup."""
    there = {
        "teams": {slug for slug, one in changed.teams.items() if one.get("active", True)},
        "topics": {slug for slug, one in changed.topics.items() if one.get("active", True)},
        "hours": set(changed.hours),
    }
    members_of = {slug: set(emails) for slug, emails in names.members_of.items()}
    for slug in there["teams"]:
        members_of.setdefault(slug, set()).update(changed.teams[slug].get("members", ()))
    for email, one in changed.members.items():
        for slug in one.get("teams", ()):
            members_of.setdefault(slug, set()).add(email)
    return Vocabulary(
        {part: some | there.get(part, set()) for part, some in names.names.items()},
        {slug: frozenset(emails) for slug, emails in members_of.items()},
        names.readers,
        {**names.called, **{part: {**names.called.get(part, {}), **_called(some)} for part, some in (
            ("teams", changed.teams), ("topics", changed.topics),
        )}},
    )  # fmt: skip


def _called(changed: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {slug: one["name"] for slug, one in changed.items() if one.get("name")}


def strangers(changed: Changed, names: Vocabulary) -> list[str]:
    """Teams, hours and members that it speaks of and nobody knows."""
    known = vocabulary_with(changed, names)
    emails = {*changed.members, *(email for one in changed.teams.values() for email in one.get("members", ()))}
    used = [one for part in (changed.teams, changed.members) for one in part.values()]
    hours = {one["hours"] for one in used if one.get("hours")}
    teams = {slug for one in changed.members.values() for slug in one.get("teams", ())}
    return sorted(
        {*(emails - known.names.get("members", frozenset())), *(hours - known.names.get("hours", frozenset())),
         *(teams - known.names.get("teams", frozenset()))}
    )  # fmt: skip


def applied(changed: Changed, rows: Rows) -> Rows:
    """The rows of a moment with what is otherwise. Members are those who were there: nobody is invented."""
    if not changed.changes_rows:
        return rows
    found = {kind: dict(of) for kind, of in rows.items()}
    _hours(changed, found)
    by_name = {row["name"]: id for id, row in found.get(HOURS, {}).items()}
    _topics(changed, found)
    _teams(changed, found, by_name)
    _members(changed, found, by_name)
    return found


_Found = dict[str, dict[UUID, Row]]


def _hours(changed: Changed, found: _Found) -> None:
    rows = found.setdefault(HOURS, {})
    for place, (name, one) in enumerate(changed.hours.items(), 1):
        said = {"time_zone": "UTC", "blocks": [], "holidays": "", **one, "name": name}
        # The company's own are the first that were made: those that are new come last.
        rows[_by(rows, "name", name) or UUID(int=2**128 - place)] = said


def _topics(changed: Changed, found: _Found) -> None:
    rows = found.setdefault(TOPICS, {})
    for slug, one in changed.topics.items():
        id = _by(rows, "slug", slug) or _new("topic", slug)
        before = rows.get(id, {"slug": slug, "name": slug, "words": [], "is_active": True})
        kept = {key: one[key] for key in ("name", "words") if key in one}
        rows[id] = {**before, **kept, "is_active": one.get("active", True)}


def _teams(changed: Changed, found: _Found, hours: Mapping[str, UUID]) -> None:
    rows = found.setdefault(TEAMS, {})
    for slug, one in changed.teams.items():
        id = _by(rows, "slug", slug) or _new("team", slug)
        blank = {"slug": slug, "name": slug, "confidential": False, "is_open": True, "hours_id": None}
        kept = {key: one[key] for key in ("name", "confidential") if key in one}
        if "hours" in one:
            kept["hours_id"] = _text(hours.get(one["hours"]))
        rows[id] = {**rows.get(id, blank), **kept, "is_active": one.get("active", True)}
        for email in one.get("members", ()):
            member = _by(found.get(MEMBERS, {}), "email", email)
            if member is not None:
                _seat(found, member, id)


def _members(changed: Changed, found: _Found, hours: Mapping[str, UUID]) -> None:
    rows, teams = found.setdefault(MEMBERS, {}), found.get(TEAMS, {})
    for email, one in changed.members.items():
        id = _by(rows, "email", email)
        if id is None:
            continue
        kept = {key: one[key] for key in ("capacity", "skills", "languages") if key in one}
        if "hours" in one:
            kept["hours_id"] = _text(hours.get(one["hours"]))
        rows[id] = {**rows[id], **kept}
        if "teams" in one:
            seats = found.setdefault(SEATS, {})
            for seat in [seat for seat, row in seats.items() if row["member_id"] == str(id)]:
                del seats[seat]
            for team in filter(None, (_by(teams, "slug", slug) for slug in one["teams"])):
                _seat(found, id, team)


def _seat(found: _Found, member: UUID, team: UUID) -> None:
    seats = found.setdefault(SEATS, {})
    if not any(row["member_id"] == str(member) and row["team_id"] == str(team) for row in seats.values()):
        seats[_new("seat", f"{member} {team}")] = {"member_id": str(member), "team_id": str(team)}


def sizes(rows: Rows) -> dict[str, int]:
    """How many members who work here each active team has, by slug."""
    working = {str(id) for id, one in rows.get(MEMBERS, {}).items() if one["is_active"]}
    sits: dict[str, set[str]] = {}
    for one in rows.get(SEATS, {}).values():
        sits.setdefault(one["team_id"], set()).add(one["member_id"])
    return {
        one["slug"]: len(sits.get(str(id), set()) & working)
        for id, one in rows.get(TEAMS, {}).items()
        if one["is_active"]
    }


def _by(rows: Mapping[UUID, Row], column: str, value: str) -> UUID | None:
    return next((id for id, row in rows.items() if row[column] == value), None)


def _new(what: str, name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"{what}:{name}")


def _text(id: UUID | None) -> str | None:
    return str(id) if id else None


def names_of(changed: Changed) -> dict[str, str]:
    """What the teams are called that it names, by slug."""
    return {slug: str(one.get("name", slug)) for slug, one in changed.teams.items()}


def without(plain: Mapping[str, Any], part: str, name: str) -> dict[str, Any]:
    """The plain data but for what it says of one thing."""
    kept = {key: {n: one for n, one in of.items() if (key, n) != (part, name)} for key, of in plain.items()}
    return {key: of for key, of in kept.items() if of}


def merged(plain: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The plain data with what else is said; of the same thing both hold, and where they differ the later does."""
    found = {part: dict(of) for part, of in plain.items()}
    for part, of in more.items():
        place = found.setdefault(part, {})
        for name, one in of.items():
            place[name] = {**place.get(name, {}), **one}
    return found


def listed(plain: Mapping[str, Any]) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    """Everything that is otherwise: part, name, and what is said of it."""
    return ((part, name, one) for part in _PARTS for name, one in plain.get(part, {}).items())
