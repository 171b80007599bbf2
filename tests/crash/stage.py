"""A real installation in a folder of its own: database, worker processes, somebody who answers, the world outside."""

import contextlib
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller

from rapport.core.postgres import EmbeddedPostgres
from rapport.core.postgres.place import find_place
from tests.support import free_port

PATIENCE_S = 180.0


def wait_until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> None:
    """Wait until `holds()` is true. Raises TimeoutError saying what was waited for."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.02)


class World:
    """The server that the company's mail leaves to; it counts every message by its Message-ID."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        head = envelope.content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        (own,) = [line for line in head.split("\r\n") if line.lower().startswith("message-id:")]
        self.got[own.partition(":")[2].strip().strip("<>")] += 1
        return "250 OK"

    def __enter__(self) -> "World":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class Postman(threading.Thread):
    """Brings letters one after the other and insists: what was not answered 250 is brought again."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.delivered: list[str] = []
        self.brought = 0
        self.enough = threading.Event()
        self._port = port

    def run(self) -> None:
        """Bring letters until it is enough; the last one is delivered, too."""
        number = 0
        while not self.enough.is_set():
            id = f"letter-{number}@outside.example"
            while not self._bring(id, number):
                time.sleep(0.02)
            self.delivered.append(id)
            number += 1
            time.sleep(0.01)

    def _bring(self, id: str, number: int) -> bool:
        refs = f"References: <letter-{number - 1}@outside.example>\r\n" if number % 3 else ""
        letter = (
            f"From: Person {number % 7} <person{number % 7}@outside.example>\r\nTo: support@rapport.example\r\n"
            f"Subject: Letter {number}\r\nMessage-ID: <{id}>\r\n{refs}\r\nThis is letter {number}.\r\n"
        )
        self.brought += 1
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as line:
                line.sendmail(f"person{number % 7}@outside.example", ["support@rapport.example"], letter.encode())
        except (OSError, smtplib.SMTPException):
            return False
        return True


class Stage:
    """The database with its folder, and processes of ours that use it."""

    def __init__(self, home: Path, world: World, migrated: Path) -> None:
        self.listener = free_port()
        # A database that was migrated is copied in a moment; migrating takes ten seconds.
        subprocess.run(["cp", "-a", find_place(migrated).data, find_place(home).data], check=True)
        self.postgres = EmbeddedPostgres(home, report=lambda _: None)
        self.url = self.postgres.start()
        self._env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "rapport.core.settings",
            "RAPPORT_HOME": str(home),
            "DATABASE_URL": self.url,
            "RAPPORT_LISTENER_PORT": str(self.listener),
            "RAPPORT_LOG_LEVEL": "error",
        }
        self._log = (home / "processes.log").open("ab")
        self._home = home
        founding = self.start("-m", "tests.crash.company", "found", str(world.port))
        assert founding.wait(PATIENCE_S) == 0, self.log()

    def log(self) -> str:
        """What the processes said last."""
        return (self._home / "processes.log").read_text(errors="replace")[-4000:]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A Python process of ours in a group of its own."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=self._env,
            cwd=Path(__file__).parents[2],
            stdout=self._log,
            stderr=self._log,
            process_group=0,
        )

    def worker(self) -> subprocess.Popen[bytes]:
        """`rapport worker`, listening."""
        return self.start("-m", "rapport.cli.main", "worker")

    def answerer(self) -> subprocess.Popen[bytes]:
        """Somebody who answers every open conversation, as the page does."""
        return self.start("-m", "tests.crash.company", "answer")

    def listening(self) -> bool:
        """Whether a worker takes mail."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.listener), 0.5):
            return True
        return False

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, seen with the system's eyes."""
        with psycopg.connect(self.url, autocommit=True) as line:
            line.execute("SELECT set_config('rapport.scope', 'system', false)")
            cursor = line.execute(statement)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []

    def one(self, statement: str) -> Any:
        """The one value of a statement."""
        return self.ask(statement)[0][0]

    def hurry(self) -> None:
        """The ten seconds for an undo are over."""
        self.ask(
            "UPDATE outbound_delivery SET send_after = now() WHERE state IN ('queued', 'retry') AND send_after > now()"
        )

    def lapse(self) -> None:
        """The two minutes are over after which what a dead worker had claimed is anybody's."""
        self.ask("UPDATE outbound_delivery SET claimed_until = now() - interval '1 s' WHERE claimed_until > now()")

    def close(self) -> None:
        """Stop the database."""
        self.postgres.stop()
        self._log.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the process and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def migrate(home: Path) -> None:
    """Make a database of this version in `home`, and stop it."""
    with EmbeddedPostgres(home, report=lambda _: None) as url:
        env = {**os.environ, "RAPPORT_HOME": str(home), "DATABASE_URL": url}
        subprocess.run([sys.executable, "-m", "rapport.cli.main", "migrate"], env=env, check=True, capture_output=True)


@contextmanager
def stage(home: Path, migrated: Path) -> Iterator[tuple[Stage, World]]:
    """An installation, with a copy of the database of `migrated`, and the world outside, for the length of a test."""
    home.chmod(0o711)
    with World() as world:
        made = Stage(home, world, migrated)
        try:
            yield made, world
        finally:
            made.close()
