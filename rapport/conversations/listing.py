"""How a list is asked of the database: pure, values in, one statement out.

A list is the union of a few branches, and each branch is one run of one index in the order wanted, so that a page costs
the same wherever it lies and however much there is. Where a branch is one of several teams or audiences, the index is
entered once for each of them (LATERAL), and the first rows of all are merged. What the branches need is in `list_sql`.

Row-level security stands behind every branch. "All" is spread over the audiences of the member, because skipping what
is not for them one by one would take long for those who may see little.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.conversations.visibility import EVERYONE
from rapport.core.errors import Invalid
from rapport.staff.models import Member

SORTS = ("activity", "promise", "age", "newest")
OPEN = "open"


class Narrowing(Protocol):
    """What narrows a list further: SQL over `conversations_conversation`, with its parameters."""

    def where(self) -> tuple[str, list[Any]]:
        """One condition, and what stands for its %s."""
        ...


@dataclass(frozen=True)
class View:
    """One list of conversations: one of VIEWS or the conversations of `team_id`, in one status.

    Snoozed ones are in the view "snoozed", in what a member keeps, and in no other list of open ones. `sort` is one of
    SORTS. "any" has what "all" has, for a filter that finds few: only the wall says what the member may see.
    """

    member: Member
    team_ids: frozenset[UUID]
    name: str = "all"
    team_id: UUID | None = None
    status: str = OPEN
    sort: str = "activity"
    filter: Narrowing | None = None


@dataclass(frozen=True)
class Edge:
    """Where a page ended: what the sorts go by, of its last row."""

    due_at: datetime | None
    last_activity_at: datetime
    created_at: datetime
    id: UUID


@dataclass(frozen=True)
class _Part:
    """A condition with its parameters; with `keys`, once for each of them, as what `spread` equals."""

    condition: str = "true"
    parameters: list[Any] = field(default_factory=list)
    spread: str = ""
    keys: Sequence[UUID] = ()


_ORDERS = {
    "activity": "last_activity_at DESC, id DESC",
    "promise": "due_at ASC NULLS LAST, last_activity_at DESC, id DESC",
    "age": "created_at ASC, id ASC",
    "newest": "created_at DESC, id DESC",
}
_SHOWN = "id, due_at, last_activity_at, created_at"
_NO_TEAM = UUID(int=0)
#: As the index has it (`list_sql`).
_TEAM_OR_NONE = f"CASE WHEN owner_team_id IS NULL THEN '{_NO_TEAM}'::uuid ELSE owner_team_id END"
#: What a member keeps for themselves is little, and asleep or not is no matter.
_OWN = {
    "followed": "SELECT conversation_id FROM conversations_subscription WHERE member_id = %s AND interest = 'follow'",
    "drafts": "SELECT conversation_id FROM conversations_draft"
    " WHERE member_id = %s AND conversation_id IS NOT NULL AND html <> ''",
}


def page_statement(view: View, edge: Edge | None, limit: int) -> tuple[str, list[Any]]:
    """The ids of a page (and what its edge is made of), in order."""
    order, always = _order(view), _always(view)
    branches = [
        _branch([always, scope, piece], scope, order, limit) for scope in _scopes(view) for piece in _pieces(view, edge)
    ]
    if not branches:
        return f"SELECT {_SHOWN} FROM conversations_conversation WHERE false", []
    union = " UNION ALL ".join(sql for sql, _ in branches)
    parameters = [value for _, values in branches for value in values]
    return f"SELECT {_SHOWN} FROM ({union}) AS found ORDER BY {order} LIMIT {limit}", parameters


def among_statement(view: View, ids: Iterable[UUID]) -> tuple[str, list[Any]]:
    """Those of `ids` that are in the view, in order."""
    always, scopes = _always(view), _scopes(view)
    whole = [
        f"({one.condition}" + (f" AND {one.spread} = ANY(%s::uuid[]))" if one.spread else ")") for one in scopes
    ] or ["false"]
    parameters = [v for one in scopes for v in [*one.parameters, *([list(one.keys)] if one.spread else [])]]
    return (
        f"""SELECT id FROM conversations_conversation WHERE id = ANY(%s::uuid[]) AND {always.condition}
        AND ({" OR ".join(whole)}) ORDER BY {_order(view)}""",
        [list(ids), *always.parameters, *parameters],
    )


def cursor_of(view: View, edge: Edge) -> str:
    """The edge as it stands in an address."""
    times = (edge.due_at, edge.last_activity_at, edge.created_at)
    text = "|".join([_sort(view), *(one.isoformat() if one else "" for one in times), str(edge.id)])
    return urlsafe_b64encode(text.encode()).decode()


def edge_of(view: View, cursor: str) -> Edge | None:
    """The edge again. Raises Invalid when the cursor is none of ours, or of another sort."""
    if not cursor:
        return None
    try:
        sort, due, activity, created, last = urlsafe_b64decode(cursor.encode()).decode().split("|")
        if sort != _sort(view):
            raise ValueError(sort)
        at = datetime.fromisoformat
        return Edge(at(due) if due else None, at(activity), at(created), UUID(last))
    except ValueError as error:
        raise Invalid(_("This page of the list does not exist."), _("Start at its beginning.")) from error


def _branch(parts: Sequence[_Part], scope: _Part, order: str, limit: int) -> tuple[str, list[Any]]:
    conditions = " AND ".join(part.condition for part in parts)
    parameters = [value for part in parts for value in part.parameters]
    if not scope.spread:
        return f"({_found(conditions, order, limit)})", parameters
    inner = _found(f"{scope.spread} = spread.key AND {conditions}", order, limit)
    return (
        f"(SELECT each.* FROM unnest(%s::uuid[]) AS spread(key), LATERAL ({inner}) AS each"
        f" ORDER BY {order} LIMIT {limit})",
        [list(scope.keys), *parameters],
    )


def _found(conditions: str, order: str, limit: int) -> str:
    return f"SELECT {_SHOWN} FROM conversations_conversation WHERE {conditions} ORDER BY {order} LIMIT {limit}"


def _sort(view: View) -> str:
    # A promise runs only while a conversation is open.
    settled = view.sort == "promise" and view.status != OPEN
    return view.sort if view.sort in _ORDERS and not settled else "activity"


def _order(view: View) -> str:
    return _ORDERS[_sort(view)]


def _always(view: View) -> _Part:
    """What holds in every branch. The statuses stand in the text, because partial indexes are chosen by them."""
    parameters: list[Any] = []
    if view.name == "snoozed":
        condition = "status = 'open' AND snoozed AND merged_into IS NULL"
    elif view.status == OPEN and view.name in _OWN:
        condition = "status = 'open' AND merged_into IS NULL"
    elif view.status == OPEN:
        condition = "status = 'open' AND NOT snoozed AND merged_into IS NULL"
    else:
        condition, parameters = "status = %s AND status <> 'open' AND merged_into IS NULL", [view.status]
    if view.filter is not None:
        narrowed, values = view.filter.where()
        condition, parameters = f"{condition} AND ({narrowed})", [*parameters, *values]
    return _Part(condition, parameters)


def _scopes(view: View) -> list[_Part]:
    teams = sorted(view.team_ids)
    of_teams = [_Part(spread="owner_team_id", keys=teams)] if teams else []
    if view.team_id is not None:
        return _of_team(view.team_id, teams)
    if view.name == "mine":
        return [_Part("owner_member_id = %s", [view.member.id])]
    if view.name in _OWN:
        return [_Part(f"id IN ({_OWN[view.name]})", [view.member.id])]
    if view.name == "teams":
        return of_teams
    if view.name == "watched":
        # Small enough to be read in order: only conversations with a team involved are in its index.
        others = """involved[1] IS NOT NULL AND involved && %s::uuid[]
            AND NOT coalesce(owner_team_id = ANY(%s::uuid[]), false)"""
        return [_Part(others, [teams, teams])] if teams else []
    if view.name == "unowned":
        return [_Part("owner_member_id IS NULL", spread=_TEAM_OR_NONE, keys=[_NO_TEAM, *teams])]
    if view.name == "snoozed":
        elsewhere = "owner_member_id = %s AND (owner_team_id IS NULL OR owner_team_id <> ALL(%s::uuid[]))"
        return [*of_teams, _Part(elsewhere, [view.member.id, teams])]
    if view.name == "any":
        return [_Part()]
    mine = [EVERYONE, *teams]
    return [_Part(spread="audience[1]", keys=mine), *_involved(mine, 2)]


def _involved(mine: list[UUID], first: int, also: str = "", values: Sequence[Any] = ()) -> list[_Part]:
    """Of audiences of several teams those with one of `mine`, from the place `first` on; each in one branch only."""
    parts = []
    for place in range(first, 5):
        others = "".join(f" AND audience[{n}] <> ALL(%s::uuid[])" for n in range(1, place))
        condition = f"audience[{max(2, place)}] IS NOT NULL{others}{also}"
        parameters = [*([mine] * (place - 1)), *values]
        spread = f"audience[{place}]" if place < 4 else ""
        parts.append(_Part(condition, parameters, spread, mine if spread else ()))
    return parts


def _of_team(team_id: UUID, teams: list[UUID]) -> list[_Part]:
    """Of a closed team that is not theirs a member sees what their own team is involved in, and nothing else."""
    if team_id in teams:
        return [_Part("owner_team_id = %s", [team_id])]
    is_open = "(SELECT is_open FROM staff_team WHERE id = %s)"
    closed = _involved(teams, 1, f" AND owner_team_id = %s AND NOT {is_open}", [team_id, team_id])
    return [_Part(f"owner_team_id = %s AND {is_open}", [team_id, team_id]), *(closed if teams else [])]


def _pieces(view: View, edge: Edge | None) -> list[_Part]:
    """What lies behind the edge, in pieces that are each one run of an index."""
    sort = _sort(view)
    if edge is None:
        return [_Part()]
    if sort == "activity":
        return [_Part("(last_activity_at, id) < (%s, %s)", [edge.last_activity_at, edge.id])]
    if sort == "age":
        return [_Part("(created_at, id) > (%s, %s)", [edge.created_at, edge.id])]
    if sort == "newest":
        return [_Part("(created_at, id) < (%s, %s)", [edge.created_at, edge.id])]
    later = "(last_activity_at, id) < (%s, %s)"
    if edge.due_at is None:
        return [_Part(f"due_at IS NULL AND {later}", [edge.last_activity_at, edge.id])]
    return [
        _Part(f"due_at = %s AND {later}", [edge.due_at, edge.last_activity_at, edge.id]),
        _Part("due_at > %s", [edge.due_at]),
        _Part("due_at IS NULL"),
    ]
