"""The measured process of `rapport bench ingest`: given the postmaster's pid, the mbox, and how many to preload."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import django
import orjson

from rapport.cli import bench_meter

if TYPE_CHECKING:
    from rapport.channels.models import Channel

_BATCH = 200
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_AT = re.compile(rb"([\w.+=-]{1,64})@")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of the mails of a run."""

    received: int
    states: Counter[str]
    conversations: int


def main(postmaster: int, mbox: Path, preload: int) -> None:
    """Found a company, preload, then measure the mbox from the first byte read to the last row written."""
    django.setup()
    from rapport.channels.kinds.email.mbox import read_mbox
    from rapport.core import memory

    channel = _found()
    memory.settle()
    if preload:
        _say(f"filling the store with {preload:,} mails ...")
        _ingest(channel, islice(_varied(mbox), preload))
        _settle()
    size = _size()
    before = bench_meter.read(postmaster)
    done = _ingest(channel, (raw for _, raw in read_mbox(mbox)))
    _search_index()
    spent = bench_meter.read(postmaster).since(before)
    print(orjson.dumps(_summary(done, spent, _size() - size)).decode(), flush=True)  # noqa: T201 - the result


def _found() -> "Channel":
    from django.core.management import call_command

    from rapport.channels.models import Channel
    from rapport.cli.demo_company import company
    from rapport.cli.demo_company.founding import found

    call_command("migrate", verbosity=0)
    found(company.load(), 0)
    return Channel.objects.create(name="Bench", kind="email", config={"trust_date": True})


def _ingest(channel: "Channel", mails: Iterable[bytes]) -> Done:
    """Accept and handle, a batch after the other, as the import and a worker do."""
    from rapport.channels.base import mail
    from rapport.inbound import intake, pipeline

    received, duplicate, total, before = 0, 0, pipeline.BatchResult(), _conversations()
    waiting = iter(mails)
    while bodies := list(islice(waiting, _BATCH)):
        accepted = intake.accept(channel, [mail(body) for body in bodies])
        received += accepted.received
        duplicate += accepted.duplicate
        total.add(pipeline.run_batch(_BATCH))
    while (rest := pipeline.run_batch(_BATCH)).handled:
        total.add(rest)
    total.states["duplicate"] += duplicate
    return Done(received, total.states, _conversations() - before)


def _conversations() -> int:
    """How many there are; those that a late mail showed to be one with another are gone again."""
    from rapport.conversations.models import Conversation
    from rapport.core import scope

    with scope.system():
        return Conversation.objects.filter(merged_into__isnull=True).count()


def _varied(mbox: Path) -> Iterator[bytes]:
    """The mails again and again, as if of others: every address and Message-ID in their headers is another."""
    from rapport.channels.kinds.email.mbox import read_mbox

    return chain.from_iterable((_vary(raw, turn) for _, raw in read_mbox(mbox)) for turn in count(1))


def _vary(raw: bytes, turn: int) -> bytes:
    end = _HEADER_END.search(raw)
    split = end.start() if end else len(raw)
    return _AT.sub(rb"\g<1>.%d@" % turn, raw[:split]) + raw[split:]


def _settle() -> None:
    """What autovacuum would have done by the time so many mails have come."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _search_index() -> None:
    """Write what the full-text index has only noted so far: it belongs to the cost."""
    from django.db import connection

    from rapport.conversations.asking.index import INDEXES

    with connection.cursor() as cursor:
        for index in INDEXES:
            cursor.execute(
                "SELECT gin_clean_pending_list(to_regclass(%s)) WHERE to_regclass(%s) IS NOT NULL", [index, index]
            )


def _size() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _summary(done: Done, spent: bench_meter.Reading, grown: int) -> dict[str, float]:
    thousands = done.received / 1000 or 1
    states = {state: done.states[state] for state in ("stored", "duplicate", "quarantined", "refused")}
    return {
        "received": done.received,
        **states,
        "conversations": done.conversations,
        "seconds": round(spent.wall_s, 2),
        "messages_per_second": round(done.received / spent.wall_s, 1),
        "cpu_s_per_1000_python": round(spent.python_s / thousands, 3),
        "cpu_s_per_1000_postgres": round(spent.postgres_s / thousands, 3),
        "cpu_s_per_1000_total": round((spent.python_s + spent.postgres_s) / thousands, 3),
        "peak_rss_mb": bench_meter.peak_rss_mb(),
        "bytes_per_message": round(grown / max(1, states["stored"])),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
