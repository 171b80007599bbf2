"""What bringing people in leaves of somebody: ids of other systems, files that wait, rows not taken, what directories
said. Part of an erasure.

Of an id a keyed digest stays, and nothing else: the same file or directory does not bring the erased back.
"""

from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.core import bulk
from rapport.core.clock import now
from rapport.people.forgetting import START, Place, Step, Target, changed, column, counted, next_after
from rapport.people.secrecy import digests_of

_ERASED = "erased:"
#: How addresses stand in files: as text of these encodings, in any of which spreadsheets write.
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


def names_erased(keys: list[tuple[str, str]]) -> list[str]:
    """What ids of other systems (source, id) are called where they were erased's."""
    return [_ERASED + digest for digest in digests_of(("external", *key) for key in keys)]


def forget_ids(people: list[UUID]) -> None:
    """Digests in place of the ids by which other systems know these rows; Rapport's own column among them."""
    own = bulk.select(
        "SELECT '', external_id, id FROM people_person WHERE id = ANY(%s) AND external_id IS NOT NULL", [people]
    )
    rows = own + bulk.select(
        f"""SELECT source, external_id, person_id FROM people_externalid
        WHERE person_id = ANY(%s) AND NOT starts_with(external_id, '{_ERASED}') FOR UPDATE""",
        [people],
    )
    digests = names_erased([(source, value) for source, value, _ in rows])
    bulk.insert(
        "people_externalid",
        {
            "source": ("text", [source for source, *_ in rows]),
            "external_id": ("text", digests),
            "person_id": ("uuid", [person for *_, person in rows]),
            "created_at": ("timestamptz", [now()] * len(rows)),
        },
        "ON CONFLICT DO NOTHING",
    )
    changed(
        f"DELETE FROM people_externalid WHERE person_id = ANY(%s) AND NOT starts_with(external_id, '{_ERASED}')",
        [people],
    )


def _employees(target: Target, _after: UUID, _limit: int) -> tuple[int, None]:
    """What the company's directory says of them here; the account of a member is not the person's, and stays."""
    return changed(f"DELETE {_EMPLOYEES}", [target.lowered, target.likes]), None


def _problems(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """Rows of files that were not taken: those that hold an address of theirs, or a cell that is their name."""
    rows = bulk.select(f"SELECT id {_PROBLEMS} ORDER BY id LIMIT %s FOR UPDATE", [after, *_named(target), limit])
    gone = [row[0] for row in rows]
    return changed("DELETE FROM people_importproblem WHERE id = ANY(%s)", [gone]), next_after(
        rows, limit, lambda row: row[0]
    )


def _files(target: Target, _after: UUID, _limit: int) -> tuple[int, None]:
    """Files that name them and wait to be taken in: run, they would bring them back. The import says what happened."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE {_FILES} RETURNING import_of_id", [_bytes(target)])
        imports = [row[0] for row in cursor.fetchall()]
    changed(
        """UPDATE people_import SET state = 'failed', leased_until = NULL, changed_at = now(), error = %s
        WHERE id = ANY(%s) AND state <> 'done'""",
        ["Somebody in the file was erased, and the file with them. Upload it again without them.", imports],
    )
    return len(imports), None


def _reports(target: Target, _after: UUID, _limit: int) -> tuple[int, None]:
    """Lines of what directories could not give of them."""
    done = 0
    for id, report in bulk.select("SELECT id, report FROM people_directory FOR UPDATE", []):
        kept = [line for line in report if target.redacted_all(line) == line]
        if kept != report:
            lines = orjson.dumps(kept).decode()
            done += changed("UPDATE people_directory SET report = %s::jsonb WHERE id = %s", [lines, id])
    return done, None


def _named(target: Target) -> list[Any]:
    return [target.likes, target.likes, [one.lower() for one in target.names]]


def _bytes(target: Target) -> list[bytes]:
    """Their addresses, not their names, which others have; numbers are too often something else's."""
    told = [one for kind, value in target.handles if kind != "phone" for one in (value, *_written(target, value))]
    return sorted({one.encode(encoding) for one in told for encoding in _ENCODINGS})


def _written(target: Target, value: str) -> list[str]:
    return [one for one in target.addresses if one.lower() == value.lower()]


def problems_of(addresses: list[str]) -> list[UUID]:
    """Rows that were not taken and hold one of these addresses, of imports that one may see."""
    likes = Target(START, (), (), tuple(addresses), (), "").likes
    return column(f"SELECT id {_PROBLEMS} ORDER BY id", [START, likes, likes, []])


_EMPLOYEES = """FROM people_employee e WHERE lower(e.user_name) = ANY(%s) OR e.said::text ILIKE ANY(%s)"""
_PROBLEMS = """FROM people_importproblem p WHERE p.id > %s AND (p.cells::text ILIKE ANY(%s)
    OR p.reason::text ILIKE ANY(%s) OR EXISTS (SELECT 1 FROM jsonb_array_elements_text(
        CASE WHEN jsonb_typeof(p.cells) = 'array' THEN p.cells ELSE '[]' END) AS cell(text)
        WHERE lower(btrim(cell.text)) = ANY(%s)))"""
_FILES = """FROM people_importfile f
    WHERE EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS one WHERE position(one IN f.data) > 0)"""

STEPS = (
    Step(
        "employees", _employees,
        lambda t: counted(f"SELECT count(*) {_EMPLOYEES}", [t.lowered, t.likes]),
    ),
    Step(
        "import_problems", _problems,
        lambda t: counted(f"SELECT count(*) {_PROBLEMS}", [START, *_named(t)]),
    ),
    Step("import_files", _files, lambda t: counted(f"SELECT count(*) {_FILES}", [_bytes(t)])),
    Step("directory_reports", _reports, lambda _t: 0),
)  # fmt: skip
