"""A small supervisor: children die with us, come back when they crash, end when told. Never imports Django."""

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import click

from rapport.core.errors import RapportError
from rapport.core.options import OptionsError
from rapport.core.postgres import EmbeddedPostgres, launch

BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 30.0
#: A child that ran this long is well again.
WELL_AFTER_S = 30.0
TICK_S, TICK_STARTING_S = 1.0, 0.1
STOP_PATIENCE_S = 6.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


@dataclass
class Child:
    """One supervised command. With `once`, exit code 0 means that its work is done."""

    name: str
    arguments: Sequence[str]
    once: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_after: float = 0.0
    crashes: int = 0
    done: bool = False


def backoff_s(crashes: int) -> float:
    """How long to wait before start number `crashes` + 1 (pure)."""
    return min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(10, max(0, crashes - 1)))


def command(arguments: Sequence[str]) -> list[str]:
    """The command line of `rapport` with these arguments, in this interpreter."""
    return [sys.executable, "-m", "rapport.cli.main", *arguments]


def spawn(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Starts `rapport` with these arguments; the kernel ends it when we are gone."""
    script = [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve())]
    # Our own death is a crash: a child that is stuck must not hold the ports of the next start.
    rights = ["-1", "-1", str(int(signal.SIGKILL))]
    return subprocess.Popen(  # noqa: S603
        [*script, str(os.getpid()), *rights, *command(arguments)],
        env={**os.environ, **(environment or {})},
        # Ctrl-C reaches the whole group of the terminal; here only the supervisor decides who ends when.
        process_group=0,
    )


def run_once(arguments: Sequence[str]) -> None:
    """Runs `rapport` with these arguments to its end; RapportError when it fails (it has said why)."""
    code = spawn(arguments).wait()
    if code == 2:
        raise OptionsError(f"`rapport {' '.join(arguments)}` refused the settings")
    if code != 0:
        raise RapportError(f"`rapport {' '.join(arguments)}` failed (exit code {code})")


def refuse_taken_ports(wanted: Mapping[str, tuple[str, int]]) -> None:
    """OptionsError for the first setting in `wanted` (name -> host, port) whose port is taken."""
    for name, (host, port) in wanted.items():
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise OptionsError(
                    f"port {port} on {host} cannot be used: {error.strerror}",
                    f"Is Rapport running already? Otherwise give another with RAPPORT_{name.upper()}.",
                ) from error


def answers(host: str, port: int, path: str, timeout_s: float = 1.0) -> bool:
    """Whether GET `path` answers 200. Written out, because an HTTP client would double our memory."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout_s) as connection:
            connection.sendall(request.encode("ascii"))
            return connection.recv(64).split(b" ", 2)[1:2] == [b"200"]
    except OSError:
        return False


@dataclass
class Tree:
    """Database and children under one supervisor; `announce` is called once, when `healthy` first says True."""

    children: list[Child]
    database: EmbeddedPostgres | None
    healthy: Callable[[], bool]
    announce: Callable[[], None]
    _told: bool = field(default=False, init=False)
    _announced: bool = field(default=False, init=False)
    _database_after: float = field(default=0.0, init=False)
    _database_failures: int = field(default=0, init=False)

    def run(self) -> None:
        """Runs until told to stop by SIGINT, SIGTERM or SIGHUP; then everything ends, the database last."""
        with _Wakeups(self._on_signal) as wakeups:
            try:
                while not self._told:
                    self._look()
                    wakeups.wait(TICK_S if self._announced else TICK_STARTING_S)
            finally:
                self._stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._told = True

    def _look(self) -> None:
        self._look_after_database()
        for child in self.children:
            self._look_after(child)
        if not self._announced and self.healthy():
            self._announced = True
            self.announce()

    def _look_after_database(self) -> None:
        """Starts an ended database again; where that fails (a full disk, say), tries on, ever less often."""
        present = time.monotonic()
        # Only whether our own child still runs: while it recovers from a crash it is not started twice.
        if self.database is None or self.database.running() or present < self._database_after:
            return
        click.echo("the database ended unexpectedly; starting it again", err=True)
        try:
            self.database.start()
            self._database_failures = 0
        except RapportError as error:
            self._database_failures += 1
            wait_s = backoff_s(self._database_failures)
            self._database_after = time.monotonic() + wait_s
            click.echo(f"error: {error.message}\nhint: {error.hint}\ntrying again in {wait_s:.1f} s", err=True)

    def _look_after(self, child: Child) -> None:
        present = time.monotonic()
        if child.done:
            return
        if child.process is None:
            if present >= child.start_after:
                child.process, child.started_at = spawn(child.arguments), present
            return
        code = child.process.poll()
        if code is None:
            return
        child.process = None
        if code == 0 and child.once:
            child.done = True
            return
        child.crashes = 1 if present - child.started_at > WELL_AFTER_S else child.crashes + 1
        wait_s = backoff_s(child.crashes)
        child.start_after = present + wait_s
        click.echo(f"{child.name} ended ({_reason(code)}); starting it again in {wait_s:.1f} s", err=True)

    def _stop(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_PATIENCE_S
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.database is not None:
            self.database.stop()


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


class _Wakeups:
    """Sleeping that any signal ends at once."""

    def __init__(self, handler: Callable[[int, FrameType | None], None]) -> None:
        self._handler = handler
        self._reader, self._writer = socket.socketpair()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "_Wakeups":
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._selector.register(self._reader, selectors.EVENT_READ)
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._handler) for number in SIGNALS}
        return self

    def wait(self, seconds: float) -> None:
        if self._selector.select(seconds):
            self._reader.recv(4096)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._selector.close()
        self._reader.close()
        self._writer.close()
