"""The processes `rapport up` supervises, each also a command of its own: web, live, worker, migrate."""

import asyncio
import os
import signal
from importlib import import_module

import click

from rapport.cli.context import database, running_database
from rapport.core import memory
from rapport.core.options import options

#: Open pages one process keeps; above it the server would let connections wait.
LIVE_CONNECTIONS_MAX = 20_000
STOP_PATIENCE_S = 2
STREAM_PATIENCE_S = 0.3


@click.command()
def web() -> None:
    """Run the web server alone."""
    # The server itself never imports Django: only its workers do.
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    with running_database():
        chosen = options()
        Server(
            "rapport.cli.web_worker:application",
            address=chosen.host,
            port=chosen.port,
            interface=Interfaces.WSGI,
            workers=chosen.web_workers,
            blocking_threads=chosen.web_threads,
            websockets=False,
            respawn_failed_workers=True,
            respawn_interval=0.5,
            workers_kill_timeout=STOP_PATIENCE_S,
            log_level=LogLevels.warning,
            process_name=None,
        ).serve()


@click.command()
def live() -> None:
    """Run the live updates alone."""
    with database():
        asyncio.run(_serve_live())


async def _serve_live() -> None:
    """One process, no workers: the server runs in our own event loop."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    chosen = options()
    with memory.loading():
        application = import_module("rapport.live.app").application
    server = Server(
        application,
        address=chosen.host,
        port=chosen.live_port,
        interface=Interfaces.ASGI,
        websockets=False,
        backpressure=LIVE_CONNECTIONS_MAX,
        log_level=LogLevels.error,
    )
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, told.set)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(told.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
        raise SystemExit(1)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=STREAM_PATIENCE_S)
    # Streams are open for as long as pages are; nothing is lost by cutting them, the pages come back.
    os._exit(0)


@click.command()
@click.option("--only", metavar="PART,...", default="", help="Run these parts and no others.")
@click.option("--without", metavar="PART,...", default="", help="Run all parts but these.")
def worker(only: str, without: str) -> None:
    """Run the worker alone: intake, pipeline, sending, mail listener.

    Its parts are pipeline, outbox, notices, collect, listener, upkeep, transcripts, privacy, exchange, matching,
    whatif, learning, second_opinions, promises and handing. Each must run somewhere.
    """
    with database():
        with memory.loading():
            running = import_module("rapport.inbound.worker")
        running.main(running.chosen(_names(only), _names(without)))


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


@click.command()
def migrate() -> None:
    """Bring the database to this version."""
    with database():
        from django.core.management import call_command
        from django.db import connection

        with connection.cursor() as cursor:
            # What is written for every message of years takes longer than any page may.
            cursor.execute("SET statement_timeout = 0")
        call_command("migrate", interactive=False, verbosity=1 if options().log_level == "debug" else 0)
