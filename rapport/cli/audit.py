"""`rapport audit`: is the log what it was, and what does it say."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import click

from rapport.cli.context import database
from rapport.core.errors import Invalid

if TYPE_CHECKING:
    from rapport.core.audit import Report

_LATE_S = 60


@click.group()
def audit() -> None:
    """The append-only log of all that happened."""


@audit.command()
@click.option("--receipt", default="", help="What an earlier run printed: the log must still contain it.")
def verify(receipt: str) -> None:
    """Go along the whole chain of seals. Ends with 1 where something was changed, taken away or slipped in."""
    with database():
        from rapport.cli.migrated import require_migrated
        from rapport.core import audit as chain

        require_migrated()
        report = chain.verify(receipt)
    if report.broken_at:
        click.echo(f"BROKEN at {report.broken_at:,}: {report.problem}.", err=True)
    else:
        click.echo(f"{report.seals:,} sealed events; each is as it was, and none is gone.")
        _tell_rest(report)
    click.echo(f"receipt: {report.receipt}")
    sys.exit(0 if report.holds else 1)


def _tell_rest(report: "Report") -> None:
    if report.stray:
        click.echo(f"BROKEN: {report.problem}.", err=True)
    if report.waiting:
        seconds = report.oldest.total_seconds()
        click.echo(f"{report.waiting:,} events wait for their seal, the oldest for {seconds:,.0f} s.")
        if seconds > _LATE_S:
            click.echo("Seals are late: does a worker run?", err=True)


@audit.command()
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--kind", default="", help="Such as conversation.viewed.")
@click.option("--member", default="", help="E-mail address or id of who did it.")
@click.option("--conversation", default="", help="Id of a conversation.")
@click.option("--person", default="", help="Id of a person.")
@click.option("--since", default="", help="Date or time (ISO 8601); UTC where it says nothing.")
@click.option("--until", default="", help="The first moment that is left out.")
@click.option("--text", default="", help="A part of the subject.")
def export(form: str, **asked: str) -> None:
    """Write the log to the standard output, newest first; that it was done is in the log."""
    with database():
        from rapport.cli.migrated import require_migrated
        from rapport.core import auditing, events, scope

        require_migrated()
        with scope.system():
            wanted = auditing.Asked(
                kind=asked["kind"], text=asked["text"], member=_member(asked["member"]),
                conversation=_id(asked["conversation"]), person=_id(asked["person"]), since=_time(asked["since"]),
                until=_time(asked["until"]),
            )  # fmt: skip
            made = {"what": "log", "format": form, "by": "command", "filters": wanted.names()}
            events.record("export.made", data=made)
        out = sys.stdout.buffer
        for piece in auditing.lines(wanted, form, scope.system):
            out.write(piece)
        out.flush()


def _member(text: str) -> UUID | None:
    from rapport.staff.models import Member

    if "@" not in text:
        return _id(text)
    found = Member.objects.filter(email__iexact=text).first()
    if found is None:
        raise Invalid(f"There is no member {text}.", "Give the address they sign in with.")
    return found.id


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(f"{text!r} is no id.", "An id is 32 hexadecimal digits, mostly with hyphens.") from error


def _time(text: str) -> datetime | None:
    try:
        given = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(f"{text!r} is no time.", "Write it as 2026-11-23 or 2026-11-23T14:00:00+01:00.") from error
    return given.replace(tzinfo=UTC) if given and given.tzinfo is None else given
