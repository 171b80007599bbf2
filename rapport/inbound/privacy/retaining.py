"""Retention as it runs: what a rule would take (a preview, with the eyes of who looks), and taking it, a batch a time.

`people.retention` says what a rule is about; the statements here find the same, and a test compares the two.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from rapport.conversations.forgetting import erase_messages, erase_subjects
from rapport.core import bulk, events, scope
from rapport.core.clock import now
from rapport.inbound.forgetting import empty_items
from rapport.inbound.privacy import erasing
from rapport.people import retention
from rapport.people.models import RetentionAct, RetentionRule

EVERY = timedelta(days=1)
MESSAGES, PEOPLE = 500, 20
_SAMPLE = 10
#: How long a page waits for each of the two looks at what a rule would take.
PAGE_SECONDS = 10
_TIMEOUT = "SELECT set_config('statement_timeout', %s, true)"
_Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would take now, as far as one may see: how many messages or people, and where some of them are.

    `count` is None where counting took longer than there was time for.
    """

    count: int | None
    conversations: list[UUID]
    people: list[UUID]


def preview(rule: RetentionRule, seconds: float = PAGE_SECONDS) -> Preview:
    """What the rule would take if it ran now, in the caller's scope; looked for so long at most (0: to the end)."""
    statement, params = _found(rule, now())
    counted = _in_time(f"SELECT count(*) FROM ({statement}) AS found", params, seconds)
    some = _in_time(f"{statement} LIMIT %s", [*params, _SAMPLE], seconds)
    count = int(counted[0][0]) if counted else None
    if rule.act == RetentionAct.BODIES:
        return Preview(count, list(dict.fromkeys(row[0] for row in some)), [])
    return Preview(count, [], [row[0] for row in some])


def _in_time(statement: str, params: list[Any], seconds: float) -> _Rows:
    """What a statement answers; nothing where it takes longer."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            cursor.execute(_TIMEOUT, [f"{int(seconds * 1000)}"])
            cursor.execute(statement, params)
            rows = list(cursor.fetchall())
            cursor.execute(_TIMEOUT, [before])
            return rows
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return []


def work() -> int:
    """A batch of the first rule that is due; how much was taken. For a worker, which comes again soon."""
    with scope.system():
        rules = list(RetentionRule.objects.select_for_update(skip_locked=True).filter(is_on=True).order_by("id"))
        for place in retention.strongest_first((one.act, number) for number, one in enumerate(rules)):
            rule = rules[place]
            if rule.ran_at is None or rule.ran_at < now() - EVERY:
                return _run(rule)
    return 0


def _run(rule: RetentionRule) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
    statement, params = _found(rule, now())
    limit = MESSAGES if rule.act == RetentionAct.BODIES else PEOPLE
    rows = bulk.select(f"{statement} LIMIT %s", [*params, limit])
    if rule.act == RetentionAct.BODIES:
        _take_words([(row[0], row[1]) for row in rows])
    else:
        for row in rows:
            erasing.ask(row[0], rule.act, None, source="retention")
    rule.running += len(rows)
    if len(rows) < limit:
        _ran(rule)
    rule.save()
    return len(rows)


def _ran(rule: RetentionRule) -> None:
    """Through for today; the log says how much it was, where it was anything."""
    if rule.running:
        data = {"rule": str(rule.id), "act": rule.act, "count": rule.running}
        events.record("retention.ran", data=data)
    rule.count, rule.running, rule.ran_at = rule.count + rule.running, 0, now()


def _take_words(keys: list[tuple[UUID, UUID]]) -> None:
    conversations, ids = [key[0] for key in keys], [key[1] for key in keys]
    rows: _Rows = bulk.select(
        """SELECT conversation_id, id, subject, text, recipients, channel_id, raw_item_id FROM conversations_message
        WHERE conversation_id = ANY(%s) AND id = ANY(%s) ORDER BY id FOR UPDATE""",
        [conversations, ids],
    )
    earlier = bulk.select(
        """SELECT m.channel_id, v.raw_item_id FROM conversations_revision v JOIN conversations_message m
            ON m.conversation_id = v.conversation_id AND m.id = v.message_id
        WHERE m.conversation_id = ANY(%s) AND m.id = ANY(%s) AND v.raw_item_id IS NOT NULL""",
        [conversations, ids],
    )
    if not rows:
        return
    empty_items([*[(row[5], row[6]) for row in rows if row[5] and row[6]], *earlier])
    opened = bulk.select(
        """SELECT c.id FROM conversations_conversation c WHERE c.id = ANY(%s) AND (SELECT m.id FROM
            conversations_message m WHERE m.conversation_id = c.id ORDER BY m.at, m.id LIMIT 1) = ANY(%s)""",
        [conversations, ids],
    )
    erase_subjects([row[0] for row in opened])
    erase_messages(rows, None)


def _found(rule: RetentionRule, at: datetime) -> tuple[str, list[Any]]:
    """The statement that finds what is due: (conversation, message), or the roots of people."""
    edge = at - timedelta(days=rule.days)
    kinds = list(rule.relationships)
    who: list[Any] = [rule.anybody, kinds, kinds]
    where: list[Any] = [rule.channel_id, rule.channel_id, not rule.only_spam]
    if rule.act == RetentionAct.BODIES:
        return _WORDS, [edge, *where, *who]
    return _PEOPLE, [*where, edge, edge, edge, *who]


_WHO = """(%s OR (found.kinds <@ %s::text[] AND (found.kinds = '{}') = (%s::text[] = '{}')))"""
_KINDS = """ARRAY(SELECT DISTINCT r.kind::text FROM people_relationship r JOIN people_person t ON t.id = r.person_id
    WHERE t.root = p.root AND (r.until IS NULL OR r.until >= current_date)) AS kinds"""
_FREE = """NOT EXISTS (SELECT 1 FROM people_hold h JOIN people_person t ON t.id = h.person_id
    WHERE t.root = p.root AND h.ended_at IS NULL)"""
_WHERE = "(%s::uuid IS NULL OR m.channel_id = %s::uuid) AND (%s OR c.status = 'spam')"
_WORDS = f"""SELECT found.conversation_id, found.id FROM (
    SELECT m.conversation_id, m.id, {_KINDS} FROM conversations_message m
    JOIN conversations_conversation c ON c.id = m.conversation_id JOIN people_person p ON p.id = m.person_id
    WHERE m.direction = 'in' AND m.at < %s AND NOT m.about ? 'erased' AND {_WHERE} AND {_FREE}) AS found
WHERE {_WHO}"""
_PEOPLE = f"""SELECT found.root FROM (
    SELECT DISTINCT p.root, {_KINDS} FROM people_person p JOIN people_person o ON o.root = p.root
    JOIN conversations_message m ON m.person_id = o.id AND m.direction = 'in'
    JOIN conversations_conversation c ON c.id = m.conversation_id
    WHERE p.erased_at IS NULL AND p.id = p.root AND {_WHERE} AND {_FREE} AND p.created_at < %s
    AND NOT EXISTS (SELECT 1 FROM people_person t JOIN conversations_message n ON n.person_id = t.id
        WHERE t.root = p.root AND n.at >= %s)
    AND NOT EXISTS (SELECT 1 FROM people_person t JOIN conversations_conversation d ON d.person_id = t.id
        WHERE t.root = p.root AND (d.status = 'open' OR d.last_activity_at >= %s))) AS found
WHERE {_WHO}"""
