"""After a test that commits nothing is left, wherever it was written, and whoever still holds a table is named."""

from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from rapport.core import events, scope
from rapport.core.models import Event
from rapport.people.models import Person
from tests import emptying
from tests.emptying import Emptying, StillHeldError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _lent(transactional_db: None) -> None:
    if not Emptying().is_lent:
        pytest.skip("this server has no role that empties the tables: Django's flush does it")


@pytest.fixture
def another() -> Iterator[psycopg.Connection]:
    """A second connection to the test database, as a thread or process of the test would have."""
    given = connection.get_connection_params()
    with psycopg.connect(
        host=given.get("host"), port=given.get("port"), user=given.get("user"), password=given.get("password"),
        dbname=given["dbname"], application_name="a worker", autocommit=True,
    ) as line:  # fmt: skip
        yield line


def _empty() -> None:
    Emptying().after(TransactionTestCase())


def _sql(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_rows_behind_walls_and_of_the_append_only_log_are_gone_with_what_triggers_made_of_them() -> None:
    with scope.system():
        Person.objects.create(name="Ann", audience=[])
        events.record("member.signed_in", actor_id=None, data={})
    _empty()
    with scope.system():
        assert not Person.objects.exists()
        assert not Event.objects.exists()
        assert _sql("SELECT id FROM people_row") == []
        assert _sql("SELECT * FROM search_name") == []
        assert _sql("SELECT * FROM core_unsealed") == []


def test_rows_of_partitions_unlogged_tables_and_tables_a_test_made_are_gone() -> None:
    _sql("CREATE TABLE test_parted (at int) PARTITION BY RANGE (at)")
    _sql("CREATE TABLE test_part PARTITION OF test_parted FOR VALUES FROM (0) TO (9)")
    _sql('CREATE UNLOGGED TABLE "test Unlogged" (at int)')
    try:
        _sql("INSERT INTO test_parted VALUES (1)")
        _sql('INSERT INTO "test Unlogged" VALUES (1)')
        _sql("""INSERT INTO rapport_cache VALUES ('a', 'b', now())""")
        _empty()
        for table in ("test_parted", '"test Unlogged"', "rapport_cache"):
            assert _sql(f"SELECT * FROM {table}") == []
    finally:
        _sql('DROP TABLE test_parted, "test Unlogged"')


def test_what_migrations_put_there_is_left_as_it_is_or_put_there_again() -> None:
    types = set(ContentType.objects.values_list("id", "app_label", "model"))
    _empty()
    assert set(ContentType.objects.values_list("id", "app_label", "model")) == types != set()
    empty = Emptying()
    ContentType.objects.filter(model="person").delete()
    ContentType.objects.create(app_label="people", model="none of ours")
    empty.after(TransactionTestCase())
    named = set(ContentType.objects.values_list("app_label", "model"))
    assert named == {(app, model) for _, app, model in types}


def test_who_does_not_end_is_named_and_cut_off_and_what_it_wrote_is_gone(
    another: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emptying, "PATIENCE_S", 0.05)
    another.execute("BEGIN")
    another.execute("INSERT INTO rapport_cache VALUES ('a', 'b', now())")
    with pytest.raises(StillHeldError, match=r"a worker, idle in transaction for \d+ s, holds rapport_cache.*INSERT"):
        _empty()
    assert _sql("SELECT * FROM rapport_cache") == []
    with pytest.raises(psycopg.OperationalError):
        another.execute("COMMIT")


def test_who_rests_between_transactions_is_left_alone_and_what_it_wrote_is_gone(another: psycopg.Connection) -> None:
    another.execute("INSERT INTO rapport_cache VALUES ('a', 'b', now())")
    _empty()
    assert another.execute("SELECT * FROM rapport_cache").fetchall() == []


def test_a_transaction_that_the_test_itself_left_open_is_given_up() -> None:
    connection.cursor().execute("BEGIN")
    _sql("INSERT INTO rapport_cache VALUES ('a', 'b', now())")
    _empty()
    assert _sql("SELECT * FROM rapport_cache") == []
