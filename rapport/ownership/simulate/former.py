"""The kept history of the setup, read as a timeline, in the system's scope. It only reads, but for `begin`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.core.models import Former
from rapport.ownership.simulate import setup
from rapport.ownership.simulate.changed import Changed, applied, sizes
from rapport.ownership.simulate.past import Scenery, Seat, Staffing
from rapport.ownership.simulate.timeline import Change, Row, Timeline, founded, known
from rapport.people.models import PersonFormer, RelationshipFormer

#: By table its id and the columns that are read; those that triggers keep (`core.former_sql`), and no others.
_COLUMNS = {
    setup.TEAMS: ("id", "slug, name, confidential, is_open, is_active, hours_id, taken_by"),
    setup.MEMBERS: ("id", "email, name, role, is_active, skills, languages, capacity, hours_id"),
    setup.SEATS: ("id", "member_id, team_id"),
    setup.HOURS: ("id", "name, time_zone, blocks, holidays"),
    setup.ABSENCES: ("id", "member_id, starts_at, ends_at"),
    setup.ROTATIONS: ("team_id", 'team_id, "order", first, minutes, time_zone'),
    setup.DUTIES: ("id", "team_id, member_id, starts_at, ends_at"),
    setup.TOPICS: ("id", "slug, name, words, is_active"),
    setup.CHANNELS: ("id", "name, kind"),
}
#: One statement, so that what stands and what was changed are of one moment.
_READ = " UNION ALL ".join([
    *(f"SELECT '{table}', {key}, NULL::timestamptz, NULL::bigint, "
      f"(SELECT to_jsonb(said) FROM (SELECT {names}) AS said)::text FROM {table}"
      for table, (key, names) in _COLUMNS.items()),
    "SELECT kind, row_id, at, id, was::text FROM core_former WHERE kind = ANY(%s)",
])  # fmt: skip
_KEPT_MAX = 200


def timeline() -> Timeline:
    """The setup as it stands, and all that was changed of it."""
    rows: dict[str, dict[UUID, Row]] = {table: {} for table in _COLUMNS}
    changes = []
    for kind, id, at, number, said in _rows(_READ, [list(_COLUMNS)]):
        if at is None:
            rows[kind][id] = orjson.loads(said)
        else:
            changes.append((at, number, Change(at, kind, id, orjson.loads(said) if said else None)))
    changes.sort(key=lambda one: one[:2])
    return founded(rows, [one for *_, one in changes], setup.TEAMS)


def begin() -> None:
    """What stands now stood always: for who founds a company in one go. In the system's scope."""
    Former.objects.all().delete()
    PersonFormer.objects.all().delete()
    RelationshipFormer.objects.all().delete()


class Setups:
    """The company as it was set up at any moment; each setup is made once. `until`: up to when what became is known.

    `changed` says what of it is otherwise throughout.
    """

    def __init__(self, whole: Timeline, until: datetime, changed: Changed | None = None) -> None:
        self._deciding, self._until, self._changed = whole.only(setup.DECIDING), until, changed or Changed()
        self._order = _order(whole)
        self._made: dict[int, Scenery] = {}

    def at(self, moment: datetime) -> Scenery:
        """The setup that was in force then."""
        version = self._deciding.version(moment)
        if version not in self._made:
            if len(self._made) >= _KEPT_MAX:
                self._made.clear()
            rows = applied(self._changed, self._deciding.as_of(version))
            self._made[version] = setup.scenery_of(rows, self._until, self._order)
        return self._made[version]


class Shifts:
    """Who sat where at any moment, who was away and on call. `open_before`: what each had open at the beginning."""

    def __init__(
        self, whole: Timeline, open_before: Mapping[UUID, tuple[datetime | None, ...]], changed: Changed | None = None
    ) -> None:
        self._whole, self._changed = whole, changed or Changed()
        self._staffed, self._open_before = whole.only(setup.STAFFED), open_before
        self._away = setup.absences(known(whole, setup.ABSENCES))
        self._made: dict[int, Staffing] = {}
        self._everybody: dict[str, dict[UUID, Seat]] = {}

    def at(self, moment: datetime) -> Staffing:
        """The staffing that was in force then."""
        version = self._staffed.version(moment)
        if version not in self._made:
            if len(self._made) >= _KEPT_MAX:
                self._made.clear()
            rows = applied(self._changed, self._staffed.as_of(version))
            made = setup.staffing_of(rows, self._away, self._open_before)
            for slug, of in made.seats.items():
                self._everybody.setdefault(slug, {}).update((seat.member_id, seat) for seat in of)
            self._made[version] = made
        return self._made[version]

    def otherwise(self, changed: Changed) -> "Shifts":
        """The same with what is otherwise."""
        return Shifts(self._whole, self._open_before, changed) if changed.changes_rows else self

    def sizes(self) -> dict[str, int]:
        """How many members each team has as things stand."""
        return sizes(applied(self._changed, self._whole.rows))

    def between(self, since: datetime, until: datetime) -> list[tuple[datetime, Staffing]]:
        """Every staffing of a span, in order, each with since when."""
        first, last = self._staffed.version(since), self._staffed.version(until)
        moments = [since, *(self._staffed.changes[number].at for number in range(first, last))]
        return [(moment, self.at(moment)) for moment in dict.fromkeys(moments)]

    def everybody(self) -> Staffing:
        """All who sat anywhere in what was looked at so far."""
        return Staffing({slug: tuple(of.values()) for slug, of in self._everybody.items()}, self._open_before)


def _order(whole: Timeline) -> dict[str, int]:
    """Which of all names that a topic ever had comes first: only the database knows how it sorts."""
    rows = [*whole.rows.get(setup.TOPICS, {}).values()]
    rows += [one.was for one in whole.changes if one.kind == setup.TOPICS and one.was]
    names = sorted({row["name"] for row in rows})
    ordered = _rows("SELECT name FROM unnest(%s::text[]) AS name ORDER BY name", [names])
    return {name: place for place, (name,) in enumerate(ordered)}


def _rows(statement: str, parameters: Iterable[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return list(cursor.fetchall())
