"""`rapport doctor`: looks at everything an operator must know about, and says what to do."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
import orjson

from rapport.cli import diagnosis
from rapport.cli.context import database
from rapport.cli.diagnosis import Check, Grade
from rapport.core.clock import now
from rapport.core.errors import ChannelError, RapportError
from rapport.core.options import options

if TYPE_CHECKING:
    from rapport.channels.models import Channel

_REASONS = 5
_MARK = {Grade.OK: ("ok  ", "green"), Grade.WARN: ("warn", "yellow"), Grade.FAIL: ("FAIL", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--recount", is_flag=True, help="Count what views, reports and ownership keep anew before.")
def doctor(as_json: bool, recount: bool) -> None:
    """Check database, channels, queues, counters, clock, disk and the secret key. Ends with 1 when something fails."""
    checks = [*_database(recount), *_machine()]
    failed = any(check.grade is Grade.FAIL for check in checks)
    if as_json:
        click.echo(orjson.dumps({"ok": not failed, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            _tell(check)
    sys.exit(1 if failed else 0)


def _tell(check: Check) -> None:
    mark, colour = _MARK[check.grade]
    click.echo(f"{click.style(mark, fg=colour)}  {check.name}: {check.found}")
    if check.advice:
        click.echo(f"      {check.advice}")


def _database(recount: bool) -> list[Check]:
    """Everything that the database can tell; one failed check when it does not answer."""
    checks: list[Check] = []
    try:
        with database(), _within_seconds(10):
            checks += (server := _server())
            if any(check.name == "migrations" and check.grade is Grade.FAIL for check in server):
                return checks
            checks += diagnosis.of_channels(_lines(), now())
            checks += _worker()
            checks += diagnosis.of_queues(_queues())
            checks += _counters(recount)
            checks += _trust()
            checks.append(_clock())
    except RapportError as error:
        checks.append(Check("database", Grade.FAIL, error.message, error.hint))
    except _database_error() as error:
        checks.append(
            Check(
                "database",
                Grade.FAIL,
                f"it does not answer: {str(error).strip().splitlines()[0]}",
                "Is the server running, and is DATABASE_URL right (address, name, user, password)?",
            )
        )
    return checks


def _database_error() -> type[Exception]:
    from django.db import Error

    return Error


@contextmanager
def _within_seconds(seconds: int) -> Iterator[None]:
    """No question may take longer: the doctor also answers when the patient is very ill."""
    from django.db import connection

    connection.settings_dict["OPTIONS"]["connect_timeout"] = seconds
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{seconds}s"])
    yield


def _server() -> list[Check]:
    from rapport.cli.migrated import pending_migrations

    facts = _row(
        """SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), rolsuper,
            rolbypassrls, EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')
        FROM pg_roles WHERE rolname = current_user"""
    )
    pending = pending_migrations()
    wanting = [] if pending else _without_wall()
    version, encoding, superuser, bypasses, trigram = facts
    return diagnosis.of_server(
        diagnosis.Server(version, encoding, superuser, bypasses, trigram, pending, wanting)
    )


def _without_wall() -> list[str]:
    """Tables that have a policy or hold conversations, and on which row-level security is not forced."""
    (names,) = _row(
        """SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            AND (EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)
                OR c.relname IN ('conversations_conversation', 'conversations_message', 'inbound_rawitem'))"""
    )
    return list(names)


def _lines() -> list[diagnosis.Line]:
    from rapport.channels.models import Channel

    return [
        diagnosis.Line(
            one.name, one.state, one.error, one.enabled, _collects(one), one.last_heard_at, _key_fits(one)
        )
        for one in Channel.objects.all()
    ]


def _collects(channel: "Channel") -> bool:
    from rapport.channels import registry
    from rapport.channels.base import Account

    account = Account(channel.id, channel.name, channel.kind, channel.address, channel.config)
    return registry.connector(channel.kind).collects(account)


def _key_fits(channel: "Channel") -> bool:
    from rapport.channels.secrets import unseal

    try:
        unseal(bytes(channel.secrets))
    except ChannelError:
        return False
    return True


def _worker() -> list[Check]:
    from rapport.inbound import signs

    missed, fails = signs.look()
    parts = [(one.part, one.ago, one.host) for one in missed]
    failing = [(one.part, one.since, one.at, one.times, one.what, one.host) for one in fails]
    return [diagnosis.of_parts(parts, signs.needed(), signs.command(missed)), diagnosis.of_failing(failing)]


def _queues() -> diagnosis.Queues:
    from rapport.core import scope
    from rapport.inbound.models import RawItem, RawState
    from rapport.outbound.models import Delivery, DeliveryState

    at = now()
    with scope.system():
        waiting = RawItem.objects.filter(state=RawState.RECEIVED)
        oldest = waiting.order_by("id").values_list("id", flat=True).first()
        due = Delivery.objects.filter(
            state__in=[DeliveryState.QUEUED, DeliveryState.RETRY, DeliveryState.SENDING], send_after__lte=at
        )
        first = due.order_by("send_after").values_list("send_after", flat=True).first()
        quarantined = RawItem.objects.filter(state=RawState.QUARANTINED)
        return diagnosis.Queues(
            oldest_item=at - _made_at(oldest) if oldest else None,
            items=waiting.count(),
            oldest_delivery=at - first if first else None,
            deliveries=due.count(),
            quarantined=quarantined.count(),
            reasons=[f"{id} ({reason[:120]})" for id, reason in _latest(quarantined)],
            uncertain=Delivery.objects.filter(state=DeliveryState.UNCERTAIN).count(),
        )


def _latest(quarantined: Any) -> list[tuple[UUID, str]]:
    return list(quarantined.order_by("-id").values_list("id", "reason")[:_REASONS])


def _made_at(id: UUID) -> datetime:
    """When an id was made: its first 48 bits are milliseconds (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)


def _counters(recount: bool) -> list[Check]:
    from rapport.conversations import tallying
    from rapport.insight import days, summing

    if recount:
        tallying.recount()
        days.reopen()
        summing.recount()
    wrong = tallying.discrepancies() + summing.discrepancies()
    compared = days.compare()
    return [diagnosis.of_counters(wrong), diagnosis.of_days(compared.closed, compared.looked, compared.wrong)]


def _trust() -> list[Check]:
    """The keys of secrets, and the seals of the log."""
    from rapport.core import audit, keys

    return [diagnosis.of_keys(keys.age()), diagnosis.of_log(*audit.lag())]


def _clock() -> Check:
    before = now()
    (there,) = _row("SELECT clock_timestamp()")
    after = now()
    # Half the way there and back is the best guess at when the server looked at its clock.
    return diagnosis.of_clock(there - (before + (after - before) / 2))


def _row(statement: str) -> tuple[Any, ...]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return tuple(cursor.fetchone())


def _machine() -> list[Check]:
    """What this machine can tell."""
    chosen = options()
    checks = []
    for place, folder in _places(chosen.home):
        usage = shutil.disk_usage(folder)
        checks.append(diagnosis.of_disk(place, usage.free, usage.total))
    path = chosen.home / "secret_key"
    checks.append(diagnosis.of_key(str(path), _mode(path, chosen.secret_key)))
    return checks


def _mode(path: Path, key: str) -> int | None:
    """The rights of the key's file; None where another key is given as a setting."""
    try:
        return path.stat().st_mode if path.read_text(encoding="ascii").strip() == key else None
    except OSError:
        return None


def _places(home: Path) -> list[tuple[str, Path]]:
    """The folders whose disks may fill up: home, and that of the embedded database where it is elsewhere."""
    places = [("home", home)]
    record = home / "postgres.place"
    if options().database_url is None and record.exists():
        places.append(("database", Path(record.read_text(encoding="utf-8").strip())))
    return [(place, folder) for place, folder in places if folder.is_dir()]
