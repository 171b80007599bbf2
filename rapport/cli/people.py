"""`rapport people`: bring people in from a file, take them out as one."""

from pathlib import Path

import click
import orjson

from rapport.cli.context import database


@click.group()
def people() -> None:
    """The directory of everyone the business talks with."""


@people.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--map", "mapped", multiple=True, metavar="COLUMN=TARGET", help="What a column is; ignore leaves it out.")
@click.option("--source", default="", help="The system whose ids the file has; the next file from there updates.")
@click.option("--country", default="", help="The prefix of phone numbers without one, such as 49.")
@click.option("--dry-run", is_flag=True, help="Say what would become of it; take nothing.")
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object.")
def import_file(path: Path, mapped: tuple[str, ...], source: str, country: str, dry_run: bool, as_json: bool) -> None:
    """Take people, organizations and relationships from a CSV or vCard file.

    Columns are known by their names, in several languages; --map says what others are, such as --map Kd-Nr=external_id,
    --map Mastodon=handle:fediverse, --map News=consent:newsletter or --map Shoes="new_field:Shoe size". Several values
    in one cell are separated by commas or semicolons.
    """
    with database():
        from rapport.core import scope
        from rapport.people.importing import Wanted, import_people

        columns = {name: target for name, _, target in (one.partition("=") for one in mapped)}
        with scope.system():
            report = import_people(path, wanted=Wanted(source, columns, country, dry_run))
    if as_json:
        click.echo(orjson.dumps(report.plain(), option=orjson.OPT_INDENT_2))
        return
    for problem in report.problems:
        click.echo(f"left out: {problem}", err=True)
    for remark in report.remarks:
        click.echo(f"not all of it: {remark}", err=True)
    would = "would be taken" if dry_run else "taken"
    click.echo(f"{report.taken} people {would}, {len(report.problems)} rows left out")


@people.command("export")
@click.argument("path", type=click.Path(path_type=Path))
def export_file(path: Path) -> None:
    """Write everybody into a .csv, .vcf or .jsonl file, whoever may see them: keep it accordingly."""
    form = path.suffix.lower().lstrip(".")
    with database():
        from rapport.core import events, scope
        from rapport.core.errors import Invalid
        from rapport.people.exchange import exporting

        if form not in exporting.FORMS:
            raise Invalid(f"There is no format {form!r}.", f"Use one of .{', .'.join(exporting.FORMS)}.")
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(exporting.written(form, scope.system))
        with scope.system():
            events.record("people.exported", data={"format": form, "count": None})

