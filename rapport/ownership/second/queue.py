"""Which conversations are asked about, one at a time; what may be sent of each; and what came back. System's scope.

A conversation has one row (`Opinion`), so it is asked about once however many workers there are. Nothing of the way a
message comes in passes through here.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import OperationalError, connection, transaction
from django.db.models import Q

from rapport.conversations.visibility import EVERYONE
from rapport.core import notify
from rapport.core.clock import now
from rapport.ownership import lessons
from rapport.ownership.hearing import first_since
from rapport.ownership.second import others, outcomes
from rapport.ownership.second.calibrating import probability
from rapport.ownership.second.keeping import host_of
from rapport.ownership.second.models import Endpoint, Opinion, Stage
from rapport.ownership.second.redacting import LENGTH_MAX, parts_of, redacted
from rapport.ownership.second.wording import Choices, Said

LATE = timedelta(days=1)
"""Whoever sorts has seen it by then."""
LEASE = timedelta(minutes=4)
ATTEMPTS_MAX = 5
_OVERLAP = timedelta(minutes=5)
_NOTED = timedelta(minutes=1)
_SUBJECT_MAX = 200
_log = logging.getLogger(__name__)

_TREE = """people_person a JOIN people_person p ON p.root = a.root WHERE a.id IN (c.person_id, m.person_id)"""
#: Conversations `c` that may be asked about, with their opening message `m` and the policy's first decision `d`:
#: open to everybody, begun from outside, by nobody of ours and nobody whom only some may know of.
_MAY_BE_ASKED = f"""conversations_conversation c
JOIN LATERAL (SELECT * FROM conversations_message x WHERE x.conversation_id = c.id ORDER BY x.at, x.id LIMIT 1) m
    ON m.direction = 'in' AND m.kind IN ('message', 'call') AND m.deleted_at IS NULL
JOIN LATERAL (SELECT * FROM ownership_decision x WHERE x.conversation_id = c.id ORDER BY x.id LIMIT 1) d
    ON d.source = 'policy'
WHERE c.status = 'open' AND NOT c.confidential AND c.merged_into IS NULL AND c.audience @> ARRAY['{EVERYONE}'::uuid]
    AND NOT EXISTS (SELECT 1 FROM staff_team t WHERE t.id = c.owner_team_id AND t.confidential)
    AND NOT EXISTS (SELECT 1 FROM {_TREE} AND (p.erased_at IS NOT NULL
        OR NOT p.audience @> ARRAY['{EVERYONE}'::uuid] OR EXISTS (SELECT 1 FROM people_handle h JOIN staff_member s
            ON lower(s.email) = h.value WHERE h.person_id = p.id AND h.kind = 'email')))"""
#: Of these kinds neither a rule nor what was learned, nor anybody, has said anything.
_ABSTAINED = """array_remove(ARRAY[
    CASE WHEN 'team' = ANY(%s) AND d.rule IS NULL AND NOT coalesce(d.suggestion ? 'team', false)
        AND NOT EXISTS (SELECT 1 FROM ownership_decision y WHERE y.conversation_id = c.id AND y.source = 'member')
        AND NOT EXISTS (SELECT 1 FROM ownership_example e WHERE e.conversation_id = c.id AND e.kind = 'team')
        THEN 'team' END,
    CASE WHEN 'topic' = ANY(%s) AND c.topic_id IS NULL AND NOT coalesce(d.guesses ? 'topic', false)
        AND NOT EXISTS (SELECT 1 FROM ownership_example e WHERE e.conversation_id = c.id AND e.kind = 'topic')
        THEN 'topic' END], NULL)"""


@dataclass(frozen=True)
class Question:
    """A conversation to ask about: the labels to choose from by kind, and the message, redacted."""

    conversation_id: UUID
    attempts: int
    choices: Choices
    message: Mapping[str, str]


def look(row: Endpoint) -> int:
    """Line up what came since and nobody decided; how many. What waited for a day is not asked about any more."""
    at = now()
    since = max(one for one in (row.since, row.looked_at and row.looked_at - _OVERLAP, at - LATE) if one)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO ownership_opinion (conversation_id, stage, kinds, said, model, host, attempts, due_at)
            SELECT id, 'waiting', kinds, '{{}}', '', '', 0, %s FROM (
                SELECT c.id, {_ABSTAINED} AS kinds FROM {_MAY_BE_ASKED} AND c.id >= %s AND NOT EXISTS (
                    SELECT 1 FROM ownership_opinion o WHERE o.conversation_id = c.id)) AS found
            WHERE cardinality(kinds) > 0 ON CONFLICT DO NOTHING""",
            [at, list(row.kinds), list(row.kinds), first_since(since)],
        )
        count = int(cursor.rowcount)
    # Also what was taken so often and never put off: it ended whoever took it.
    given_up = Q(conversation_id__lt=first_since(at - LATE)) | Q(attempts__gte=ATTEMPTS_MAX, due_at__lte=at)
    Opinion.objects.filter(given_up, stage=Stage.WAITING).update(stage=Stage.FAILED)
    if row.looked_at is None or at - row.looked_at > _NOTED:
        Endpoint.objects.filter(id=row.id).update(looked_at=at)
    return count


def take() -> Question | None:
    """The next that is due, ours for some minutes; None where none is, or the endpoint is off or rests.

    What may not be asked about any more, or has no words left, is put aside on the way.
    """
    row = Endpoint.objects.filter(id=1, enabled=True).first()
    if row is None or (row.rest_until is not None and row.rest_until > now()):
        return None
    while True:
        due = Opinion.objects.select_for_update(skip_locked=True).filter(stage=Stage.WAITING, due_at__lte=now())
        found = due.order_by("due_at", "conversation_id").first()
        if found is None:
            return None
        try:
            with transaction.atomic():
                question = _question(found, row.kinds)
        except Exception as error:
            if _is_away(error):
                raise
            # One message must not hold up all others; what the error says may be the message's words.
            _log.warning("nothing can be asked about %s: %s", found.conversation_id, type(error).__name__)
            Opinion.objects.filter(conversation_id=found.conversation_id).update(stage=Stage.FAILED)
            continue
        if question is not None:
            mine = Opinion.objects.filter(conversation_id=found.conversation_id)
            mine.update(due_at=now() + LEASE, attempts=found.attempts + 1, kinds=list(question.choices))
            return question
        Opinion.objects.filter(conversation_id=found.conversation_id).update(stage=Stage.NONE)


def _is_away(error: Exception) -> bool:
    """Whether it is the database's fault and not the question's, which may only be too much for it (class 54)."""
    return isinstance(error, OperationalError) and not str(getattr(error.__cause__, "sqlstate", "")).startswith("54")


def _question(found: Opinion, wanted: list[str]) -> Question | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {_ABSTAINED}, c.subject, left(m.text, 20000), m.recipients,
                (SELECT array_agg(DISTINCT p.name) FROM {_TREE}),
                (SELECT array_agg(DISTINCT w.word) FROM people_handle h,
                    unnest(h.former || ARRAY[h.value, h.written]) AS w(word)
                    WHERE h.person_id IN (SELECT p.id FROM {_TREE})),
                (SELECT array_agg(DISTINCT w.word) FROM people_organization g
                    LEFT JOIN people_organizationdomain n ON n.organization_id = g.id,
                    unnest(ARRAY[g.name, g.domain, n.domain]) AS w(word)
                    WHERE g.id IN (SELECT p.organization_id FROM {_TREE})),
                (SELECT array_agg(DISTINCT p.organization_id) FROM {_TREE} AND p.organization_id IS NOT NULL)
            FROM {_MAY_BE_ASKED} AND c.id = %s""",
            [wanted, wanted, found.conversation_id],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    kinds, subject, text, recipients, names, handles, organizations, theirs = row
    choices = {kind: labels for kind in kinds if (labels := lessons.labels(kind))}
    people = parts_of([*_all(names), *_written(recipients)])
    known = people | set(_all(handles)) | set(_all(organizations))
    ours = [about for labels in choices.values() for _slug, about in labels]
    kept = others.words_of(ours)
    message = {
        "subject": redacted(subject, known, _SUBJECT_MAX, kept), "text": redacted(text, known, LENGTH_MAX, kept)
    }  # fmt: skip
    if not choices or not any(message.values()):
        return None
    # Of what may be sent, not of the whole: what is cut off was not looked through, and must not move up.
    named = others.names_in("\n".join(message.values()), theirs or [], ours)
    message = {part: redacted(told, named, kept=kept) for part, told in message.items()}
    return Question(found.conversation_id, found.attempts + 1, choices, message)


def _all(words: list[str | None] | None) -> list[str]:
    return [one for one in words or [] if one]


def _written(recipients: Any) -> list[str]:
    """The names that stand in the message's head, of whoever wrote it and of whom it was to."""
    told = orjson.loads(recipients) if isinstance(recipients, str) else recipients
    pairs = [pair for part in (told or {}).values() if isinstance(part, list) for pair in part]
    return [str(pair[0]) for pair in pairs if isinstance(pair, list) and pair and pair[0]]


def keep(asked: Question, row: Endpoint, said: Mapping[str, Said]) -> bool:
    """Keep what was said, if it may still be said of it; False where somebody switched it off, or it came too late."""
    found = Opinion.objects.select_for_update().filter(conversation_id=asked.conversation_id, stage=Stage.WAITING)
    if not found.exists():
        return False
    on = Endpoint.objects.filter(id=1, enabled=True).exists()
    audience = _audience(asked.conversation_id) if on else None
    told = {kind: _told(kind, one) for kind, one in said.items()} if audience else {}
    found.update(
        stage=Stage.ANSWERED if told else Stage.NONE, said=told, model=row.model, host=host_of(row.url), asked_at=now()
    )
    if told and audience:
        notify.changed("conversation", asked.conversation_id, audience)
    return bool(told)


def _told(kind: str, one: Said) -> dict[str, Any]:
    likely = probability(one.sure, [(came.sure, came.right) for came in outcomes.came(kind)])
    return {"label": one.label, "sure": one.sure, "probability": None if likely is None else round(likely, 4)}


def may_still_be_asked(row: Endpoint, conversation_id: UUID) -> bool:
    """Whether it is on, as it was when this was taken, and the conversation is one of those it may be asked about."""
    on = Endpoint.objects.filter(id=row.id, enabled=True, changed_at=row.changed_at)
    return on.exists() and _audience(conversation_id) is not None


def _audience(conversation_id: UUID) -> list[UUID] | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT c.audience FROM {_MAY_BE_ASKED} AND c.id = %s", [conversation_id])
        row = cursor.fetchone()
    return row[0] if row else None


def put_off(asked: Question, until: datetime | None, *, counts: bool = True) -> None:
    """Ask again at that moment, or not at all. `counts`: it was an attempt."""
    mine = Opinion.objects.filter(conversation_id=asked.conversation_id, stage=Stage.WAITING)
    if until is None:
        mine.update(stage=Stage.FAILED, asked_at=now())
    else:
        mine.update(due_at=until, attempts=asked.attempts if counts else asked.attempts - 1)


def set_aside(asked: Question) -> bool:
    """It is not asked about, as the budget is spent; False where it does not wait any more."""
    mine = Opinion.objects.filter(conversation_id=asked.conversation_id, stage=Stage.WAITING)
    return bool(mine.update(stage=Stage.UNASKED))
