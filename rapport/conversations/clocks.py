"""The clocks of promises, brought to where their conversations are: in the transaction that moved these.

What happened is not listened to: whoever has changed conversations says so, and each clock is set by where its
conversation stands now. So it does not matter which verb it was, nor whether it is said twice. In the system's scope.

Who changes clocks holds their conversation; so two that meet wait for one another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.conversations.models import Clock, Conversation
from rapport.core import bulk, notify
from rapport.core.clock import now
from rapport.staff.clocks import (
    FIRST_ANSWER,
    NEXT_ANSWER,
    RESOLUTION,
    Run,
    Terms,
)
from rapport.staff.hours import Hours
from rapport.staff.opening import business_hours, named
from rapport.staff.timetable import Kept, Steps, followed, scheduled, stands

CHANNEL = "rapport_promises"
SLEEP_SECONDS = 60.0
"""How long the worker sleeps at most; what comes sooner wakes it."""
_STALE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Given:
    """A clock promised to a new conversation; `hours` by name. `run` has begun unless it waits for a question."""

    conversation_id: UUID
    terms: Terms
    hours: str
    steps: Steps
    run: Run


def give(given: Sequence[Given]) -> None:
    """Write the clocks of new conversations with one statement; none without a promise.

    Steps that would have come more than a day ago are left out: whoever brings in the mail of last year is not told
    that all of it is late.
    """
    if not given:
        return
    at = now()
    places = [_from_now(one, at) for one in given]
    bulk.insert(
        "conversations_clock",
        {
            "conversation_id": ("uuid", [one.conversation_id for one in given]),
            "name": ("text", [one.terms.name for one in given]),
            "span_minutes": ("integer", [one.terms.span // timedelta(minutes=1) for one in given]),
            "hours": ("text", [one.hours for one in given]),
            "pause": ("text[]", [bulk.array_text(sorted(one.terms.pause)) for one in given]),
            "steps": ("jsonb", [orjson.dumps(one.steps).decode() for one in given]),
            "began_at": ("timestamptz", [one.run.began for one in given]),
            "due_at": ("timestamptz", [one.run.due for one in given]),
            "step": ("smallint", [step for step, _ in places]),
            "skipped": ("smallint", [step for step, _ in places]),
            "next_at": ("timestamptz", [next_at for _, next_at in places]),
            "moves": ("smallint", [0 for _ in given]),
        },
        "ON CONFLICT DO NOTHING",
    )
    _wake(next_at for _, next_at in places)


def settle(
    ids: Iterable[UUID], asked: Mapping[UUID, datetime] | None = None
) -> dict[UUID, dict[str, datetime | None]]:
    """Bring the clocks of conversations, which the caller has written, to where these are now.

    `asked`: where something was said to us just now, since when that waits. Returns by conversation its columns that
    tell by when, and writes them. Conversations without a promise cost one statement for all.
    """
    rows = _held(list(ids))
    if not rows:
        return {}
    hours, at = business_hours(), now()
    changed: list[Kept] = []
    dues: dict[UUID, dict[str, datetime | None]] = {}
    stood: dict[UUID, dict[str, datetime | None]] = {}
    for row in rows:
        before = kept_of(row, hours)
        after = followed(before, stands(row, before.run, (asked or {}).get(before.conversation_id)), at)
        column = _COLUMNS[before.terms.name]
        dues.setdefault(before.conversation_id, {})[column] = _shown(after)
        stood.setdefault(before.conversation_id, {})[column] = row[column]
        if after != before:
            changed.append(after)
    write(changed)
    _write_dues({id: columns for id, columns in dues.items() if columns != stood[id]})
    return dues


def follow(conversation: Conversation) -> None:
    """The same for one that is in hand and was saved; it then shows by when."""
    if conversation.promised:
        for name, due in settle([conversation.id]).get(conversation.id, {}).items():
            setattr(conversation, name, due)


def kept_of(row: Mapping[str, Any], hours: Mapping[str, Hours]) -> Kept:
    """A row of the table as a value."""
    terms = Terms(
        row["name"], timedelta(minutes=row["span_minutes"]), named(hours, row["hours"]), frozenset(row["pause"])
    )
    run = Run(row["began_at"], row["due_at"], row["halted_at"], row["stopped_at"])
    steps = row["steps"] if isinstance(row["steps"], list) else orjson.loads(row["steps"])
    planned = [(int(minutes), str(do), str(to)) for minutes, do, to in steps]
    return Kept(
        row["conversation_id"], terms, run, planned, row["step"], row["next_at"], row["moves"], row["hours"]
    )


def write(changed: Sequence[Kept]) -> None:
    """Write clocks as they are now."""
    bulk.update(
        "conversations_clock",
        ["conversation_id", "name"],
        {
            "conversation_id": ("uuid", [one.conversation_id for one in changed]),
            "name": ("text", [one.terms.name for one in changed]),
            "began_at": ("timestamptz", [one.run.began for one in changed]),
            "due_at": ("timestamptz", [one.run.due for one in changed]),
            "halted_at": ("timestamptz", [one.run.halted for one in changed]),
            "stopped_at": ("timestamptz", [one.run.stopped for one in changed]),
            "step": ("smallint", [one.step for one in changed]),
            "next_at": ("timestamptz", [one.next_at for one in changed]),
            "moves": ("smallint", [one.moves for one in changed]),
        },
        """began_at = row.began_at, due_at = row.due_at, halted_at = row.halted_at, stopped_at = row.stopped_at,
        step = row.step, next_at = row.next_at, moves = row.moves,
        skipped = CASE WHEN t.began_at IS DISTINCT FROM row.began_at THEN 0 ELSE t.skipped END""",
    )
    _wake(one.next_at for one in changed)


def take_over(loser: UUID, winner: UUID) -> dict[str, Any]:
    """What two that are merged promise together: of each clock the one that is due earlier, unless it was kept.

    Returns {"clocks": the winner's as they were before, for `give_back`, "dues": what stood with it by column}, nothing
    where it took none over; to be settled afterwards.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, [winner])
        before = [dict(zip(_TAKEN, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute(_DUES, [winner])
        dues = dict(zip(_COLUMNS.values(), cursor.fetchone() or (), strict=False))
        cursor.execute(_TAKE_OVER, {"loser": loser, "winner": winner})
        if not cursor.rowcount:
            return {}
        cursor.execute(_PROMISED, [winner])
    return {
        "clocks": [{name: _plain(name, value) for name, value in one.items()} for one in before],
        "dues": {name: _plain(name, value) for name, value in dues.items()},
    }


def give_back(winner: UUID, before: Sequence[Mapping[str, Any]]) -> None:
    """Make the clocks of one that took over what they were; to be settled afterwards.

    What it had all the while is not made anew: what was done of its steps would be forgotten (`insight.promised_sql`).
    """
    names, places = ", ".join(_TAKEN), ", ".join(f"%({name})s" for name in _TAKEN)
    again = ", ".join(f"{name} = excluded.{name}" for name in _TAKEN if name != "name")
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM conversations_clock WHERE conversation_id = %s AND name <> ALL(%s)",
            [winner, [one["name"] for one in before]],
        )
        for one in before:
            steps = {"steps": orjson.dumps(one["steps"]).decode(), "skipped": one.get("skipped", 0)}
            cursor.execute(
                f"""INSERT INTO conversations_clock (conversation_id, {names}) VALUES (%(winner)s, {places})
                ON CONFLICT (conversation_id, name) DO UPDATE SET {again}""",
                {**one, **steps, "winner": winner},
            )


def go_on(conversation_id: UUID, since: datetime) -> None:
    """Let clocks that halted since a moment have run all the while, as what halted them is taken back; to be settled
    afterwards.
    """
    hours = business_hours()
    rows = Clock.objects.filter(conversation_id=conversation_id, halted_at__gte=since).values(*FIELDS)
    found = [kept_of(row, hours) for row in rows]
    write([scheduled(replace(one, run=replace(one.run, halted=None))) for one in found])


def _plain(name: str, value: Any) -> Any:
    if name == "steps":
        return value if isinstance(value, list) else orjson.loads(value)
    return value.isoformat() if isinstance(value, datetime) else value


def copy(source: UUID, made: UUID) -> None:
    """Promise to one what is still promised to the other; to be settled afterwards."""
    take_over(source, made)


def _from_now(one: Given, at: datetime) -> tuple[int, datetime | None]:
    kept = Kept(one.conversation_id, one.terms, one.run, one.steps, 0, None, 0, one.hours)
    for step in range(len(one.steps)):
        kept = scheduled(replace(kept, step=step))
        if kept.next_at is None or kept.next_at > at - _STALE:
            return kept.step, kept.next_at
    return len(one.steps) if one.run.runs else 0, None


def _shown(kept: Kept) -> datetime | None:
    """What stands with the conversation. First answers and resolutions stay there when done, for the reports."""
    run = kept.run
    if kept.terms.name == NEXT_ANSWER:
        return run.due if run.runs else None
    waits = run.halted is not None and run.due is not None and run.halted < run.due and run.stopped is None
    return None if kept.terms.name == RESOLUTION and waits else run.due


def _write_dues(dues: Mapping[UUID, Mapping[str, datetime | None]]) -> None:
    ids = list(dues)
    had = {f"has_{name}": ("boolean", [column in dues[id] for id in ids]) for name, column in _COLUMNS.items()}
    values = {column: ("timestamptz", [dues[id].get(column) for id in ids]) for column in _COLUMNS.values()}
    new = (f"{at} = CASE WHEN row.has_{name} THEN row.{at} ELSE t.{at} END" for name, at in _COLUMNS.items())
    bulk.update("conversations_conversation", ["id"], {"id": ("uuid", ids), **had, **values}, ", ".join(new))


def _held(ids: list[UUID]) -> list[dict[str, Any]]:
    """The clocks of those of the conversations that have any, with where these stand; both held."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [ids])
        promised = [row[0] for row in cursor.fetchall()]
        if not promised:
            return []
        cursor.execute(_ROWS, [promised])
        return [dict(zip(_NAMES, row, strict=True)) for row in cursor.fetchall()]


def _wake(moments: Iterable[datetime | None]) -> None:
    soonest = min((at for at in moments if at), default=None)
    if soonest and soonest < now() + timedelta(seconds=SLEEP_SECONDS):
        notify.wake(CHANNEL)


_COLUMNS = {
    FIRST_ANSWER: "first_answer_due_at", NEXT_ANSWER: "next_answer_due_at", RESOLUTION: "resolution_due_at",
}  # fmt: skip
FIELDS = (
    "conversation_id", "name", "span_minutes", "hours", "pause", "steps", "began_at", "due_at", "halted_at",
    "stopped_at", "step", "next_at", "moves",
)  # fmt: skip
_STANDS = (
    "status", "first_answered_at", "resolved_at", "awaiting_answer", "last_inbound_at", "last_activity_at",
    "created_at", "snoozed", "snoozed_until", *_COLUMNS.values(),
)  # fmt: skip
_NAMES = (*FIELDS, *_STANDS)
_HOLD = "SELECT id FROM conversations_conversation WHERE id = ANY(%s) AND promised ORDER BY id FOR NO KEY UPDATE"
_SELECTED = ", ".join([*(f"k.{name}" for name in FIELDS), *(f"c.{name}" for name in _STANDS)])
_ROWS = f"""SELECT {_SELECTED}
FROM conversations_clock k JOIN conversations_conversation c ON c.id = k.conversation_id
WHERE k.conversation_id = ANY(%s) ORDER BY k.conversation_id, k.name FOR UPDATE OF k"""
_TAKEN = (*FIELDS[1:], "skipped")
_BEFORE = f"SELECT {', '.join(_TAKEN)} FROM conversations_clock WHERE conversation_id = %s ORDER BY name"
_DUES = f"SELECT {', '.join(_COLUMNS.values())} FROM conversations_conversation WHERE id = %s"
_TAKE_OVER = f"""INSERT INTO conversations_clock (conversation_id, {", ".join(_TAKEN)})
SELECT %(winner)s, {", ".join(FIELDS[1:])}, step FROM conversations_clock
WHERE conversation_id = %(loser)s AND stopped_at IS NULL
ON CONFLICT (conversation_id, name) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _TAKEN)}
WHERE conversations_clock.stopped_at IS NULL
    AND (conversations_clock.due_at IS NULL OR excluded.due_at < conversations_clock.due_at)"""
_PROMISED = "UPDATE conversations_conversation SET promised = true WHERE id = %s AND NOT promised"
