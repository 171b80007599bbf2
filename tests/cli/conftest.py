"""The commands, run as an operator does; and databases of their own for those that need a whole one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from rapport.cli.main import main
from tests.support import migrated_database

Run = Callable[..., Result]


@pytest.fixture
def run(db: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, in the test's own transaction, which it must not close."""
    for module in ("ingest", "admin", "doctor", "backup", "channel"):
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
            self.command(*args), env=self.env(), capture_output=True, text=True, timeout=600
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


@dataclass
class Makes:
    """Makes installations, each with a database of its own; without `empty` it is one that `rapport migrate` made."""

    given: str
    folders: pytest.TempPathFactory
    made: list[str] = field(default_factory=list)

    def __call__(self, *, empty: bool = False) -> Site:
        name = f"rapport_site_{uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {}" if empty else "CREATE DATABASE {} TEMPLATE {}")
        names = [name] if empty else [name, migrated_database()]
        with psycopg.connect(self.given, autocommit=True) as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))
        self.made.append(name)
        return Site(urlsplit(self.given)._replace(path=f"/{name}").geturl(), self.folders.mktemp("home"))

    def drop(self) -> None:
        with psycopg.connect(self.given, autocommit=True) as connection:
            for name in self.made:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def _makes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Makes]:
    """What was made is dropped at the end."""
    makes = Makes(os.environ["DATABASE_URL"], tmp_path_factory)
    yield makes
    makes.drop()


@pytest.fixture(scope="module")
def make_site(_makes: Makes) -> Makes:
    """Makes installations with a database each, dropped at the end."""
    return _makes
