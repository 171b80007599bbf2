"""The embedded database against the real programs: crashes, races, rights."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from rapport.core.errors import RapportError
from rapport.core.postgres import EmbeddedPostgres
from rapport.core.postgres.place import SOCKET_BYTES_MAX, SOCKET_NAME, Place, find_place
from rapport.core.postgres.processes import running_postmaster
from rapport.core.postgres.server import url

HOLDER = str(Path(__file__).with_name("holder.py"))
ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to a service user")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rapport-pg-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    one = EmbeddedPostgres(home)
    yield one
    one.stop()


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def hold(home: Path) -> "Iterator[subprocess.Popen[str]]":
    """Another process that starts the database of `home` and keeps it."""
    with subprocess.Popen(
        [sys.executable, HOLDER, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        yield process
        process.kill()


def said(process: "subprocess.Popen[str]") -> tuple[str, int]:
    assert process.stdout is not None
    address, pid = process.stdout.readline().split()
    return address, int(pid)


def ask(address: str, query: str) -> object:
    with psycopg.connect(address, connect_timeout=60) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_the_application_role_is_bound_by_row_level_security(server: EmbeddedPostgres) -> None:
    address = server.start()
    query = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert ask(address, query) is False
    assert ask(
        address, "SELECT current_user || pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'rapport'"
    ) == ("rapportrapport")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        connection.execute("CREATE DATABASE throwaway")
        connection.execute("DROP DATABASE throwaway")


def test_nothing_listens_on_tcp_and_letters_beyond_ascii_are_words(server: EmbeddedPostgres) -> None:
    address = server.start()
    assert ask(address, "SELECT current_setting('listen_addresses')") == ""
    assert ask(address, "SELECT to_tsvector('simple', 'Größe ЖАЛОБА')::text") == "'größe':1 'жалоба':2"
    assert ask(address, "SELECT current_setting('fsync') || current_setting('synchronous_commit')") == "onon"


@as_root
def test_root_may_not_become_the_superuser_over_the_socket(server: EmbeddedPostgres) -> None:
    address = server.start().replace("rapport@", "postgres@").replace("/rapport?", "/postgres?")
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        ask(address, "SELECT 1")


def test_a_killed_postmaster_starts_again_and_keeps_what_was_committed(server: EmbeddedPostgres) -> None:
    address = server.start()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("TRUNCATE kept")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    busy = psycopg.connect(address)
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert eventually(lambda: not server.running())
    assert server.start() == address
    assert ask(address, "SELECT count(*) FROM kept") == 1000
    busy.close()


def test_a_pid_file_of_a_zombie_or_of_another_program_counts_as_dead(server: EmbeddedPostgres, home: Path) -> None:
    zombie = subprocess.Popen(["true"])
    assert eventually(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE)
    data = find_place(home).data
    for pid in (zombie.pid, os.getpid()):
        server.start()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert eventually(lambda: not server.running())
        lines = (data / "postmaster.pid").read_text().splitlines()
        (data / "postmaster.pid").write_text("\n".join([str(pid), *lines[1:]]) + "\n")
        assert running_postmaster(data) is None
        assert ask(server.start(), "SELECT 1") == 1
    zombie.wait()


def test_the_database_ends_with_a_killed_owner_and_the_next_one_starts(home: Path) -> None:
    with hold(home) as holder:
        address, pid = said(holder)
    server = EmbeddedPostgres(home)
    try:
        assert server.start() == address
        assert server.owner
        assert eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
    finally:
        server.stop()


def test_several_starts_on_one_new_home_share_one_server() -> None:
    with tempfile.TemporaryDirectory(prefix="rapport-pg-") as folder:
        Path(folder).chmod(0o755)
        with ExitStack() as stack:
            holders = [stack.enter_context(hold(Path(folder))) for _ in range(4)]
            answers = [said(one) for one in holders]
            assert len({address for address, _ in answers}) == 1
            assert sum(1 for _, pid in answers if pid) == 1
        data = find_place(Path(folder)).data
        assert eventually(lambda: running_postmaster(data) is None)


def test_stopping_what_was_joined_leaves_it_running(server: EmbeddedPostgres, home: Path) -> None:
    address = server.start()
    joined = subprocess.run(
        [sys.executable, HOLDER, str(home)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert joined.stdout.split() == [address, "0"]
    assert server.alive()


def test_a_half_made_cluster_is_thrown_away() -> None:
    with tempfile.TemporaryDirectory(prefix="rapport-pg-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        place = find_place(home)
        (place.root / "data.new-broken").mkdir()
        with EmbeddedPostgres(home) as address:
            assert ask(address, "SELECT 1") == 1
        assert not list(place.root.glob("data.new-*"))


def test_a_long_home_gets_a_private_short_socket_folder() -> None:
    place = Place(Path("/var/lib") / ("x" * 120), None)
    assert len(os.fsencode(place.sockets / SOCKET_NAME)) <= SOCKET_BYTES_MAX
    assert url(place).startswith("postgresql://rapport@/rapport?host=%2Ftmp%2Frapport-")


def test_a_cause_of_failure_is_said_in_words(home: Path) -> None:
    place = find_place(home)
    server = EmbeddedPostgres(home)
    server.start()
    server.stop()
    version = place.data / "PG_VERSION"
    version.write_text("15\n")
    try:
        with pytest.raises(RapportError, match="made by PostgreSQL 15") as caught:
            server.start()
        assert "backup" in caught.value.hint
        assert not server.owner
    finally:
        version.write_text("18\n")


def test_a_start_that_takes_long_says_what_it_waits_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rapport.core.postgres import server as module

    monkeypatch.setattr(module, "REPORT_EVERY_S", 0.0)
    reports: list[str] = []
    server = EmbeddedPostgres(home, report=reports.append)
    try:
        server.start()
    finally:
        server.stop()
    assert reports
    assert all(one.startswith("PostgreSQL is not ready yet (") for one in reports)


def test_programs_that_cannot_start_give_the_last_words_of_their_log(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rapport.core.postgres import config

    monkeypatch.setitem(config.SETTINGS, "shared_buffers", "lots")
    server = EmbeddedPostgres(home)
    with pytest.raises(RapportError, match="shared_buffers") as caught:
        server.start()
    assert "postgres.log" in caught.value.hint
    assert not server.owner


def modes(*folders: Path) -> dict[Path, tuple[int, int]]:
    return {one: (stat.S_IMODE(one.stat().st_mode), one.stat().st_uid) for one in folders}


@as_root
def test_as_root_no_permission_of_any_existing_folder_changes() -> None:
    with tempfile.TemporaryDirectory(prefix="rapport-closed-") as folder:
        closed = Path(folder)  # Mode 700, like /root.
        home = closed / "share" / "rapport"
        home.mkdir(parents=True, mode=0o700)
        watched = (home, home.parent, closed, closed.parent, Path("/root"), Path("/var/lib"), Path(sys.prefix))
        before = modes(*watched)
        with EmbeddedPostgres(home) as address:
            assert ask(address, "SELECT 1") == 1
            place = find_place(home)
            assert place.root.parent == Path("/var/lib")
            assert modes(place.data)[place.data][0] == 0o700
            assert place.user is not None
            assert modes(place.data)[place.data][1] == place.user.uid
        assert modes(*watched) == before
        assert (home / "postgres.place").read_text().strip() == str(place.root)
        subprocess.run(["rm", "-r", str(place.root)], check=True)


@as_root
def test_as_root_programs_out_of_reach_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    from rapport.core.postgres import binaries

    folder, package = binaries._in_package()
    assert folder is not None
    assert package is not None
    with tempfile.TemporaryDirectory(prefix="rapport-pg-") as name:
        home = Path(name)
        home.chmod(0o755)
        closed = home / "closed"
        closed.mkdir(mode=0o700)
        for one in (package, package.parent / f"{package.name}.libs"):
            if one.is_dir():
                subprocess.run(["cp", "-a", str(one), str(closed)], check=True)
        moved = closed / package.name
        monkeypatch.setattr(binaries, "_in_package", lambda: (moved / folder.relative_to(package), moved))
        with EmbeddedPostgres(home) as address:
            assert ask(address, "SELECT 1") == 1
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert len(list(find_place(home).programs.iterdir())) == 1
