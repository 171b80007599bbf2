"""`rapport demo`: everything with an invented company to look at, apart from any other state.

The parts that need more than this process are commands of their own, started by it: `demo found` (stores the
company), `demo worker` (plays its history, then is the worker), `demo world` (everybody outside).
"""

import hashlib
import os
import shutil
import socket
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from rapport.cli.demo_company import state as states
from rapport.cli.demo_company.company import load as load_company
from rapport.cli.demo_company.state import State
from rapport.cli.processes import Child, command
from rapport.core.errors import RapportError
from rapport.core.options import NAMES, Options, OptionsError, load, options, variable

_OWN = ("home", "database_url", "secret_key", "public_url", "demo", "allow_private_addresses")
"""Settings the demo never takes over from a production installation."""
_TOLD_EVERY_PERCENT = 20
_PACKAGE = Path(__file__).parents[1]


@click.group(invoke_without_command=True)
@click.option("--fresh", is_flag=True, help="Begin again: forget what the demo has kept.")
@click.option("--port", type=click.IntRange(1, 65_534), help="The port of the pages (8000 by default).")
@click.option("--no-live-messages", is_flag=True, help="Nobody writes while you look.")
@click.pass_context
def demo(ctx: click.Context, fresh: bool, port: int | None, no_live_messages: bool) -> None:
    """Run everything with an invented company to look at. Ctrl-C stops it; the next start goes on from there."""
    if ctx.invoked_subcommand is not None:
        return
    began = time.monotonic()
    home = _settle(port)
    if fresh:
        forget(home)
    kept = _kept(home)
    if kept is None:
        kept = State(datetime.now(UTC).isoformat())
        states.write(home, kept)
    _run(kept, no_live_messages, began)


def _settle(port: int | None) -> Path:
    """Point this process and its children at the demo's own folder and database; the folder."""
    config = os.environ.pop("RAPPORT_CONFIG", None)
    given = load(os.environ, Path(config) if config else None)
    os.environ.update(_environment(given, port, config is not None))
    os.environ.pop("DATABASE_URL", None)
    options.cache_clear()
    return options().home


def _environment(given: Options, port: int | None, has_file: bool) -> dict[str, str]:
    """The settings of the demo, as variables: those given, but for what belongs to a production installation."""
    kept: dict[str, str] = {}
    if has_file:
        values = {name: getattr(given, name) for name in NAMES if name not in _OWN}
        kept = {variable(name): str(value) for name, value in values.items() if value is not None}
    if port is not None:
        kept |= {"RAPPORT_PORT": str(port), "RAPPORT_LIVE_PORT": str(port + 1)}
    if "RAPPORT_LOG_LEVEL" not in os.environ:
        # Whoever looks at the demo looks at its pages; the terminal is left to what they need to know.
        kept["RAPPORT_LOG_LEVEL"] = "warning"
    own = {"RAPPORT_HOME": str(given.home / "demo"), "RAPPORT_DEMO": "true"}
    return {**kept, **own, "RAPPORT_ALLOW_PRIVATE_ADDRESSES": "true", "RAPPORT_SECRET_KEY": ""}


def _kept(home: Path) -> State | None:
    """What an earlier demo left in its folder. RapportError when the folder is somebody else's."""
    try:
        kept = states.read(home)
    except ValueError as error:
        raise RapportError(str(error), "Move that file away, or give another RAPPORT_HOME.") from error
    # The secret key is made when the settings are first read: a folder with it alone is still nobody's.
    if kept is None and home.exists() and any(one.name != "secret_key" for one in home.iterdir()):
        raise RapportError(
            f"{home} holds something that the demo did not make", "Move it away, or give another RAPPORT_HOME."
        )
    return kept


def forget(home: Path) -> None:
    """Delete all that an earlier demo kept in `home`; only what bears its marker, and only while it does not run."""
    from rapport.core.postgres.place import find_place
    from rapport.core.postgres.processes import running_postmaster

    if _kept(home) is None:
        return
    place = find_place(home)
    if running_postmaster(place.data) is not None:
        raise RapportError("the demo is running", "Stop it first (Ctrl-C), then begin again.")
    # As root the database may have had to live outside the home folder, in one of our own.
    if not place.root.is_relative_to(home):
        shutil.rmtree(place.root)
    shutil.rmtree(home)
    options.cache_clear()
    options()


def _run(kept: State, no_live_messages: bool, began: float) -> None:
    from rapport.cli.up import supervise

    port = str(_free_port())
    found = ["demo", "found", "--sink-port", port]
    # Where nothing is to be migrated the pages need not wait for it: the first is there a second or two sooner.
    is_ready = kept.schema == _schema()
    world = ["demo", "world", "--sink-port", port, *(["--no-live-messages"] if no_live_messages else [])]
    supervise(
        prepare=() if is_ready else (found,),
        extra=[Child("world", world), *([Child("found", found, once=True)] if is_ready else [])],
        worker=("demo", "worker"),
        announce=partial(_announce, began),
        # Two would play the same history into one database, each half of it.
        alone="the demo is running already",
    )


def _schema() -> str:
    """The migrations of this version, as one short text."""
    names = sorted(str(path.relative_to(_PACKAGE)) for path in _PACKAGE.glob("*/migrations/0*.py"))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _announce(began: float) -> None:
    company = load_company()
    accounts = [member for member in company.members if member.account]
    width = max(len(member.email) for member in accounts)
    lines = [f"  {member.email:<{width}}  {member.account}" for member in accounts]
    click.echo(
        f"\n{company.name} is open (after {time.monotonic() - began:.1f} s): {options().public_url}\n\n"
        f"Sign in as one of these, the password is  {company.password}\n" + "\n".join(lines) + "\n\n"
        "Answer somebody, and they write back. Ctrl-C stops everything; the next start goes on from there.\n"
    )


@demo.command(hidden=True)
@click.option("--sink-port", type=int, required=True)
def found(sink_port: int) -> None:
    """Bring the database to this version, store the company once, and let its mail leave by this start's world."""
    from rapport.cli.context import database

    home = _require_demo()
    with database():
        from django.core.management import call_command

        from rapport.cli.demo_company import founding
        from rapport.cli.migrated import pending_migrations

        # One process for all of it, and no migrating where there is nothing to migrate: the next page is waited for.
        if pending_migrations():
            call_command("migrate", interactive=False, verbosity=0)
        if not founding.found(load_company(), sink_port):
            founding.leave_by(sink_port)
    states.migrated(home, _schema())


@demo.command(hidden=True)
def worker() -> None:
    """Play the history to its end, where it has not been; then be the worker."""
    from rapport.cli.context import database

    home = _require_demo()
    kept = states.read(home)
    if kept is not None and not kept.is_played:
        with database():
            _play(kept)
        states.played(home)
    # A new program in the same process: what the playing needed in memory is given back.
    os.execv(sys.executable, command(["worker"]))  # noqa: S606


def _play(kept: State) -> None:
    from rapport.cli.demo_company.listening import listening
    from rapport.cli.demo_company.player import Player
    from rapport.inbound.collect import MailDesk

    chosen = options()
    if not chosen.listener_port:
        raise OptionsError("listener_port is 0", "The demo needs the mail listener: its mail comes in by it.")
    with listening(MailDesk(), chosen.listener_host, chosen.listener_port) as address:
        Player(load_company(), kept.at, address).play(_Told())


class _Told:
    """Says now and then how far the history is."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, done: int, whole: int) -> None:
        percent = done * 100 // whole
        if percent >= self._next:
            click.echo(f"four weeks of mail are coming in: {percent} %")
            self._next = percent - percent % _TOLD_EVERY_PERCENT + _TOLD_EVERY_PERCENT


@demo.command(hidden=True)
@click.option("--sink-port", type=int, required=True)
@click.option("--no-live-messages", is_flag=True)
def world(sink_port: int, no_live_messages: bool) -> None:
    """Be everybody outside the company."""
    from rapport.cli.demo_company.world import Place, serve

    home = _require_demo()
    serve(Place(options().listener_port, sink_port, home), with_live_messages=not no_live_messages)


def _require_demo() -> Path:
    """The folder of the demo. RapportError in any other: there nobody is invented."""
    home = options().home
    if not options().demo or states.read(home) is None:
        raise RapportError("this is a part of `rapport demo`, and runs only there", "Start `rapport demo`.")
    return home
