"""`rapport createadmin`: somebody who may sign in and set everything up."""

import os
import sys
from pathlib import Path

import click

from rapport.cli.context import database
from rapport.cli.migrated import require_migrated
from rapport.core.errors import Invalid

PASSWORD_VARIABLE = "RAPPORT_ADMIN_PASSWORD"  # noqa: S105 - the name of the variable


@click.command()
@click.option("--email", required=True, help="The address to sign in with.")
@click.option("--name", required=True, help="The person's name, as others see it.")
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Read the password from the first line of a file; else from {PASSWORD_VARIABLE}, else it is asked for.",
)
def createadmin(email: str, name: str, password_file: Path | None) -> None:
    """Make an administrator. One who is there already stays as they are."""
    with database():
        require_migrated()
        from rapport.staff.beginning import make_first_teams
        from rapport.staff.models import Member, Role

        email, name = _checked(email, name)
        there = Member.objects.filter(email=email).first()
        if there is None:
            Member.objects.create_user(
                email, _password(password_file, email, name), name=name, role=Role.ADMIN
            )
            click.echo(f"{name} <{email}> is an administrator now and may sign in.")
            if made := make_first_teams():
                click.echo(f"{made} teams to begin with were made; change them under Members and teams.")
        elif there.role == Role.ADMIN and there.is_active:
            click.echo(f"{there.name} <{email}> is an administrator already; nothing was changed.")
        else:
            state = there.get_role_display() if there.is_active else "deactivated"
            raise Invalid(
                f"{there.name} <{email}> is a member already ({state}), and was not changed.",
                "Let another administrator change the role, or choose another address.",
            )


def _checked(email: str, name: str) -> tuple[str, str]:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    email, name = email.strip().lower(), " ".join(name.split())
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid(
            f"{email!r} is no e-mail address.", "Expected is something like ada@example.com."
        ) from error
    if not 0 < len(name) <= 120:
        raise Invalid(f"The name has {len(name)} characters.", "Expected are 1 to 120.")
    return email, name


def _password(file: Path | None, email: str, name: str) -> str:
    """The password, checked. It never travels by arguments: those are seen by everyone on the machine."""
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from rapport.staff.models import Member

    password = _given(file)
    try:
        validate_password(password, Member(email=email, name=name))
    except ValidationError as error:
        raise Invalid("The password will not do: " + " ".join(error.messages), "Choose another.") from error
    return password


def _given(file: Path | None) -> str:
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(
                f"{file} cannot be read: {error}", "Give a text file with the password alone."
            ) from error
        return lines[0] if lines else ""
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    piped = sys.stdin.readline().rstrip("\r\n")
    if not piped:
        raise Invalid(
            "There is no terminal to ask for the password.", f"Give --password-file or {PASSWORD_VARIABLE}."
        )
    return piped
