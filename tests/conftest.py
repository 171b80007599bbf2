"""What every test gets: no network but loopback, and a real PostgreSQL where it asks for one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Iterator[Path]:
    """The folder of real data; tests that use it are skipped, visibly, where it is absent."""
    folder = Path(os.environ.get("RAPPORT_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data is not here (set RAPPORT_SHARED)")
    yield folder
