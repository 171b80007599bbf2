"""People out of Rapport in the shapes that come in: CSV, vCard 4.0, or a JSON object a line; some hundred at a time.

Each page is read in a scope of its own, as the member sees it: the rows of one human together, under the name they see.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.people.exchange import cards, cells
from rapport.people.exchange.cells import Span
from rapport.people.models import CustomField, Subject

FORMS = {
    "csv": "text/csv; charset=utf-8", "vcf": "text/vcard; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8",
}  # fmt: skip
COLUMNS = (
    "rapport_id", "name", "email", "phone", "handle", "organization", "domain", "role", "relationship", "language",
    "time_zone", "preferred", "holder", "do_not_contact", "consents", "external_id", "external_ids", "note",
)  # fmt: skip
_LISTS = frozenset({"email", "phone", "handle", "domain", "relationship", "consents", "external_ids"})
_PAGE = 500
Scope = Callable[[], AbstractContextManager[None]]
Row = dict[str, Any]


def written(form: str, scope: Scope, ids: Iterable[UUID] | None = None) -> Iterator[str]:
    """The file in pieces: the people with these ids (rows of theirs will do), or everybody who may be seen.

    `form` is one of `FORMS`; `scope` is entered for each page, such as `partial(scope.member, id)`.
    """
    with scope():
        keys = list(CustomField.objects.filter(subject=Subject.PERSON).values_list("key", flat=True))
    names = [*COLUMNS, *(f"field:{key}" for key in keys)]
    if form == "csv":
        yield "\ufeff" + _line(names)
    for page in _pages(scope, ids):
        yield "".join(_shaped(form, row, names) for row in page)


def _shaped(form: str, row: Row, names: Sequence[str]) -> str:
    if form == "jsonl":
        return orjson.dumps(row).decode() + "\n"
    flat = {name: _cell(row.get(name)) for name in names}
    return _line(list(flat.values())) if form == "csv" else cards.card(flat)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return cells.joined(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _line(values: Sequence[str]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([cells.guarded(one) for one in values])
    return file.getvalue()


def _pages(scope: Scope, ids: Iterable[UUID] | None) -> Iterator[list[Row]]:
    given = iter(ids) if ids is not None else None
    last = UUID(int=0)
    done: set[UUID] = set()
    while True:
        with scope():
            if given is not None:
                part = list(islice(given, _PAGE))
                roots = [one for (one,) in _rows(_ROOTS_OF, [part])] if part else []
                roots = [one for one in roots if one not in done]
                done.update(roots)
                if not part:
                    return
            else:
                roots = [one for (one,) in _rows(_ROOTS_AFTER, [last, _PAGE])]
                if not roots:
                    return
                last = roots[-1]
            page = _people(roots)
        if page:
            yield page


_ROOTS_OF = "SELECT DISTINCT root FROM people_person WHERE id = ANY(%s) ORDER BY root"
_ROOTS_AFTER = "SELECT DISTINCT root FROM people_person WHERE root > %s ORDER BY root LIMIT %s"


def _people(roots: list[UUID]) -> list[Row]:
    """One row for each human, of all their rows that may be seen: what the top says counts, then the older."""
    found: dict[UUID, Row] = {}
    of: dict[UUID, Row] = {}
    for row in _rows(
        """SELECT p.root, p.id, p.name, p.role, p.language, p.time_zone, p.preferred, p.note, p.fields,
            p.do_not_contact, coalesce(p.external_id, ''), coalesce(o.name, ''), coalesce(o.domain, ''),
            coalesce(m.email, '')
        FROM people_person p LEFT JOIN people_organization o ON o.id = p.organization_id
        LEFT JOIN staff_member m ON m.id = p.holder_id
        WHERE p.root = ANY(%s) AND p.erased_at IS NULL ORDER BY p.root, p.id <> p.root, p.id""",
        [roots],
    ):
        made = found.get(row[0])
        if made is None:
            made = found[row[0]] = {"rapport_id": str(row[1]), **{name: [] for name in _LISTS}}
        of[row[1]] = made
        _add(made, row)
    _hang(of)
    return list(found.values())


def _add(made: Row, row: tuple[Any, ...]) -> None:
    names = ("name", "role", "language", "time_zone", "preferred")
    for name, value in [*zip(names, row[2:7], strict=True), ("external_id", row[10]), ("holder", row[13])]:
        made[name] = made.get(name) or value
    if not made.get("organization") and row[11]:
        # One that is only known by its domain has no other name yet.
        made["organization"] = row[11] if row[11] != row[12] else ""
        made["domain"] = [row[12]] if row[12] else []
    made["note"] = "\n".join(part for part in (made.get("note", ""), row[7]) if part)
    made["do_not_contact"] = made.get("do_not_contact", False) or row[9]
    fields = orjson.loads(row[8]) if isinstance(row[8], str) else row[8]
    for key, value in fields.items():
        made.setdefault(f"field:{key}", value)


def _hang(of: dict[UUID, Row]) -> None:
    ids = list(of)
    for person, kind, value in _rows(
        "SELECT person_id, kind, value FROM people_handle WHERE person_id = ANY(%s) ORDER BY kind, value", [ids]
    ):
        plain = kind in ("email", "phone")
        of[person][kind if plain else "handle"].append(value if plain else f"{kind}:{value}")
    for person, kind, since, until in _rows(
        "SELECT person_id, kind, since, until FROM people_relationship WHERE person_id = ANY(%s) ORDER BY kind, since",
        [ids],
    ):
        span = str(Span(kind, since, until))
        if span not in of[person]["relationship"]:
            of[person]["relationship"].append(span)
    for person, source, value in _rows(
        "SELECT person_id, source, external_id FROM people_externalid WHERE person_id = ANY(%s) ORDER BY source", [ids]
    ):
        of[person]["external_ids"].append(f"{source}={value}")
    for person, purpose, channel, given, at in _rows(
        """SELECT DISTINCT ON (person_id, purpose, channel) person_id, purpose, channel, given, at FROM people_consent
        WHERE person_id = ANY(%s) ORDER BY person_id, purpose, channel, at DESC, id DESC""",
        [ids],
    ):
        where = f"@{channel}" if channel else ""
        of[person]["consents"].append(f"{purpose}{where}={'yes' if given else 'no'} {at.isoformat()}")


def _rows(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
