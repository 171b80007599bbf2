"""`rapport bench`: the real pipeline against a real, throw-away database, measured."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

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


def _measure(module: str, *arguments: str) -> None:
    """Run `module` against a fresh database in a process of its own, so that it alone is measured."""
    from rapport.core.postgres import EmbeddedPostgres

    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # a service user runs the database when we are root, and must pass through
        postgres = EmbeddedPostgres(home)
        with postgres as url:
            done = subprocess.run(  # noqa: S603 - our own module
                [sys.executable, "-m", module, str(postgres.pid), *arguments],
                env={**os.environ, **_settings(folder, url)},
                check=False,
            )
    if done.returncode:
        raise RapportError(f"The measurement ended with code {done.returncode}.", "Its own words are above.")


def _settings(home: str, url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "rapport.core.settings",
        "RAPPORT_HOME": home,
        "DATABASE_URL": url,
        "RAPPORT_LOG_LEVEL": "error",
    }
