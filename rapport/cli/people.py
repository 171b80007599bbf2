"""`rapport people`: bring people in from a file."""

from pathlib import Path

import click

from rapport.cli.context import database


@click.group()
def people() -> None:
    """The directory of everyone the business talks with."""


@people.command("import")
@click.argument("path", type=click.Path(path_type=Path))
def import_file(path: Path) -> None:
    """Take people, organizations and relationships from a CSV or vCard file.

    The first line of a CSV names its columns: name, email, organization, relationship, external_id, language.
    Several addresses or relationships in one cell are separated by commas or semicolons.
    """
    with database():
        from rapport.core import scope
        from rapport.people.importing import import_people

        with scope.system():
            report = import_people(path)
    for problem in report.problems:
        click.echo(f"left out: {problem}", err=True)
    click.echo(f"{report.taken} people taken, {len(report.problems)} rows left out")
