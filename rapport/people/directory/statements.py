"""How a list of people or organizations is asked of the database: values in, one statement out. Pure.

`p` is a row of the walled table, `k` its keys. OFFSET 0 and scalar subqueries hold the planner to the way that is
meant: it knows nothing of how keys go together, and would else read everything for a page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.people.directory.conditions import Need, Where

#: So many are gathered and put in order; of more the order is walked.
FEW = 6_000
#: So many rows are looked at for a page, at most.
BUDGET = 20_000
#: The same of those heard from, for each team of the viewer: at first few, then many.
REACHES = (400, 6_000)

Statement = tuple[str, list[Any]]


@dataclass(frozen=True)
class Table:
    """What is listed, and what of it is shown at all."""

    name: str
    shown: str


PEOPLE = Table(
    "people_person",
    "p.erased_at IS NULL AND (p.top IS NULL OR NOT EXISTS (SELECT 1 FROM people_person t WHERE t.id = p.top))",
)
ORGANIZATIONS = Table("people_organization", "true")


@dataclass(frozen=True)
class Keyed:
    """A need with the hashes of its keys, and that of the key which trees have."""

    need: Need
    all_of: list[int]
    any_of: list[list[int]]
    tree: int


@dataclass(frozen=True)
class Edge:
    """Where a page ended: what its last row was ordered by (None: never heard from), and its id."""

    place: str | datetime | None
    id: UUID


_ORDERS = {
    "name": ("p.sort_name", "place, id", "(p.sort_name, p.id) > (%s, %s)"),
    "newest": ("p.created_at", "place DESC, id DESC", "(p.created_at, p.id) < (%s, %s)"),
    "heard": ("", "place DESC NULLS LAST, id DESC", ""),
}
_INDEX_ORDER = {"name": "p.sort_name, p.id", "newest": "p.created_at DESC, p.id DESC"}


def gathered(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Statement:
    """How many have the keys, at most one more than FEW; and where they are few, the page's ids with their place."""
    has, values = _has(keyed)
    few = f"SELECT k.id, k.keys @> %s::bigint[] AS tree FROM people_key k WHERE {has} LIMIT {FEW + 1}"
    return _out_of(few, [[keyed.tree], *values], table, keyed, (sort, edge, limit))


def gathered_heard(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Statement:
    """The same out of those heard from since a moment; their keys are looked at one by one."""
    looked, values = _looks(keyed)
    few = f"""SELECT p.id, false AS tree FROM (SELECT DISTINCT root FROM (SELECT h.root FROM people_heard h
        WHERE h.team = ANY(%s) AND h.at >= %s LIMIT {FEW + 1}) AS lately) AS h
        JOIN people_person p ON p.root = h.root WHERE {looked}"""
    over = f"""(SELECT count(*) FROM (SELECT 1 FROM people_heard h WHERE h.team = ANY(%s) AND h.at >= %s
        LIMIT {FEW + 1}) AS lately)"""
    given: list[Any] = [list(keyed.need.teams), keyed.need.heard_after]
    return _out_of(few, [*given, *values], table, keyed, (sort, edge, limit), Where(over, tuple(given)))


def walked(table: Table, keyed: Keyed, sort: str, edge: Edge | None, limit: int) -> Statement:
    """The page's ids with their place, out of the next BUDGET rows in order."""
    place, _order, behind = _ORDERS[sort]
    looked, values = _looks(keyed)
    checks, given = _checks(keyed.need)
    after, start = (behind, [edge.place, edge.id]) if edge else ("true", [])
    since, first = _since(keyed.need) if sort == "newest" else ("true", [])
    sql = f"""SELECT p.id, p.place FROM (SELECT p.*, {place} AS place FROM {table.name} p WHERE {after} AND {since}
        ORDER BY {_INDEX_ORDER[sort]} LIMIT {BUDGET}) AS p
        WHERE {table.shown} AND {looked} AND {checks} LIMIT {limit}"""
    return sql, [*start, *first, *values, *given]


def end_of_walk(table: Table, keyed: Keyed, sort: str, edge: Edge | None) -> Statement:
    """The last of the BUDGET rows behind the edge, if there are so many."""
    place, _order, behind = _ORDERS[sort]
    after, start = (behind, [edge.place, edge.id]) if edge else ("true", [])
    since, first = _since(keyed.need) if sort == "newest" else ("true", [])
    sql = f"""SELECT p.id, {place} FROM {table.name} p WHERE {after} AND {since}
        ORDER BY {_INDEX_ORDER[sort]} OFFSET {BUDGET - 1} LIMIT 1"""
    return sql, [*start, *first]


def walked_heard(keyed: Keyed, edge: Edge | None, limit: int, reach: int) -> Statement:
    """Ids with when they were heard from, latest first, out of the `reach` latest of each team of the viewer."""
    looked, values = _looks(keyed)
    checks, given = _checks(keyed.need)
    latest, start = _latest(keyed.need, edge, reach)
    behind, end = ("(h.at, p.id) < (%s, %s)", [edge.place, edge.id]) if edge else ("true", [])
    sql = f"""SELECT p.id, h.at FROM ({latest}) AS h JOIN LATERAL
            (SELECT * FROM people_person p WHERE p.root = h.root OFFSET 0) AS p ON true
        WHERE NOT EXISTS (SELECT 1 FROM people_heard l WHERE l.root = h.root AND l.team = ANY(%s)
                AND (l.at, l.team) > (h.at, h.team))
            AND {behind} AND {PEOPLE.shown} AND {looked} AND {checks}
        ORDER BY h.at DESC, p.id DESC LIMIT {limit}"""
    return sql, [*start, list(keyed.need.teams), *end, *values, *given]


def heard_beyond(keyed: Keyed, edge: Edge | None, reach: int) -> Statement:
    """Where `walked_heard` ended, if there is something behind it."""
    latest, start = _latest(keyed.need, edge, reach)
    return f"SELECT h.root, h.at FROM ({latest}) AS h OFFSET {reach - 1} LIMIT 1", start


def walked_never(table: Table, keyed: Keyed, edge: Edge | None, limit: int) -> Statement:
    """Ids of those never heard from, newest first, out of the next BUDGET rows."""
    looked, values = _looks(keyed)
    checks, given = _checks(keyed.need)
    after, start = ("p.id < %s", [edge.id]) if edge else ("true", [])
    sql = f"""SELECT p.id FROM (SELECT p.* FROM {table.name} p WHERE {after} ORDER BY p.id DESC LIMIT {BUDGET}) AS p
        WHERE NOT EXISTS (SELECT 1 FROM people_heard h WHERE h.root = p.root AND h.team = ANY(%s))
            AND {table.shown} AND {looked} AND {checks} LIMIT {limit}"""
    return sql, [*start, list(keyed.need.teams), *values, *given]


def end_of_never(table: Table, edge: Edge | None) -> Statement:
    """The last of the BUDGET rows that `walked_never` looks at, if there are so many."""
    after, start = ("p.id < %s", [edge.id]) if edge else ("true", [])
    return f"SELECT p.id FROM {table.name} p WHERE {after} ORDER BY p.id DESC OFFSET {BUDGET - 1} LIMIT 1", start


def every(table: Table, keyed: Keyed, limit: int) -> Statement:
    """The ids of all, in no order."""
    checks, given = _checks(keyed.need)
    if not keyed.all_of and not keyed.any_of:
        sql = f"SELECT p.id FROM {table.name} p WHERE {table.shown} AND {checks} LIMIT {limit}"
        return sql, given
    has, values = _has(keyed)
    tree, trees = _of_tree(keyed.need, "p.tree")
    sql = f"""SELECT p.id FROM (SELECT p.*, k.tree FROM
            (SELECT k.id, k.keys @> %s::bigint[] AS tree FROM people_key k WHERE {has} OFFSET 0) AS k
            JOIN LATERAL (SELECT * FROM {table.name} p WHERE p.id = k.id OFFSET 0) AS p ON true) AS p
        WHERE {table.shown} AND {tree} AND {checks} LIMIT {limit}"""
    return sql, [[keyed.tree], *values, *trees, *given]


def _out_of(
    few: str, values: list[Any], table: Table, keyed: Keyed, wanted: tuple[str, Edge | None, int],
    over: Where | None = None,
) -> Statement:  # fmt: skip
    """The page out of `few`, and how many those are (or `over`, where that is counted elsewhere)."""
    sort, edge, limit = wanted
    place, order, behind = _ORDERS[sort]
    params: list[Any] = [*values, *(over.params if over else ())]
    after, start = (behind, [edge.place, edge.id]) if edge and behind else ("true", [])
    if sort == "heard":
        place = "(SELECT max(h.at) FROM people_heard h WHERE h.root = p.root AND h.team = ANY(%s))"
        params.append(list(keyed.need.teams))
    behind, end = _behind_heard(edge) if sort == "heard" else ("true", [])
    tree, trees = _of_tree(keyed.need, "p.tree")
    checks, given = _checks(keyed.need)
    counted = over.sql if over else "(SELECT count(*) FROM few)"
    sql = f"""WITH few AS MATERIALIZED ({few})
        SELECT n.many, f.id, f.place FROM (SELECT {counted} AS many) AS n LEFT JOIN LATERAL (
            SELECT p.id, p.place FROM (SELECT p.*, few.tree, {place} AS place
                FROM few JOIN LATERAL (SELECT * FROM {table.name} p WHERE p.id = few.id OFFSET 0) AS p ON true
                WHERE n.many <= {FEW} AND {table.shown} AND {after}
                ORDER BY {order.replace("id", "p.id")} OFFSET 0) AS p
            WHERE {behind} AND {tree} AND {checks} LIMIT {limit}) AS f ON true"""
    return sql, [*params, *start, *end, *trees, *given]


def _behind_heard(edge: Edge | None) -> Statement:
    if edge is None:
        return "true", []
    if edge.place is None:
        return "p.place IS NULL AND p.id < %s", [edge.id]
    return "(p.place IS NULL OR (p.place, p.id) < (%s, %s))", [edge.place, edge.id]


def _latest(need: Need, edge: Edge | None, reach: int) -> Statement:
    until, start = ("h.at <= %s", [edge.place]) if edge else ("true", [])
    since, first = ("h.at >= %s", [need.heard_after]) if need.heard_after else ("true", [])
    sql = f"""SELECT each.* FROM unnest(%s::uuid[]) AS t (team), LATERAL (
        SELECT h.root, h.at, h.team FROM people_heard h WHERE h.team = t.team AND {until} AND {since}
        ORDER BY h.at DESC, h.root DESC LIMIT {reach}) AS each
        ORDER BY each.at DESC LIMIT {reach}"""
    return sql, [list(need.teams), *start, *first]


def _has(keyed: Keyed) -> Statement:
    """What the index of keys is asked for."""
    parts = ["k.keys @> %s::bigint[]"] if keyed.all_of else []
    parts += ["k.keys && %s::bigint[]"] * len(keyed.any_of)
    return " AND ".join(parts) or "true", [*([keyed.all_of] if keyed.all_of else []), *keyed.any_of]


def _looks(keyed: Keyed) -> Statement:
    """The same of one row, by its id; of trees the conditions themselves."""
    has, values = _has(keyed)
    if has == "true":
        return "true", []
    tree, trees = _of_tree(keyed.need, "(k.keys @> %s::bigint[])")
    if keyed.need.of_tree:
        return (
            f"(SELECT {has} AND {tree} FROM people_key k WHERE k.id = p.id)", [*values, [keyed.tree], *trees]
        )  # fmt: skip
    return f"(SELECT {has} FROM people_key k WHERE k.id = p.id)", values


def _of_tree(need: Need, tree: str) -> Statement:
    if not need.of_tree:
        return "true", []
    conditions = " AND ".join(one.sql for one in need.of_tree)
    return f"(NOT {tree} OR ({conditions}))", [value for one in need.of_tree for value in one.params]


def _checks(need: Need) -> Statement:
    parts = [*need.checks]
    heard = "EXISTS (SELECT 1 FROM people_heard h WHERE h.root = p.root AND h.team = ANY(%s){0})"
    teams = list(need.teams)
    if need.heard_after is not None:
        parts.insert(0, Where(heard.format(" AND h.at >= %s"), (teams, need.heard_after)))
    if need.not_heard_after is not None:
        parts.insert(0, Where("NOT " + heard.format(" AND h.at >= %s"), (teams, need.not_heard_after)))
    if need.never_heard:
        parts.insert(0, Where("NOT " + heard.format(""), (teams,)))
    since, first = _since(need)
    parts.insert(0, Where(since, tuple(first)))
    return " AND ".join(one.sql for one in parts), [value for one in parts for value in one.params]


def _since(need: Need) -> Statement:
    return ("p.created_at >= %s::date", [need.since]) if need.since else ("true", [])

