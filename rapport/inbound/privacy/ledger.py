"""What was erased, kept outside of the database, so that restoring an older backup erases it again.

A file of lines of JSON, mode 600: the ids of rows and, for who asked not to be contacted, keyed digests of addresses.
No name, no address. The key of the digests is in it, encrypted under the secret key.
"""

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from rapport.channels.models import Channel
from rapport.core import keys, scope
from rapport.core.errors import Invalid
from rapport.core.models import DataKey
from rapport.inbound.models import Forgotten
from rapport.people.models import Erasure, Person, Silence, WorkState

NAME = "erasures.jsonl"
FORMAT = 1


def path_in(home: Path) -> Path:
    """Where the ledger of an installation is."""
    return home / NAME


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure: which rows, how, when (ISO 8601), digests that are to stay silent, and items (channel, digest)."""

    id: UUID
    at: str
    mode: str
    pseudonym: str
    people: tuple[UUID, ...]
    silences: tuple[str, ...] = ()
    items: tuple[tuple[UUID, str], ...] = ()

    def line(self) -> bytes:
        """As it stands in the file."""
        value = {
            "erasure": str(self.id), "at": self.at, "mode": self.mode, "pseudonym": self.pseudonym,
            "people": [str(one) for one in self.people], "silences": list(self.silences),
            "items": [[str(channel), digest] for channel, digest in self.items],
        }  # fmt: skip
        return orjson.dumps(value) + b"\n"


def read(path: Path) -> tuple[list[Entry], list[Mapping[str, Any]]]:
    """The erasures of a ledger, and the keys of its digests. A last line cut off by a crash is left out.

    Raises Invalid for what is no ledger.
    """
    if not path.exists():
        return [], []
    entries: dict[UUID, Entry] = {}
    found_keys: list[Mapping[str, Any]] = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
            if "key" in value:
                found_keys.append(value)
            elif "erasure" in value:
                entry = _entry(value)
                entries[entry.id] = entry
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines):
                continue
            words = f"Line {number} of {path} is no line of a ledger."
            raise Invalid(words, "Give a file that Rapport wrote.") from error
    return list(entries.values()), found_keys


def in_database() -> list[Entry]:
    """The erasures that the database knows to have begun."""
    with scope.system():
        found = Erasure.objects.exclude(state=WorkState.WAITING).order_by("made_at")
        return [
            Entry(one.id, one.made_at.isoformat(), one.mode, one.pseudonym, tuple(one.people), tuple(one.silences),
                  _items(one.id))
            for one in found
        ]  # fmt: skip


def _items(erasure_id: UUID) -> tuple[tuple[UUID, str], ...]:
    rows = Forgotten.objects.filter(erasure_id=erasure_id).order_by("digest")
    return tuple(rows.values_list("channel_id", "digest"))


def note(home: Path, to: Path | None = None) -> int:
    """Write what the database knows and the file does not; how many erasures. Raises OSError where it cannot."""
    path = to or path_in(home)
    known, there = read(path)
    ids = {one.id: one for one in known}
    fresh = [one for one in in_database() if ids.get(one.id) != one]
    sealed = {(one["key"], one["by"]) for one in there}
    lines = [_key_line(one) for one in _privacy_keys() if (str(one.id), one.wrapped_by) not in sealed]
    lines += [one.line() for one in fresh]
    if lines:
        _append(path, lines)
    return len(fresh)


def merge(path: Path, entries: list[Entry], key_lines: list[Mapping[str, Any]]) -> None:
    """Write entries and keys read elsewhere into a ledger, those it has not got."""
    known, there = read(path)
    ids = {one.id for one in known}
    sealed = {(one["key"], one["by"]) for one in there}
    lines = [orjson.dumps(dict(one)) + b"\n" for one in key_lines if (one["key"], one["by"]) not in sealed]
    lines += [one.line() for one in entries if one.id not in ids]
    if lines:
        _append(path, lines)


def to_do(entries: list[Entry], key_lines: list[Mapping[str, Any]]) -> Iterator[UUID]:
    """Write each erasure that a restored database does not know anew as one to be done; their ids."""
    with scope.system():
        known_key = _restore_keys(key_lines)
        for entry in entries:
            silences = [Silence(digest=one, erasure_id=entry.id) for one in entry.silences if known_key]
            Silence.objects.bulk_create(silences, ignore_conflicts=True)
            _forget_items(entry if known_key else None)
            here = list(Person.objects.filter(id__in=entry.people).values_list("id", flat=True))
            done = Person.objects.filter(id__in=here, erased_at__isnull=False).count() == len(here)
            known = Erasure.objects.filter(id=entry.id).first()
            if not here or (done and known is not None and known.state == WorkState.DONE):
                continue
            Erasure.objects.update_or_create(
                id=entry.id,
                defaults={
                    "people": here, "mode": entry.mode, "pseudonym": entry.pseudonym, "state": WorkState.WAITING,
                    "silences": list(entry.silences), "source": "restore", "target": {}, "step": "", "counts": {},
                },
            )  # fmt: skip
            yield entry.id


def _forget_items(entry: Entry | None) -> None:
    """What came after the backup was made stands in no row: its channel is asked not to bring it again."""
    items = entry.items if entry else ()
    here = set(Channel.objects.filter(id__in={channel for channel, _ in items}).values_list("id", flat=True))
    rows = [
        Forgotten(channel_id=channel, digest=digest, erasure_id=entry.id if entry else None, asked=True)
        for channel, digest in items
        if channel in here
    ]
    Forgotten.objects.bulk_create(rows, ignore_conflicts=True)


def _entry(value: Mapping[str, Any]) -> Entry:
    return Entry(
        UUID(value["erasure"]), str(value["at"]), str(value["mode"]), str(value["pseudonym"]),
        tuple(UUID(one) for one in value["people"]), tuple(str(one) for one in value.get("silences", ())),
        tuple((UUID(channel), str(digest)) for channel, digest in value.get("items", ())),
    )  # fmt: skip


def _privacy_keys() -> list[DataKey]:
    with scope.system():
        return list(DataKey.objects.filter(purpose=keys.PRIVACY).order_by("id"))


def _key_line(key: DataKey) -> bytes:
    wrapped = base64.b64encode(bytes(key.wrapped)).decode()
    return orjson.dumps({"key": str(key.id), "by": key.wrapped_by, "wrapped": wrapped, "format": FORMAT}) + b"\n"


def _restore_keys(lines: list[Mapping[str, Any]]) -> bool:
    """The key of the digests, where the backup is older than it; whether the digests can be read with what there is."""
    for line in reversed(lines):
        row, made = DataKey.objects.get_or_create(
            id=UUID(line["key"]),
            defaults={"purpose": keys.PRIVACY, "wrapped": base64.b64decode(line["wrapped"]), "wrapped_by": line["by"]},
        )
        try:
            keys.key_of(row.id)
        except keys.WrongKey:
            if made:
                row.delete()
            continue
        return True
    return False


def _append(path: Path, lines: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())
