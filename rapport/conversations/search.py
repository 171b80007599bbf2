"""Search over what the member may see, newest first, and bounded however common the words are.

Words are looked for in stretches of time, the newest first and each wider than the one before, until there is enough:
so a word that half of all messages have costs no more than a rare one. What is found are ids, and only the join with
the walled tables makes a result of them. What takes too long ends the search; the answer says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction

from rapport.conversations.asking.frequency import begins_rarely, is_rare, variants_of
from rapport.conversations.asking.language import Asked, Term
from rapport.conversations.asking.resolve import Looker, Names
from rapport.conversations.asking.sql import (
    HAS_LINK,
    NO_SPACES,
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
COUNTED_MAX = 120
NARROWED_MAX = 500
_TIME_MS = 900
_NO_ID = UUID(int=0)
#: Who is in more teams than these is asked about by the wall alone, where something else finds the few.
_TEAMS_MANY = 12
#: What only an open conversation can be.
_OPEN_ALONE = frozenset({"late", "due-today", "waiting", "snoozed"})
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
    if wanted:
        return _by_words(search, wanted, unwanted, limit)
    if any(not term.negated for term in search.asked.terms):
        return Found()  # only signs, of which no message has a word
    return _by_filters(search, unwanted, limit)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time to look through: the tags that bound the index, from when (included) until when."""

    tags: str
    first: datetime | None
    end: datetime | None


_EVER = _Stretch("", None, None)


def _is_rare(search: Search) -> bool:
    """A word of the query bounds it more than any time would."""
    plain = [term for term in search.asked.terms if not term.negated and not NO_SPACES.search(term.text)]
    return any(begins_rarely(term.text) if term == Term(search.unfinished) else is_rare(term.text) for term in plain)


def _by_words(search: Search, wanted: Sequence[Condition], unwanted: Condition, limit: int) -> Found:
    queries = _tsqueries([*wanted, *([(f"!!({unwanted[0]})", unwanted[1])] if unwanted[0] else [])])
    words, given = _joined([("%s::tsquery", [one]) for one in queries], _HAS)
    when, moments = _joined(_of_times(search))
    what, params = _joined(_of_conversations(search))
    found = Found()
    with _hurried(found) as ask:
        for one in [_EVER] if _is_rare(search) else _stretches(now()):
            found.until = one.end or now()
            tags, tagged = _joined([("%s::tsquery", [one.tags])] if one.tags else [], _HAS)
            statement = _STRETCH.format(words=words, tags=tags, when=when, what=what)
            known = [*given, *tagged, one.first, one.first], [*moments, *params]
            _look_through(found, limit, one.end, lambda e, r, s=statement, k=known: ask(s, [*k[0], *e, *k[1], *r]))
            if len(found.messages) > limit:
                break
        found.until = None
    return _cut(found, limit)


def _tsqueries(parts: Sequence[Condition]) -> list[str]:
    """Each as PostgreSQL reads it, without those of which nothing is left; of nothing at all nothing is found."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(f"({sql})::text" for sql, _ in parts), [one for _, given in parts for one in given]
        )
        return [one for one in cursor.fetchone() if one] or [""]


def _look_through(found: Found, limit: int, end: datetime | None, ask: Callable[..., list[Any]]) -> None:
    """Add what one stretch has, newest first, until there is enough; a long conversation hides no other.

    `ask` takes where to go on, and what ends the statement: the conversations found before, and how many rows.
    """
    at, last, most = end, _NO_ID, limit + limit // 2 + 1
    while len(found.messages) <= limit:
        rows = ask([at, at, last], [list(found.messages), most])
        for conversation_id, message_id, _at in rows:
            found.messages.setdefault(conversation_id, message_id)
        if len(rows) < most:
            return
        last, at = rows[-1][1], rows[-1][2]


#: Each word is a condition of its own: the index then goes forward by the rarest of them, and by the tags.
_HAS = f"{_WORDS} @@ ({{}})"
#: First the messages, newest first, then row by row their conversations until there are enough: OFFSET 0 holds
#: the planner to it, who would often begin with the conversations and ask the index of words for each.
_STRETCH = f"""SELECT f.conversation_id, f.message_id, f.at FROM
    (SELECT s.conversation_id, s.message_id, s.at FROM search_message s WHERE {{words}} AND {{tags}}
        AND (%s::timestamptz IS NULL OR s.at >= %s)
        AND (%s::timestamptz IS NULL OR (s.at, s.message_id) < (%s, %s)) AND {{when}}
        ORDER BY s.at DESC, s.message_id DESC OFFSET 0) AS f,
    LATERAL (SELECT 1 FROM {C} WHERE {C}.id = f.conversation_id AND {{what}} OFFSET 0) AS seen
    WHERE f.conversation_id <> ALL(%s::uuid[]) ORDER BY f.at DESC, f.message_id DESC LIMIT %s"""


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


def _joined(parts: Sequence[Condition], form: str = "({})") -> Condition:
    return " AND ".join(form.format(sql) for sql, _ in parts) or "true", [one for _, given in parts for one in given]


def _stretches(at: datetime) -> Iterator[_Stretch]:
    """This week (by a clock ahead of ours perhaps the next), the one before, two months, years, everything."""
    week = timedelta(weeks=1)
    monday = (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    yield _Stretch(_tags(f"{one:%G}w{one:%V}" for one in (at, at + week)), monday, None)
    yield _Stretch(_tags([f"{at - week:%G}w{at - week:%V}"]), monday - week, monday)
    month = ((monday - week).replace(day=1) - timedelta(days=1)).replace(day=1)
    months = [month, *[(month.replace(day=28) + timedelta(days=10 + 30 * step)).replace(day=1) for step in (0, 1)]]
    yield _Stretch(_tags(f"{one:%Y-%m}" for one in dict.fromkeys(months)), month, monday - week)
    year = month.replace(month=1, year=month.year - 1)
    yield _Stretch(_tags(str(one) for one in range(year.year, at.year + 1)), year, month)
    yield replace(_EVER, end=year)


def _tags(times: Iterable[str]) -> str:
    return " | ".join(f"'@{one}'" for one in times)


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
    found, team = Found(until=now()), _only(search, "team")
    with _hurried(found) as ask:
        for name, status in _lists(search):
            view = View(search.member, search.looker.team_ids, name, team, status, filter=filtered)
            rows += ask(*page_statement(view, None, limit + 1))
        found.until = None
    rows.sort(key=lambda row: (row[2], row[0]), reverse=True)
    found.messages = {row[0]: None for row in rows}
    return _cut(found, limit)


def _only(search: Search, operator: str) -> UUID | None:
    """The one team, topic or channel that is asked for: there is an index that has its conversations in order."""
    values = search.asked.values(operator)
    ids = search.names.ids.get((operator, values[0]), []) if len(values) == 1 else []
    return ids[0] if len(ids) == 1 else None


def _lists(search: Search) -> list[tuple[str, str]]:
    """The lists that together have every conversation of the statuses asked for."""
    asked = search.asked
    few = len(search.looker.team_ids) > _TEAMS_MANY and (_only(search, "topic") or _only(search, "channel"))
    statuses = set(asked.values("status")) or {OPEN, "resolved"}
    statuses -= set(asked.values("status", negated=True))
    if _OPEN_ALONE & set(asked.values("is")):
        statuses &= {OPEN}
    lists = [("any" if few else "all", status) for status in sorted(statuses)]
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
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Outside the time: on a machine so busy that it is over before it began, the block is entered all the same.
            cursor.execute(_HURRY, [str(_TIME_MS), "off", "off", "force_custom_plan"])
            began = monotonic()

            def ask(sql: str, params: Sequence[Any]) -> list[Any]:
                if (monotonic() - began) * 1000 > _TIME_MS:
                    raise _TooLong
                cursor.execute(sql, params)
                return list(cursor.fetchall())

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
