"""Who works here, as a directory says: each is a person with the relationship employee, which ends when they are gone.

Nobody is deleted by a directory, and a directory that suddenly shows nearly nobody ends nothing: that is a wrong filter
or a wrong base far more often than a company that closed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.people.exchange import cells
from rapport.people.exchange.cells import Span
from rapport.people.exchange.employee import Employee
from rapport.people.exchange.entries import EMAIL, Entry, Reason, Terms, entry
from rapport.people.exchange.running import Done, Run, terms_of, with_fields_made
from rapport.people.exchange.shapes import Column, Mapping
from rapport.people.exchange.sheets import Record
from rapport.people.exchange.writing import Writer
from rapport.people.models import RelationshipKind

EMPLOYEE = RelationshipKind.EMPLOYEE.value
_FIELDS = ("Department", "Manager")
#: More than this share at once, and more than `_GONE_FEW` people, is believed only when somebody says so.
_GONE_SHARE, _GONE_FEW = 0.5, 10


@dataclass(slots=True)
class Sync:
    """One reading of a directory. `name` stands at relationships, `source` at the ids; `seen` are who works here."""

    name: str
    source: str
    country: str = ""
    seen: set[str] = field(default_factory=set)
    _run: Run | None = None
    _count: int = 0

    def take(self, employees: Sequence[Employee]) -> Done:
        """Take some of them in, in the caller's transaction and the system's scope."""
        if self._run is None:
            self._run = Run(self._terms(), Writer(self.name))
        entries = [self._entry(one, at) for at, one in enumerate(employees, self._count + 1) if one.active]
        self._count += len(employees)
        self.seen.update(one.id for one in employees if one.active and one.id)
        done = self._run.take_of(entries)
        self._adopt([one.id for one in employees if one.active])
        return done

    def _terms(self) -> Terms:
        names = ("name", "given", "family", "email", "phone", "role", "organization", "language", "time_zone")
        fixed = [Column(one) for one in (*names, "external_id")]
        own = [Column("new_field", name) for name in _FIELDS]
        return terms_of(with_fields_made(Mapping((*fixed, *own), self.source, self.country)))

    def _entry(self, one: Employee, at: int) -> Entry:
        run = self._run
        if run is None:
            raise ValueError("take() makes the run first")
        values = (
            one.name, one.given, one.family, cells.joined(filter(cells.email, one.emails)), cells.joined(one.phones),
            one.role, one.organization, one.language, one.time_zone, one.id, one.department, one.manager,
        )  # fmt: skip
        made = entry(Record(at, tuple(values), "" if one.id else "directory_no_id"), run.terms)
        for address in one.emails:
            if not cells.email(address):
                made.remarks.append({"what": "no_email", "value": address[:200]})
        # A directory says that this mailbox is this employee's, whatever it is called.
        made.handles |= {key: written for key, written in made.shared.items() if key[0] == EMAIL}
        made.shared = {}
        made.spans = [Span(EMPLOYEE)]
        made.cells = (one.name or " ".join((one.given, one.family)).strip(), *one.emails[:1])
        return made

    def _adopt(self, ids: list[str]) -> None:
        """That they work here is from now on what this directory says, unless another directory said it first."""
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE people_relationship r SET source = %s FROM people_externalid e
                WHERE e.source = %s AND e.external_id = ANY(%s) AND r.person_id = e.person_id AND r.kind = %s
                AND r.until IS NULL AND r.source <> %s AND r.source NOT IN (SELECT name FROM people_directory)
                AND r.source NOT IN (SELECT name FROM staff_scimtoken)""",
                [self.name, self.source, ids, EMPLOYEE, self.name],
            )

    def end_gone(self, *, believed: bool = False) -> int:
        """End what the directory no longer shows; how many. Raises Invalid where that are suspiciously many.

        Only after the whole directory was read.
        """
        current = current_of(self.source, self.name)
        gone = current - self.seen
        if not believed and len(gone) > _GONE_FEW and len(gone) > _GONE_SHARE * len(current):
            raise Invalid(
                f"The directory shows only {len(current) - len(gone)} of the {len(current)} employees it had. Nobody's "
                "employment was ended.",
                "Check base and filter; if so many really left, say so on the directory's page.",
            )
        return end(self.source, self.name, gone)


def current_of(source: str, name: str) -> set[str]:
    """The ids of those who work here by what this directory said."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.external_id FROM people_externalid e JOIN people_relationship r ON r.person_id = e.person_id
            WHERE e.source = %s AND r.kind = %s AND r.until IS NULL AND r.source = %s""",
            [source, EMPLOYEE, name],
        )
        return {row[0] for row in cursor.fetchall()}


def end(source: str, name: str, ids: Iterable[str]) -> int:
    """These work here no longer, from today on; that they did stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE people_relationship r SET until = %s FROM people_externalid e
            WHERE e.source = %s AND e.external_id = ANY(%s) AND r.person_id = e.person_id AND r.kind = %s
            AND r.until IS NULL AND r.source = %s""",
            [now().date(), source, list(ids), EMPLOYEE, name],
        )
        return int(cursor.rowcount)


def reasons_of(done: Done) -> list[tuple[str, Reason]]:
    """Who was not taken, or not all of them, each with why."""
    return [(" ".join(filter(None, one.cells))[:200], one.reason) for one in done.troubles]


__all__ = ["EMPLOYEE", "Employee", "Sync", "current_of", "end", "reasons_of"]
