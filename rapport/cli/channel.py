"""`rapport channel`: connect mailboxes and see how they are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rapport.cli.context import database
from rapport.core.errors import ChannelError, Invalid

if TYPE_CHECKING:
    from rapport.channels.models import Channel

_SECURITY = click.Choice(["tls", "starttls", "none"])


@click.group()
def channel() -> None:
    """Connect, list and change channels."""


@channel.command()
@click.argument("name")
@click.option("--address", required=True, help="The mailbox's address.")
@click.option("--imap", "imap_host", help="The IMAP server; without it mail comes by the local listener only.")
@click.option("--imap-port", type=click.IntRange(1, 65535))
@click.option("--imap-security", type=_SECURITY, default="tls", show_default=True)
@click.option("--folder", "folders", multiple=True, help="A folder to collect (default INBOX); may be repeated.")
@click.option("--after", type=click.Choice(["leave", "seen", "move", "delete"]), default="leave", show_default=True)
@click.option("--move-to", default="", help="The folder for --after move.")
@click.option("--backfill/--no-backfill", default=True, show_default=True, help="Take the mail that is there already.")
@click.option("--smtp", "smtp_host", help="The submission server.")
@click.option("--smtp-port", type=click.IntRange(1, 65535))
@click.option("--smtp-security", type=_SECURITY, default="tls", show_default=True)
@click.option("--user", default="", help="The user name (default: the address).")
@click.option("--per-minute", type=click.IntRange(1, 100_000), default=60, show_default=True)
@click.option("--alias", "aliases", multiple=True, help="A further address of this mailbox; may be repeated.")
@click.option("--catch-all", default="", help="A domain of which all mail is taken by the local listener.")
@click.option("--from-name", default="{member}", show_default=True, help="May hold {member} and {channel}.")
@click.option("--signed-reply", is_flag=True, help="Answers come to a signed plus address of this mailbox.")
@click.option("--password-env", metavar="VARIABLE", help="Read the password from this environment variable.")
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(name: str, address: str, **given: Any) -> None:
    """Connect the mailbox NAME. The password is asked for, or read from a variable or a file; never an argument."""
    with database(), _writing():
        from rapport.channels import registry, secrets
        from rapport.channels.base import Account
        from rapport.channels.models import Channel
        from rapport.core.ids import new_id

        if Channel.objects.filter(name=name).exists():
            raise Invalid(f"There is a channel called {name!r} already.", "Choose another name.")
        config = _config(address, given)
        registry.connector("email").check(Account(new_id(), name, "email", address, config))
        password = _password(given) if given["imap_host"] or given["smtp_host"] else ""
        sealed = secrets.seal({"imap_password": password, "smtp_password": password})
        Channel.objects.create(name=name, kind="email", address=address, config=config, secrets=sealed)
        click.echo(f"Channel {name} is connected. Try it: rapport channel test {name!r}")


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
@click.option("--password-env", metavar="VARIABLE")
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def password(name: str, **given: Any) -> None:
    """Enter the channel's password again; a stopped channel starts by itself."""
    with database(), _writing():
        from rapport.channels import secrets

        one = _named(name)
        if one.kind != "email":
            raise Invalid(f"{name} is no mailbox.", "Enter its credentials on its page, under Channels.")
        word = _password(given)
        _change(one, secrets=secrets.seal({"imap_password": word, "smtp_password": word}), state="new", error="")
        click.echo(f"The password of {name} is kept.")


@channel.command()
@click.argument("name")
def pause(name: str) -> None:
    """Neither collect nor send until resumed; what waits to be sent goes on waiting."""
    with database(), _writing():
        _change(_named(name), enabled=False)
        click.echo(f"{name} is paused.")


@channel.command()
@click.argument("name")
def resume(name: str) -> None:
    """Go on."""
    with database(), _writing():
        _change(_named(name), enabled=True, state="new", error="")
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


def _change(one: "Channel", **fields: Any) -> None:
    from rapport.channels.models import Channel
    from rapport.core.clock import now

    Channel.objects.filter(id=one.id).update(**fields, changed_at=now())


def _config(address: str, given: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {"from_name": given["from_name"], "signed_reply": given["signed_reply"]}
    user = given["user"] or address
    if given["imap_host"]:
        config["imap"] = {
            **_server(given, "imap", user),
            "folders": list(given["folders"]) or ["INBOX"],
            "after": given["after"],
            "move_to": given["move_to"],
            "backfill": given["backfill"],
        }
    if given["smtp_host"]:
        config["smtp"] = {**_server(given, "smtp", user), "per_minute": given["per_minute"]}
    if given["aliases"]:
        config["addresses"] = list(given["aliases"])
    if given["catch_all"]:
        config["catch_all"] = given["catch_all"]
    return config


def _server(given: dict[str, Any], name: str, user: str) -> dict[str, Any]:
    server = {"host": given[f"{name}_host"], "security": given[f"{name}_security"], "user": user}
    return server | ({"port": given[f"{name}_port"]} if given[f"{name}_port"] else {})


def _password(given: dict[str, Any]) -> str:
    if given["password_env"]:
        if given["password_env"] not in os.environ:
            raise Invalid(f"The variable {given['password_env']} is not set.", "Set it to the password.")
        return os.environ[given["password_env"]]
    if given["password_file"]:
        return str(given["password_file"].read_text(encoding="utf-8")).rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True))
