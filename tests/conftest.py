"""What every test gets: no network but loopback, and a real PostgreSQL where it asks for one."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

_stack = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Settings need a home and a database address before Django is imported by pytest-django."""
    home = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="rapport-tests-")))
    home.chmod(0o755)
    os.environ.setdefault("RAPPORT_HOME", str(home))
    os.environ.setdefault("RAPPORT_LOG_LEVEL", "warning")
    if not os.environ.get("DATABASE_URL"):
        from rapport.core.postgres import EmbeddedPostgres

        os.environ["DATABASE_URL"] = _stack.enter_context(EmbeddedPostgres(home))


def pytest_unconfigure(config: pytest.Config) -> None:
    _stack.close()


@pytest.fixture(scope="session")
def shared_data() -> Iterator[Path]:
    """The folder of real data; tests that use it are skipped, visibly, where it is absent."""
    folder = Path(os.environ.get("RAPPORT_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data is not here (set RAPPORT_SHARED)")
    yield folder
