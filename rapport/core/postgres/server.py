"""EmbeddedPostgres: the database of one home folder, our direct child, or joined when it already runs."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from rapport.core.errors import RapportError
from rapport.core.postgres import cluster, config, launch
from rapport.core.postgres.binaries import Binaries, find_binaries, has_lz4
from rapport.core.postgres.place import Place, find_place, make_sockets
from rapport.core.postgres.processes import Postmaster, clear_remains, running_postmaster

#: Recovery from gigabytes of write-ahead log takes minutes on a slow disk; giving up would only start it
#: over.
START_TIMEOUT_S = 1800.0
STOP_TIMEOUT_S = 20.0
REPORT_EVERY_S = 5.0
POLL_S = 0.02
LOG_BYTES_MAX = 5_000_000
LOG_TAIL_BYTES = 4000


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class EmbeddedPostgres:
    """The embedded database of `home` (a folder, made if missing).

    Who starts first owns the server and is its parent; whoever starts while it runs joins it and leaves it
    running. When the owner dies the kernel stops the server, and the next start, of anyone, recovers it.
    """

    def __init__(self, home: Path, *, postgres_bin: Path | None = None, report: Callable[[str], None] = _say) -> None:
        self.home = home
        self._postgres_bin = postgres_bin
        self._report = report
        self._place: Place | None = None
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    def start(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """The URL of the running database, for the application role. Starts what does not run.

        Call it from the main thread: the kernel ends the server with the thread that started it.
        RapportError says why the server cannot run.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the embedded database from the main thread: it would end with this one")
        deadline = time.monotonic() + timeout_s
        place = self._place = self._prepared()
        while not self._owns(place):
            if self._joined(place, deadline):
                return url(place)
        if not self.alive():
            try:
                self._launch(place, deadline)
            except BaseException:
                self.stop()
                raise
        return url(place)

    def alive(self) -> bool:
        """Whether the server runs and answers."""
        if self._place is None:
            return False
        if self._lock is not None and (self._process is None or self._process.poll() is not None):
            return False
        found = running_postmaster(self._place.data)
        return found is not None and found.ready

    def running(self) -> bool:
        """Whether the server process is there, ready or still recovering; cheap, to be asked every second."""
        if self._process is not None:
            return self._process.poll() is None
        return self.alive()

    def stop(self) -> None:
        """Stops the server if it is ours: clients are cut off, everything is written."""
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The pid of the postmaster, when it is our child."""
        return self._process.pid if self._process else None

    @property
    def owner(self) -> bool:
        """Whether this object started the server, and will stop it."""
        return self._lock is not None

    def _prepared(self) -> Place:
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o711)
        except OSError as error:
            raise RapportError(
                f"the folder {self.home} cannot be made: {error.strerror}", "Give another with RAPPORT_HOME."
            ) from error
        return find_place(self.home)

    def _owns(self, place: Place) -> bool:
        """Whether we hold the lock that the owner keeps while it lives (the kernel frees it at death)."""
        if self._lock is not None:
            return True
        descriptor = os.open(place.root / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def _joined(self, place: Place, deadline: float) -> bool:
        """Waits a little for another owner's server; True when it answers."""
        found = running_postmaster(place.data)
        if found is not None and found.ready:
            return True
        if time.monotonic() > deadline:
            raise RapportError(
                f"another process is starting the database in {place.root} and did not finish",
                f"Look at {place.log}.",
            )
        time.sleep(POLL_S)
        return False

    def _launch(self, place: Place, deadline: float) -> None:
        self._process = None
        self._wait_for_former(place, deadline)
        binaries = find_binaries(place, self._postgres_bin)
        if place.data.exists():
            clear_remains(place)
        else:
            self._report("Making the embedded database (once) ...")
            cluster.make_cluster(place, binaries)
        _refuse_other_version(place, binaries)
        make_sockets(place)
        config.write_access(place)
        arguments = config.server_arguments(place, major=binaries.major, lz4=has_lz4(binaries, place))
        self._log_from = _open_log(place)
        self._process = _spawn(place, [binaries.program("postgres"), *arguments])
        self._wait_until_ready(place, self._process, deadline)

    def _wait_for_former(self, place: Place, deadline: float) -> None:
        """A server whose owner was killed is shutting down, or was never told to: see it gone."""
        began = time.monotonic()
        reported = began
        told = None
        while (former := running_postmaster(place.data)) is not None:
            waited = time.monotonic() - began
            wanted = signal.SIGINT if waited < 60 else signal.SIGQUIT
            if told != wanted:
                _tell(former, wanted)
                told = wanted
            if time.monotonic() > deadline:
                raise RapportError(f"an earlier PostgreSQL ({former.pid}) in {place.data} does not end", "Stop it.")
            reported = self._progress(reported, began, "waiting for the earlier server to end")
            time.sleep(POLL_S)

    def _wait_until_ready(self, place: Place, process: subprocess.Popen[bytes], deadline: float) -> None:
        began = reported = time.monotonic()
        while True:
            if process.poll() is not None:
                raise _failure(place, self._log_from)
            found = running_postmaster(place.data)
            if found is not None and found.pid == process.pid and found.ready:
                return
            if time.monotonic() > deadline:
                raise RapportError("the embedded database did not become ready in time", f"Look at {place.log}.")
            reported = self._progress(reported, began, _last_line(place, self._log_from) or "starting")
            time.sleep(POLL_S)

    def _progress(self, reported: float, began: float, what: str) -> float:
        """Says what is going on every few seconds; the time of the last report."""
        present = time.monotonic()
        if present - reported < REPORT_EVERY_S:
            return reported
        self._report(f"PostgreSQL is not ready yet ({present - began:.0f} s): {what}")
        return present


def url(place: Place) -> str:
    """The address of the application's database in `place`."""
    return f"postgresql://{config.ROLE}@/{config.DATABASE}?host={quote(str(place.sockets), safe='')}"


def _open_log(place: Place) -> int:
    """Where the log of the next start begins, in bytes; a long log is put aside first."""
    if not place.log.exists():
        return 0
    size = place.log.stat().st_size
    if size <= LOG_BYTES_MAX:
        return size
    place.log.replace(place.log.with_suffix(".old.log"))
    return 0


def _spawn(place: Place, command: list[str]) -> subprocess.Popen[bytes]:
    user = place.user
    rights = [str(user.uid), str(user.gid)] if user else ["-1", "-1"]
    script = [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve())]
    with open(os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        return subprocess.Popen(  # noqa: S603
            [*script, str(os.getpid()), *rights, str(int(signal.SIGINT)), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place.root,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1"},
            # Ctrl-C in a terminal reaches the whole group; the supervisor decides when the database ends.
            process_group=0,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    for wanted, patience_s in ((signal.SIGINT, STOP_TIMEOUT_S), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        process.send_signal(wanted)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)


def _tell(former: Postmaster, wanted: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(former.pid, wanted)


def _refuse_other_version(place: Place, binaries: Binaries) -> None:
    found = (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(binaries.major):
        raise RapportError(
            f"the database in {place.data} was made by PostgreSQL {found}, the programs are {binaries.major}",
            "Take a backup with the earlier version (rapport backup) and restore it into a new RAPPORT_HOME.",
        )


def _tail(place: Place, begin: int) -> str:
    try:
        with open(place.log, "rb") as file:
            file.seek(max(begin, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _last_line(place: Place, begin: int) -> str:
    lines = _tail(place, begin).strip().splitlines()
    return lines[-1] if lines else ""


def _failure(place: Place, begin: int) -> RapportError:
    """Why the server ended, in words, from the end of its log."""
    tail = _tail(place, begin)
    if "No space left on device" in tail:
        return RapportError(
            f"the disk that holds {place.root} is full, so the database cannot start",
            "Free some space and start again; nothing that was stored is lost.",
        )
    reasons = [line for line in tail.splitlines() if "FATAL:" in line or "PANIC:" in line]
    said = reasons[-1].split("] ", 1)[-1] if reasons else _last_line(place, begin)
    return RapportError(f"the embedded database did not start: {said}", f"The whole log is {place.log}.")
