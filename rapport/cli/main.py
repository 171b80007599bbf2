"""The `rapport` command. Each subcommand is imported only when it is called: a supervisor stays light."""

import importlib
import io
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from rapport.core.errors import RapportError
from rapport.core.options import OptionsError

#: name -> (module, attribute, what it does). The text stands here so that `rapport --help` imports none of
#: them.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("rapport.cli.up", "up", "Run everything: database, web, live updates, worker."),
    "demo": ("rapport.cli.demo", "demo", "Run everything with an invented company to look at."),
    "web": ("rapport.cli.serve", "web", "Run the web server alone."),
    "live": ("rapport.cli.serve", "live", "Run the live updates alone."),
    "worker": (
        "rapport.cli.serve",
        "worker",
        "Run the worker alone: intake, pipeline, sending, mail listener.",
    ),
    "migrate": ("rapport.cli.serve", "migrate", "Bring the database to this version."),
    "createadmin": ("rapport.cli.admin", "createadmin", "Make the first administrator."),
    "doctor": ("rapport.cli.doctor", "doctor", "Check everything and say what to do."),
    "ingest": ("rapport.cli.ingest", "ingest", "Take in an mbox file or a Maildir."),
    "replay": ("rapport.cli.ingest", "replay", "Run quarantined items through the pipeline again."),
    "parse": ("rapport.cli.parse", "parse", "Print how mails are understood; writes nothing."),
    "thread": (
        "rapport.cli.thread",
        "thread",
        "Print the conversation each mail would land in; writes nothing.",
    ),
    "policy": ("rapport.cli.policy", "policy", "Export and import the ownership policy."),
    "people": ("rapport.cli.people", "people", "Bring people in from a CSV or vCard file."),
    "privacy": ("rapport.cli.privacy", "privacy", "Archives, erasing, retention of what people said."),
    "channel": ("rapport.cli.channel", "channel", "Connect, list and change channels."),
    "backup": ("rapport.cli.backup", "backup", "Write everything to one file."),
    "restore": ("rapport.cli.backup", "restore", "Fill an empty database from a backup."),
    "keys": ("rapport.cli.keys", "keys", "Rotate the keys of stored secrets."),
    "audit": ("rapport.cli.audit", "audit", "Verify and export the log of all that happened."),
    "bench": ("rapport.cli.bench", "bench", "Measure speed and memory."),
}


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{attribute} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Runs a command; what a person can mend becomes two lines and an exit code, not a traceback."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A terminal that is not UTF-8 shows a name that it has no letters for as an escape.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().main(args, *rest, **extra)
        except OptionsError as error:
            _tell(error)
            sys.exit(2)
        except RapportError as error:
            _tell(error)
            sys.exit(1)


def _tell(error: RapportError) -> None:
    click.echo(f"error: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def _version() -> str:
    """The installed version; a checkout that was never installed has none."""
    try:
        return metadata.version("rapport-hub")
    except metadata.PackageNotFoundError:
        return "of this checkout"


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file with settings (also RAPPORT_CONFIG).",
)
@click.version_option(_version(), prog_name="rapport")
def main(config: Path | None) -> None:
    """Rapport: every conversation reaches the people who should own it."""
    if config is not None:
        os.environ["RAPPORT_CONFIG"] = str(config.absolute())


if __name__ == "__main__":
    main(prog_name="rapport")
