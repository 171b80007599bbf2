"""A new database cluster: whole or not at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rapport.core.errors import RapportError
from rapport.core.postgres.binaries import Binaries, rights_of
from rapport.core.postgres.config import DATABASE, ROLE, SUPERUSER
from rapport.core.postgres.place import Place, scratch_folder

NEW = "data.new-"
#: Run in single-user mode, before any server listens: the superuser is never needed afterwards. The
#: application role is bound by row-level security, and may make databases (tests and benchmarks use throw-
#: away ones).
BOOTSTRAP = (
    f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE CREATEDB;",
    f"CREATE DATABASE {DATABASE} OWNER {ROLE};",
)
NEEDS_BYTES = 150 * 1024 * 1024


def make_cluster(place: Place, binaries: Binaries) -> None:
    """initdb and the application role in a scratch folder, renamed to `place.data` when complete."""
    for leftover in place.root.glob(NEW + "*"):
        shutil.rmtree(leftover)
    if shutil.disk_usage(place.root).free < NEEDS_BYTES:
        raise RapportError(
            f"the disk that holds {place.root} has less than {NEEDS_BYTES // 1024**2} MB free",
            "Free some space, or give a RAPPORT_HOME on another disk.",
        )
    scratch = scratch_folder(place, NEW)
    _run(place, [binaries.program("initdb"), *_initdb_arguments(scratch, binaries.major)], "")
    single = [binaries.program("postgres"), "--single", "-D", str(scratch), "postgres"]
    _run(place, single, "\n".join(BOOTSTRAP) + "\n")
    scratch.rename(place.data)
    _sync(place.root)


def _initdb_arguments(folder: Path, major: int) -> list[str]:
    # Words are cut by the character classes of LC_CTYPE, so it must know more than ASCII; order and case are
    # ours.
    character_type = "C.UTF-8" if sys.platform == "linux" else "UTF-8"
    arguments = ["-D", str(folder), "-U", SUPERUSER, "-E", "UTF8", "-A", "reject", "-T", "simple"]
    arguments += ["--lc-collate=C", f"--lc-ctype={character_type}", "--lc-messages=C", "--data-checksums"]
    for category in ("monetary", "numeric", "time"):
        arguments.append(f"--lc-{category}=C")
    if major >= 17:
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return arguments


def _run(place: Place, command: list[str], given: str) -> None:
    done = subprocess.run(  # noqa: S603
        command,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        cwd=place.root,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        umask=0o077,
        **rights_of(place.user),
    )
    # In single-user mode an error in a statement ends with code 0; it is only said.
    if done.returncode != 0 or "ERROR:" in done.stderr:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise RapportError(
            "the embedded database could not be made: " + " ".join(said),
            f"Is there room and right to write in {place.root}?",
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
