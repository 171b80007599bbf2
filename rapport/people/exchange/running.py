"""A file taken in, batch by batch: each is committed with how far it came, so that it can be stopped and go on."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import IntegrityError, OperationalError, transaction
from django.utils.text import slugify

from rapport.core import events
from rapport.people.directory.handles import NAMES
from rapport.people.exchange.entries import Entry, FieldShape, Reason, Terms, entry
from rapport.people.exchange.known import EVERYONE, world
from rapport.people.exchange.planning import Plan, Seen, plan
from rapport.people.exchange.shapes import Column, Mapping
from rapport.people.exchange.sheets import Record
from rapport.people.exchange.writing import Raced, Writer, write
from rapport.people.models import CustomField, RelationshipKind, Subject

BATCH = 1000
_TRIES = 5
OUTCOMES = ("new", "changed", "same", "joined", "refused")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A record that was not taken, or (`taken`) not all of it."""

    line: int
    reason: Reason
    cells: Sequence[str]
    taken: bool


@dataclass(slots=True)
class Done:
    """What became of a batch, or of all: how many by outcome ("remarks" too), and what was not taken."""

    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """One file being taken in: how it is read, for whom, and what was seen of it before."""

    terms: Terms
    writer: Writer
    audience: Sequence[UUID] = (EVERYONE,)
    seen: Seen = field(default_factory=Seen)

    def entries(self, records: Iterable[Record]) -> list[Entry]:
        """Records as entries."""
        return [entry(one, self.terms) for one in records]

    def skip(self, records: Iterable[Record]) -> None:
        """Records that were dealt with before a break: only what they claimed counts."""
        self.seen.sorted(self.entries(records))

    def expect(self, records: Sequence[Record]) -> Done:
        """What would become of a batch; nothing is written. In the system's scope."""
        return self.expect_of(self.entries(records))

    def expect_of(self, entries: Sequence[Entry]) -> Done:
        """The same of entries."""
        kept, again, folded = self.seen.sorted(entries)
        known = world(kept, self.audience, lock=False)
        plans = [plan(one, known) for one in kept]
        for one in plans:
            if one.what == "new" and one.entry.line in again:
                one.what = "changed"
        return _done(plans, folded)

    def take(self, records: Sequence[Record]) -> Done:
        """Take in a batch, within the caller's transaction and the system's scope."""
        return self.take_of(self.entries(records))

    def take_of(self, entries: Sequence[Entry]) -> Done:
        """The same of entries."""
        kept, _, folded = self.seen.sorted(entries)
        return _done(self._taken(kept), folded)

    def _taken(self, entries: list[Entry]) -> list[Plan]:
        """What fails together is tried in halves, so that one bad record harms no other."""
        try:
            return self._tried(entries)
        except OperationalError:
            raise
        except DatabaseError as error:
            if len(entries) > 1:
                middle = len(entries) // 2
                return self._taken(entries[:middle]) + self._taken(entries[middle:])
            reason = {"what": "not_stored", "value": " ".join(str(error).split())[:200]}
            return [Plan(one, "refused", reason=reason) for one in entries]

    def _tried(self, entries: list[Entry]) -> list[Plan]:
        for left in reversed(range(_TRIES)):
            try:
                with self.writer.organizations.kept_on_success(), transaction.atomic():
                    known = world(entries, self.audience, lock=True)
                    plans = [plan(one, known) for one in entries]
                    write(plans, known, self.writer)
                    return plans
            except (Raced, IntegrityError) as error:
                if not left:
                    raise IntegrityError(str(error) or "somebody else wrote the same at the same time") from error
        return []


def _done(plans: list[Plan], folded: list[Entry]) -> Done:
    counts: Counter[str] = Counter(one.what for one in plans)
    counts["joined"] += len(folded)
    troubles = [Trouble(one.entry.line, one.reason, one.entry.cells, False) for one in plans if one.reason]
    for one in plans:
        if one.reason is None:
            troubles += [Trouble(one.entry.line, remark, one.entry.cells, True) for remark in one.remarks]
    counts["remarks"] = sum(one.taken for one in troubles)
    return Done(counts, troubles, plans)


def terms_of(mapping: Mapping) -> Terms:
    """By what records are read: with the fields that there are now."""
    rows = CustomField.objects.filter(subject=Subject.PERSON, is_active=True)
    fields = {one.key: FieldShape(one.kind, tuple(one.choices)) for one in rows}
    return Terms(mapping, tuple(RelationshipKind.values), fields, frozenset(NAMES))


def with_fields_made(mapping: Mapping) -> Mapping:
    """The mapping with every field that it asks to be made; made here, in the caller's transaction."""
    return replace(mapping, columns=tuple(_made(one) if one.target == "new_field" else one for one in mapping.columns))


def _made(column: Column) -> Column:
    label = column.detail.strip()[:80]
    found = CustomField.objects.filter(subject=Subject.PERSON, label__iexact=label).first()
    if found is None:
        key = _free_key(slugify(label, allow_unicode=False).replace("-", "_")[:36] or "field")
        found = CustomField.objects.create(key=key, label=label)
        events.record("people.field_added", data={"field": str(found.id)})
    elif not found.is_active:
        CustomField.objects.filter(id=found.id).update(is_active=True)
    return Column("field", found.key)


def _free_key(key: str) -> str:
    taken = set(CustomField.objects.filter(subject=Subject.PERSON).values_list("key", flat=True))
    return next(one for one in (key, *(f"{key}_{n}" for n in range(2, 1000))) if one not in taken)


def batches(records: Iterator[Record], size: int = BATCH) -> Iterator[list[Record]]:
    """Records some at a time."""
    while batch := list(islice(records, size)):
        yield batch


def run_all(run: Run, records: Iterator[Record], take: Callable[[Sequence[Record]], Done]) -> Done:
    """Everything at once, for commands: `take` is the run's `expect` or `take`, called in a scope of its own."""
    whole = Done()
    for batch in batches(records):
        done = take(batch)
        whole.counts += done.counts
        whole.troubles += done.troubles
    return whole
