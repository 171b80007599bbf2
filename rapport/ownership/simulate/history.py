"""The past as values: what each conversation was when it came, and what became of it. Reads, and only reads.

Which conversations: those the reader may see, but none that was made of another by splitting: that did not come. What
is known of each is read as the system reads it when one arrives.

The company is that of the moment at which the policy decided then (`former`): its topics, teams, members, business
hours and channels, people's organizations and who held the relationship with them.

What cannot be known as of then: addresses that stand only in a mail's way (Bcc, Delivered-To) are not kept, nor whether
an unknown message was answered.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.conversations.threading import looks_like_reply
from rapport.core import bulk, scope
from rapport.ownership.facts import Facts
from rapport.ownership.kinds import TEAM
from rapport.ownership.settled import SETTLED
from rapport.ownership.simulate.earlier import Asked, Earlier
from rapport.ownership.simulate.former import Setups, Shifts, timeline
from rapport.ownership.simulate.joined import Began, Joined
from rapport.ownership.simulate.open_then import open_at
from rapport.ownership.simulate.past import Learned, Past
from rapport.ownership.simulate.senders import Senders, When
from rapport.ownership.words import CHARACTERS_READ_MAX

_BROUGHT_IN = timedelta(days=1)
RUN_MAX = 1_000_000
"""So many conversations are replayed at most."""

_ASKED = """
SELECT c.id FROM conversations_conversation c
WHERE c.created_at >= %s AND c.created_at < %s AND c.status <> ALL (ARRAY['spam', 'merged'])
    AND EXISTS (SELECT 1 FROM ownership_decision d WHERE d.conversation_id = c.id AND d.source = 'policy')
    AND NOT EXISTS (SELECT 1 FROM core_event e WHERE e.kind = 'conversation.split_off' AND e.conversation_id = c.id)
ORDER BY c.created_at, c.id LIMIT %s
"""

_READ = f"""
SELECT c.id, c.created_at, c.language, c.first_answered_at, c.resolved_at, coalesce(o.slug, ''),
    {SETTLED},
    d.policy_version, coalesce(r.slug, ''), d.suggestion, d.guesses, c.channel_id, d.at,
    m.subject, coalesce((SELECT left(v.text, %s) FROM conversations_revision v WHERE m.edited_at IS NOT NULL
        AND v.conversation_id = m.conversation_id AND v.message_id = m.id ORDER BY v.until LIMIT 1), left(m.text, %s)),
    m.kind, m.public, m.recipients, m.about, m.person_id,
    EXISTS (SELECT 1 FROM conversations_attachment a WHERE a.conversation_id = m.conversation_id
        AND a.message_id = m.id)
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) WITH ORDINALITY AS asked(id, said, decided, place)
JOIN conversations_conversation c ON c.id = asked.id
JOIN LATERAL (SELECT * FROM conversations_message m WHERE m.conversation_id = asked.said AND m.direction = 'in'
    ORDER BY m.at, m.id LIMIT 1) AS m ON true
LEFT JOIN LATERAL (SELECT d.at, d.policy_version, d.owner_team_id, d.suggestion, d.guesses FROM ownership_decision d
    WHERE d.conversation_id = asked.decided AND d.source = 'policy' ORDER BY d.at LIMIT 1) AS d ON true
LEFT JOIN staff_team o ON o.id = c.owner_team_id
LEFT JOIN staff_team r ON r.id = d.owner_team_id
ORDER BY asked.place
"""
_DECIDED, _PERSON = 12, 19
"""The places of the moment of the decision and of the sender in a row."""


@contextmanager
def read_only() -> Iterator[None]:
    """In the system's scope, and where this begins the transaction, one in which the database refuses to write."""
    nested = connection.in_atomic_block
    with scope.system():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        yield


def conversations(since: datetime, until: datetime) -> list[UUID]:
    """The ids of what came from `since` until before `until`, in order, as far as whoever looks may see them."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, [since, until, RUN_MAX])
        return [row[0] for row in cursor.fetchall()]


def past(
    ids: Sequence[UUID], senders: Senders, setups: Setups, before: Earlier | None, joined: Joined | None = None
) -> list[Past]:
    """These conversations as they stood when they came, in the order of their ids.

    `before` tells which team had somebody before; None: nothing asks for it. `joined` knows what was merged and split.
    """
    began = (joined or Joined()).began(ids)
    places = [began.get(id, Began(id, id)) for id in ids]
    asked = [list(ids), [one.said for one in places], [one.decided for one in places]]
    rows = bulk.select(_READ.replace("%s", "%b"), [CHARACTERS_READ_MAX, CHARACTERS_READ_MAX, *asked])
    people = [row[_PERSON] for row in rows]
    senders.meet(person for person in people if person)
    earlier = before.owners(_asked(rows, senders, setups)) if before else {}
    return [_past(row, senders, setups, earlier) for row in rows]


def _asked(rows: Sequence[tuple[Any, ...]], senders: Senders, setups: Setups) -> Iterator[Asked]:
    for row in rows:
        if row[_PERSON]:
            at, decided = row[1], row[_DECIDED] or row[1]
            # Old mail that is brought in comes after older mail; any other after all that came before it.
            before = at if decided - at > _BROUGHT_IN else max(at, decided)
            for person in senders.rows(row[_PERSON], decided):
                yield Asked(row[0], person, before, decided, setups.at(decided).open_teams)


def _past(row: tuple[Any, ...], senders: Senders, setups: Setups, earlier: dict[UUID, str]) -> Past:
    (id, at, language, answered, resolved, owner, settled, version, recorded, suggestion, guesses, channel_id, decided,
     subject, text, message_kind, public, recipients, about, person, files) = row  # fmt: skip
    recipients, about = recipients or {}, about or {}
    written = next((address for _, address in recipients.get("from", ()) if address), "")
    here = setups.at(decided or at)
    channel, kind = here.channels.get(channel_id, ("", ""))
    sender = senders.of(person, kind, written, When(decided or at, here.holders))
    facts = Facts(
        at=at,
        channel=channel,
        channel_kind=kind,
        to_addresses=tuple(dict.fromkeys(a.lower() for part in ("to", "cc") for _, a in recipients.get(part, ()) if a)),
        from_address=sender.address,
        relationships=sender.relationships,
        organization=sender.organization,
        organization_domain=sender.domain,
        subject=subject,
        text=text,
        language=language,
        kind=message_kind,
        is_reply=looks_like_reply(subject),
        has_attachments=bool(files or about.get("links")),
        is_public=public,
        origin=about.get("origin") or "addressed",
        reach=about.get("reach"),
        is_verified=bool(about.get("verified")),
        holder=sender.holder,
        holder_name=sender.holder_name,
        earlier_owner_of_person=earlier.get(id),
        person=person,
    )
    said = {kind: one for kind, one in {TEAM: suggestion, **(guesses or {})}.items() if one}
    acted = {kind: one for kind, one in said.items() if one.get("acted")}
    return Past(
        id, facts, owner, settled, recorded, version, answered, resolved, sender.guessed, _learned(acted), decided,
        _learned(said),
    )  # fmt: skip


def _learned(said: dict[str, dict[str, Any]]) -> dict[str, Learned]:
    """As it was said then: so no model of today looks into the past."""
    return {
        kind: Learned(
            str(one.get("team", one.get("label", ""))), float(one.get("probability", 0)), one.get("sure"),
            bool(one.get("certain")),
        )
        for kind, one in said.items()
    }  # fmt: skip


def shifts(since: datetime) -> Shifts:
    """Who sat where when, and what each had open at the beginning, as it really was."""
    return Shifts(timeline(), open_at(since))
