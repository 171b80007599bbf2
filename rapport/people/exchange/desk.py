"""An import as its member works with it: uploaded, columns named, checked, run, stopped, gone on with, thrown away.

What a member does runs in their scope and checks the row is theirs; writing it is the system's.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.people.exchange import files, shapes
from rapport.people.exchange.files import File
from rapport.people.exchange.known import EVERYONE, audience_of_viewer
from rapport.people.exchange.planning import Plan
from rapport.people.exchange.running import Run, terms_of
from rapport.people.exchange.shapes import Column, Mapping
from rapport.people.exchange.sheets import BYTES_MAX
from rapport.people.exchange.writing import Writer
from rapport.people.models import (
    CustomField,
    Import,
    ImportFile,
    ImportMapping,
    ImportProblem,
    ImportState,
    RelationshipKind,
    Subject,
)

#: A file that is not run is removed so many days after it was last touched; one that ran at once, when it is done.
UNFINISHED_DAYS = 7
#: Rows that were not taken can be downloaded for so many days; then they go, the figures stay.
PROBLEM_DAYS = 30
PREVIEW_ROWS = 15
IMPORT_CHANNEL = "rapport_imports"
_OPEN_MAX = 20
_BUSY = (ImportState.CHECKING, ImportState.RUNNING)


def upload(member_id: UUID, filename: str, data: bytes) -> Import:
    """Keep a file and guess its columns, as they were the last time where the same columns came before.

    Raises Invalid where it is no file of people.
    """
    if len(data) > BYTES_MAX:
        raise Invalid("The file is larger than 50 MB.", "Split it.")
    name = "".join(one if one.isprintable() and one not in "/\\" else "_" for one in filename).strip()[-200:] or "file"
    file = files.opened(data, name)
    if Import.objects.exclude(state=ImportState.DONE).count() >= _OPEN_MAX:
        raise Invalid(f"There are {_OPEN_MAX} files waiting already.", "Finish or throw away one of them.")
    mapping = _remembered(file) or Mapping(shapes.guess(file.layout.columns, file.samples(), _fields()))
    with scope.system():
        made = Import.objects.create(
            member_id=member_id, filename=name, form=file.form, size=len(data), mapping=mapping.plain(),
            source=mapping.source, settings={"names": list(file.layout.columns)},
        )  # fmt: skip
        ImportFile.objects.create(import_of=made, data=data)
        events.record("people.import_uploaded", actor_id=member_id, data={"import": str(made.id)})
    return made


def found(import_id: UUID) -> Import:
    """The import, for whoever may see it. Raises NotVisible."""
    row = Import.objects.filter(id=import_id).first()
    if row is None:
        raise NotVisible("There is no such import.")
    return row


def file_of(row: Import) -> File:
    """The file as it is to be read. Raises Invalid where it is gone or cannot be read so."""
    kept = ImportFile.objects.filter(import_of=row).first()
    if kept is None:
        raise Invalid("The file is not kept any more.", "Upload it again.")
    encoding, delimiter = (row.settings.get(name, "") for name in ("encoding", "delimiter"))
    return files.opened(bytes(kept.data), row.filename, encoding, delimiter)


def read_as(row: Import, encoding: str, delimiter: str) -> None:
    """Read the file with another encoding or separator; columns are guessed anew."""
    _refuse_busy(row)
    row.settings = {"encoding": encoding, "delimiter": delimiter}
    file = file_of(row)
    mapping = _remembered(file) or Mapping(shapes.guess(file.layout.columns, file.samples(), _fields()))
    settings = row.settings | {"names": list(file.layout.columns)}
    _change(row, settings=settings, mapping=mapping.plain(), state=ImportState.MAPPING)


def name_columns(row: Import, mapping: Mapping) -> None:
    """Say what the columns are, remember it for files like this, and have the whole file checked in the background."""
    _refuse_busy(row)
    if row.position:
        raise Invalid("Part of this file was taken in already.", "Go on with it, or upload the file again.")
    file = file_of(row)
    mapping = shapes.checked(mapping, file.layout.columns, RelationshipKind.values)
    with scope.system():
        ImportMapping.objects.update_or_create(
            digest=shapes.digest(file.layout.columns), defaults={"mapping": mapping.plain(), "used_at": now()}
        )
    _change(
        row, mapping=mapping.plain(), source=mapping.source, state=ImportState.CHECKING, checked={}, records=None,
        error="", leased_until=None,
    )  # fmt: skip
    notify.wake(IMPORT_CHANNEL)


def start(row: Import) -> None:
    """Run it, or go on with it; it may be left alone. Nothing happens where it runs already."""
    if row.state == ImportState.RUNNING:
        return
    if row.state not in (ImportState.CHECKED, ImportState.STOPPED, ImportState.CHECKING):
        raise Invalid("This import cannot be run as it is.", "Name its columns first.")
    shapes.checked(shapes.mapping_of(row.mapping), file_of(row).layout.columns, RelationshipKind.values)
    _change(row, state=ImportState.RUNNING, error="", leased_until=None)
    with scope.system():
        events.record("people.import_started", actor_id=row.member_id, data={"import": str(row.id)})
    notify.wake(IMPORT_CHANNEL)


def stop(row: Import) -> None:
    """End after the batch at hand. What was taken stays; it can go on later."""
    with scope.system():
        stopped = Import.objects.filter(id=row.id, state__in=_BUSY).update(
            state=ImportState.STOPPED if row.state == ImportState.RUNNING else ImportState.MAPPING,
            leased_until=None, changed_at=now(),
        )  # fmt: skip
        if stopped:
            events.record("people.import_stopped", actor_id=row.member_id, data={"import": str(row.id)})


def throw_away(row: Import) -> None:
    """The file, its report and the import go; people that were taken stay."""
    _refuse_busy(row)
    with scope.system():
        Import.objects.filter(id=row.id).delete()
        events.record("people.import_removed", actor_id=row.member_id, data={"import": str(row.id)})


def preview(row: Import, mapping: Mapping | None = None) -> list[Plan]:
    """The first rows as they would become, for the member in whose scope this runs; nothing is written."""
    file = file_of(row)
    mapping = mapping or shapes.mapping_of(row.mapping)
    audience = audience_of_viewer()
    first = [one for one, _ in zip(file.records(), range(PREVIEW_ROWS), strict=False)]
    with scope.system():
        run = Run(terms_of(mapping), Writer(row.source), audience)
        return run.expect(first).plans


def run_of(row: Import, mapping: Mapping) -> Run:
    """How a worker takes the file in: for the member who brought it, or for everybody where they are gone."""
    audience = [EVERYONE]
    if row.member_id:
        with scope.member(row.member_id):
            audience = audience_of_viewer() or audience
    proof = {"what": "file", "where": row.filename, "import": str(row.id)}
    source = row.source or f"import of {row.filename}"
    return Run(terms_of(mapping), Writer(source[:60], proof, row.member_id), audience)


def sweep() -> int:
    """Remove what is not needed any more: files nobody runs, and rows that were not taken. How many went."""
    late, past = now() - timedelta(days=UNFINISHED_DAYS), now() - timedelta(days=PROBLEM_DAYS)
    with scope.system():
        gone, _ = ImportFile.objects.filter(
            Q(import_of__changed_at__lt=late) | Q(import_of__state=ImportState.DONE)
        ).exclude(import_of__state__in=_BUSY).delete()
        # An import whose file is gone before anything was taken says nothing any more.
        Import.objects.filter(file__isnull=True, position=0, changed_at__lt=late).exclude(state__in=_BUSY).delete()
        old, _ = ImportProblem.objects.filter(import_of__changed_at__lt=past).exclude(
            import_of__state__in=_BUSY
        ).delete()
    return gone + old


def _remembered(file: File) -> Mapping | None:
    """The mapping of the last file with the same columns, as far as its fields are still there."""
    kept = ImportMapping.objects.filter(digest=shapes.digest(file.layout.columns)).first()
    if kept is None:
        return None
    mapping = shapes.mapping_of(kept.mapping)
    keys, labels = set(_fields().values()), {label.lower(): key for label, key in _fields().items()}

    def still(one: Column) -> Column:
        if one.target == "new_field" and one.detail.lower() in labels:
            return Column("field", labels[one.detail.lower()])
        return Column() if one.target == "field" and one.detail not in keys else one

    return replace(mapping, columns=tuple(still(one) for one in mapping.columns))


def _fields() -> dict[str, str]:
    rows = CustomField.objects.filter(subject=Subject.PERSON, is_active=True)
    return {one.label: one.key for one in rows}


def _refuse_busy(row: Import) -> None:
    if row.state in _BUSY:
        raise Invalid("A worker has this file just now.", "Stop it first.")


def _change(row: Import, **values: Any) -> None:
    with scope.system():
        changed = Import.objects.filter(id=row.id, state=row.state).update(**values, changed_at=now())
    if not changed:
        raise Invalid("Somebody else did something with this import in the meantime.", "Load the page again.")
    for name, value in values.items():
        setattr(row, name, value)
