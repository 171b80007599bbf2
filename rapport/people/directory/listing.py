"""A page of people, narrowed and in order, as fast with a million as with a hundred.

Two ways lead to a page. Where few have what is asked for, they are gathered by the index of keys, joined with the
walled table and put in order. Where many have it, the order itself is walked and each row looked at; after BUDGET rows
the page ends, with what was found and where to go on. Row-level security stands behind both.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from rapport.core import plans
from rapport.core.errors import Invalid
from rapport.people.directory import statements
from rapport.people.directory.asked import Asked
from rapport.people.directory.conditions import Need, Viewer, need_of, organization_need
from rapport.people.directory.frequency import folded, hashes_of, is_common, likely, rarest
from rapport.people.directory.statements import Edge, Keyed, Statement, Table
from rapport.staff.models import Member

PAGE_SIZE = 50
#: As many as one may change at once.
COUNTED_MAX = 2_000
_COUNTING_MS = 400


@dataclass(frozen=True)
class Listed:
    """The ids of a page in order. `cursor` leads on, "" at the end; `short`: there may be more, but the page is not
    full because too many rows had to be looked at for it. `heard` is when each was last heard from, where asked."""

    ids: Sequence[UUID] = ()
    cursor: str = ""
    short: bool = False
    heard: dict[UUID, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    """How many there are: `count`, or more than that many; `late`: counting was given up at what took too long."""

    count: int = 0
    more: bool = False
    late: bool = False


def list_people(asked: Asked, viewer: Viewer, cursor: str = "", limit: int = PAGE_SIZE) -> Listed:
    """One page. Raises Invalid when the cursor is none of ours."""
    return _page(statements.PEOPLE, _people_need(asked, viewer), asked.sort, cursor, limit)


def list_organizations(asked: Asked, viewer: Viewer, cursor: str = "", limit: int = PAGE_SIZE) -> Listed:
    """The same of organizations, by name or newest."""
    sort = "newest" if asked.sort == "newest" else "name"
    return _page(statements.ORGANIZATIONS, _organizations_need(asked), sort, cursor, limit)


def count_people(asked: Asked, viewer: Viewer, most: int = COUNTED_MAX) -> Counted:
    """How many the viewer may know of, up to `most`."""
    return _count(statements.PEOPLE, _people_need(asked, viewer), most)


def count_organizations(asked: Asked, viewer: Viewer, most: int = COUNTED_MAX) -> Counted:
    """The same of organizations."""
    return _count(statements.ORGANIZATIONS, _organizations_need(asked), most)


def every_person(asked: Asked, viewer: Viewer, most: int) -> list[UUID]:
    """All that match, in no order. Raises Invalid where there are more than `most`."""
    sql, params = statements.every(statements.PEOPLE, _keyed(_people_need(asked, viewer)), most + 1)
    found = [row[0] for row in _ask(sql, params)]
    if len(found) > most:
        raise Invalid(
            _("More than %(limit)s match.") % {"limit": f"{most:,}"}, _("Nothing was changed. Narrow the list.")
        )
    return found


def _people_need(asked: Asked, viewer: Viewer) -> Need:
    holders: list[UUID] = []
    if asked.team:
        members = Member.objects.filter(memberships__team__slug=asked.team, memberships__team__is_active=True)
        holders = list(members.values_list("id", flat=True))
    return need_of(asked, viewer, folded(asked.q) if asked.q else (), holders)


def _organizations_need(asked: Asked) -> Need:
    return organization_need(asked, folded(asked.q) if asked.q else ())


def _keyed(need: Need) -> Keyed:
    """The need with its keys as the database hashes them; whether they are few is for PostgreSQL's statistics."""
    flat = [*need.tags, *need.none_of, *(key for some in (*need.letters, *need.any_of) for key in some)]
    hashed = dict(zip(flat, hashes_of(flat), strict=True))
    tags, none_of = ([hashed[key] for key in dict.fromkeys(keys)] for keys in (need.tags, need.none_of))
    letters, any_of = ([[hashed[key] for key in some] for some in each] for each in (need.letters, need.any_of))
    return Keyed(need, tags, letters, any_of, none_of)


def _page(table: Table, need: Need, sort: str, cursor: str, limit: int) -> Listed:
    keyed, edge = _keyed(need), _edge_of(sort, cursor)
    with plans.fresh():
        for way in _ways(table, keyed, sort):
            found = _few(way(table, keyed, sort, edge, limit + 1), sort, limit)
            if found is not None:
                return found
        return _walked_heard(table, keyed, edge, limit) if sort == "heard" else _walked(table, keyed, sort, edge, limit)


def _ways(table: Table, keyed: Keyed, sort: str) -> Iterator[Callable[..., Statement]]:
    """What may be few, and so is tried before the order is walked."""
    if (keyed.keys or keyed.any_of) and not is_common(_asked_of_all(keyed), table.few):
        yield statements.gathered
    if keyed.need.heard_after is not None:
        yield statements.gathered_heard
    if keyed.need.since and sort != "newest":
        yield statements.gathered_since


def _asked_of_all(keyed: Keyed) -> list[list[int]]:
    """What every row has one each of."""
    return [*([tag] for tag in keyed.tags), *map(rarest, keyed.letters), *keyed.any_of]


def _few(asked: Statement, sort: str, limit: int) -> Listed | None:
    """The page out of what was gathered; None where that is not few."""
    rows = _ask(*asked)
    if rows[0][0]:
        return None
    return _listed([row[1:] for row in rows if row[1] is not None], sort, limit)


def _walked(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Listed:
    rows = _ask(*statements.walked(table, keyed, sort, edge, limit + 1))
    if len(rows) > limit:
        return _listed(rows, sort, limit)
    end = _ask(*statements.end_of_walk(table, keyed, sort, edge))
    cursor = _cursor_of(sort, Edge(end[0][1], end[0][0])) if end else ""
    return Listed([row[0] for row in rows], cursor, short=bool(end))


def _walked_heard(table: Table, keyed: Keyed, edge: Edge | None, limit: int) -> Listed:
    """Those heard from, latest first; then those never heard from, newest first."""
    need = keyed.need
    rows: list[Any] = []
    more: list[Any] = []
    heard = not need.never_heard and (edge is None or edge.place is not None)
    if heard:
        for reach in statements.REACHES:
            rows = _ask(*statements.walked_heard(keyed, edge, limit + 1, reach))
            more = _ask(*statements.heard_beyond(keyed, edge, reach)) if len(rows) <= limit else []
            if len(rows) > limit or not more:
                break
        if len(rows) > limit:
            return _listed(rows, "heard", limit)
        if more:
            return Listed(
                [row[0] for row in rows], _cursor_of("heard", Edge(more[0][1], more[0][0])), short=True,
                heard={row[0]: row[1] for row in rows},
            )  # fmt: skip
    if need.heard_after is not None:
        return _listed(rows, "heard", limit)
    never = edge if not heard else None
    rest = _ask(*statements.walked_never(table, keyed, never, limit + 1 - len(rows)))
    rows = [*rows, *((id, None) for (id,) in rest)]
    if len(rows) > limit:
        return _listed(rows, "heard", limit)
    end = _ask(*statements.end_of_never(table, never))
    cursor = _cursor_of("heard", Edge(None, end[0][0])) if end else ""
    return Listed([row[0] for row in rows], cursor, bool(end), {row[0]: row[1] for row in rows if row[1]})


def _listed(rows: Sequence[tuple[UUID, Any]], sort: str, limit: int) -> Listed:
    shown = rows[:limit]
    cursor = _cursor_of(sort, Edge(shown[-1][1], shown[-1][0])) if len(rows) > limit else ""
    heard = {id: place for id, place in shown if place is not None} if sort == "heard" else {}
    return Listed([id for id, _place in shown], cursor, heard=heard)


def _count(table: Table, need: Need, most: int) -> Counted:
    keyed = _keyed(need)
    try:
        with transaction.atomic(), plans.fresh(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(_COUNTING_MS)])
            for sql, params in _countings(table, keyed, most):
                cursor.execute(f"SELECT count(*) FROM ({sql}) AS counted", params)
                count = int(cursor.fetchone()[0])
                if count > most:
                    break
            cursor.execute("SELECT set_config('statement_timeout', '60000', true)")
            return Counted(min(count, most), count > most)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":  # canceled by statement_timeout
            raise
        return Counted(late=True)


def _countings(table: Table, keyed: Keyed, most: int) -> Iterator[Statement]:
    """How they are counted, the last exactly; before it, where likely more than `most` will be found, some rows."""
    asked = _asked_of_all(keyed)
    plain = table.narrow and asked and keyed.need.heard_after is None
    if plain and likely(asked) * statements.BUDGET_OF_COUNT > 1.1 * most:
        yield statements.some(table, keyed, most + 1)
    yield statements.every(table, keyed, most + 1)


def _ask(sql: str, params: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _cursor_of(sort: str, edge: Edge) -> str:
    place = edge.place.isoformat() if isinstance(edge.place, datetime) else edge.place
    return urlsafe_b64encode(json.dumps([sort, place, str(edge.id)]).encode()).decode()


def _edge_of(sort: str, cursor: str) -> Edge | None:
    if not cursor:
        return None
    try:
        kept, place, last = json.loads(urlsafe_b64decode(cursor.encode()))
        if kept != sort or not isinstance(place, str | None) or (place is None and sort != "heard"):
            raise ValueError(kept)
        if place is not None and "\0" in place:
            raise ValueError(place)
        at = place if sort == "name" or place is None else datetime.fromisoformat(place)
        if isinstance(at, datetime) and at.tzinfo is None:
            raise ValueError(place)
        return Edge(at, UUID(last))
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(_("This page of the list does not exist."), _("Start at its beginning.")) from error
