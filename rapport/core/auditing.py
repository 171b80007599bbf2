"""The log as lines: chosen, in order, with the number and hash of each seal. For the page, the command and exports."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet

from rapport.core.errors import Invalid
from rapport.core.models import Event, Seal

_BATCH = 2000
COLUMNS = ("seq", "at", "kind", "actor", "conversation", "subject", "data", "id", "hash")
FORMATS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True)
class Asked:
    """Which lines of the log: each of these narrows."""

    kind: str = ""
    member: UUID | None = None
    conversation: UUID | None = None
    person: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    def events(self) -> QuerySet[Event]:
        """Newest first, as far as whoever looks may see them."""
        found = Event.objects.order_by("-at", "-id")
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.member:
            found = found.filter(actor_id=self.member)
        if self.conversation:
            found = found.filter(conversation_id=self.conversation)
        if self.person:
            found = found.extra(where=[_OF_PERSON], params=[str(self.person), self.person, self.person])  # noqa: S610
        if self.since:
            found = found.filter(at__gte=self.since)
        if self.until:
            found = found.filter(at__lt=self.until)
        if self.text:
            like = f"%{_escaped(self.text.lower())}%"
            found = found.extra(where=[_OF_SUBJECT], params=[like, like])  # noqa: S610
        return found

    def names(self) -> list[str]:
        """What narrows, without the words: for the log itself."""
        return [name for name in self.__dataclass_fields__ if getattr(self, name)]


# A person is a tree of rows (people.models.Person), as far as whoever looks sees them.
_ROWS = """SELECT b.id FROM people_person a JOIN people_person b ON b.root = a.root WHERE a.id = %s"""
_OF_PERSON = f"""(core_event.data ->> 'person' = %s
    OR core_event.data ->> 'person' IN (SELECT id::text FROM ({_ROWS}) AS r)
    OR core_event.conversation_id IN (SELECT id FROM conversations_conversation WHERE person_id IN ({_ROWS})))"""
_OF_SUBJECT = """(lower(core_event.subject) LIKE %s
    OR core_event.conversation_id IN (SELECT id FROM conversations_conversation WHERE lower(subject) LIKE %s))"""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def after(events: QuerySet[Event], at: datetime, id: UUID) -> QuerySet[Event]:
    """Of events newest first: those behind this one."""
    return events.extra(where=["(core_event.at, core_event.id) < (%s, %s)"], params=[at, id])


def lines(asked: Asked, form: str, eyes: Callable[[], AbstractContextManager[None]] = nullcontext) -> Iterator[bytes]:
    """The chosen events in this format, a batch at a time, each looked at with these eyes. Raises Invalid."""
    if form not in FORMATS:
        raise Invalid(f"There is no format {form!r}.", f"Known are {' and '.join(FORMATS)}.")
    if form == "csv":
        yield _csv(COLUMNS)
    last: Event | None = None
    while True:
        with eyes():
            found = asked.events() if last is None else after(asked.events(), last.at, last.id)
            events = list(found[:_BATCH])
            seals = {seal.event_id: seal for seal in Seal.objects.filter(event_id__in=[event.id for event in events])}
        if events:
            yield b"".join(_line(event, seals.get(event.id), form) for event in events)
        if len(events) < _BATCH:
            return
        last = events[-1]


def _line(event: Event, seal: Seal | None, form: str) -> bytes:
    values: tuple[Any, ...] = (
        seal.seq if seal else None, event.at.isoformat(), event.kind, event.actor_id, event.conversation_id,
        event.subject, event.data, event.id, bytes(seal.hash).hex() if seal else None,
    )  # fmt: skip
    if form == "jsonl":
        return orjson.dumps(dict(zip(COLUMNS, values, strict=True))) + b"\n"
    return _csv(tuple(orjson.dumps(v).decode() if isinstance(v, dict) else v for v in values))


def _csv(values: tuple[Any, ...]) -> bytes:
    """One line. What a spreadsheet would take for a formula is told to be text."""
    kept = io.StringIO()
    safe = [f"'{v}" if isinstance(v, str) and v[:1] in "=+-@\t\r" and v else v for v in values]
    csv.writer(kept).writerow(safe)
    return kept.getvalue().encode()
