"""`rapport policy`: the rules of ownership as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import orjson

from rapport.cli.context import database
from rapport.ownership.format import dump, format_of, load, vocabulary_within
from rapport.ownership.policy_tests import Tried, try_tests
from rapport.ownership.problems import PolicyError
from rapport.ownership.world import plain_world, world_of


@contextmanager
def _company() -> Iterator[None]:
    """The database of the company, which must be of this version. Raises RapportError where it is not."""
    with database():
        from rapport.cli.migrated import require_migrated

        require_migrated()
        yield


@click.group()
def policy() -> None:
    """Look at the ownership policy, take it out as a file, put one in."""


@policy.command("export")
@click.option("--format", "fmt", type=click.Choice(["toml", "yaml"]), default="toml", show_default=True)
@click.option("--version", "number", type=int, help="A version other than the one in force.")
@click.option("--vocabulary", "within", is_flag=True, help="With the teams and topics, so that its tests run anywhere.")
def export_policy(fmt: str, number: int | None, within: bool) -> None:
    """Write the policy in force to standard output."""
    with _company():
        from rapport.ownership import service
        from rapport.ownership.directory import world

        chosen = service.current_policy()[1] if number is None else service.policy_of(number)
        # A file for `import`: UTF-8, whatever the terminal is.
        click.echo(dump(chosen, fmt, plain_world(world()) if within else None).encode(), nl=False)


@policy.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--note", default="", help="Why, for those who read the history.")
def import_policy(file: Path, note: str) -> None:
    """Save FILE (.toml, .yaml) as the new version; a file with a problem changes nothing."""
    with _company():
        from rapport.ownership import service

        source, fmt = _read(file)
        version = service.save_policy(source, fmt, note=note)
        click.echo(f"Saved as version {version.number}: {_rules(len(version.rules['rules']))}.")


@policy.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_policy(file: Path) -> None:
    """Say whether FILE could be imported; changes nothing."""
    with _company():
        from rapport.ownership import service
        source, fmt = _read(file)
        checked = load(source, fmt, service.vocabulary())
        click.echo(f"{file.name} is a good policy: {_rules(len(checked.rules))}, triage by {checked.triage}.")


@policy.command("test")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def test_policy(file: Path | None, as_json: bool) -> None:
    """Try the tests of FILE, or of the policy in force; ends with 1 when one fails.

    A FILE with a [vocabulary] within (`rapport policy export --vocabulary`) needs no database.
    """
    source, fmt = _read(file) if file else ("", "toml")
    within = vocabulary_within(source, fmt) if file else None
    if within is None:
        with _company():
            from rapport.ownership import service
            from rapport.ownership.directory import world

            checked = load(source, fmt, service.vocabulary()) if file else service.current_policy()[1]
            tried = try_tests(checked, world())
    else:
        here, names = world_of(within)
        tried = try_tests(load(source, fmt, names), here)
    _tell(tried, as_json)
    if any(not one.passed for one in tried):
        raise SystemExit(1)


def _tell(tried: list[Tried], as_json: bool) -> None:
    failed = [one for one in tried if not one.passed]
    if as_json:
        told = [
            {"name": one.test.name, "passed": one.passed, "owner": one.verdict.owner, "why": one.verdict.sentence,
             "problems": list(one.problems)}
            for one in tried
        ]  # fmt: skip
        click.echo(orjson.dumps({"tests": len(tried), "failed": len(failed), "results": told}))
        return
    for one in failed:
        click.echo(f"test {one.number} “{one.test.name}” failed:")
        for problem in one.problems:
            click.echo(f"    {problem}")
    count = "1 test" if len(tried) == 1 else f"{len(tried)} tests"
    click.echo(f"{count}, {len(failed)} failed." if tried else "This policy has no tests yet.")


@policy.command("list")
def list_versions() -> None:
    """List the versions, the newest first."""
    with _company():
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
    fmt = format_of(file.name)
    try:
        return file.read_text(encoding="utf-8-sig"), fmt
    except UnicodeDecodeError as error:
        raise PolicyError(f"{file.name} is no text in UTF-8 (byte {error.start})") from error


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count} rules"
