"""How common a word is, as PostgreSQL counts it from time to time. Figures about words, never about a conversation."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from rapport.core.clock import now

_KEPT = timedelta(minutes=10)
_VARIANTS_MAX = 12
_CHEAP_ROWS = 30_000
_BEGUN_MIN = 4


@dataclass
class Frequencies:
    """The commonest words with the share of messages that have them, and how many messages there are."""

    shares: dict[str, float] = field(default_factory=dict)
    rows: float = 0
    read_at: datetime | None = None


_kept = Frequencies()


def variants_of(word: str) -> list[str] | None:
    """What an unfinished word may become: its commonest endings where there are very many, else None for all."""
    known = _frequencies()
    begun = word.lower()
    common = {one: share for one, share in known.shares.items() if one.startswith(begun)}
    if sum(common.values()) * known.rows < _CHEAP_ROWS:
        return None
    return sorted(common, key=lambda one: -common[one])[:_VARIANTS_MAX]


def is_rare(words: str) -> bool:
    """Whether one of these words, with only spaces between them, is in so few messages that all can be looked at.

    Nothing is rare while PostgreSQL has not counted yet.
    """
    shares = _frequencies().shares
    plain = re.fullmatch(r"[^\W_]+( +[^\W_]+)*", words)
    return bool(shares) and plain is not None and any(word not in shares for word in words.lower().split())


def begins_rarely(word: str) -> bool:
    """The same of an unfinished word: no common one begins so, and it is long enough that few others do."""
    shares = _frequencies().shares
    begun, plain = word.lower(), re.fullmatch(r"[^\W_]+", word)
    long_enough = plain is not None and len(begun) >= _BEGUN_MIN
    return bool(shares) and long_enough and not any(one.startswith(begun) for one in shares)


def _frequencies() -> Frequencies:
    if _kept.read_at is None or not now() - _KEPT < _kept.read_at <= now():
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT c.reltuples, s.most_common_elems::text::text[], s.most_common_elem_freqs
                FROM pg_class c LEFT JOIN pg_stats s ON s.tablename = 'search_message_words'
                WHERE c.oid = 'search_message'::regclass"""
            )
            rows, words, shares = cursor.fetchone()
        _kept.shares = dict(zip(words or [], shares or [], strict=False))
        _kept.rows = max(rows, 0)
        _kept.read_at = now()
    return _kept
