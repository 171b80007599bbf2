"""Which folders the embedded database uses, and which system user it runs as.

PostgreSQL refuses to run as root. Then a service user that exists runs it; no folder that exists is opened up
for that user: where it cannot reach `home`, the database goes to a folder of its own under /var/lib, written
down in home.
"""

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rapport.core.errors import RapportError

SERVICE_USERS = ("postgres", "nobody")
#: sockaddr_un holds 108 bytes with the closing zero; PostgreSQL appends this name to the folder.
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_BYTES_MAX = 107


@dataclass(frozen=True)
class User:
    """A system user the server runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """The folders of one embedded database. `user` is None when the server runs as ourselves."""

    root: Path
    user: User | None

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def programs(self) -> Path:
        return self.root / "programs"

    @property
    def sockets(self) -> Path:
        """The folder of the socket: beside the data, or a private one in /tmp when that path is too long."""
        folder = self.root / "socket"
        if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_BYTES_MAX:
            return folder
        return Path("/tmp") / f"rapport-{os.geteuid()}-{_short_hash(self.root)}"  # noqa: S108

    @property
    def server_name(self) -> str:
        """The name of the system user the server runs as."""
        return self.user.name if self.user else own_name()


def find_place(home: Path) -> Place:
    """The place of the database of `home`, which exists; makes its root folder, or says why not."""
    user = service_user() if os.geteuid() == 0 else None
    record = home / "postgres.place"
    if user is None:
        return Place(_make(home / "postgres", 0o700), None)
    if record.exists():
        return Place(_make(Path(record.read_text(encoding="utf-8").strip()), 0o711), user)
    root = home.resolve() / "postgres"
    if not reachable(home.resolve(), user):
        root = _outside(home, user)
        record.write_text(f"{root}\n", encoding="utf-8")
    return Place(_make(root, 0o711), user)


def own_name() -> str:
    """The name of the user we run as. RapportError when the system has none for it (initdb needs one)."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        raise RapportError(
            f"the user id {os.geteuid()} has no name on this system, and PostgreSQL needs one",
            "Run as a user listed in /etc/passwd, or give DATABASE_URL.",
        ) from error


def service_user() -> User:
    """The user that runs PostgreSQL when we are root: one that exists; none is created."""
    for name in SERVICE_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(name, entry.pw_uid, entry.pw_gid)
    raise RapportError(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`",
        "Run Rapport as an ordinary user, or give DATABASE_URL.",
    )


def reachable(folder: Path, user: User) -> bool:
    """Whether `user` may pass through `folder` and all above it, by their modes."""
    return all(_passable(os.stat(one), user) for one in (folder, *folder.parents))


def _passable(found: os.stat_result, user: User) -> bool:
    if found.st_uid == user.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == user.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _outside(home: Path, user: User) -> Path:
    for parent in (Path("/var/lib"), Path("/var/tmp")):  # noqa: S108
        if parent.is_dir() and os.access(parent, os.W_OK) and reachable(parent, user):
            return parent / f"rapport-{_short_hash(home.resolve())}"
    raise RapportError(
        f"the user {user.name} can reach neither {home} nor /var/lib",
        "Give a RAPPORT_HOME that every user may pass through, or run as an ordinary user.",
    )


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _make(folder: Path, mode: int) -> Path:
    """`folder`, made with `mode` if missing; refused when someone else owns it or it is a link."""
    try:
        folder.mkdir(mode=mode)
        folder.chmod(mode)  # A strict umask would leave root's folder impassable for the service user.
    except FileExistsError:
        pass
    except OSError as error:
        raise RapportError(
            f"the folder {folder} cannot be made: {error.strerror}",
            "Give a folder this user may write (RAPPORT_HOME).",
        ) from error
    _refuse_foreign(folder, os.geteuid())
    return folder


def _refuse_foreign(folder: Path, uid: int) -> None:
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise RapportError(f"the folder {folder} belongs to someone else", "Remove it, or give another RAPPORT_HOME.")


def make_sockets(place: Place) -> Path:
    """The folder of the socket, private to the server's user (and root)."""
    folder, uid = place.sockets, place.user.uid if place.user else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if place.user:
            os.chown(folder, place.user.uid, place.user.gid)
    except FileExistsError:
        pass
    _refuse_foreign(folder, uid)
    if os.lstat(folder).st_mode & 0o077:
        raise RapportError(f"the folder {folder} is open to others", f"Remove it: rm -r {folder}")
    return folder


def scratch_folder(place: Place, prefix: str) -> Path:
    """An empty private folder in the place, owned by the server's user."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place.root))
    if place.user:
        os.chown(folder, place.user.uid, place.user.gid)
    return folder
