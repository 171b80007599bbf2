"""The file a backup is: a gzipped tar of text files that can be read without Rapport. No database here.

manifest.json           first: who made it, when, and the tables with their columns
secret_key              opens the stored passwords of channels
data/<table>/<number>   the rows of a table in PostgreSQL's text format, in pieces of a few megabytes
checksums.json          last: rows and SHA-256 per table; a file that was cut off does not have it
"""

import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import orjson

from rapport.core.errors import Invalid

FORMAT = 1
PIECE_BYTES = 8 * 1024 * 1024
_FAST = 3  # most of the best compression for a fifth of its time
_MANIFEST, _SECRET, _CHECKSUMS = "manifest.json", "secret_key", "checksums.json"
_BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of. `tables` maps names to their columns, in the order in which they follow."""

    version: str
    made_at: str
    postgres: str
    migrations: list[str]
    tables: dict[str, list[str]]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a table held: how many rows, and the SHA-256 (hex) of their text."""

    rows: int
    sha256: str


class Writer:
    """Writes a backup from beginning to end; memory is bounded by a piece."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._checksums: dict[str, Checksum] = {}

    def begin(self, manifest: Manifest, secret_key: str) -> None:
        """What comes first."""
        self._add(_MANIFEST, orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
        self._add(_SECRET, secret_key.encode())

    def table(self, name: str, rows: Iterable[bytes]) -> int:
        """One table; returns how many rows it held."""
        digest, count, number = hashlib.sha256(), 0, 0
        piece = bytearray()
        for data in rows:
            digest.update(data)
            count += data.count(b"\n")  # a line break within a value is written as \n
            piece += data
            if len(piece) >= PIECE_BYTES:
                self._add(f"data/{name}/{number:06}", bytes(piece))
                number, piece = number + 1, bytearray()
        if piece:
            self._add(f"data/{name}/{number:06}", bytes(piece))
        self._checksums[name] = Checksum(count, digest.hexdigest())
        return count

    def end(self) -> None:
        """What comes last."""
        self._add(_CHECKSUMS, orjson.dumps({name: asdict(one) for name, one in self._checksums.items()}))

    def _add(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, BytesIO(data))


class Reader:
    """Reads a backup in its order: `manifest`, `secret_key`, then `pieces()`, then `checksums`."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._path = path
        self._tar = tar
        self.checksums: dict[str, Checksum] = {}
        self.manifest = self._manifest(self._named(_MANIFEST))
        self.secret_key = self._named(_SECRET).decode()

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """(table, text of rows) for each piece. Raises Invalid where the file is damaged or cut off."""
        for name, data in self._members():
            if name == _CHECKSUMS:
                self.checksums = {table: Checksum(**one) for table, one in orjson.loads(data).items()}
                return
            table = name.split("/")[1] if name.startswith("data/") else ""
            if table not in self.manifest.tables:
                raise Invalid(
                    f"{self._path} holds something unknown: {name!r}.", "Is it a backup of Rapport?"
                )
            yield table, data
        raise damaged(self._path, "it ends too early")

    def _members(self) -> Iterator[tuple[str, bytes]]:
        try:
            while (member := self._tar.next()) is not None:
                file = self._tar.extractfile(member)
                if file is None:
                    raise Invalid(f"{self._path} holds {member.name!r}, which is no file.", "Is it ours?")
                data = file.read()
                if len(data) != member.size:
                    raise damaged(self._path, "it ends too early")
                yield member.name, data
        except _BROKEN as error:
            raise damaged(self._path, str(error)) from error

    def _named(self, wanted: str) -> bytes:
        name, data = next(self._members(), ("", b""))
        if name != wanted:
            raise no_backup(self._path)
        return data

    def _manifest(self, data: bytes) -> Manifest:
        try:
            found = Manifest(**orjson.loads(data))
        except (TypeError, ValueError) as error:
            raise no_backup(self._path) from error
        if found.format != FORMAT:
            raise Invalid(
                f"{self._path} is of format {found.format}, made by Rapport {found.version}; this one reads {FORMAT}.",
                "Restore it with the version that made it.",
            )
        return found


def damaged(path: Path, why: str) -> Invalid:
    """The error for a backup that cannot be trusted."""
    return Invalid(f"{path} is damaged: {why}. Nothing was changed.", "Use another backup.")


def no_backup(path: Path) -> Invalid:
    """The error for any other file."""
    return Invalid(f"{path} is no backup of Rapport.", "Give a file that `rapport backup` wrote.")


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Writes `path` whole or not at all, readable by its owner alone."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with (
                gzip.GzipFile(filename="", mode="wb", compresslevel=_FAST, fileobj=file) as packed,
                tarfile.open(fileobj=packed, mode="w|") as tar,
            ):
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise Invalid(
            f"{path} cannot be written: {error.strerror or error}", "Give a place with room."
        ) from error
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Opens a backup. Raises Invalid for any other file."""
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            yield Reader(path, tar)
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise no_backup(path) from error
        raise Invalid(
            f"{path} cannot be read: {error.strerror or error}", "Check the path and its rights."
        ) from error
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise no_backup(path) from error
