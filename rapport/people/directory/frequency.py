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


def is_common(
    tags: Sequence[int], letters: Sequence[Sequence[int]], any_of: Sequence[Sequence[int]], few: int
) -> bool:
    """Whether one had better walk the order of the list: each of these keys many have, or all of them more than `few`.

    How many have all is guessed as if keys had nothing to do with one another, but the letters of one word everything;
    who guesses wrong takes the longer way.
    """
    total, shares = _shares()
    found = [shares.get(one, _RARE) for one in tags]
    found += [min(shares.get(one, _RARE) for one in word) for word in letters]
    found += [sum(shares.get(one, _RARE) for one in some) for some in any_of]
    return not found or min(found) * total > MANY or prod(found) * total > 2 * few


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
