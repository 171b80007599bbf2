"""How a list of people or organizations is asked of the database: values in, one statement out. Pure.

`p` is a row of the walled table, `k` its keys. OFFSET 0 and scalar subqueries hold the planner to the way that is
meant, row by row: it knows nothing of how keys go together, and would else read everything for a page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.people.directory.conditions import Need, Where

#: As many as `Table.few`, where they stand in a row, as those do who are known since a day.
FEW_IN_A_ROW = 6_000
#: So many rows are looked at for a page, at most.
BUDGET = 20_000
#: The same to find more than are counted, in no order.
BUDGET_OF_COUNT = 60_000
#: The same of those heard from, for each team of the viewer: at first few, then many.
REACHES = (300, 3_000)
#: As many tags as `people_row` has room for: of who has more each is looked at where it stands.
_TAGS_MAX = 60
_NAMELESS = "\ufffd"

Statement = tuple[str, list[Any]]


@dataclass(frozen=True)
class Table:
    """What is listed, and what of it is shown at all; `narrow`: its rows have tags and words themselves; `few`: so many
    are gathered and put in order, of more the order is walked."""

    name: str
    shown: str
    narrow: bool
    few: int


PEOPLE = Table(
    "people_row",
    """NOT p.erased AND (p.top IS NULL OR NOT EXISTS (SELECT 1 FROM people_row t
        WHERE t.root = p.root AND (t.id = t.root OR t.id < p.id) OFFSET 0))""",
    narrow=True,
    few=2_500,
)
#: There are fewer of them, and to walk them is dearer: for each the wall is asked, and the table of keys.
ORGANIZATIONS = Table("people_organization", "true", narrow=False, few=6_000)


@dataclass(frozen=True)
class Keyed:
    """A need with its keys as the database hashes them, the letters word by word."""

    need: Need
    tags: list[int]
    letters: list[list[int]]
    any_of: list[list[int]]
    none_of: list[int]

    @property
    def keys(self) -> list[int]:
        """Tags and letters, for the index."""
        return list(dict.fromkeys([*self.tags, *(one for word in self.letters for one in word)]))


@dataclass(frozen=True)
class Edge:
    """Where a page ended: what its last row was ordered by (None: never heard from), and its id."""

    place: str | datetime | None
    id: UUID


_ORDERS = {
    "name": ("p.sort_name", "p.place, p.id", "(p.sort_name, p.id) > (%s, %s)"),
    "newest": ("p.created_at", "p.place DESC, p.id DESC", "(p.created_at, p.id) < (%s, %s)"),
    "heard": (
        "",
        "p.place DESC NULLS LAST, CASE WHEN p.place IS NULL THEN p.created_at END DESC NULLS LAST, p.id DESC",
        "",
    ),
}  # fmt: skip
_INDEX_ORDER = {"name": "p.sort_name, p.id", "newest": "p.created_at DESC, p.id DESC"}
#: What is read of a row, so that its index alone is read.
_COLUMNS = {
    "people_row": "p.id, p.root, p.top, p.tree, p.erased, p.created_at, p.sort_name, p.tags, p.words",
    "people_organization": "p.id, p.name, p.domain, p.created_at, p.sort_name",
}
#: All rows of what the keys, or a moment of hearing, are of. Trees are found by the keys of their top, which are those
#: of all its rows; so the index of trees, which has every column, is enough.
_FOUND_BY = {"people_row": "p.root", "people_organization": "p.id"}
_NEVER_BEHIND = "(p.created_at, p.id) < ((SELECT e.created_at FROM people_row e WHERE e.id = %s), %s)"


def gathered(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Statement:
    """Whether more than a few have the keys; and where not, the page's ids with their place."""
    has, values = _has("k.keys", keyed.keys, keyed.any_of)
    few = f"SELECT k.id FROM people_key k WHERE {has} LIMIT {table.few + 1}"
    return _out_of(Where(few, tuple(values)), table, keyed, sort, edge, limit)


def gathered_heard(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Statement:
    """The same out of those heard from since a moment."""
    few = f"SELECT h.root AS id FROM people_heard h WHERE h.team = ANY(%s) AND h.at >= %s LIMIT {table.few + 1}"
    given = (list(keyed.need.teams), keyed.need.heard_after)
    return _out_of(Where(few, given), table, keyed, sort, edge, limit)


def gathered_since(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Statement:
    """The same out of those known since a day."""
    few = f"""SELECT {_COLUMNS[table.name]} FROM {table.name} p WHERE p.created_at >= %s::date::timestamptz
        ORDER BY {_INDEX_ORDER["newest"]} LIMIT {FEW_IN_A_ROW + 1}"""
    return _out_of(Where(few, (keyed.need.since,)), table, keyed, sort, edge, limit)


def walked(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Statement:
    """The page's ids with their place, out of the next BUDGET rows in order."""
    place = _ORDERS[sort][0]
    looked, values = _looks(table, keyed)
    checks, given = _checks(keyed.need)
    after, start = _start(keyed.need, sort, edge)
    sql = f"""SELECT p.id, p.place FROM (SELECT {_COLUMNS[table.name]}, {place} AS place FROM {table.name} p
            WHERE {after} ORDER BY {_INDEX_ORDER[sort]} LIMIT {BUDGET}) AS p
        WHERE {table.shown} AND {looked} AND {checks} LIMIT {limit}"""
    return sql, [*start, *values, *given]


def end_of_walk(table: Table, keyed: Keyed, sort: str, edge: Edge | None) -> Statement:
    """The last of the BUDGET rows behind the edge, if there are so many."""
    after, start = _start(keyed.need, sort, edge)
    sql = f"""SELECT p.id, {_ORDERS[sort][0]} FROM {table.name} p WHERE {after}
        ORDER BY {_INDEX_ORDER[sort]} OFFSET {BUDGET - 1} LIMIT 1"""
    return sql, start


def walked_heard(keyed: Keyed, edge: Edge | None, limit: int, reach: int) -> Statement:
    """Ids with when they were heard from, latest first, out of the `reach` latest of each team of the viewer."""
    looked, values = _looks(PEOPLE, keyed)
    checks, given = _checks(keyed.need)
    latest, start = _latest(keyed.need, edge, reach)
    behind, end = ("(h.at, p.id) < (%s, %s)", [edge.place, edge.id]) if edge else ("true", [])
    # What is asked comes first: most rows have not got it, and whether another team heard later is dear.
    sql = f"""SELECT f.id, f.at FROM (SELECT p.id, h.at, h.team, h.root FROM ({latest}) AS h JOIN LATERAL
            (SELECT {_COLUMNS["people_row"]} FROM people_row p WHERE p.root = h.root OFFSET 0) AS p ON true
            WHERE {behind} AND {PEOPLE.shown} AND {looked} AND {checks} ORDER BY h.at DESC, p.id DESC OFFSET 0) AS f
        WHERE NOT EXISTS (SELECT 1 FROM people_heard l WHERE l.root = f.root AND l.team = ANY(%s)
                AND (l.at, l.team) > (f.at, f.team) OFFSET 0)
        ORDER BY f.at DESC, f.id DESC LIMIT {limit}"""
    return sql, [*start, *end, *values, *given, list(keyed.need.teams)]


def heard_beyond(keyed: Keyed, edge: Edge | None, reach: int) -> Statement:
    """Where `walked_heard` ended, if there is something behind it."""
    latest, start = _latest(keyed.need, edge, reach)
    # By the row that the viewer sees: the top of the tree may be hidden from them.
    seen = f"SELECT p.id FROM people_row p WHERE p.root = h.root AND {PEOPLE.shown}"
    sql = f"""SELECT coalesce(({seen}), '00000000-0000-0000-0000-000000000000'), h.at
        FROM (SELECT * FROM ({latest}) AS h OFFSET {reach - 1} LIMIT 1) AS h"""
    return sql, start


def walked_never(table: Table, keyed: Keyed, edge: Edge | None, limit: int) -> Statement:
    """Ids of those never heard from, newest first, out of the next BUDGET rows."""
    looked, values = _looks(table, keyed)
    checks, given = _checks(keyed.need)
    after, start = (_NEVER_BEHIND, [edge.id, edge.id]) if edge else ("true", [])
    sql = f"""SELECT p.id FROM (SELECT {_COLUMNS[table.name]} FROM {table.name} p WHERE {after}
            ORDER BY {_INDEX_ORDER["newest"]} LIMIT {BUDGET}) AS p
        WHERE NOT EXISTS (SELECT 1 FROM people_heard h WHERE h.root = p.root AND h.team = ANY(%s) OFFSET 0)
            AND {table.shown} AND {looked} AND {checks} LIMIT {limit}"""
    return sql, [*start, list(keyed.need.teams), *values, *given]


def end_of_never(table: Table, edge: Edge | None) -> Statement:
    """The last of the BUDGET rows that `walked_never` looks at, if there are so many."""
    after, start = (_NEVER_BEHIND, [edge.id, edge.id]) if edge else ("true", [])
    order = _INDEX_ORDER["newest"]
    return f"SELECT p.id FROM {table.name} p WHERE {after} ORDER BY {order} OFFSET {BUDGET - 1} LIMIT 1", start


def some(table: Table, keyed: Keyed, limit: int) -> Statement:
    """The ids of up to `limit` of those among the first rows that there are."""
    looked, values = _looks(table, keyed)
    checks, given = _checks(keyed.need)
    sql = f"""SELECT p.id FROM (SELECT {_COLUMNS[table.name]} FROM {table.name} p LIMIT {BUDGET_OF_COUNT}) AS p
        WHERE {table.shown} AND {looked} AND {checks} LIMIT {limit}"""
    return sql, [*values, *given]


def every(table: Table, keyed: Keyed, limit: int) -> Statement:
    """The ids of all, in no order."""
    checks, given = _checks(keyed.need)
    looked, values = _looks(table, keyed)
    if keyed.need.heard_after is not None:
        heard, first = "h.team = ANY(%s) AND h.at >= %s", [list(keyed.need.teams), keyed.need.heard_after]
        sql = f"""SELECT p.id FROM (SELECT DISTINCT h.root FROM people_heard h WHERE {heard}) AS h
                JOIN LATERAL (SELECT {_COLUMNS[table.name]} FROM {table.name} p
                    WHERE p.root = h.root OFFSET 0) AS p ON true
            WHERE {table.shown} AND {looked} AND {checks} LIMIT {limit}"""
        return sql, [*first, *values, *given]
    if not keyed.keys and not keyed.any_of:
        sql = f"SELECT p.id FROM {table.name} p WHERE {table.shown} AND {looked} AND {checks} LIMIT {limit}"
        return sql, [*values, *given]
    has, keys = _has("k.keys", keyed.keys, keyed.any_of)
    if not table.narrow:
        looked, values = "true", []
    sql = f"""SELECT p.id FROM (SELECT k.id FROM people_key k WHERE {has} OFFSET 0) AS k
            JOIN LATERAL (SELECT {_COLUMNS[table.name]} FROM {table.name} p
                WHERE {_FOUND_BY[table.name]} = k.id OFFSET 0) AS p ON true
        WHERE {table.shown} AND {looked} AND {checks} LIMIT {limit}"""
    return sql, [*keys, *values, *given]


def _out_of(
    few: Where, table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int
) -> Statement:
    """Whether there are too many in `few` (ids, or whole rows), and else the page out of them."""
    place, order, behind = _ORDERS[sort]
    params: list[Any] = [*few.params]
    after, start = (behind, [edge.place, edge.id]) if edge and behind else ("true", [])
    if sort == "heard":
        place = "(SELECT max(h.at) FROM people_heard h WHERE h.root = p.root AND h.team = ANY(%s))"
        params.append(list(keyed.need.teams))
    behind, end = _behind_heard(edge) if sort == "heard" else ("true", [])
    looked, values = _looks(table, keyed)
    checks, given = _checks(keyed.need)
    joined = f"""(SELECT DISTINCT id FROM few) AS k JOIN LATERAL (SELECT {_COLUMNS[table.name]} FROM {table.name} p
        WHERE {_FOUND_BY[table.name]} = k.id OFFSET 0) AS p ON true"""
    source, most = ("few AS p", FEW_IN_A_ROW) if "p.sort_name" in few.sql else (joined, table.few)
    sql = f"""WITH few AS MATERIALIZED ({few.sql})
        SELECT n.many > {most}, f.id, f.place FROM (SELECT count(*) AS many FROM few) AS n LEFT JOIN LATERAL (
            SELECT p.id, p.place FROM (SELECT p.* FROM (SELECT p.*, {place} AS place
                FROM {source} WHERE n.many <= {most} AND {table.shown} AND {after} OFFSET 0) AS p
                ORDER BY {order} OFFSET 0) AS p
            WHERE {behind} AND {looked} AND {checks} LIMIT {limit}) AS f ON true"""
    return sql, [*params, *start, *end, *values, *given]


def _start(need: Need, sort: str, edge: Edge | None) -> Statement:
    """Where a walk begins: behind the edge, and where those stand who are meant, if all do in one place."""
    parts, values = [], []
    if edge:
        parts.append(_ORDERS[sort][2])
        values += [edge.place, edge.id]
    if need.since and sort == "newest":
        # A moment and a day are compared by an operator that may leak, and so by no index behind a wall: the cast.
        parts.append("p.created_at >= %s::date::timestamptz")
        values.append(need.since)
    if need.nameless and sort == "name":
        parts.append("p.sort_name >= %s")
        values.append(_NAMELESS)
    return " AND ".join(parts) or "true", values


def _behind_heard(edge: Edge | None) -> Statement:
    if edge is None:
        return "true", []
    if edge.place is None:
        return f"p.place IS NULL AND {_NEVER_BEHIND}", [edge.id, edge.id]
    return "(p.place IS NULL OR (p.place, p.id) < (%s, %s))", [edge.place, edge.id]


def _latest(need: Need, edge: Edge | None, reach: int) -> Statement:
    until, start = ("h.at <= %s", [edge.place]) if edge else ("true", [])
    since, first = ("h.at >= %s", [need.heard_after]) if need.heard_after else ("true", [])
    before, last = ("h.at < %s", [need.not_heard_after]) if need.not_heard_after else ("true", [])
    sql = f"""SELECT each.* FROM unnest(%s::uuid[]) AS t (team), LATERAL (
        SELECT h.root, h.at, h.team FROM people_heard h WHERE h.team = t.team AND {until} AND {since} AND {before}
        ORDER BY h.at DESC, h.root DESC LIMIT {reach}) AS each
        ORDER BY each.at DESC, each.root DESC LIMIT {reach}"""
    return sql, [list(need.teams), *start, *first, *last]


def _has(column: str, all_of: list[int], any_of: list[list[int]]) -> Statement:
    parts = [f"{column} @> %s::bigint[]"] if all_of else []
    parts += [f"{column} && %s::bigint[]"] * len(any_of)
    return " AND ".join(parts) or "true", [*([all_of] if all_of else []), *any_of]


def _looks(table: Table, keyed: Keyed) -> Statement:
    """Everything asked of one row: by its tags and words, of trees by the conditions themselves."""
    if not table.narrow:
        has, values = _has("k.keys", keyed.keys, keyed.any_of)
        return f"(SELECT {has} FROM people_key k WHERE k.id = p.id)", values
    need = keyed.need
    has, values = _has("p.tags", keyed.tags, keyed.any_of)
    parts = [f"({has} OR cardinality(p.tags) = {_TAGS_MAX})"] if has != "true" else []
    if keyed.none_of:
        parts.append("(p.tree OR NOT p.tags && %s::bigint[])")
        values = [*values, keyed.none_of]
    parts += ["(p.tree OR ' ' || p.words LIKE %s)"] * len(need.words)
    values = [*values, *need.words]
    if need.exact:
        parts.append(f"(NOT p.tree OR ({' AND '.join(one.sql for one in need.exact)}))")
        values = [*values, *(value for one in need.exact for value in one.params)]
    return " AND ".join(parts) or "true", values


def _checks(need: Need) -> Statement:
    parts = [*need.checks]
    heard = "EXISTS (SELECT 1 FROM people_heard h WHERE h.root = p.root AND h.team = ANY(%s){0} OFFSET 0)"
    teams = list(need.teams)
    if need.heard_after is not None:
        parts.insert(0, Where(heard.format(" AND h.at >= %s"), (teams, need.heard_after)))
    if need.not_heard_after is not None:
        parts.insert(0, Where("NOT " + heard.format(" AND h.at >= %s"), (teams, need.not_heard_after)))
    if need.never_heard:
        parts.insert(0, Where("NOT " + heard.format(""), (teams,)))
    if need.since:
        parts.insert(0, Where("p.created_at >= %s::date::timestamptz", (need.since,)))
    return " AND ".join(one.sql for one in parts) or "true", [value for one in parts for value in one.params]
