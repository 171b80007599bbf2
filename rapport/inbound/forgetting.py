"""What was delivered, emptied: items that became messages of theirs, and those that became nothing but name them.

The row of an item stays, so that it is not taken in again when its source delivers it once more. A keyed digest of its
name is kept (`Forgotten`) for the ledger, and stands in for the name where that holds an address (a public post).
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rapport.channels.base import Incoming
from rapport.conversations.forgetting import erase_messages
from rapport.core import bulk, scope
from rapport.inbound.models import Forgotten
from rapport.people.forgetting import Place, Step, Target, changed, counted, next_after
from rapport.people.naming import pattern_of
from rapport.people.secrecy import digests_of

_CACHED_S = 30.0
_Rows = list[tuple[Any, ...]]

_SAID = """(SELECT m.channel_id, m.raw_item_id FROM conversations_message m
        WHERE m.person_id = ANY(%s) AND m.direction = 'in'
    UNION SELECT m.channel_id, v.raw_item_id FROM conversations_revision v JOIN conversations_message m
        ON m.conversation_id = v.conversation_id AND m.id = v.message_id
        WHERE m.person_id = ANY(%s) AND m.direction = 'in'
    UNION SELECT n.channel_id, n.raw_item_id FROM conversations_mention n
        WHERE (n.author_kind, n.author_value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))) s(channel_id, id)"""
_OF_SAID = f"""FROM {_SAID} JOIN inbound_rawitem r ON r.channel_id = s.channel_id AND r.id = s.id
    WHERE (r.body <> '' OR r.envelope <> '{{}}')"""
#: Items of which no message, earlier form or mention is left, or ever was.
_LOOSE = """FROM inbound_rawitem r WHERE r.id > %s AND r.state <> 'received'
    AND (r.state <> 'stored' OR r.conversation_id IN (
        SELECT conversation_id FROM conversations_message WHERE person_id = ANY(%s)))
    AND CASE WHEN r.envelope::text ILIKE ANY(%s) OR r.external_id ILIKE ANY(%s) OR r.reason ILIKE ANY(%s)
        OR EXISTS (SELECT 1 FROM unnest(%s::bytea[]) AS one WHERE position(one IN r.body) > 0)
        THEN concat_ws(' ', r.envelope::text, r.external_id, r.reason) ~* %s OR encode(r.body, 'escape') ~* %s
        ELSE false END
    AND NOT EXISTS (SELECT 1 FROM conversations_message m WHERE m.conversation_id = r.conversation_id
        AND m.raw_item_id = r.id)
    AND NOT EXISTS (SELECT 1 FROM conversations_revision v WHERE v.conversation_id = r.conversation_id
        AND v.raw_item_id = r.id)
    AND NOT EXISTS (SELECT 1 FROM conversations_mention n WHERE n.channel_id = r.channel_id
        AND n.raw_item_id = r.id AND n.deleted_at IS NULL)"""


def _said(target: Target, _after: UUID, limit: int) -> tuple[int, Place]:
    rows = bulk.select(
        f"SELECT r.channel_id, r.id, r.external_id {_OF_SAID} LIMIT %s FOR UPDATE OF r", [*_of(target), limit]
    )
    _empty(rows, target)
    return len(rows), next_after(rows, limit, lambda row: row[1])


def _loose(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    if not target.likes:
        return 0, None
    rows = bulk.select(
        f"SELECT r.channel_id, r.id, r.external_id {_LOOSE} ORDER BY r.id LIMIT %s FOR UPDATE",
        [after, target.ids, *_naming(target), limit],
    )
    _empty(rows, target)
    return len(rows), next_after(rows, limit, lambda row: row[1])


def _reports(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """What mail servers said of their address is nobody's word, and holds what was sent to them."""
    if not target.likes:
        return 0, None
    rows: _Rows = bulk.select(
        """SELECT m.conversation_id, m.id, m.subject, m.text, m.recipients, m.channel_id, m.raw_item_id
        FROM conversations_message m WHERE m.id > %s AND m.kind = 'bounce' AND NOT m.about ? 'erased'
        AND (m.text ILIKE ANY(%s) OR m.recipients::text ILIKE ANY(%s))
        AND concat_ws(' ', m.recipients::text, m.text) ~* %s ORDER BY m.id LIMIT %s FOR UPDATE""",
        [after, target.likes, target.likes, pattern_of(target.addresses), limit],
    )
    if rows:
        empty_items([(row[5], row[6]) for row in rows if row[6]])
        erase_messages(rows, None)
    return len(rows), next_after(rows, limit, lambda row: row[1])


def empty_items(items: Sequence[tuple[UUID, UUID]]) -> int:
    """Take all that was delivered from items (channel, id), whosever they are; how many had anything."""
    return changed(
        """UPDATE inbound_rawitem r SET body = '', envelope = '{}', size = 0, reason = ''
        FROM unnest(%s::uuid[], %s::uuid[]) AS one(channel_id, id)
        WHERE r.channel_id = one.channel_id AND r.id = one.id AND (r.body <> '' OR r.envelope <> '{}')""",
        [[channel for channel, _ in items], [id for _, id in items]],
    )


def _empty(rows: _Rows, target: Target) -> None:
    """What waits in quarantine is tried no more: there is nothing in it."""
    changed(
        """UPDATE inbound_rawitem r SET body = '', envelope = '{}', size = 0, reason = '',
            state = CASE WHEN r.state IN ('quarantined', 'refused') THEN 'ignored' ELSE r.state END
        FROM unnest(%s::uuid[], %s::uuid[]) AS one(channel_id, id)
        WHERE r.channel_id = one.channel_id AND r.id = one.id""",
        [[row[0] for row in rows], [row[1] for row in rows]],
    )
    named = [row for row in rows if not row[2].startswith("erased:")]
    telling = {row[1] for row in named if any(one.lower() in row[2].lower() for one in target.addresses)}
    digests = digests_of(("item", str(channel), name) for channel, _, name in named)
    Forgotten.objects.bulk_create(
        [
            Forgotten(channel_id=row[0], digest=digest, erasure_id=target.erasure_id, asked=row[1] in telling)
            for row, digest in zip(named, digests, strict=True)
        ],
        ignore_conflicts=True,
    )
    changed("UPDATE inbound_rawitem SET external_id = 'erased:' || id WHERE id = ANY(%s)", [sorted(telling)])


def _of(target: Target) -> list[Any]:
    return [target.ids, target.ids, *target.keys]


def _naming(target: Target) -> list[Any]:
    bodies = sorted({form.encode() for one in target.addresses for form in (one, one.lower())})
    alone = [pattern_of(target.addresses), pattern_of(target.addresses, in_bytes=True)]
    return [*[target.likes] * 3, bodies, *alone]


STEPS = (
    Step("items", _said, lambda t: counted(f"SELECT count(*) {_OF_SAID}", _of(t))),
    Step("loose_items", _loose, lambda t: counted(f"SELECT count(*) {_LOOSE}", [UUID(int=0), t.ids, *_naming(t)])),
    Step("reports", _reports, lambda _t: 0),
)  # fmt: skip


_known: tuple[float, frozenset[UUID]] = (0.0, frozenset())


def without_forgotten(channel_id: UUID, items: Sequence[Incoming]) -> Sequence[Incoming]:
    """Items without those that were erased under their own name. Asks nothing where the channel has none of them."""
    if channel_id not in _channels():
        return items
    names = digests_of(("item", str(channel_id), one.external_id) for one in items)
    digests = dict(zip(names, items, strict=True))
    known = Forgotten.objects.filter(channel_id=channel_id, digest__in=names, asked=True)
    gone = set(known.values_list("digest", flat=True))
    return [one for digest, one in digests.items() if digest not in gone]


def _channels() -> frozenset[UUID]:
    """Channels that have forgotten items, as of half a minute ago: an erasure of today may be told so late."""
    global _known
    at, channels = _known
    if time.monotonic() - at > _CACHED_S or not at:
        with scope.system():
            asked = Forgotten.objects.filter(asked=True)
            channels = frozenset(asked.values_list("channel_id", flat=True).distinct())
        _known = (time.monotonic(), channels)
    return channels


def look_anew() -> None:
    """Forget which channels have forgotten items, in this process."""
    global _known
    _known = (0.0, frozenset())
