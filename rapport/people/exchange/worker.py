"""What a worker does with imports: checks them and takes them in, a batch and a commit at a time.

Whoever has an import holds a lease that each batch renews; a worker that was killed lets it run out, and another goes
on where the last commit ended.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.db import Error as DatabaseError
from django.db.models import Q

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import RapportError
from rapport.core.ids import new_id
from rapport.people.exchange import desk, shapes
from rapport.people.exchange.files import File
from rapport.people.exchange.running import Done, Run, Trouble, batches, with_fields_made
from rapport.people.models import Import, ImportFile, ImportProblem, ImportState

LEASE = timedelta(seconds=20)
#: Rows kept for the report of one import; of more only the number.
TROUBLES_MAX = 50_000
_CELLS_MAX = 4_000


def claim() -> UUID | None:
    """An import that nobody has, now ours for the length of a lease; None where there is none."""
    with scope.system():
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now())
        waiting = Import.objects.select_for_update(skip_locked=True).filter(
            free, state__in=[ImportState.CHECKING, ImportState.RUNNING]
        )
        row = waiting.order_by("created_at").first()
        if row is None:
            return None
        Import.objects.filter(id=row.id).update(leased_until=now() + LEASE)
        return row.id


def work(import_id: UUID, stopping: Callable[[], bool] = lambda: False) -> None:
    """Check or take in one import until it is done, stopped by its member, or `stopping` says so."""
    try:
        with scope.system():
            row = Import.objects.filter(id=import_id).first()
            if row is None or row.state not in (ImportState.CHECKING, ImportState.RUNNING):
                return
            file = desk.file_of(row)
        if row.state == ImportState.CHECKING:
            _check(row, file, stopping)
        else:
            _take(row, file, stopping)
    except RapportError as error:
        _failed(import_id, f"{error.message} {error.hint}".strip())
    except (ValueError, LookupError, UnicodeError) as error:  # a file that no test has met
        _failed(import_id, f"The file cannot be read: {error}")


def _check(row: Import, file: File, stopping: Callable[[], bool]) -> None:
    run = _run(row)
    counts: Counter[str] = Counter()
    seen = 0
    for batch in batches(file.records()):
        if stopping():
            _let_go(row)
            return
        with scope.system():
            counts += run.expect(batch).counts
            seen += len(batch)
            if not _renew(row.id, ImportState.CHECKING, checked=dict(counts)):
                return
    _renew(
        row.id, ImportState.CHECKING, checked=dict(counts), records=seen, state=ImportState.CHECKED, leased_until=None
    )


def _take(row: Import, file: File, stopping: Callable[[], bool]) -> None:
    _make_fields(row)
    run = _run(row)
    records = file.records()
    for batch in batches(islice(records, row.position)):
        run.skip(batch)
        _renew(row.id, ImportState.RUNNING)
    position, counts = row.position, Counter(row.counts)
    for batch in batches(records):
        if stopping():
            _let_go(row)
            return
        with scope.system():
            ours = Import.objects.select_for_update().filter(
                id=row.id, state=ImportState.RUNNING, position=position
            )
            if not ours.exists():
                return
            done = run.take(batch)
            position, counts = position + len(batch), counts + done.counts
            _keep(row.id, done, counts)
            _renew(row.id, ImportState.RUNNING, position=position, counts=dict(counts))
    _finish(row, position, counts)


def _make_fields(row: Import) -> None:
    """Fields the mapping asks for are made once, when the run begins."""
    mapping = shapes.mapping_of(row.mapping)
    if any(one.target == "new_field" for one in mapping.columns):
        with scope.system():
            row.mapping = with_fields_made(mapping).plain()
            Import.objects.filter(id=row.id).update(mapping=row.mapping)


def _run(row: Import) -> Run:
    with scope.system():
        return desk.run_of(row, shapes.mapping_of(row.mapping))


def _keep(import_id: UUID, done: Done, counts: Counter[str]) -> None:
    room = TROUBLES_MAX - (counts["refused"] + counts["remarks"] - done.counts["refused"] - done.counts["remarks"])
    ImportProblem.objects.bulk_create(_problem(import_id, one) for one in done.troubles[: max(0, room)])


def _problem(import_id: UUID, one: Trouble) -> ImportProblem:
    cells = [cell[:_CELLS_MAX].replace("\0", "").encode("utf-8", "replace").decode() for cell in one.cells[:300]]
    return ImportProblem(
        id=new_id(), import_of_id=import_id, line=one.line, taken=one.taken, reason=one.reason, cells=cells
    )


def _renew(import_id: UUID, while_: str, **values: object) -> int:
    """Still ours for a while, if its member has not stopped it."""
    values = {"leased_until": now() + LEASE, "changed_at": now(), **values}
    with scope.system():
        return Import.objects.filter(id=import_id, state=while_).update(**values)


def _let_go(row: Import) -> None:
    with scope.system():
        Import.objects.filter(id=row.id).update(leased_until=None)


def _finish(row: Import, position: int, counts: Counter[str]) -> None:
    """Done: the file goes at once, the rows that were not taken stay for a while."""
    with scope.system():
        ended = _renew(
            row.id, ImportState.RUNNING, state=ImportState.DONE, finished_at=now(), records=position, leased_until=None
        )
        if ended:
            ImportFile.objects.filter(import_of=row).delete()
            data = {"import": str(row.id), "taken": position - counts["refused"], "left_out": counts["refused"]}
            events.record("people.imported", actor_id=row.member_id, data=data)


def _failed(import_id: UUID, why: str) -> None:
    try:
        with scope.system():
            Import.objects.filter(id=import_id).update(
                state=ImportState.FAILED, error=why[:300], leased_until=None, changed_at=now()
            )
    except DatabaseError:  # the lease runs out, and it is tried again
        return
