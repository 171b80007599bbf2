"""`rapport demo`: apart from all other state, deletes only its own, starts, goes on, and stops whole."""

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rapport.cli import demo
from rapport.cli.demo_company import state
from rapport.core.errors import RapportError
from rapport.core.options import Options, options
from rapport.core.postgres import EmbeddedPostgres
from tests.support import free_port

ANCHOR = "2026-03-12T14:30:00+00:00"
_PATIENCE_SECONDS = 600.0


def test_the_demo_takes_nothing_over_from_a_production_installation(tmp_path: Path) -> None:
    given = Options(
        home=tmp_path,
        database_url="postgresql://boss:secret@db.example/production",
        secret_key="x" * 40,
        public_url="https://rapport.example.com",
        port=9000,
    )
    made = demo._environment(given, None, has_file=True)
    assert made["RAPPORT_HOME"] == str(tmp_path / "demo")
    assert made["RAPPORT_PORT"] == "9000"
    assert made["RAPPORT_SECRET_KEY"] == ""
    assert not {"DATABASE_URL", "RAPPORT_PUBLIC_URL"} & set(made)
    assert "secret" not in "".join(made.values())


def test_a_port_given_by_hand_takes_the_next_one_along_for_live_updates(tmp_path: Path) -> None:
    made = demo._environment(Options(home=tmp_path), 8123, has_file=False)
    assert (made["RAPPORT_PORT"], made["RAPPORT_LIVE_PORT"]) == ("8123", "8124")


def test_a_folder_without_the_demos_marker_is_never_touched(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("ten years of work")
    with pytest.raises(RapportError, match="did not make"):
        demo.forget(tmp_path)
    (tmp_path / state.MARKER).write_text("[]")
    with pytest.raises(RapportError, match="not what the demo wrote"):
        demo.forget(tmp_path)
    assert precious.read_text() == "ten years of work"


def test_an_empty_folder_and_none_at_all_are_a_fine_start(tmp_path: Path) -> None:
    demo.forget(tmp_path)
    demo.forget(tmp_path / "nothing")
    assert tmp_path.exists()
    assert not (tmp_path / "nothing").exists()


def test_the_parts_of_the_demo_run_nowhere_else() -> None:
    assert not options().demo
    with pytest.raises(RapportError, match="only there"):
        demo._require_demo()


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that other users may pass through: as root the database belongs to one of them."""
    with tempfile.TemporaryDirectory(prefix="rapport-demo-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


class Running:
    """`rapport demo` in a process of its own."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.port = free_port()
        self.log = home / "terminal.log"
        own = {"RAPPORT_HOME": str(home), "RAPPORT_PORT": str(self.port), "RAPPORT_LIVE_PORT": str(free_port())}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("RAPPORT_")}
        self._terminal = self.log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rapport.cli.main", "demo", "--no-live-messages", *arguments],
            env={**inherited, **own, "RAPPORT_LISTENER_PORT": str(free_port())},
            stdout=self._terminal,
            stderr=subprocess.STDOUT,
        )

    def said(self) -> str:
        return self.log.read_text()

    def until(self, words: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while words not in self.said():
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def page(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def ended(self) -> int:
        return self._process.wait(_PATIENCE_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self._process.send_signal(number)
        code = self._process.wait(60)
        self._terminal.close()
        return code


def test_it_starts_is_played_stops_whole_and_goes_on(home: Path) -> None:
    first = Running(home)
    try:
        first.until("is open")
        assert first.page("/") == 302
        first.until("coming in: 20 %")
    finally:
        # Killed in the middle of its history: nothing may be missing or twice afterwards.
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    second = Running(home)
    try:
        second.until("coming in: 100 %")
        kept = state.read(home / "demo")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (kept is None or not kept.is_played) and time.monotonic() < deadline:
            time.sleep(0.1)
            kept = state.read(home / "demo")
        assert kept is not None
        assert kept.is_played
    finally:
        assert second.stop() == 0
    third = Running(home)
    try:
        third.until("is open")
        assert "coming in" not in third.said()
        assert third.page("/") == 302
    finally:
        assert third.stop() == 0
    for said in (first.said(), second.said(), third.said()):
        before, fault, after = said.partition("Traceback")
        assert not fault, before[-500:] + fault + after[:5_000]


def test_a_second_one_leaves_what_the_first_is_playing_alone(home: Path) -> None:
    folder = home / "demo"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    kept = state.State(ANCHOR)
    state.write(folder, kept)
    with EmbeddedPostgres(folder):
        second = Running(home)
        try:
            assert second.ended() == 1, second.said()
        finally:
            second.stop()
        with pytest.raises(RapportError, match="is running"):
            demo.forget(folder)
    assert "error: the demo is running already" in second.said()
    assert state.read(folder) == kept
