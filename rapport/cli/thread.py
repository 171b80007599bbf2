"""`rapport thread MBOX`: which conversation each mail would land in. No database; nothing is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click
import orjson

from rapport.channels.kinds.email import said
from rapport.channels.kinds.email.parse import parse_mail
from rapport.conversations import threading
from rapport.core.clock import now
from rapport.inbound.arrival import Item, arrive
from rapport.inbound.mailfiles import open_mails

_NOWHERE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Placed:
    """A mail (its Message-ID may be "") and its conversation; None where it would be quarantined."""

    message_id: str
    conversation: UUID | None


@click.command()
@click.argument("mbox", type=click.Path(path_type=Path))
@click.option("--tsv", is_flag=True, help="Two columns instead of JSON lines.")
def thread(mbox: Path, tsv: bool) -> None:
    """Print, a JSON line a mail, its message_id and the conversation it would land in.

    MBOX is an mbox file (also .gz), a Maildir or a single .eml. A conversation is named after the first of its mails
    here. Nothing is written, and the mails are looked at by themselves: conversations in the database do not count.
    """
    for placed in place(one.body for one in open_mails(mbox).read()):
        conversation = str(placed.conversation) if placed.conversation else None
        if tsv:
            click.echo(f"{' '.join(placed.message_id.split())}\t{conversation or '-'}")
        else:
            click.echo(orjson.dumps({"message_id": placed.message_id, "conversation": conversation}))


def place(mails: Iterable[bytes]) -> Iterator[Placed]:
    """Every mail with its conversation, as the pipeline would place them in an empty store. Keeps no mail."""
    ids: list[str] = []
    refs: list[threading.MailRefs | None] = []
    for body in mails:
        message_id, known = _read(body)
        ids.append(message_id)
        refs.append(known)
    placed = [one for one in refs if one is not None]
    # In ascending order, so that the earliest mail of a conversation gives it its id.
    proposed = [UUID(int=number) for number in range(1, len(placed) + 1)]
    conversations = iter(threading.plan(placed, {}, proposed).conversations)
    for message_id, one in zip(ids, refs, strict=True):
        label = None if one is None else _label(placed[next(conversations).int - 1])
        yield Placed(message_id, label)


def _read(body: bytes) -> tuple[str, threading.MailRefs | None]:
    if not body.strip():
        return "", None
    mail, item = parse_mail(body), Item(_NOWHERE, _NOWHERE, "", now(), {}, body)
    return mail.message_id, arrive(item, said.of(mail, {}), trust_time=True).refs


def _label(first: threading.MailRefs) -> UUID:
    return first.own or first.digest
