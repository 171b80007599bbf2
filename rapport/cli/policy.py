"""`rapport policy`: the rules of ownership as files."""

from pathlib import Path

import click

from rapport.cli.context import database


@click.group()
def policy() -> None:
    """Look at the ownership policy, take it out as a file, put one in."""


@policy.command("export")
@click.option("--format", "fmt", type=click.Choice(["toml", "yaml"]), default="toml", show_default=True)
@click.option("--version", "number", type=int, help="A version other than the one in force.")
def export_policy(fmt: str, number: int | None) -> None:
    """Write the policy in force to standard output."""
    with database():
        from rapport.ownership import service
        from rapport.ownership.format import dump

        chosen = service.current_policy()[1] if number is None else service.policy_of(number)
        click.echo(dump(chosen, fmt), nl=False)


@policy.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--note", default="", help="Why, for those who read the history.")
def import_policy(file: Path, note: str) -> None:
    """Save FILE (.toml, .yaml) as the new version; a file with a problem changes nothing."""
    with database():
        from rapport.ownership import service

        source, fmt = _read(file)
        version = service.save_policy(source, fmt, note=note)
        click.echo(f"Saved as version {version.number}: {_rules(len(version.rules['rules']))}.")


@policy.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_policy(file: Path) -> None:
    """Say whether FILE could be imported; changes nothing."""
    with database():
        from rapport.ownership import service
        from rapport.ownership.format import load

        source, fmt = _read(file)
        checked = load(source, fmt, service.vocabulary())
        click.echo(f"{file.name} is a good policy: {_rules(len(checked.rules))}, triage by {checked.triage}.")


@policy.command("list")
def list_versions() -> None:
    """List the versions, the newest first."""
    with database():
        from rapport.ownership.models import PolicyVersion

        versions = list(PolicyVersion.objects.order_by("-number").select_related("author"))
        for version in versions:
            author = version.author.name if version.author else "-"
            saved = version.created_at.strftime("%Y-%m-%d %H:%M")
            click.echo(f"{version.number}\t{saved}\t{author}\t{_rules(len(version.rules['rules']))}\t{version.note}")
        if not versions:
            click.echo("No policy was saved yet: everything goes to triage.")
            click.echo("Write one, then: rapport policy import FILE")


def _read(file: Path) -> tuple[str, str]:
    from rapport.ownership.format import format_of
    from rapport.ownership.problems import PolicyError

    fmt = format_of(file.name)
    try:
        return file.read_text(encoding="utf-8-sig"), fmt
    except UnicodeDecodeError as error:
        raise PolicyError(f"{file.name} is no text in UTF-8 (byte {error.start})") from error


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count} rules"
