"""The tree of processes: children come back, end when told, and never outlive their supervisor."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from rapport.cli import processes
from rapport.cli.processes import answers, backoff_s, refuse_taken_ports
from rapport.core.errors import RapportError
from rapport.core.options import OptionsError
from rapport.core.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rapport-tree-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def tree(home: Path) -> "Iterator[tuple[subprocess.Popen[bytes], Callable[[str], list[str]]]]":
    """A running tree, and a function that waits for lines of its output that match."""
    log = home / "out"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("tree.py")), str(home)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
        )

    def lines(pattern: str) -> list[str]:
        assert eventually(lambda: re.search(pattern, log.read_text(), re.MULTILINE) is not None), log.read_text()
        return re.findall(pattern, log.read_text(), re.MULTILINE)

    try:
        yield process, lines
    finally:
        process.kill()
        process.wait()


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_crashed_child_comes_back_a_finished_one_does_not_and_sigterm_ends_all(home: Path) -> None:
    with tree(home) as (process, lines):
        resident_kb, django = lines(r"^ready (\d+) (\w+)$")[0]
        assert int(resident_kb) < 35_000
        assert django == "False"
        lines(r"(?s)^crash \d+.*^crash \d+")
        postgres, sleeper, stubborn = (int(lines(rf"^{name} (\d+)$")[0]) for name in ("postgres", "child", "stubborn"))
        os.kill(sleeper, signal.SIGKILL)
        lines(rf"^child (?!{sleeper}$)\d+$")
        process.terminate()
        assert process.wait(60) == 0, "who sleeps for ten minutes and will not end is ended"
        assert len(lines(r"^finish \d+$")) == 1
        lines(r"^stopped$")
        assert gone(postgres)
        assert gone(stubborn)


def test_a_killed_database_is_started_again(home: Path) -> None:
    with tree(home) as (_, lines):
        lines(r"^ready")
        pid = int(lines(r"^postgres (\d+)$")[0])
        os.kill(pid, signal.SIGKILL)
        lines(r"the database ended unexpectedly")
        pid_file = home / "postgres" / "data" / "postmaster.pid"

        def another_is_ready() -> bool:
            text = pid_file.read_text() if pid_file.exists() else ""
            return "ready" in text and text.split()[0] != str(pid)

        assert eventually(another_is_ready)


def test_children_and_database_end_with_a_killed_supervisor(home: Path) -> None:
    with tree(home) as (process, lines):
        lines(r"^ready")
        postgres, sleeper = (int(lines(rf"^{name} (\d+)$")[0]) for name in ("postgres", "child"))
        stubborn = int(lines(r"^stubborn (\d+)$")[0])
        process.kill()
        process.wait()
        assert eventually(lambda: all(gone(pid) for pid in (postgres, sleeper, stubborn)))


def test_a_database_that_cannot_start_is_tried_again_and_holds_up_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(EmbeddedPostgres):
        tries = 0

        def running(self) -> bool:
            return self.tries > 2

        def start(self, timeout_s: float = 0) -> str:
            self.tries += 1
            if self.tries < 3:
                raise RapportError("the disk is full", "Free some space.")
            return ""

    database = FullDisk(Path("/nowhere"))
    monkeypatch.setattr(processes, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(processes, "TICK_STARTING_S", 0.01)

    def recovered() -> bool:
        if database.running():
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    processes.Tree([], database, healthy=recovered, announce=lambda: None).run()
    assert database.tries == 3
    assert capsys.readouterr().err.count("error: the disk is full\nhint: Free some space.") == 2


@pytest.mark.parametrize(("crashes", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (5000, 30.0)])
def test_each_crash_doubles_the_wait_up_to_half_a_minute(crashes: int, seconds: float) -> None:
    assert backoff_s(crashes) == seconds


def test_a_taken_port_is_refused_by_the_name_of_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OptionsError) as caught:
            refuse_taken_ports({"live_port": ("127.0.0.1", port)})
        assert str(port) in caught.value.message
        assert "RAPPORT_LIVE_PORT" in caught.value.hint
        taken.close()
        assert not answers("127.0.0.1", port, "/healthz")
