"""Restoring a backup brings nobody back who was erased since: the ledger tells, and it is done again."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.core.options import options

if TYPE_CHECKING:
    from rapport.inbound.privacy.ledger import Entry

Book = tuple[list["Entry"], list[Mapping[str, Any]]]


def read(given: Path | None) -> Book:
    """The ledger in home and the one `given`, after what the database knows that is to be replaced.

    Raises Invalid for what is no ledger; nothing was changed then.
    """
    from django.db import connection

    from rapport.inbound.privacy import ledger

    home = options().home
    with connection.cursor() as cursor:
        there = "people_erasure" in connection.introspection.table_names(cursor)
    if there:
        ledger.note(home)
    entries, keys = ledger.read(ledger.path_in(home))
    if given is not None:
        more, more_keys = ledger.read(given)
        ledger.merge(ledger.path_in(home), more, more_keys)
        entries, keys = [*entries, *more], [*keys, *more_keys]
    return list({one.id: one for one in entries}.values()), keys


def apply(book: Book) -> int:
    """Erase again whom the restored database still has; how many. It may be stopped: a worker goes on with it.

    A worker does it, too, where this process has another secret key than the backup's.
    """
    from rapport.core.keys import WrongKey
    from rapport.inbound.privacy import erasing, ledger

    waiting = list(ledger.to_do(*book))
    for erasure_id in waiting:
        with suppress(WrongKey):
            erasing.finish(erasure_id)
    return len(waiting)
