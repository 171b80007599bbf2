"""`rapport ingest` and `rapport replay`: mails from files, and items that get another chance."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
import orjson

from rapport.cli.context import database
from rapport.cli.migrated import require_migrated
from rapport.core.errors import Invalid, RapportError

if TYPE_CHECKING:
    from rapport.channels.models import Channel
    from rapport.inbound.importing import Progress, Summary
    from rapport.inbound.mailfiles import MailFile


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--channel", "name", required=True, help="The channel whose mail this is.")
@click.option(
    "--create", is_flag=True, help="Make the channel if there is none of that name; it only holds imports."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def ingest(path: Path, name: str, create: bool, as_json: bool) -> None:
    """Take in PATH: an mbox file (also .gz), a Maildir, or a single .eml.

    Interrupted, the same command goes on where it was; repeated, it changes nothing.
    """
    from rapport.inbound.mailfiles import open_mails

    source = open_mails(path)
    with database():
        require_migrated()
        summary = _import(_channel(name, create), source)
    for line in summary.refusals:
        click.echo(f"refused: {line}", err=True)
    _print(asdict(summary), as_json)
    if summary.quarantined and not as_json:
        click.echo(
            "Quarantined mails are kept with their reason; `rapport replay` tries them again.", err=True
        )


def _import(channel: "Channel", source: "MailFile") -> "Summary":
    from django.db import OperationalError

    from rapport.core import memory
    from rapport.inbound import importing

    memory.settle()
    try:
        with _progress(source.total) as progress:
            return importing.run(channel, source, progress)
    except OperationalError as error:
        raise RapportError(
            f"The database stopped answering: {str(error).strip().splitlines()[0]}",
            "What was taken in is kept. See `rapport doctor`, then run the same command again: it goes on from there.",
        ) from error
    except KeyboardInterrupt:
        raise RapportError(
            "Interrupted. What was taken in is kept.", "Run the same command again: it goes on from there."
        ) from None


@contextmanager
def _progress(total: int | None) -> "Iterator[Progress]":
    """A bar on standard error where somebody looks at it."""
    if not sys.stderr.isatty():
        yield lambda position, received: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        TextColumn("{task.fields[mails]:,} mails"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, mails=0)
        yield lambda position, received: bar.update(task, completed=position, mails=received)


@click.command()
@click.argument("ids", nargs=-1, type=click.UUID, metavar="[ID]...")
@click.option(
    "--all", "every", is_flag=True, help="Refused and stored items, too; stored ones count as duplicates."
)
@click.option("--channel", "name", help="Only items of this channel.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def replay(ids: tuple[UUID, ...], every: bool, name: str | None, as_json: bool) -> None:
    """Run quarantined items through the pipeline again: all of them, or those with the given IDs."""
    with database():
        require_migrated()
        from rapport.inbound import replay as replaying
        from rapport.inbound.models import RawState

        states = (
            (RawState.QUARANTINED, RawState.REFUSED, RawState.STORED) if every else (RawState.QUARANTINED,)
        )
        missing = replaying.unknown_ids(ids) if ids else set()
        if missing:
            raise Invalid(
                f"There is no item {min(missing)}.", "Quarantined items are listed by `rapport doctor`."
            )
        channel = _channel(name, create=False) if name else None
        done = replaying.replay(replaying.Wanted(states, channel, set(ids) if ids else None))
    states_now = {key: done.states.get(key, 0) for key in ("stored", "duplicate", "quarantined", "refused")}
    _print({"replayed": done.replayed, **states_now, "conversations": done.conversations}, as_json)


def _channel(name: str, create: bool) -> "Channel":
    """The channel of that name. Invalid names those there are."""
    from rapport.channels.models import Channel

    found = Channel.objects.filter(name=name).first()
    if found is None and create:
        # Not enabled: nothing is collected for it, and nothing is sent from it.
        return Channel.objects.create(name=name, kind="email", enabled=False)
    if found is None:
        names = list(Channel.objects.values_list("name", flat=True))
        there = f"There are: {', '.join(names)}." if names else "There is none yet."
        raise Invalid(
            f"There is no channel called {name!r}. {there}",
            "Connect one with `rapport channel add`, or add --create for a channel that only holds imports.",
        )
    return found


def _print(summary: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(summary))
        return
    width = max(map(len, summary))
    for key, value in summary.items():
        if isinstance(value, int) and (value or key != "resumed_at"):
            click.echo(f"{key:<{width}}  {value:>9,}")
