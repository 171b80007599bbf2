"""The commands, run as an operator does; and databases of their own for those that need a whole one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from rapport.cli.main import main

Run = Callable[..., Result]


@pytest.fixture
def run(db: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, in the test's own transaction, which it must not close."""
    for module in ("ingest", "admin", "doctor", "backup"):
        monkeypatch.setattr(f"rapport.cli.{module}.database", nullcontext)
    return lambda *args: CliRunner().invoke(main, [str(arg) for arg in args])


@dataclass(frozen=True)
class Site:
    """An installation: a database and a home of its own."""

    url: str
    home: Path

    def command(self, *args: str | Path) -> list[str]:
        return [sys.executable, "-m", "rapport.cli.main", *map(str, args)]

    def env(self) -> dict[str, str]:
        return {**os.environ, "DATABASE_URL": self.url, "RAPPORT_HOME": str(self.home)}

    def run(self, *args: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own; it must end with `code`."""
        done = subprocess.run(
            self.command(*args), env=self.env(), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection that sees everything."""
        connection = psycopg.connect(self.url, autocommit=True)
        connection.execute("SELECT set_config('rapport.scope', 'system', false)")
        return connection

    def count(self, table: str, where: str = "true") -> int:
        with self.connect() as connection:
            row = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
            return int(str(row[0])) if row else 0


@pytest.fixture(scope="module")
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Site]]:
    """Makes installations with an empty database each, dropped afterwards."""
    given = os.environ["DATABASE_URL"]
    made: list[str] = []

    def make() -> Site:
        name = f"rapport_site_{uuid4().hex[:12]}"
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made.append(name)
        return Site(urlsplit(given)._replace(path=f"/{name}").geturl(), tmp_path_factory.mktemp("home"))

    yield make
    with psycopg.connect(given, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
