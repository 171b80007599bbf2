"""The measured process of `rapport bench whatif`: fills the database it is given, and replays two policies over it."""

import resource
import sys
import time
from datetime import timedelta
from typing import Any

import django
import orjson

from rapport.cli import bench_meter

_RULES = 15


def main(postmaster: int, conversations: int, processes: int) -> None:
    """Fill, replay, print what it took."""
    django.setup()
    from rapport.cli import bench_inbox_fill, bench_inbox_pages
    from rapport.cli.bench_inbox_fill import Size
    from rapport.cli.migrated import pending_migrations
    from rapport.core import scope
    from rapport.core.clock import now
    from rapport.ownership.simulate.past import Asked
    from rapport.ownership.simulate.run import what_if
    from rapport.staff.models import Team

    if pending_migrations() or not bench_inbox_pages.is_full():
        bench_inbox_fill.fill(Size(conversations, conversations * 3, 20, 100))
    with scope.system():
        teams = list(Team.objects.order_by("slug").values_list("slug", flat=True))
    asked = Asked(_policy(teams, 0), _policy(teams, 1), now() - timedelta(days=1100), now(), 1)
    began, before = time.monotonic(), bench_meter.read(postmaster)
    told = what_if(asked, _tell, processes)
    seconds, spent = time.monotonic() - began, bench_meter.read(postmaster).since(before)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        "conversations": told["total"], "moved": told["moved"], "rules": _RULES, "processes": processes,
        "clocks": sum(sum(side.values()) for sides in told["promises"].values() for side in sides),
        "steps": sum(one["due"] for side in told["steps"] for one in side),
        "seconds": round(seconds, 1), "per_second": round(told["total"] / seconds),
        "python_cpu_s": round(spent.python_s + children.ru_utime + children.ru_stime, 1),
        "postgres_cpu_s": round(spent.postgres_s, 1),
        "peak_mb": [bench_meter.peak_rss_mb(), round(children.ru_maxrss * 1024 / 1e6, 1)],
    }  # fmt: skip
    print(orjson.dumps(result).decode(), flush=True)  # noqa: T201 - the result


def _tell(done: int, total: int) -> bool:
    if done % 20_000 == 0:
        print(f"{done:,} of {total:,}", file=sys.stderr, flush=True)  # noqa: T201 - the progress
    return True


def _policy(teams: list[str], changed: int) -> dict[str, Any]:
    """Words, topics, relationships, earlier owners, load; the changed one gives a third of its rules to others.

    What is promised has all three clocks, pauses and steps; the changed one promises answers sooner.
    """
    asks: list[dict[str, Any]] = [
        {"words": ["invoice", "refund*"]}, {"topic": ["topic-01", "topic-02"]}, {"relationship": "partner"},
        {"words": ["charger", "battery"], "language": "en"}, {"language": "de"}, {"earlier_owner": "person"},
        {"to": "help@bench.example", "words": "vertrag"}, {"time": "outside"},
    ]  # fmt: skip
    rules = []
    for number in range(_RULES):
        to = (number + changed * (number % 3 == 0)) % len(teams)
        then = {"owner": teams[to], "assign": "load"} if number % 2 else {"owner": teams[to]}
        when = asks[number % len(asks)] if number < len(asks) else {"words": f"zanzibar{number}", "reply": False}
        rules.append({"name": f"Rule {number}", "when": when, "then": then | {"promise": "standard"}})
    promise = {
        "first_answer": f"{4 - changed}h", "next_answer": "8h", "resolution": "3d", "pause": ["waiting", "snoozed"],
        "steps": [
            {"at": "80%", "do": "tell", "to": "leads", "clock": "first_answer"},
            {"at": "1h after", "do": "involve", "to": f"team:{teams[1]}", "clock": "first_answer"},
            {"at": "1d after", "do": "priority", "to": "urgent", "clock": "resolution"},
        ],
    }  # fmt: skip
    return {"triage": teams[0], "rules": rules, "promises": {"standard": promise}}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
