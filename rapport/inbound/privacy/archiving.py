"""All that is held on a person, as one zip: `data.json` for machines, `index.html` to read, the files beside them.

It is made with the eyes of who asked for it: what they may not see is not in it, and nothing says whether there is
any. Kept in pieces in the database, for a week, for that member alone.
"""

import io
import logging
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

import orjson
from django.db import OperationalError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from rapport.conversations.models import Attachment, Blob
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible, RapportError
from rapport.inbound.models import RawItem
from rapport.inbound.privacy import gathering
from rapport.people.models import Archive, ArchivePiece, Person, WorkState
from rapport.staff.models import Member

log = logging.getLogger(__name__)
KEPT = timedelta(days=7)
PER_DAY_MAX = 20
_PIECE_BYTES = 4 * 1024 * 1024
_MEMORY_BYTES = 16 * 1024 * 1024


def ask(person_id: UUID, member: Member, *, notes: bool) -> Archive:
    """Order an archive, in the member's scope; a worker makes it. `notes`: with what members noted in confidence.

    Raises NotVisible for who is not theirs to see, and Invalid for the twenty-first in a day.
    """
    if not Person.objects.filter(id=person_id).exists():
        raise NotVisible(_("There is no such person."))
    if Archive.objects.filter(member=member, made_at__gt=now() - timedelta(days=1)).count() >= PER_DAY_MAX:
        raise Invalid(_("You asked for %(count)s archives today.") % {"count": PER_DAY_MAX}, _("Go on tomorrow."))
    made = Archive.objects.create(person_id=person_id, member=member, notes=notes, expires_at=now() + KEPT)
    data = {"archive": str(made.id), "person": str(person_id), "notes": notes}
    events.record("archive.asked", actor_id=member.id, data=data)
    return made


def work() -> int:
    """Make those that wait, and drop those whose time is over; how many. For a worker."""
    with scope.system():
        Archive.objects.filter(expires_at__lt=now()).delete()
        waiting = list(Archive.objects.filter(state=WorkState.WAITING).order_by("made_at").values_list("id", flat=True))
    return sum(_tried(one) for one in waiting)


def _tried(archive_id: UUID) -> int:
    """One that cannot be made says so, and holds up no other."""
    try:
        return _make_one(archive_id)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("an archive cannot be made")
        with scope.system():
            words = error.message if isinstance(error, RapportError) else type(error).__name__
            Archive.objects.filter(id=archive_id).update(state=WorkState.FAILED, error=words, done_at=now())
        return 0


def _make_one(archive_id: UUID) -> int:
    """Claimed in a transaction that lasts until it is stored, so that two workers never make the same."""
    with scope.system():
        rows = Archive.objects.select_for_update(skip_locked=True).filter(id=archive_id, state=WorkState.WAITING)
        found = rows.select_related("member").first()
        if found is None:
            return 0
        with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as file:
            with scope.member(found.member_id):
                found.counts = write(found.person_id, file, notes=found.notes)
            _store(found, file)
        found.done_at = now()
        found.save()
        data = {"archive": str(found.id), "person": str(found.person_id)}
        events.record("archive.made", actor_id=found.member_id, data=data)
    return 1


def write(person_id: UUID, file: IO[bytes], *, notes: bool) -> dict[str, int]:
    """Write the zip, in the scope of who is to see it; how many of each were put in. Raises NotVisible."""
    data = gathering.everything(person_id, notes=notes)
    counts = {key: len(value) for key, value in data.items() if isinstance(value, list) and value}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("data.json", "w", force_zip64=True) as file_in:
            file_in.writelines(_as_json(data))
        packed.writestr("index.html", render_to_string("web/people/archive.html", {"data": data}))
        for one in data["files"]:
            _put_file(packed, one)
        for one in data["items"]:
            _put_item(packed, one)
    return counts


def _as_json(data: Mapping[str, Any]) -> Iterator[bytes]:
    """The same as all of it at once, row by row: the text of a person of many years is never in memory as a whole."""
    for number, (key, value) in enumerate(data.items()):
        yield (b",\n" if number else b"{\n") + orjson.dumps(key) + b": "
        if isinstance(value, list):
            yield b"["
            for place, one in enumerate(value):
                yield (b",\n" if place else b"\n") + orjson.dumps(one, option=orjson.OPT_INDENT_2)
            yield b"]"
        else:
            yield orjson.dumps(value, option=orjson.OPT_INDENT_2)
    yield b"\n}" if data else b"{}"


def _put_file(packed: zipfile.ZipFile, one: dict[str, Any]) -> None:
    row = Attachment.objects.filter(conversation_id=one["conversation"], id=one["id"]).values_list("blob_id").first()
    with scope.system():
        blob = Blob.objects.filter(sha256=row[0]).first() if row and row[0] else None
    if blob is not None:
        packed.writestr(one["path"], bytes(blob.data))


def _put_item(packed: zipfile.ZipFile, one: dict[str, Any]) -> None:
    """As it was delivered; its message was seen, which is what decides."""
    with scope.system():
        body = RawItem.objects.filter(channel_id=one["channel"], id=one["id"]).values_list("body", flat=True).first()
    packed.writestr(one["path"], bytes(body or b""))


def _store(found: Archive, file: IO[bytes]) -> None:
    file.seek(0, io.SEEK_END)
    found.size = file.tell()
    file.seek(0)
    for number, piece in enumerate(iter(lambda: file.read(_PIECE_BYTES), b"")):
        ArchivePiece.objects.create(archive=found, number=number, data=piece)
    found.state = WorkState.DONE


def of_person(person_id: UUID) -> list[Archive]:
    """The member's own archives of a person, the latest first, in the member's scope."""
    return list(Archive.objects.filter(person_id=person_id, expires_at__gt=now()).order_by("-made_at")[:5])


def take(archive_id: UUID, member: Member) -> tuple[Archive, Iterator[bytes]]:
    """A finished archive of the member's own, piece by piece; the log says that it was taken. Raises NotVisible."""
    found = Archive.objects.filter(id=archive_id, member=member, state=WorkState.DONE, expires_at__gt=now()).first()
    if found is None:
        raise NotVisible(_("There is no such archive, or its time is over."))
    data = {"archive": str(found.id), "person": str(found.person_id)}
    events.record("archive.taken", actor_id=member.id, data=data)
    return found, _pieces(found, member)


def _pieces(found: Archive, member: Member) -> Iterator[bytes]:
    number = 0
    while True:
        with scope.member(member.id):
            piece = ArchivePiece.objects.filter(archive=found, number=number).values_list("data", flat=True).first()
        if piece is None:
            return
        yield bytes(piece)
        number += 1
