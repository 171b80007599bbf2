"""`rapport keys`: the keys under which secrets are kept."""

import os
import secrets
import sys

import click

from rapport.cli import keyfile
from rapport.cli.context import database
from rapport.core.errors import Invalid
from rapport.core.options import options


@click.group()
def keys() -> None:
    """The keys that encrypt stored secrets and seal the log."""


@keys.command()
@click.option("--secret-key", "also_secret_key", is_flag=True, help="Replace the secret key itself, too.")
def rotate(also_secret_key: bool) -> None:
    """Make new keys and encrypt every stored secret anew; may be stopped and run again.

    Pages and workers may go on meanwhile; with --secret-key, stop Rapport before on every machine.
    """
    with database():
        from rapport.cli.migrated import require_migrated
        from rapport.core import keys as ring

        require_migrated()
        if also_secret_key:
            _replace_secret_key()
        done = ring.rotate()
    secrets = "1 secret" if done.encrypted == 1 else f"{done.encrypted} secrets"
    keys = "1 key" if done.retired == 1 else f"{done.retired} keys"
    click.echo(f"{secrets} encrypted under a new key, {keys} retired.")
    if done.unreadable:
        click.echo(
            f"{done.unreadable} secrets cannot be read with the secret key that is here, and were left: "
            "enter them again, or set the key they were made with and run this once more.",
            err=True,
        )
        sys.exit(1)


def _replace_secret_key() -> None:
    """The one before is written down before the new one counts, and both are tried: there is no moment without."""
    from rapport.cli.backup import refuse_company
    from rapport.core import keys as ring

    if os.environ.get("RAPPORT_SECRET_KEY") or not keyfile.is_kept():
        raise Invalid(
            "The secret key is given as a setting, so only you can replace it.",
            "Set secret_key to a new one and secret_key_before to the old one, restart, and run "
            "`rapport keys rotate`; secret_key_before may go a month later.",
        )
    refuse_company(force=False)
    ring.rewrap()
    keyfile.replace(secrets.token_urlsafe(48))
    options.cache_clear()
    click.echo("The secret key is new; what the one before signed still counts. Members stay signed in.")
