"""The measured process of `rapport bench inbox`: fills the database it is given, unless it is full, and asks its pages.

Pages are asked of Django in this process, through every middleware and with the database as it is shipped: what is
taken is the server's time for a request, without the network.
"""

import os
import random
import sys
import time
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

import django
import orjson

from rapport.cli import bench_meter

if TYPE_CHECKING:
    from rapport.cli.bench_inbox_pages import Pages

_REPEATS = 40
#: A server that runs has been asked before: PostgreSQL keeps a plan from the sixth time on, or the eleventh.
_WARM = 12


@dataclass(frozen=True)
class Taken:
    """How long one kind of page took, with how many queries; and the processor's time for one, ours and PostgreSQL's.

    The latter is the same however busy the machine is with other things.
    """

    p50_ms: float
    p95_ms: float
    cpu_ms: float
    queries: int


def main(postmaster: int, size_given: str, repeats: int = _REPEATS, only: str = "") -> None:
    """Fill if there is nothing, ask every kind of page, print what it took."""
    django.setup()
    from rapport.cli import bench_inbox_fill, bench_inbox_pages
    from rapport.cli.bench_inbox_fill import Size
    from rapport.cli.migrated import pending_migrations
    from rapport.core import memory

    size = Size(**orjson.loads(size_given))
    began = time.monotonic()
    if pending_migrations() or not bench_inbox_pages.is_full():
        bench_inbox_fill.fill(size)
    filled_s = time.monotonic() - began
    memory.settle()
    pages = bench_inbox_pages.Pages(random.Random(4))  # noqa: S311 - drawn alike each time
    kinds = [name for name in pages.kinds() if name.startswith(only)]
    taken = {}
    for name in kinds:
        taken[name] = asdict(_measure(name, pages, repeats, postmaster))
        print(f"{name}: {taken[name]}", file=sys.stderr, flush=True)  # noqa: T201 - the progress
    about = {"load": round(os.getloadavg()[0], 1), "filled_s": round(filled_s, 1)}
    result = {**asdict(size), **bench_inbox_pages.facts(), **about, "taken": taken}
    print(orjson.dumps(result).decode(), flush=True)  # noqa: T201 - the result


def _measure(name: str, pages: "Pages", repeats: int, postmaster: int) -> Taken:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    requests = pages.requests(name, repeats)
    for request in requests[:_WARM]:
        pages.ask(*request)
    with CaptureQueriesContext(connection) as queries:
        pages.ask(*requests[0])
    asked = len(queries)  # the next request begins the list anew
    times = []
    before = bench_meter.read(postmaster)
    for client, url in requests:
        began = time.perf_counter()
        pages.ask(client, url)
        times.append((time.perf_counter() - began) * 1000)
    spent = bench_meter.read(postmaster).since(before)
    cpu_ms = (spent.python_s + spent.postgres_s) * 1000 / len(requests)
    return Taken(round(median(times), 1), round(quantiles(times, n=20)[-1], 1), round(cpu_ms, 1), asked)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
