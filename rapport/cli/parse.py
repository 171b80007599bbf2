"""`rapport parse FILE...`: how Rapport understands a mail, a JSON line each. Reads only; needs no database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from rapport.channels.kinds.email.html import sanitise
from rapport.channels.kinds.email.mbox import looks_like_mbox, read_mbox
from rapport.channels.kinds.email.model import Address, ParsedMail
from rapport.channels.kinds.email.parse import parse_mail
from rapport.core.errors import RapportError


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def parse(files: tuple[str, ...]) -> None:
    """Print how Rapport understands each mail, one JSON line a mail.

    FILE is a single mail, an mbox (also gzipped; then a line per mail), or - for standard input. Nothing is written.
    """
    failed = False
    for name in files:
        try:
            for raw in _mails(name):
                click.echo(orjson.dumps(as_dict(parse_mail(raw))))
        except (OSError, EOFError, RapportError) as error:
            failed = True
            click.echo(f"Error: {_reason(name, error)}", err=True)
    if failed:
        sys.exit(2)


def _mails(name: str) -> Iterator[bytes]:
    if name == "-":
        yield sys.stdin.buffer.read()
        return
    path = Path(name)
    if path.is_dir():
        raise RapportError(f"{name} is a folder; give files.")
    if looks_like_mbox(path):
        for _, raw in read_mbox(path):
            yield raw
        return
    yield path.read_bytes()


def _reason(name: str, error: Exception) -> str:
    if isinstance(error, RapportError):
        return error.message
    if isinstance(error, FileNotFoundError):
        return f"{name}: there is no such file."
    if isinstance(error, OSError) and error.strerror:
        return f"{name} cannot be read: {error.strerror}."
    return f"{name} cannot be read: {error}."


def as_dict(mail: ParsedMail) -> dict[str, Any]:
    """The mail as `rapport parse` prints it."""
    return {
        "from": _address(mail.from_) if mail.from_ else None,
        "to": [_address(address) for address in mail.to],
        "cc": [_address(address) for address in mail.cc],
        "reply_to": [_address(address) for address in mail.reply_to],
        "subject": mail.subject,
        "date": mail.date.isoformat() if mail.date else None,
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "kind": mail.kind,
        "bounce": [
            {
                "recipient": recipient.recipient,
                "status": recipient.status,
                "reason": recipient.reason,
                "hard": recipient.hard,
                "diagnostic": recipient.diagnostic,
            }
            for recipient in mail.bounce
        ],
        "text": mail.text,
        "html": sanitise(mail.html, lambda content_id: f"cid:{content_id}").html
        if mail.html is not None
        else None,
        "reply": mail.reply,
        "quote": mail.quote,
        "signature": mail.signature,
        "attachments": [
            {
                "filename": part.filename,
                "type": part.content_type,
                "size": part.size,
                "sha256": part.sha256,
                "content_id": part.content_id,
            }
            for part in mail.attachments
        ],
        "problems": list(mail.problems),
    }


def _address(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}
