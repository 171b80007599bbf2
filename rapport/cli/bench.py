"""`rapport bench`: the real pipeline against a real, throw-away database, measured."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from rapport.channels.kinds.email.mbox import read_mbox
from rapport.core.errors import RapportError


@click.group()
def bench() -> None:
    """Measure this machine with a throw-away database; nothing of yours is touched."""


@bench.command("ingest")
@click.argument("mbox", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preload", type=click.IntRange(0, 10_000_000), default=0, help="Fill the store with N mails first.")
def bench_ingest(mbox: Path, preload: int) -> None:
    """Take every mail of MBOX in; the last line is one JSON object."""
    if next(read_mbox(mbox), None) is None:
        raise RapportError(f"There is no mail in {mbox}.", "Give an mbox file with mails in it.")
    _measure("rapport.cli.bench_ingest", str(mbox), str(preload))


@bench.command("live")
@click.option("--mails", type=click.IntRange(20, 10_000), default=400, show_default=True)
@click.option("--per-second", type=click.FloatRange(0.1, 1_000), default=20.0, show_default=True)
def bench_live(mails: int, per_second: float) -> None:
    """From a mail accepted by SMTP to an open page that hears of it; the last line is one JSON object."""
    _measure("rapport.cli.bench_live", str(mails), str(per_second))


@bench.command("members")
@click.option("--members", type=click.IntRange(20, 5_000), default=200, show_default=True)
@click.option("--per-second", type=click.FloatRange(0.1, 1_000), default=20.0, show_default=True, help="Mails.")
@click.option("--seconds", type=click.IntRange(10, 3_600), default=60, show_default=True)
def bench_members(members: int, per_second: float, seconds: int) -> None:
    """So many members with open pages, mail coming in, somebody clicking; the last line is one JSON object.

    Everything runs as in earnest, on 20,000 conversations. Each page hears of every change and asks for it as the
    pages' script does; each member opens a list every fifteen seconds. Told are the times of those requests, in
    milliseconds, and the memory of all processes with PostgreSQL.
    """
    _measure("rapport.cli.bench_members", str(members), str(per_second), str(seconds))


@bench.command("inbox")
@click.option("--conversations", type=click.IntRange(1_000, 20_000_000), default=1_000_000, show_default=True)
@click.option("--messages", type=click.IntRange(2_000, 100_000_000), default=5_000_000, show_default=True)
@click.option("--teams", type=click.IntRange(10, 500), default=50, show_default=True)
@click.option("--members", type=click.IntRange(20, 10_000), default=500, show_default=True)
@click.option("--days", type=click.IntRange(7, 3_650), default=1_095, show_default=True, help="Over how many days.")
@click.option("--small", type=click.IntRange(0, 1_000_000), default=10_000, show_default=True, help="0: not compared.")
@click.option("--only", default="", help="Only kinds of pages whose name begins so.")
@click.option("--repeats", type=click.IntRange(20, 1_000), default=40, show_default=True, help="Requests of a kind.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path),
    help="Keep the filled databases in this folder; filled ones that are there are used again.",
)  # fmt: skip
def bench_inbox(small: int, only: str, repeats: int, keep: Path | None, **size: int) -> None:
    """Ask every page of the inbox, at this size and at a small one; the last line is one JSON object.

    A store is filled with an invented company: texts of five languages with words as frequent as in real ones, teams of
    which the largest has a fifth of all, two confidential and eight closed ones, threads of one to thousands of
    messages, some persons with thousands of conversations, 6 % open. What is told is the server's time in
    milliseconds, for members of every kind, and how many times as long it took as with the small store. Filling takes
    minutes.
    """
    from rapport.cli.bench_compare import compared

    little = size | {
        "conversations": small, "messages": max(2_000, small * size["messages"] // size["conversations"]),
    }  # fmt: skip
    found = [_asked(one, repeats, only, keep) for one in ([little] if small else []) + [size]]
    click.echo(json.dumps(compared(found[-1], found[0])))


@bench.command("people")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--truth", help="The column that has the same value in all rows of the same human; never looked at.")
@click.option(
    "--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="What a column is, where its name does not tell."
)
@click.option(
    "--nicknames", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Instead, measure how many pairs of a name and its short form are recognised (name1, relationship, name2).",
)  # fmt: skip
def bench_people(files: tuple[Path, ...], truth: str | None, mapping: tuple[str, ...], nicknames: Path | None) -> None:
    """Find out which rows of FILES (CSV, read as one table) are one human, and compare with the truth.

    Prints one JSON object. Groups of rows are judged by all pairs of rows in them: `precision`, `recall`, `f1` for what
    is likelier than not; `false_merge_rate` is the share of wrong pairs among all that the automatic threshold
    joins, with all that follows from them, `coverage` the share of true pairs it joins. No database is needed.
    """
    from rapport.cli import bench_people as measured

    if nicknames:
        click.echo(json.dumps(measured.nicknames(nicknames)))
        return
    if not files or not truth:
        raise RapportError("Which files, and which column is the truth?", "rapport bench people FILES --truth COLUMN")
    click.echo(json.dumps(measured.measure(files, truth, mapping)))


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@bench.command("routing")
@click.option("--train", type=_FILE, required=True, help="What was decided: JSON Lines.")
@click.option("--test", type=_FILE, required=True, help="What is to be predicted: JSON Lines.")
@click.option("--stream", is_flag=True, help="Predict, then learn, row after row of --test.")
@click.option("--names-only", is_flag=True, help="Of --train only names, and texts without labels.")
@click.option("--per-label", type=click.IntRange(1, 1_000_000), help="Of --train so many examples a label.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True)
def bench_routing(train: Path, test: Path, per_label: int | None, seed: int, **flags: bool) -> None:
    """How well ownership is learned from labelled messages; the last line is one JSON object. Needs no database.

    A line of a file is an object with "text" and "label" (null: none of ours). It may have "facts" ({"channel":
    "email"}) and the label's "name" or "description"; a line with only {"names": {"label": "description"}} describes
    labels.
    """
    from rapport.cli.bench_routing import Way, measured, read

    way = Way(per_label=per_label or 0, seed=seed, **flags)
    click.echo(json.dumps(measured(read(train), read(test), way)))


@bench.command("whatif")
@click.option("--conversations", type=click.IntRange(1_000, 1_000_000), default=100_000, show_default=True)
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the filled database in this folder.",
)  # fmt: skip
def bench_whatif(conversations: int, processes: int, keep: Path | None) -> None:
    """Replay two policies of 15 rules over so many conversations of an invented company; the last line is JSON.

    The company is that of `rapport bench inbox`, with three messages a conversation. Reading the past is included.
    """
    _measure("rapport.cli.bench_whatif", str(conversations), str(processes), home=keep)


@bench.command("within")
@click.option("--recorded", type=_FILE, help="A recorded month (JSON); without it the company's own past.")
@click.option("--days", type=click.IntRange(1, 366), default=31, show_default=True, help="How far back.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Keep the company's month in a file.")
def bench_within(recorded: Path | None, days: int, record: Path | None) -> None:
    """To whom in the team: ways of giving conversations to members, tried on a month. Prints one JSON object.

    For each way the share of first answers in time, hours waited in the team's open time, how evenly work was given
    for each available hour (Gini), continuity, and the longest waits, with 95 percent intervals. Of the company's own
    past everything is counted and nothing is written; a kept file has neither names nor words.
    """
    from rapport.cli.bench_within import measured, own

    click.echo(json.dumps(measured(recorded) if recorded else own(days, record)))


def _asked(size: dict[str, int], repeats: int, only: str, keep: Path | None) -> dict[str, Any]:
    home = keep / f"{size['conversations']}" if keep else None
    told = _measure("rapport.cli.bench_inbox", json.dumps(size), str(repeats), only, home=home, captured=True)
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def _measure(module: str, *arguments: str, home: Path | None = None, captured: bool = False) -> str:
    """Run `module` against a database in a process of its own, so that it alone is measured; what it said if captured.

    The database is a fresh one, thrown away afterwards, unless a `home` is given.
    """
    from rapport.core.postgres import EmbeddedPostgres

    with nullcontext(home) if home else tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o711)  # a service user runs the database when we are root, and must pass through
        postgres = EmbeddedPostgres(place)
        with postgres as url:
            done = subprocess.run(  # noqa: S603 - our own module
                [sys.executable, "-m", module, str(postgres.pid), *arguments],
                env={**os.environ, **_settings(str(place), url)},
                stdout=subprocess.PIPE if captured else None,
                text=True,
                check=False,
            )
    if done.returncode:
        raise RapportError(f"The measurement ended with code {done.returncode}.", "Its own words are above.")
    return done.stdout or ""


def _settings(home: str, url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "rapport.core.settings",
        "RAPPORT_HOME": home,
        "DATABASE_URL": url,
        "RAPPORT_LOG_LEVEL": "error",
    }
