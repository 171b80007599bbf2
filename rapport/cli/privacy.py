"""`rapport privacy`: what a person may ask for, from the command line, with the eyes of the operator."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from rapport.cli import named
from rapport.cli.context import database
from rapport.core.errors import Invalid, NotVisible
from rapport.core.options import options

_STAYS = "an address of theirs stays in "
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def privacy() -> None:
    """Archives, erasing, retention, and where a text still stands."""


@privacy.command()
@click.argument("person", type=click.UUID)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--notes", is_flag=True, help="With what members noted among themselves.")
@_json
def archive(person: UUID, file: Path, notes: bool, as_json: bool) -> None:
    """Write all that is held on PERSON (an id) to FILE, a zip; also what only some teams may see."""
    with database():
        from rapport.core import events, scope
        from rapport.inbound.privacy import archiving

        with scope.system(), file.open("xb") as out:
            try:
                counts = archiving.write(person, out, notes=notes)
            except NotVisible as error:
                raise _nobody(person) from error
            events.record("archive.taken", data={"person": str(person), "by": "command"})
    _tell({"file": str(file), "counts": counts}, as_json, f"{file}: {_words(counts)}")


@privacy.command()
@click.argument("person", type=click.UUID)
@click.option("--pseudonymise", is_flag=True, help="Keep what they said, without names and addresses.")
@click.option("--yes", is_flag=True, help="Do it; without, only what would be erased is told.")
@_json
def erase(person: UUID, pseudonymise: bool, yes: bool, as_json: bool) -> None:
    """Erase PERSON (an id) everywhere, now. It cannot be undone."""
    with database():
        from rapport.core import scope
        from rapport.inbound.privacy import erasing

        with scope.system():
            try:
                seen = erasing.preview(person)
            except NotVisible as error:
                raise _nobody(person) from error
            policy = named.plain(seen.policy)
            if not yes:
                told = {"would": seen.counts, "held": seen.held, "policy": policy}
                _tell(told, as_json, f"would erase: {_words(seen.counts)}")
                _warn(_STAYS + one for one in named.lines(policy))
                click.echo("Nothing was changed. Give --yes to erase.", err=True)
                return
            made = erasing.ask(person, "pseudonymise" if pseudonymise else "erase", None, source="command")
        done = erasing.finish(made.id)
    told = {"erasure": str(done.id), "state": done.state, "counts": done.counts, "left": done.left, "policy": policy}
    _tell(told, as_json, f"erased: {_words(done.counts)}")
    left = done.left.items()
    _warn(f"an address of theirs still stands in what others wrote: {place}, {rows} rows" for place, rows in left)
    _warn(_STAYS + one for one in named.lines(policy))


@privacy.command()
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write it there, too.")
@_json
def ledger(to: Path | None, as_json: bool) -> None:
    """Bring the ledger of erasures up to date, which `rapport restore` reads; keep a copy beside your backups."""
    with database():
        from rapport.inbound.privacy import ledger as book

        fresh = book.note(options().home)
        path = book.path_in(options().home)
        entries, keys = book.read(path)
        if to is not None:
            book.merge(to, entries, keys)
    told = {"file": str(path), "erasures": len(entries), "added": fresh}
    _tell(told, as_json, f"{path}: {len(entries):,} erasures, {fresh:,} of them new")


@privacy.command()
@click.argument("person", type=click.UUID, required=False)
@click.option("--text", "texts", multiple=True, help="Look for this; may be given several times.")
@_json
def check(person: UUID | None, texts: tuple[str, ...], as_json: bool) -> None:
    """Search every column of the database for a text, or for the addresses of PERSON (an id).

    Ends with 1 where it stands somewhere. It reads everything: minutes for a large database.
    """
    with database():
        from rapport.core import scope
        from rapport.inbound.privacy import checking
        from rapport.ownership.named import named as named_in_policy
        from rapport.people.erasing import target_of
        from rapport.people.models import Erasure, Person

        with scope.system():
            needles = list(texts)
            if person is not None:
                rows = list(Person.objects.filter(root=person).values_list("id", flat=True))
                needles += target_of(Erasure(people=rows, pseudonym="")).addresses
            if not needles:
                raise Invalid("There is nothing to look for.", "Give an id of a person with addresses, or --text.")
            found = list(checking.search(needles))
            sampled = checking.in_statistics(needles)
            policy = named.plain(named_in_policy(needles))
    places = [{"table": one.table, "column": one.column, "rows": one.rows, "first": one.first} for one in found]
    lines = [f"{one.table}.{one.column}: {one.rows:,} rows, the first is {one.first}" for one in found]
    told = {"found": places, "statistics": sampled, "policy": policy}
    _tell(told, as_json, "\n".join([*lines, *named.lines(policy)]) or "It stands nowhere.")
    if found:
        click.get_current_context().exit(1)


@privacy.command()
@click.option("--run", is_flag=True, help="Do now what is due, instead of waiting for the worker.")
@_json
def retention(run: bool, as_json: bool) -> None:
    """Tell the rules of retention, and what each would take now."""
    with database():
        from rapport.core import scope
        from rapport.core.clock import now
        from rapport.inbound.privacy import erasing, retaining
        from rapport.people.models import RetentionRule

        taken = 0
        while run and (batch := retaining.work()):
            taken += batch
        if run:
            erasing.work(seconds=float("inf"))
        with scope.system():
            rules = [
                {"id": str(one.id), "name": one.name, "act": one.act, "days": one.days, "on": one.is_on,
                 "would_take": retaining.preview(one, 0).count, "taken": one.count}
                for one in RetentionRule.objects.all()
            ]  # fmt: skip
            # Somebody has seen it here: from its page it can be turned on.
            RetentionRule.objects.filter(previewed_at=None).update(previewed_at=now())
    lines = [
        f"{one['name']}: {'on' if one['on'] else 'off'}, {one['act']} after {one['days']} days,"
        f" {one['would_take']:,} now, {one['taken']:,} so far"
        for one in rules
    ]
    _tell({"rules": rules, "taken": taken}, as_json, "\n".join(lines) or "There are no rules: everything is kept.")


def _tell(value: dict[str, Any], as_json: bool, words: str) -> None:
    click.echo(json.dumps(value) if as_json else words)


def _warn(lines: Iterable[str]) -> None:
    for one in lines:
        click.echo(one, err=True)


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()) or "nothing"


def _nobody(person: UUID) -> Invalid:
    return Invalid(f"There is no person {person}.", "The id is in the address of their page.")
