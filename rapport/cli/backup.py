"""`rapport backup` and `rapport restore`: everything in one file, and back into an empty database."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rapport.cli import archive, keyfile, reerasing
from rapport.cli.context import database
from rapport.cli.migrated import applied_migrations, known_migrations, migrate_to, require_migrated
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.options import options

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from rapport.cli.tables import Table
    from rapport.outbound.models import Delivery

#: What makes a database one that somebody works with, and the word for its rows.
_TELLING = {
    "staff_member": "members",
    "channels_channel": "channels",
    "people_person": "people",
    "conversations_conversation": "conversations",
    "conversations_message": "messages",
    "inbound_rawitem": "items as delivered",
    "core_event": "events",
}


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def backup(file: Path, force: bool) -> None:
    """Write everything there is to FILE (a .tar.gz), as it is at this moment; work may go on meanwhile.

    The file holds the secret key, too: whoever can read it can read everything.
    """
    if file.exists() and not force:
        raise Invalid(f"{file} is there already.", "Give another name, or --force to replace it.")
    with database():
        require_migrated()
        with archive.writing(file) as writer, _snapshot():
            rows, tables = _write(writer)
    click.echo(f"{file}: {rows:,} rows of {tables} tables, {file.stat().st_size / 1e6:,.1f} MB.")
    click.echo(
        "It holds the secret key and all that people wrote: keep it where only you can read it.", err=True
    )


@contextmanager
def _snapshot() -> Iterator[None]:
    """One moment of the whole database, and no way to change it."""
    from django.db import connection, transaction

    from rapport.cli import tables
    from rapport.core import scope

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with scope.system():
            tables.say_plainly()
            yield


def _write(writer: archive.Writer) -> tuple[int, int]:
    from rapport.cli import tables

    found = tables.all_tables()
    writer.begin(_manifest(found), options().secret_key)
    rows = sum(writer.table(table.name, tables.rows_of(table)) for table in found)
    writer.end()
    return rows, len(found)


def _manifest(found: "list[Table]") -> archive.Manifest:
    from django.db import connection

    return archive.Manifest(
        version=metadata.version("rapport-hub") if _is_installed() else "",
        made_at=now().isoformat(timespec="seconds"),
        postgres=str(connection.cursor().connection.info.server_version),
        migrations=sorted(applied_migrations()),
        tables={table.name: list(table.columns) for table in found},
    )


def _is_installed() -> bool:
    try:
        metadata.version("rapport-hub")
    except metadata.PackageNotFoundError:
        return False
    return True


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Destroy what is in the database, and restore over it.")
@click.option(
    "--ledger",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A ledger of erasures kept elsewhere; the one in home is read in any case.",
)
@click.option(
    "--hold", is_flag=True, help="Send nothing that was waiting to be sent: it may have been sent since."
)
def restore(file: Path, force: bool, hold: bool, ledger: Path | None) -> None:
    """Fill an empty database from FILE, and keep its secret key; all or nothing.

    Every row is compared with the backup before anything counts. Who was erased since the backup is erased again, as
    the ledger says. Stop Rapport before.
    """
    with database(), archive.reading(file) as reader:
        refuse_company(force)
        erased = reerasing.read(ledger)
        _make_room(reader.manifest, force)
        rows = _fill(file, reader)
        _bring_up_to_date()
        again = reerasing.apply(erased)
        waiting = _hold() if hold else _waiting()
    made = f"of {reader.manifest.made_at}" + (
        f" by {reader.manifest.version}" if reader.manifest.version else ""
    )
    click.echo(f"Restored {rows:,} rows {made}; all of them are as they were.")
    if again:
        click.echo(f"{again} people who were erased since were erased again.", err=True)
    if waiting:
        kept = (
            "are held"
            if hold
            else "will be sent when a worker starts, also if they were sent since the backup (--hold)"
        )
        click.echo(f"{waiting} messages that were waiting to be sent {kept}.", err=True)
    for line in keyfile.advice(reader.secret_key):
        click.echo(line, err=True)


def refuse_company(force: bool) -> None:
    """Others that work with the database would mix what they have in hand into what is restored."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
        )
        others = cursor.fetchone()[0]
    if others and not force:
        raise Invalid(
            f"{others} others are connected to the database.", "Stop Rapport first, on every machine."
        )


def _make_room(manifest: archive.Manifest, force: bool) -> None:
    """See to it that the database has the backup's schema and nothing that would be lost unasked."""
    unknown = set(manifest.migrations) - known_migrations()
    if unknown:
        raise Invalid(
            f"The backup was made by a newer Rapport: it has the migration {min(unknown)}.",
            "Restore it with that version.",
        )
    there = applied_migrations()
    if not there:
        migrate_to(manifest.migrations)
        return
    held = _held()
    if held and not force:
        raise Invalid(
            f"The database is not empty: it has {held}.",
            "Restore into an empty database, or give --force to destroy all of that.",
        )
    if there != set(manifest.migrations):
        raise Invalid(
            "The database is of another version than the backup.",
            "Restore into a database without any tables: it gets the backup's version first, then this one.",
        )
    if held:
        click.echo(f"Destroying what is there: {held}.", err=True)


def _held() -> str:
    """What is in the database, in words; "" where it is empty."""
    from django.db import connection

    from rapport.core import scope

    with scope.system(), connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        counts = {}
        for table, word in _TELLING.items():
            if table in present:
                cursor.execute(f"SELECT count(*) FROM {table}")
                counts[word] = cursor.fetchone()[0]
    return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)


def _fill(file: Path, reader: archive.Reader) -> int:
    """Load every row in one transaction that only ends well when each table is what it was."""
    from django.db import DataError, IntegrityError

    from rapport.cli import tables
    from rapport.core import scope

    try:
        with scope.system():
            tables.say_plainly()
            found = {table.name: table for table in tables.all_tables()}
            _refuse_other_tables(found, reader.manifest)
            tables.empty(found.values())
            walled = tables.lower_walls()
            for name, pieces in groupby(reader.pieces(), key=itemgetter(0)):
                tables.fill(found[name], (data for _, data in pieces))
            tables.wind_sequences()
            tables.raise_walls(walled)
            for table in found.values():
                if tables.checksum(table) != reader.checksums.get(table.name):
                    raise archive.damaged(file, f"the table {table.name} is not what it was")
            keyfile.keep(reader.secret_key)
    except (DataError, IntegrityError) as error:
        raise archive.damaged(file, str(error).splitlines()[0]) from error
    return sum(one.rows for one in reader.checksums.values())


def _refuse_other_tables(found: "dict[str, Table]", manifest: archive.Manifest) -> None:
    here = {name: set(table.columns) for name, table in found.items()}
    if here != {name: set(columns) for name, columns in manifest.tables.items()}:
        raise Invalid(
            "The tables of the database are not those of the backup.",
            "Restore into a database without any tables.",
        )


def _bring_up_to_date() -> None:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("ANALYZE")


def _waiting() -> int:
    """How many messages a worker would send."""
    from rapport.core import scope

    with scope.system():
        return _unsent().count()


def _hold() -> int:
    """Make them messages that may have been sent, which only a person sends again; how many."""
    from rapport.core import scope
    from rapport.outbound.models import DeliveryState

    with scope.system():
        why = "It was waiting when the backup was made, and may have been sent since."
        return _unsent().update(state=DeliveryState.UNCERTAIN, error=why)


def _unsent() -> "QuerySet[Delivery]":
    from rapport.outbound.models import Delivery, DeliveryState

    return Delivery.objects.filter(
        state__in=[DeliveryState.QUEUED, DeliveryState.RETRY, DeliveryState.SENDING]
    )
