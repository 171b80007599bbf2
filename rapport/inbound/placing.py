"""Which conversation each arrival comes to: the store's side of `conversations.threading`."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connection

from rapport.conversations import threading
from rapport.conversations.merging import absorb
from rapport.conversations.threading import KnownRef, MailRefs, Plan
from rapport.conversations.visibility import EVERYONE
from rapport.core import bulk
from rapport.core.ids import new_id
from rapport.inbound.arrival import Arrival, addressed_to
from rapport.outbound import returns
from rapport.people.arrivals import Key
from rapport.people.trees import ROWS_SQL

_SUBJECT_MEMORY = timedelta(days=60)


def place(arrivals: Sequence[Arrival], people: dict[Key, UUID]) -> Plan:
    """Give every arrival its conversation, merge what turned out to be one, and store the references.

    Two workers that meet the same thread meet here: the second waits for the first one's references and reads them.
    """
    speaking = [people.get(arrival.sender) if arrival.sender else None for arrival in arrivals]
    hinted = [_hinted(arrival, person) for arrival, person in zip(arrivals, speaking, strict=True)]
    mails = _with_living_hints(hinted)
    proposed = [new_id() for _ in mails]
    stored = stored_refs({ref for mail in mails for ref in _refs(mail)})
    plan = _plan(mails, stored, proposed)
    mine = _insert({ref: known for ref, known in plan.refs.items() if ref not in stored})
    if len(mine) + len(stored) < len(plan.refs):
        others = stored_refs(set(plan.refs) - mine.keys())
        plan = _plan(mails, others | {ref: KnownRef(c.conversation, None) for ref, c in mine.items()}, proposed)
        stored = others | mine
    else:
        stored |= mine
    _correct(plan, stored)
    for loser, winner in plan.merges.items():
        absorb(loser, winner)
    return plan


def _plan(mails: Sequence[MailRefs], known: dict[UUID, KnownRef], proposed: Sequence[UUID]) -> Plan:
    contested = threading.contested(mails, known) - set(proposed)
    worked_in, sealed = _kept_apart(contested) if contested else (frozenset(), frozenset())
    return threading.plan(mails, known, proposed, worked_in, sealed)


def _refs(mail: MailRefs) -> Iterable[UUID]:
    return (mail.own, *mail.named) if mail.own else mail.named


def stored_refs(refs: set[UUID]) -> dict[UUID, KnownRef]:
    """What is known of references, kept as it is until the transaction ends."""
    if not refs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT ref, conversation_id, digest FROM conversations_threadref
            WHERE ref = ANY(%s) ORDER BY ref FOR UPDATE""",
            [sorted(refs)],
        )
        return {ref: KnownRef(conversation, digest) for ref, conversation, digest in cursor.fetchall()}


def _insert(refs: dict[UUID, KnownRef]) -> dict[UUID, KnownRef]:
    ordered = sorted(refs)
    inserted = bulk.insert(
        "conversations_threadref",
        {
            "ref": ("uuid", ordered),
            "conversation_id": ("uuid", [refs[r].conversation for r in ordered]),
            "digest": ("uuid", [refs[r].digest for r in ordered]),
        },
        "ON CONFLICT (ref) DO NOTHING RETURNING ref",
    )
    return {row[0]: refs[row[0]] for row in inserted}


def _correct(plan: Plan, stored: dict[UUID, KnownRef]) -> None:
    changed = {ref: known for ref, known in plan.refs.items() if stored.get(ref) != known}
    bulk.update(
        "conversations_threadref",
        ["ref"],
        {
            "ref": ("uuid", list(changed)),
            "conversation_id": ("uuid", [known.conversation for known in changed.values()]),
            "digest": ("uuid", [known.digest for known in changed.values()]),
        },
        "conversation_id = row.conversation_id, digest = row.digest",
    )


def _kept_apart(ids: set[UUID]) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Those that people worked in, and those that not everyone may see: a merge would show or hide what was said."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.id, NOT c.audience @> %s::uuid[], EXISTS (SELECT 1 FROM conversations_message m
                    WHERE m.conversation_id = c.id AND m.direction <> 'in')
                OR EXISTS (SELECT 1 FROM core_event e WHERE e.conversation_id = c.id AND e.actor_id IS NOT NULL
                    AND e.kind NOT IN ('conversation.viewed', 'message.source_viewed', 'attachment.downloaded'))
            FROM conversations_conversation c WHERE c.id = ANY(%s) ORDER BY c.id FOR UPDATE""",
            [[EVERYONE], sorted(ids)],
        )
        rows = cursor.fetchall()
    return frozenset(r[0] for r in rows if r[2]), frozenset(r[0] for r in rows if r[1])


def _hinted(arrival: Arrival, person: UUID | None) -> MailRefs:
    """The refs with a conversation known otherwise: a bounced delivery, a signed reply address, or the subject."""
    hint = None
    if arrival.said.kind == "bounce":
        hint = returns.of_bounce(arrival.said)
    hint = hint or returns.of_addresses(addressed_to(arrival))
    if hint is None and person and not arrival.refs.named and arrival.said.kind == "message":
        hint = _by_subject(arrival, person)
    refs = arrival.refs
    return MailRefs(refs.own, refs.named, refs.digest, hint) if hint else refs


def _with_living_hints(mails: list[MailRefs]) -> list[MailRefs]:
    """Follow each hint to where its conversation was merged; what is no more is no hint."""
    hints = {mail.hint for mail in mails if mail.hint}
    if not hints:
        return mails
    alive = _living(hints)
    return [MailRefs(m.own, m.named, m.digest, alive.get(m.hint)) if m.hint else m for m in mails]


def _living(hints: set[UUID]) -> dict[UUID, UUID]:
    """Where each conversation is now, kept from being merged away until this batch is stored."""
    alive: dict[UUID, UUID] = {}
    asked = {hint: hint for hint in hints}
    with connection.cursor() as cursor:
        while asked:
            cursor.execute(
                "SELECT id, merged_into FROM conversations_conversation WHERE id = ANY(%s) ORDER BY id FOR SHARE",
                [sorted(set(asked.values()))],
            )
            found = dict(cursor.fetchall())
            alive |= {hint: at for hint, at in asked.items() if at in found and found[at] is None}
            asked = {hint: found[at] for hint, at in asked.items() if found.get(at)}
    return alive


def _by_subject(arrival: Arrival, person: UUID) -> UUID | None:
    """An answer without any reference: the one conversation in which we wrote to this person under this subject."""
    if not threading.looks_like_reply(arrival.said.subject):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id, subject FROM conversations_conversation WHERE person_id IN ({ROWS_SQL}) AND NOT confidential
                AND NOT EXISTS (SELECT 1 FROM staff_team t WHERE t.id = owner_team_id AND t.confidential)
                AND first_answered_at IS NOT NULL AND status <> 'merged' AND last_activity_at > %s
            ORDER BY last_activity_at DESC LIMIT 50""",
            [[person], arrival.at - _SUBJECT_MEMORY],
        )
        wanted = threading.bare_subject(arrival.said.subject)
        same = [id for id, subject in cursor.fetchall() if threading.bare_subject(subject) == wanted and wanted]
    return same[0] if len(same) == 1 else None
