"""`rapport channel`: connect mailboxes and see how they are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from rapport.cli.context import database
from rapport.cli.mailbox import BEGINNING, settings_options, settings_said
from rapport.core.errors import ChannelError, Invalid

if TYPE_CHECKING:
    from rapport.channels.models import Channel

_DELETES = (
    "Collected mail will be deleted at %s, for good: no other program finds it there any more, and backups of Rapport "
    "are the only other copy. Mail that is there already is deleted, too, where it is taken in now. Go on?"
)
_PASSWORD_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def channel() -> None:
    """Connect, list and change channels."""


@channel.command()
@click.argument("name")
@click.option("--address", required=True, help="The mailbox's address.")
@settings_options
@click.option("--password-env", metavar="VARIABLE", help="Read the password from this environment variable.")
@click.option("--password-file", type=_PASSWORD_FILE)
def add(name: str, address: str, password_env: str | None, password_file: Path | None, **given: Any) -> None:
    """Connect the mailbox NAME. The password is asked for, or read from a variable or a file; never an argument."""
    with database(), _writing():
        from rapport.channels import keeping, secrets
        from rapport.channels.kinds.email import changes
        from rapport.channels.models import Channel

        one = Channel(name=name, kind="email", address=address)
        sections = tuple(section for section in ("imap", "smtp") if given[f"{section}_host"])
        said = settings_said({**given, "user": given["user"] or address}, sections)
        one.config = changes.changed({}, _fitting({**BEGINNING, **said}, sections))
        _check(one, said.get("aliases", []))
        password = _password(password_env, password_file) if sections else ""
        one.secrets = secrets.seal({"imap_password": password, "smtp_password": password})
        keeping.keep(one, by="command")
        click.echo(f"Channel {name} is connected. Try it: rapport channel test {name!r}")


@channel.command()
@click.argument("name")
@click.option("--name", "new_name", help="What it is called from now on.")
@click.option("--address", help="The mailbox's address.")
@settings_options
@click.option("--no-alias", is_flag=True, help="It has no further address any more.")
@click.option("--yes", is_flag=True, help="Do not ask before more mail is deleted at its server.")
def change(name: str, new_name: str | None, address: str | None, no_alias: bool, yes: bool, **given: Any) -> None:
    """Change settings of the mailbox NAME; those not said stay as they are.

    Folders and aliases are given anew as a whole; "" takes a setting, or a server, away. A worker that runs heeds it
    at its next collection. The password has a command of its own.
    """
    with database():
        one = _mailbox(name)
        before = dict(one.config)
        sections = tuple(section for section in ("imap", "smtp") if before.get(section) or given[f"{section}_host"])
        said = settings_said(given, sections) | ({"aliases": []} if no_alias else {})
        if not (said or new_name or address):
            raise Invalid("Nothing was said to change.", "See: rapport channel change --help")
        _apply(one, said, new_name, address)
        with _reading():
            _warn(one, before, ask=not yes)
        with _writing():
            from rapport.channels import keeping

            keeping.keep(one, by="command")
        click.echo(f"{one.name} is changed.")


@channel.command()
@click.argument("name")
def show(name: str) -> None:
    """The settings of NAME, without its secrets."""
    with database():
        from rapport.channels.keeping import plain_settings

        for setting, value in plain_settings(_named(name)).items():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            click.echo(f"{setting} = {shown}")


@channel.command("list")
def list_() -> None:
    """Every channel, its state, and what is wrong with it."""
    with database(), _reading():
        from rapport.channels.models import Channel

        for one in Channel.objects.all():
            state = one.get_state_display() if one.enabled else "Paused"
            click.echo(f"{one.name}\t{one.kind}\t{one.address}\t{state}\t{' '.join(one.error.split())}".rstrip())


@channel.command()
@click.argument("name")
def test(name: str) -> None:
    """Sign in both ways; takes and sends nothing."""
    with database(), _reading():
        from rapport.channels import registry

        account = registry.account(_named(name))
        connector = registry.connector(account.kind)
        connector.check(account)
        for line in connector.test(account):
            click.echo(line)


@channel.command()
@click.argument("name")
@click.option("--for", "server", type=click.Choice(["imap", "smtp"]), help="Of this server alone, where they differ.")
@click.option("--password-env", metavar="VARIABLE")
@click.option("--password-file", type=_PASSWORD_FILE)
def password(name: str, server: str | None, password_env: str | None, password_file: Path | None) -> None:
    """Enter the channel's password again; a stopped channel starts by itself."""
    with database(), _writing():
        from rapport.channels import keeping, secrets

        one = _mailbox(name)
        word = _password(password_env, password_file)
        kept = secrets.unseal(bytes(one.secrets)) if server else {}
        new = {f"{each}_password": word for each in ([server] if server else ["imap", "smtp"])}
        one.secrets = secrets.seal({**kept, **new})
        keeping.keep(one, by="command")
        click.echo(f"The password of {name} is kept.")


@channel.command()
@click.argument("name")
def pause(name: str) -> None:
    """Neither collect nor send until resumed; what waits to be sent goes on waiting."""
    _switch(name, on=False)
    click.echo(f"{name} is paused.")


@channel.command()
@click.argument("name")
def resume(name: str) -> None:
    """Go on."""
    _switch(name, on=True)
    click.echo(f"{name} goes on.")


@contextmanager
def _reading() -> Iterator[None]:
    """The system's eyes are not held while a network is waited for: channels are no conversation's."""
    try:
        yield
    except ChannelError as error:
        raise Invalid(error.message, error.hint) from error


@contextmanager
def _writing() -> Iterator[None]:
    from rapport.core import scope

    with scope.system():
        yield


def _named(name: str) -> "Channel":
    from rapport.channels.models import Channel

    found = Channel.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(Channel.objects.values_list("name", flat=True)) or "none yet"
        raise Invalid(f"There is no channel called {name!r}.", f"Channels: {names}.")
    return found


def _mailbox(name: str) -> "Channel":
    one = _named(name)
    if one.kind != "email":
        raise Invalid(f"{name} is no mailbox.", "Change it, and enter its credentials, on its page, under Channels.")
    return one


def _switch(name: str, *, on: bool) -> None:
    with database(), _writing():
        from rapport.channels import keeping

        keeping.switch(_named(name), on=on, by="command")


def _fitting(said: dict[str, Any], sections: tuple[str, ...]) -> dict[str, Any]:
    """Without what belongs to a server that there is none of."""
    from rapport.channels.kinds.email.changes import PLACES

    return {name: value for name, value in said.items() if PLACES[name][0] in ("", *sections)}


def _apply(one: "Channel", said: dict[str, Any], new_name: str | None, address: str | None) -> None:
    from rapport.channels.kinds.email import changes

    known = one.config.get("addresses") or []
    one.name, one.address = new_name or one.name, address or one.address
    one.config = changes.changed(one.config, said)
    _check(one, [alias for alias in said.get("aliases", []) if alias not in known])


def _check(one: "Channel", new_aliases: list[str]) -> None:
    """Raise Invalid for a name or an alias that another has, and for settings that cannot be."""
    from rapport.channels import keeping, registry
    from rapport.channels.base import Account
    from rapport.channels.models import Channel

    if Channel.objects.filter(name=one.name).exclude(id=one.id).exists():
        raise Invalid(f"There is a channel called {one.name!r} already.", "Choose another name.")
    registry.connector(one.kind).check(Account(one.id, one.name, one.kind, one.address, one.config))
    for address, name in keeping.others_with(one, new_aliases).items():
        raise Invalid(f"{address} belongs to {name}.", "Take it away from there first.")


def _warn(one: "Channel", before: dict[str, Any], *, ask: bool) -> None:
    """Say what the change means before it is kept. Raises Invalid where mail would be moved to no folder, click.Abort
    where deleting was not meant.
    """
    from rapport.channels import registry
    from rapport.channels.kinds.email import changes, imap

    if changes.moves_elsewhere(before, one.config):
        folder, connector = one.config["imap"]["move_to"], registry.connector(one.kind)
        try:
            names = list(cast(Any, connector).folders(registry.account(one)))
        except ChannelError as error:
            click.echo(f"The folder {folder} could not be looked for: {error.message}", err=True)
        else:
            if not imap.holds(names, folder):
                hint = f"Make it with your mail program, or name one of these: {', '.join(sorted(names)[:30])}."
                raise Invalid(f"There is no folder {folder}.", hint)
    if ask and changes.deletes_more(before, one.config):
        click.confirm(_DELETES % one.config["imap"]["host"], abort=True)


def _password(variable: str | None, file: Path | None) -> str:
    if variable:
        if variable not in os.environ:
            raise Invalid(f"The variable {variable} is not set.", "Set it to the password.")
        return os.environ[variable]
    if file:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True))
