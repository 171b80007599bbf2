"""Search over what the member may see, newest first, and bounded however common the words are.

Words are looked for in stretches of time, the newest first and each wider than the one before, until there is enough:
so a word that half of all messages have costs no more than a rare one. What is found are ids, and only the join with
the walled tables makes a result of them. What takes too long ends the search; the answer says so.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction

from rapport.conversations.asking.frequency import variants_of
from rapport.conversations.asking.language import Asked, Term
from rapport.conversations.asking.resolve import Looker, Names
from rapport.conversations.asking.sql import (
    HAS_LINK,
    OF_MESSAGES,
    C,
    Condition,
    conditions,
    instants,
    named,
    of_conversations,
    passages,
    text_query,
)
from rapport.conversations.listing import OPEN, View, page_statement
from rapport.core.clock import now
from rapport.staff.models import Member

UTC = ZoneInfo("UTC")
COUNTED_MAX = 200
NARROWED_MAX = 500
_TIME_MS = 900
_ROWS_PER_CONVERSATION = 4
_WORDS = "rapport_message_words(s.conversation_id, s.message_id)"


@dataclass
class Found:
    """Conversations, newest first, each with its newest message that matched, if words were asked for.

    `more`: there are more than these. `until`: time ran out, and nothing before this was looked at.
    """

    messages: dict[UUID, UUID | None] = field(default_factory=dict)
    more: bool = False
    until: datetime | None = None

    @property
    def ids(self) -> list[UUID]:
        """The conversations in order."""
        return list(self.messages)


@dataclass(frozen=True)
class Search:
    """What is asked, by whom. `unfinished` is the word somebody is still typing."""

    asked: Asked
    names: Names
    looker: Looker
    member: Member
    zone: ZoneInfo = UTC
    unfinished: str = ""

    @property
    def reads_messages(self) -> bool:
        """Whether what was said matters, and not only what the conversation is."""
        return bool(self.asked.terms) or any(
            one.operator in OF_MESSAGES or (one.operator, one.value) == HAS_LINK for one in self.asked.filters
        )


def unfinished_word(asked: Asked, typed: str) -> str:
    """The last word, while nothing was typed behind it."""
    last = asked.terms[-1] if asked.terms else Term("")
    ends_so = typed.endswith(last.text) and not last.phrase and not last.negated
    return last.text if ends_so and len(last.text) > 1 else ""


def find(search: Search, limit: int = COUNTED_MAX) -> Found:
    """The newest conversations in which all of it holds."""
    unfinished = search.unfinished
    wanted, unwanted = text_query(search.asked, unfinished, variants_of(unfinished) if unfinished else None)
    if wanted[0]:
        return _by_words(search, wanted, unwanted, limit)
    if any(not term.negated for term in search.asked.terms):
        return Found()  # only signs, of which no message has a word
    return _by_filters(search, unwanted, limit)


def _by_words(search: Search, wanted: Condition, unwanted: Condition, limit: int) -> Found:
    query = _tsquery(wanted, unwanted)
    when, moments = _joined(_of_times(search))
    what, params = _joined(_of_conversations(search))
    most = (limit + 1) * _ROWS_PER_CONVERSATION
    found = Found()
    with _hurried(found) as ask:
        for tags, first, end in _stretches(now()):
            found.until = end or now()
            tagged = f"({query}) & ({' | '.join(tags)})" if tags else query
            given = [tagged, first, first, end, end, *moments, *params, most]
            rows = ask(_STRETCH.format(when=when, what=what), given)
            for conversation_id, message_id in rows:
                found.messages.setdefault(conversation_id, message_id)
            if len(found.messages) > limit or len(rows) == most:
                break
        found.until = None
    return _cut(found, limit)


#: First the messages, newest first, then row by row their conversations until there are enough: OFFSET 0 holds
#: the planner to it, who would often begin with the conversations and ask the index of words for each.
_STRETCH = f"""SELECT f.conversation_id, f.message_id FROM
    (SELECT s.conversation_id, s.message_id, s.at FROM search_message s WHERE {_WORDS} @@ %s::tsquery
        AND (%s::timestamptz IS NULL OR s.at >= %s) AND (%s::timestamptz IS NULL OR s.at < %s) AND {{when}}
        ORDER BY s.at DESC, s.message_id DESC OFFSET 0) AS f,
    LATERAL (SELECT 1 FROM {C} WHERE {C}.id = f.conversation_id AND {{what}} OFFSET 0) AS seen
    ORDER BY f.at DESC, f.message_id DESC LIMIT %s"""


def _tsquery(wanted: Condition, unwanted: Condition) -> str:
    sql, params = wanted
    if unwanted[0]:
        sql, params = f"({sql}) && !!({unwanted[0]})", [*params, *unwanted[1]]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({sql})::text", params)
        return str(cursor.fetchone()[0])


def _of_times(search: Search) -> list[Condition]:
    """When the message was, and of which conversations it may be where these are known and few."""
    times = [(f"s.at {sign} %s", [at]) for sign, at in instants(search.asked, search.looker.today, search.zone)]
    among = [search.names.ids[key] for key in named(search.asked) if key in search.names.ids]
    return [*times, *[("s.conversation_id = ANY(%s::uuid[])", [ids]) for ids in among]]


def _of_conversations(search: Search) -> list[Condition]:
    """Everything but the words: of the conversation, and what the text of the message must have."""
    parts: list[Condition] = [(f"{C}.merged_into IS NULL", [])]
    if not search.asked.values("status"):
        parts.append((f"{C}.status <> 'spam'", []))
    text = """EXISTS (SELECT 1 FROM conversations_message m WHERE m.conversation_id = f.conversation_id
        AND m.id = f.message_id AND concat_ws(' ', m.subject, m.text) ~* %s)"""
    return [
        *parts,
        *of_conversations(search.asked, search.names, search.looker),
        *[(text, [pattern]) for pattern in passages(search.asked)],
    ]


def _joined(parts: Sequence[Condition]) -> Condition:
    return " AND ".join(f"({sql})" for sql, _ in parts) or "true", [one for _, given in parts for one in given]


def _stretches(at: datetime) -> Iterator[tuple[list[str], datetime | None, datetime | None]]:
    """Tags that bound the index, and from when (included) until when: a week or two, two months, years, everything."""
    monday = (at - timedelta(days=at.weekday() + 7)).replace(hour=0, minute=0, second=0, microsecond=0)
    weeks = [at + timedelta(weeks=step) for step in (-1, 0, 1)]
    yield [f"'@{week:%G}w{week:%V}'" for week in weeks], monday, None
    month = (monday.replace(day=1) - timedelta(days=1)).replace(day=1)
    months = [month, *[(month.replace(day=28) + timedelta(days=10 + 30 * step)).replace(day=1) for step in (0, 1)]]
    yield [f"'@{one:%Y-%m}'" for one in dict.fromkeys(months)], month, monday
    year = month.replace(month=1, year=month.year - 1)
    yield [f"'@{one}'" for one in range(year.year, at.year + 1)], year, month
    yield [], None, year


def _by_filters(search: Search, unwanted: Condition, limit: int) -> Found:
    """No word was asked for: the lists' own way, for each status wanted, merged."""
    condition, params = conditions(search.asked, search.names, search.looker, search.zone)
    if unwanted[0]:
        # IS TRUE: of these few messages the words are read; the index would be asked for all that have them.
        without = f"""NOT EXISTS (SELECT 1 FROM search_message s WHERE s.conversation_id = {C}.id
            AND ({_WORDS} @@ ({unwanted[0]})) IS TRUE OFFSET 0)"""
        condition, params = f"{condition} AND {without}", [*params, *unwanted[1]]
    filtered = Filtered(condition, params)
    rows: list[Any] = []
    found = Found(until=now())
    with _hurried(found) as ask:
        for name, status in _lists(search.asked):
            view = View(search.member, search.looker.team_ids, name, status=status, filter=filtered)
            rows += ask(*page_statement(view, None, limit + 1))
        found.until = None
    rows.sort(key=lambda row: (row[2], row[0]), reverse=True)
    found.messages = {row[0]: None for row in rows}
    return _cut(found, limit)


def _lists(asked: Asked) -> list[tuple[str, str]]:
    """The lists that together have every conversation of the statuses asked for."""
    statuses = set(asked.values("status")) or {OPEN, "resolved"}
    statuses -= set(asked.values("status", negated=True))
    lists = [("all", status) for status in sorted(statuses)]
    if OPEN not in statuses:
        return lists
    if "snoozed" in asked.values("is"):
        return [("snoozed", OPEN)]
    return lists if "snoozed" in asked.values("is", negated=True) else [*lists, ("snoozed", OPEN)]


def narrowing(search: Search) -> "Filtered":
    """The same as a condition that narrows a list; of what was said, the newest conversations that match."""
    if not search.reads_messages:
        return Filtered(*conditions(search.asked, search.names, search.looker, search.zone))
    return Filtered(f"{C}.id = ANY(%s::uuid[])", [find(search, NARROWED_MAX).ids])


@dataclass(frozen=True)
class Filtered:
    """A condition that narrows a list."""

    condition: str
    params: Sequence[Any]

    def where(self) -> tuple[str, list[Any]]:
        """The condition with what stands for its %s."""
        return self.condition, list(self.params)


@contextmanager
def _hurried(found: Found) -> Iterator[Callable[[str, Sequence[Any]], list[Any]]]:
    """Ask inside the block; what takes too long ends it, and `found.until` stays as it was set last.

    Joins go row by row, newest first, and stop when there are enough; how common the words are decides how.
    """
    began = monotonic()
    try:
        with transaction.atomic(), connection.cursor() as cursor:

            def ask(sql: str, params: Sequence[Any]) -> list[Any]:
                if (monotonic() - began) * 1000 > _TIME_MS:
                    raise _TooLong
                cursor.execute(sql, params)
                return list(cursor.fetchall())

            ask(_HURRY, [str(_TIME_MS), "off", "off", "force_custom_plan"])
            yield ask
            cursor.execute(_HURRY, ["60000", "on", "on", "auto"])
    except _TooLong:
        pass
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":  # canceled by statement_timeout
            raise


class _TooLong(Exception):
    pass


_HURRY = """SELECT set_config('statement_timeout', %s, true), set_config('enable_hashjoin', %s, true),
    set_config('enable_mergejoin', %s, true), set_config('plan_cache_mode', %s, true)"""


def _cut(found: Found, limit: int) -> Found:
    found.more = len(found.messages) > limit
    found.messages = dict(list(found.messages.items())[:limit])
    return found
