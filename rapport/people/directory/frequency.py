"""Keys as the database hashes them, and which of them so many have that the index had better not be asked."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod
from time import monotonic

from django.db import connection

#: A list of this many ids the index reads in some ten milliseconds.
MANY = 100_000
#: The share of what is not among the commonest.
_RARE = 0.0005
_KEPT_S = 300.0
_KEPT_MAX = 20_000
_hashes: dict[str, int] = {}
_known: tuple[float, int, dict[int, float]] | None = None


def hashes_of(keys: Iterable[str]) -> list[int]:
    """What stands in `people_key.keys` for these."""
    wanted = list(keys)
    missing = [key for key in dict.fromkeys(wanted) if key not in _hashes]
    if missing:
        if len(_hashes) > _KEPT_MAX:
            _hashes.clear()
            missing = list(dict.fromkeys(wanted))
        with connection.cursor() as cursor:
            cursor.execute("SELECT key, rapport_key(key) FROM unnest(%s::text[]) AS given (key)", [missing])
            _hashes.update(cursor.fetchall())
    return [_hashes[key] for key in wanted]


@lru_cache(maxsize=2000)
def folded(text: str) -> tuple[str, ...]:
    """The words of a text as names are folded for the index: lower case, without marks, letters and digits only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rapport_fold(%s)", [text])
        return tuple(str(cursor.fetchone()[0]).split())


def is_common(keys: Sequence[Sequence[int]], few: int) -> bool:
    """Whether one had better walk the order of the list: each of these many have, or all of them more than `few`.

    `keys` as `likely` has them; who guesses wrong takes the longer way.
    """
    total, shares = _shares()
    return not keys or min(_each(keys, shares)) * total > MANY or likely(keys) * total > 2 * few


def likely(keys: Sequence[Sequence[int]]) -> float:
    """The share of all rows that has one of each of these, guessed as if they had nothing to do with one another."""
    return prod(_each(keys, _shares()[1]))


def rarest(keys: Sequence[int]) -> list[int]:
    """Of keys that go together, as the letters of a word do, the one that fewest have."""
    shares = _shares()[1]
    return [min(keys, key=lambda one: shares.get(one, _RARE))]


def _each(keys: Sequence[Sequence[int]], shares: dict[int, float]) -> list[float]:
    return [sum(shares.get(one, _RARE) for one in some) for some in keys]


def _shares() -> tuple[int, dict[int, float]]:
    """How many rows there are, and the share of them that has each of the commonest keys, as PostgreSQL counted."""
    global _known
    if _known is None or monotonic() - _known[0] > _KEPT_S:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT c.reltuples::bigint, s.most_common_elems::text::bigint[], s.most_common_elem_freqs
                FROM pg_class c LEFT JOIN pg_stats s ON s.schemaname = current_schema()
                    AND s.tablename = 'people_key' AND s.attname = 'keys'
                WHERE c.oid = 'people_key'::regclass"""
            )
            total, keys, shares = cursor.fetchone()
        # Behind the shares stand three figures about all of them.
        _known = monotonic(), max(total, 0), dict(zip(keys or [], shares or [], strict=False))
    return _known[1], _known[2]
