"""The chain over the log: what was sealed cannot be changed, taken away or slipped in unseen."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction

from rapport.core import audit, events, keys, scope
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.models import DataKey, Event, Seal, Unsealed

pytestmark = pytest.mark.django_db
_PLAIN = "INSERT INTO core_event (id, at, kind, subject, data) VALUES (%s, now(), 'x', '', '{}')"


def happened(count: int) -> list[UUID]:
    """That many events."""
    made = [Event(id=new_id(), kind="policy.saved", data={"n": n, "ü": "ö"}) for n in range(count)]
    with scope.system():
        events.record_many(made)
    return [event.id for event in made]


@contextmanager
def unguarded(table: str) -> Iterator[None]:
    """What somebody with the database's password can do."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def run(statement: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_events_are_sealed_in_order_without_gaps_and_the_chain_holds() -> None:
    ids = happened(7)
    assert audit.seal_batch(3) == 3
    assert audit.seal_batch(100) == 4
    assert audit.seal_batch(100) == 0
    with scope.system():
        assert list(Seal.objects.order_by("seq").values_list("seq", "event_id")) == list(enumerate(ids, 1))
        assert not Unsealed.objects.exists()
    report = audit.verify()
    assert report.holds
    assert (report.seals, report.waiting, report.stray) == (7, 0, 0)
    assert audit.verify(report.receipt).holds


def test_an_empty_log_and_one_that_waits_hold_and_say_so() -> None:
    assert audit.verify().holds
    happened(2)
    report = audit.verify()
    assert report.holds
    assert (report.seals, report.waiting) == (0, 2)


@pytest.mark.parametrize(
    ("table", "statement", "broken_at"),
    [
        ("core_event", "UPDATE core_event SET data = '{}' WHERE id = %s", 3),
        ("core_event", "UPDATE core_event SET at = at + interval '1 microsecond' WHERE id = %s", 3),
        ("core_event", "UPDATE core_event SET actor_id = id WHERE id = %s", 3),
        ("core_event", "DELETE FROM core_event WHERE id = %s", 3),
        ("core_seal", "DELETE FROM core_seal WHERE event_id = %s", 3),
        ("core_seal", "UPDATE core_seal SET hash = decode(repeat('00', 32), 'hex') WHERE event_id = %s", 3),
    ],
)
def test_whatever_is_changed_or_taken_away_is_named(table: str, statement: str, broken_at: int) -> None:
    ids = happened(5)
    audit.seal_batch()
    with unguarded(table):
        run(statement, ids[2])
    report = audit.verify()
    assert not report.holds
    assert report.broken_at == broken_at
    assert report.problem


def test_what_is_slipped_in_past_the_trigger_is_counted() -> None:
    happened(2)
    audit.seal_batch()
    with unguarded("core_event"):
        run(_PLAIN, new_id())
    report = audit.verify()
    assert not report.holds
    assert report.stray == 1


def test_an_end_that_was_cut_off_is_found_with_a_receipt() -> None:
    ids = happened(4)
    audit.seal_batch()
    receipt = audit.verify().receipt
    with unguarded("core_seal"), unguarded("core_event"):
        run("DELETE FROM core_seal WHERE seq > 2")
        run("DELETE FROM core_event WHERE id = ANY(%s)", ids[2:])
    assert audit.verify().holds  # a chain that only ends sooner holds by itself
    assert "receipt" in audit.verify(receipt).problem
    with pytest.raises(Invalid):
        audit.verify("nonsense")


def test_the_seals_can_only_grow_and_are_seen_with_their_events() -> None:
    happened(1)
    audit.seal_batch()
    with scope.system(), pytest.raises(Exception, match="append-only"), transaction.atomic():
        Seal.objects.update(hash=b"")
    assert Seal.objects.count() == 0
    assert Unsealed.objects.count() == 0


def test_a_new_key_leaves_the_old_links_verifiable() -> None:
    happened(2)
    audit.seal_batch()
    keys.rotate()
    happened(2)
    audit.seal_batch()
    with scope.system():
        assert Seal.objects.values("key_id").distinct().count() == 2
    assert audit.verify().holds


def test_without_its_key_the_chain_cannot_be_believed() -> None:
    happened(1)
    audit.seal_batch()
    with scope.system():
        DataKey.objects.filter(purpose=keys.AUDIT).delete()
    keys._unwrapped.clear()
    assert "key" in audit.verify().problem


@pytest.mark.django_db(transaction=True)
def test_what_commits_late_is_sealed_late_and_never_missed() -> None:
    parameters = connection.get_connection_params()
    kept = {k: v for k, v in parameters.items() if k not in ("cursor_factory", "context", "prepare_threshold")}
    slow_id = new_id()
    with psycopg.connect(**kept) as slow:
        slow.execute("SELECT set_config('rapport.scope', 'system', true)")
        slow.execute(_PLAIN, [slow_id])
        (later,) = happened(1)
        assert audit.seal_batch() == 1
        slow.commit()
    assert audit.seal_batch() == 1
    with scope.system():
        assert list(Seal.objects.order_by("seq").values_list("event_id", flat=True)) == [later, slow_id]
    assert audit.verify().holds
