"""People from a CSV or vCard file: rows become people with their addresses, organization and relationships.

Nothing is taken from a file that cannot be read as a whole; a single bad row is reported with its line and left out.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import vobject
from django.db import transaction

from rapport.core import events
from rapport.core.errors import Invalid
from rapport.people.arrivals import EMAIL, Met, speakers
from rapport.people.models import Organization, Person, Relationship, RelationshipKind

_COLUMNS = {
    "name": ("name", "full name", "display name"),
    "email": ("email", "e-mail", "mail", "email address", "address"),
    "organization": ("organization", "organisation", "company", "org"),
    "relationship": ("relationship", "relationships", "relation", "type", "category"),
    "external_id": ("external_id", "external id", "id"),
    "language": ("language", "lang"),
}
_BYTES_MAX = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One person as a file names them; `place` is where in the file, for messages."""

    place: str
    name: str = ""
    emails: tuple[str, ...] = ()
    organization: str = ""
    relationships: tuple[str, ...] = ()
    external_id: str = ""
    language: str = ""


@dataclass(slots=True)
class Report:
    """What became of a file: people taken, and each row left out with its reason."""

    taken: int = 0
    problems: list[str] = field(default_factory=list)


def import_people(path: Path, source: str = "") -> Report:
    """Take the people of a .csv or .vcf file, in the system's scope. Raises Invalid where the file itself is no good.

    Taking the same file again changes nothing but what has changed in it.
    """
    rows = list(read_people(path))
    report = Report()
    for row in rows:
        problem = problem_of(row)
        if problem:
            report.problems.append(f"{row.place}: {problem}")
            continue
        with transaction.atomic():
            _take(row, source or f"import of {path.name}")
        report.taken += 1
    events.record("people.imported", data={"taken": report.taken, "left_out": len(report.problems)})
    return report


def read_people(path: Path) -> Iterator[Row]:
    """The rows of a CSV or vCard file. Raises Invalid naming the line and what is expected."""
    if not path.is_file():
        raise Invalid(f"There is no file {path}.", "Give the path of a .csv or .vcf file.")
    if path.stat().st_size > _BYTES_MAX:
        raise Invalid(f"{path.name} is larger than 50 MB.", "Split it.")
    text = _decoded(path.read_bytes())
    if path.suffix.lower() in (".vcf", ".vcard"):
        return _from_vcard(text)
    return _from_csv(text, path.name)


def problem_of(row: Row) -> str:
    """Why a row cannot be taken; "" when it can."""
    if not row.emails:
        return "there is no e-mail address; a person needs at least one."
    for address in row.emails:
        local, _, domain = address.rpartition("@")
        if not local or "." not in domain or " " in address or len(address) > 254:
            return f"{address!r} is no e-mail address."
    unknown = [kind for kind in row.relationships if kind not in RelationshipKind.values]
    if unknown:
        return f"there is no relationship {unknown[0]!r}; use {', '.join(RelationshipKind.values)}."
    return ""


def _take(row: Row, source: str) -> None:
    made = speakers({(EMAIL, address): Met(row.name) for address in row.emails})
    person = Person.objects.get(id=made[EMAIL, row.emails[0]].person_id)
    person.name = row.name or person.name
    person.language = row.language or person.language
    person.external_id = row.external_id or person.external_id
    if row.organization:
        person.organization = _organization(row.organization, person)
    person.save()
    for kind in row.relationships:
        Relationship.objects.get_or_create(person=person, kind=kind, until=None, defaults={"source": source[:60]})


def _organization(name: str, person: Person) -> Organization:
    """The organization of that name; the one made from the mail domain is given its proper name."""
    found = Organization.objects.filter(name__iexact=name).first()
    if found:
        return found
    by_domain = person.organization
    if by_domain and by_domain.name == by_domain.domain:
        by_domain.name = name[:200]
        by_domain.save()
        return by_domain
    return Organization.objects.create(name=name[:200])


def _from_csv(text: str, filename: str) -> Iterator[Row]:
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = "excel"
    reader = csv.reader(io.StringIO(text), dialect)
    header = [cell.strip().lower() for cell in next(reader, [])]
    columns = {name: header.index(alias) for name, aliases in _COLUMNS.items() for alias in aliases if alias in header}
    if "email" not in columns:
        raise Invalid(
            f"{filename}, line 1: there is no column 'email'.",
            f"The first line names the columns: {', '.join(_COLUMNS)}; only email is needed.",
        )
    return (_csv_row(cells, columns, reader.line_num) for cells in reader if any(c.strip() for c in cells))


def _csv_row(cells: list[str], columns: dict[str, int], line: int) -> Row:
    def cell(name: str) -> str:
        at = columns.get(name, len(cells))
        return cells[at].replace("\0", "").strip() if at < len(cells) else ""

    return Row(
        place=f"line {line}",
        name=cell("name")[:200],
        emails=_many(cell("email")),
        organization=cell("organization"),
        relationships=_many(cell("relationship")),
        external_id=cell("external_id")[:200],
        language=cell("language")[:10],
    )


def _from_vcard(text: str) -> Iterator[Row]:
    if "BEGIN:VCARD" not in text.upper():
        raise Invalid("This is no vCard file: it has no BEGIN:VCARD.", "Give a .vcf file (RFC 6350) or a .csv file.")
    starts = [found.start() for found in re.finditer("BEGIN:VCARD", text, re.IGNORECASE)]
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True), 1):
        yield _card(text[start:end], f"card {number}")


def _card(text: str, place: str) -> Row:
    try:
        card = vobject.readOne(text)
        contents = card.contents
        return Row(
            place=place,
            name=str(contents["fn"][0].value).strip()[:200] if "fn" in contents else "",
            emails=_many(",".join(str(e.value) for e in contents.get("email", []))),
            organization=" ".join(contents["org"][0].value[:1]).strip() if "org" in contents else "",
            relationships=_known(c for line in contents.get("categories", []) for c in line.value),
            external_id=str(contents["uid"][0].value)[:200] if "uid" in contents else "",
        )
    except (vobject.base.ParseError, vobject.base.ValidateError, StopIteration, ValueError):
        return Row(place)


def _known(words: Iterator[str]) -> tuple[str, ...]:
    """A card's categories are anything; those that are relationships are taken."""
    return tuple(dict.fromkeys(w for w in (word.strip().lower() for word in words) if w in RelationshipKind.values))


def _many(text: str) -> tuple[str, ...]:
    parts = (part.strip().lower() for part in text.replace(";", ",").replace("|", ",").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
