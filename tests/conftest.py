"""What every test gets: no network but loopback, and a real PostgreSQL where it asks for one."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_django
from django.db import connection
from django.template import Template
from django.test.utils import instrumented_test_render
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from rapport.core.clock import now, travel
from tests.again import ENDED
from tests.emptying import Emptying
from tests.support import migrated_database

# A busy machine is no fault: tests measure nothing. Examples are the same each time, as Hypothesis has them by itself
# where CI is set: a run says of the code whether it is right. SEEK=1 draws others.
settings.register_profile(
    "rapport", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    derandomize="SEEK" not in os.environ,
)  # fmt: skip
settings.load_profile("rapport")

#: Files with few tests that take long: begun last, one process would be at work on them while the other has nothing.
_LONG = (
    "demo/test_command.py", "crash/test_crash.py", "demo/test_player.py", "walls/test_walk.py", "cli/test_audit.py",
    "cli/test_backup.py", "house/test_bench.py", "walls/test_roles.py",
)  # fmt: skip


class _Shared(LoadFileScheduling):
    """Files go to whoever is free; those with a browser to one process, where they share a Chromium."""

    def _split_scope(self, nodeid: str) -> str:
        path = str(super()._split_scope(nodeid))
        return "tests/browser" if path.startswith("tests/browser/") else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    """With --dist loadfile; None leaves the choice to xdist."""
    return _Shared(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes share the files: a browser's first, then long ones, then by the number of tests.

    Within a file nothing changes.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder, sizes = Path(__file__).parent, Counter(item.path for item in items)
        first = {folder / name: place for place, name in enumerate(_LONG)}
        items.sort(key=lambda item: (
            folder / "browser" not in item.path.parents, first.get(item.path, len(_LONG)), -sizes[item.path],
            str(item.path),
        ))  # fmt: skip


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Whether all tests ran is noted beside what failed (`tests.again`)."""
    cache = getattr(session.config, "cache", None)
    if cache is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        cache.set(ENDED, int(exitstatus))


@pytest.fixture(scope="session", autouse=True)
def _there_is_time(django_test_environment: None) -> None:
    """What gives up or pauses after a moment, so that nobody waits for it, has a minute: none passes that soon here.

    Tests of giving up set a time of their own.
    """
    from rapport.channels.kinds.slack import names
    from rapport.conversations import search, views
    from rapport.insight import summing
    from rapport.people.directory import listing

    for at, name, minute in (
        (search, "_TIME_MS", 60_000), (views, "_COUNTING_MS", 60_000), (listing, "_COUNTING_MS", 60_000),
        (summing, "_RUN_S", 60.0), (names, "_TIMEOUT_S", 60.0), (names, "_WHOLE_S", 60.0),
    ):  # fmt: skip
        assert hasattr(at, name)
        setattr(at, name, minute)


@pytest.fixture
def one_minute() -> Iterator[None]:
    """What is counted by the minute of the clock is counted in one: it does not turn meanwhile."""
    with travel(now()):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that use it are skipped, visibly, where it is absent."""
    folder = Path(os.environ.get("RAPPORT_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data is not here (set RAPPORT_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _contexts_are_not_kept(django_test_environment: None) -> None:
    """Django copies every context of every template for tests to look at; ours look at pages (`kept_contexts`)."""
    Template._render = lambda self, context: self.nodelist.render(context)  # type: ignore[method-assign]


@pytest.fixture
def kept_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test reads in `response.context` is there."""
    monkeypatch.setattr(Template, "_render", instrumented_test_render)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Migrating takes seconds, copying a database that was migrated does not: several processes do it once."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_database()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Tests that commit leave every table as migrations did (`emptying`); the log of the test database lets them."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("core_event", "core_seal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER never_emptied")
        # Narrow tables that are no models: what is not emptied with the people would be found by later tests.
        cursor.execute(
            """CREATE OR REPLACE FUNCTION emptied_with_people() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN TRUNCATE people_key, people_row, people_heard; RETURN NULL; END $$;
            CREATE OR REPLACE TRIGGER emptied_with_people AFTER TRUNCATE ON people_person
            FOR EACH STATEMENT EXECUTE FUNCTION emptied_with_people()"""
        )
        Emptying().install()
