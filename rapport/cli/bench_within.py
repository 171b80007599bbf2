"""`rapport bench within`: ways of giving conversations to members of a team, over a month that is recorded."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from rapport.cli.context import database
from rapport.core.errors import RapportError
from rapport.ownership.simulate.within.judging import judge
from rapport.ownership.simulate.within.month import Month, Outcome, simulate
from rapport.ownership.simulate.within.recorded import month_of, plain_of, told
from rapport.ownership.simulate.within.strategies import STRATEGIES


def measured(file: Path) -> dict[str, Any]:
    """Of a file. Raises RapportError where it is none."""
    try:
        given = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise RapportError(f"{file} is no JSON: {error}.", "Keep a month with --record FILE.") from error
    return _told(month_of(given), {})


def own(days: int, keep: Path | None) -> dict[str, Any]:
    """Of the company's own past, with what really was beside it; kept in a file where that is asked for."""
    with database():
        from rapport.core.clock import now
        from rapport.ownership.simulate.within.history import recorded
        from rapport.ownership.simulate.within.telling import REALLY

        until = now()
        found = recorded(until - timedelta(days=days), until, None)
    if not found.month.arrivals:
        raise RapportError("Nothing came in that time that was answered or waits.", "Ask for more --days.")
    if keep:
        keep.write_bytes(orjson.dumps(plain_of(found.month)))
    return _told(found.month, {REALLY: lambda: found.really}) | {"shortened": found.shortened}


def _told(month: Month, others: dict[str, Callable[[], list[Outcome]]]) -> dict[str, Any]:
    began = time.process_time()
    runs = {name: simulate(month, made()) for name, made in STRATEGIES.items()}
    runs |= {name: made() for name, made in others.items()}
    return told(month, judge(month, runs)) | {"cpu_s": round(time.process_time() - began, 1)}
