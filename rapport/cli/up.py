"""`rapport up`: everything in one supervised tree of processes."""

import os
import time
from collections.abc import Callable, Sequence

import click

from rapport.cli.processes import Child, Tree, answers, refuse_taken_ports, run_once
from rapport.core.errors import RapportError
from rapport.core.options import Options, options
from rapport.core.postgres import EmbeddedPostgres

CORE = ("web", "live")


@click.command()
def up() -> None:
    """Run everything: database, web, live updates, worker. Ctrl-C stops it."""
    supervise()


def supervise(
    *,
    prepare: Sequence[Sequence[str]] = (("migrate",),),
    extra: Sequence[Child] = (),
    worker: Sequence[str] = ("worker",),
    announce: Callable[[], None] | None = None,
    alone: str = "",
) -> None:
    """Runs the whole tree until told to stop.

    `prepare` are `rapport` commands run to their end first, with the database up; `extra` are further
    children; `worker` is the command that works off mail. `announce` is called once the first page can be had
    (by default it prints the address). Who gives `alone` shares the database with no other tree: RapportError in
    these words where one runs.
    """
    began = time.monotonic()
    chosen = options()
    refuse_taken_ports(_ports(chosen))
    database = _database(chosen)
    if alone and database is not None and not database.owner:
        raise RapportError(alone, "Look at the one that runs, or stop it first (Ctrl-C).")
    try:
        for arguments in prepare:
            run_once(arguments)
        Tree(
            children=[*(Child(name, [name]) for name in CORE), Child("worker", worker), *extra],
            database=database,
            healthy=lambda: answers(_reachable(chosen.host), chosen.port, "/healthz"),
            announce=announce or (lambda: _say_address(chosen, time.monotonic() - began)),
        ).run()
    except KeyboardInterrupt:
        click.echo("stopped before everything was up", err=True)
    finally:
        if database is not None:
            database.stop()


def _ports(chosen: Options) -> dict[str, tuple[str, int]]:
    wanted = {"port": (chosen.host, chosen.port), "live_port": (chosen.host, chosen.live_port)}
    if chosen.listener_port:
        wanted["listener_port"] = (chosen.listener_host, chosen.listener_port)
    return wanted


def _database(chosen: Options) -> EmbeddedPostgres | None:
    """The embedded database, started and told to the children; None when the operator has one."""
    if chosen.database_url:
        return None
    server = EmbeddedPostgres(chosen.home, postgres_bin=chosen.postgres_bin)
    os.environ["DATABASE_URL"] = server.start()
    return server


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _say_address(chosen: Options, seconds: float) -> None:
    click.echo(f"Rapport is ready at {chosen.public_url} (after {seconds:.1f} s; Ctrl-C stops it)")
