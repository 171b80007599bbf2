"""People from a CSV or vCard file at once, for commands: guessed or given columns, batch after batch.

The page does the same step by step; what happens to a row is decided in `exchange`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rapport.core import events
from rapport.core.errors import Invalid
from rapport.people.directory.handles import NAMES
from rapport.people.exchange import files, reasons, shapes
from rapport.people.exchange.entries import Entry, FieldShape, Terms, entry
from rapport.people.exchange.files import File
from rapport.people.exchange.running import OUTCOMES, Run, run_all, terms_of, with_fields_made
from rapport.people.exchange.shapes import Column, Mapping
from rapport.people.exchange.sheets import BYTES_MAX
from rapport.people.exchange.writing import Writer
from rapport.people.models import CustomField, RelationshipKind, Subject


@dataclass(slots=True)
class Report:
    """What became of a file: people taken (new, changed or the same), and each row left out with its reason."""

    taken: int = 0
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"taken": self.taken, "counts": self.counts, "left_out": self.problems, "remarks": self.remarks}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is to be taken: whose ids it has, what columns are that no guess finds, the prefix of phones.

    `columns` is name -> target or target:detail, as the page has them.
    """

    source: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    country: str = ""
    dry_run: bool = False


def import_people(path: Path, source: str = "", wanted: Wanted | None = None) -> Report:
    """Take the people of a .csv or .vcf file, in the system's scope. Raises Invalid where the file itself is no good.

    Taking the same file again changes nothing but what has changed in it. `source` is what relationships name.
    """
    wanted = wanted or Wanted()
    file, place = _opened(path)
    mapping = mapping_of(file, wanted, path.name)
    if not wanted.dry_run:
        mapping = with_fields_made(mapping)
    proof = {"file": path.name[:200]}
    run = Run(terms_of(mapping), Writer(source or wanted.source or f"import of {path.name}", proof))
    done = run_all(run, file.records(), run.expect if wanted.dry_run else run.take)
    said = sorted(done.troubles, key=lambda one: one.line)
    report = Report(
        sum(done.counts[one] for one in OUTCOMES if one != "refused"),
        [f"{place} {one.line}: {reasons.words(one.reason)}" for one in said if not one.taken],
        [f"{place} {one.line}: {reasons.words(one.reason)}" for one in said if one.taken],
        {one: done.counts[one] for one in OUTCOMES},
    )
    if not wanted.dry_run:
        events.record("people.imported", data={"taken": report.taken, "left_out": len(report.problems)})
    return report


def mapping_of(file: File, wanted: Wanted, name: str) -> Mapping:
    """The columns as guessed, with what was said about them. Raises Invalid naming what is missing."""
    names = file.layout.columns
    rows = CustomField.objects.filter(subject=Subject.PERSON, is_active=True)
    guessed = list(shapes.guess(names, file.samples(), {one.label: one.key for one in rows}))
    for column, target in wanted.columns.items():
        if column not in names:
            raise Invalid(f"{name} has no column {column!r}.", f"Its columns are {', '.join(names)[:500]}.")
        kind, _, detail = target.partition(":")
        guessed[names.index(column)] = Column("" if kind == "ignore" else kind, detail)
    return _identifying(Mapping(tuple(guessed), wanted.source, wanted.country), file, name)


def read_people(path: Path) -> Iterator[Entry]:
    """The rows of a CSV or vCard file, by the names of its columns. Raises Invalid naming what is expected."""
    file, _ = _opened(path)
    mapping = _identifying(Mapping(shapes.guess(file.layout.columns, file.samples(), {})), file, path.name)
    no_fields: dict[str, FieldShape] = {}
    terms = Terms(mapping, tuple(RelationshipKind.values), no_fields, frozenset(NAMES))
    return (entry(one, terms) for one in file.records())


def problem_of(row: Entry) -> str:
    """Why a row cannot be taken; "" when it can."""
    return reasons.words(row.wrong) if row.wrong else ""


def _identifying(mapping: Mapping, file: File, name: str) -> Mapping:
    targets = {one.target for one in mapping.columns}
    if file.form == files.CSV and not targets & shapes.IDENTIFYING:
        raise Invalid(
            f"{name}, line 1: there is no column 'email'.",
            f"The first line names the columns: {', '.join(shapes.TARGETS)}. One of email, phone, handle or "
            "external_id is needed.",
        )
    return shapes.checked(mapping, file.layout.columns, RelationshipKind.values) if file.form == files.CSV else mapping


def _opened(path: Path) -> tuple[File, str]:
    if not path.is_file():
        raise Invalid(f"There is no file {path}.", "Give the path of a .csv or .vcf file.")
    if path.stat().st_size > BYTES_MAX:
        raise Invalid(f"{path.name} is larger than 50 MB.", "Split it.")
    file = files.opened(path.read_bytes(), path.name)
    return file, "card" if file.form == files.VCARD else "line"
