"""Making two conversations one: because a message shows that they are, or because a member says so.

The one that is merged stays as a signpost, with its decisions. The log keeps what was carried over, so that it can be
carried back: not one message more, not one less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from rapport.conversations import clocks, moving, undoing
from rapport.conversations.actions import acting_on, may_change, plain, touch
from rapport.conversations.models import Conversation, Draft, Status
from rapport.conversations.undoing import UNDONE, Undoer, changed_since
from rapport.conversations.visibility import EVERYONE
from rapport.core import events, notify, scope
from rapport.core.errors import Invalid, RapportError
from rapport.core.models import Event
from rapport.staff.models import Member

KIND = "conversation.merged"
_SEALED = timedelta(minutes=1)
_AT_ONCE = 50


@dataclass(frozen=True)
class Effect:
    """What merging would do: so many messages come over, or (`refused`) why it cannot be done.

    `hidden`: some who see the one that is merged do not see the other. `shown`: the other way round.
    """

    messages: int
    hidden: bool = False
    shown: bool = False
    refused: str = ""


def merge(into: UUID, others: Sequence[UUID], actor: Member) -> None:
    """Carry everything of `others` into `into`. Raises as every action does, and where a secret would spread."""
    losers = [one for one in dict.fromkeys(others) if one != into]
    if not losers:
        raise Invalid(_("A conversation cannot be merged into itself."), _("Choose another."))
    if len(losers) > _AT_ONCE:
        raise Invalid(_("These are too many to merge at once."), _("Choose fewer."))
    may_change(actor)
    with transaction.atomic():
        with scope.system():
            moving.hold_references([into, *losers])
        with acting_on([into, *losers], actor) as found:
            for loser in losers:
                moving.check_confidence(found[loser], found[into])
            for loser in losers:
                _by_hand(found[loser], found[into], actor)


def preview(into: UUID, other: UUID, actor: Member) -> Effect:
    """What merging `other` into `into` would do, before it is done."""
    try:
        with acting_on([into, other], actor) as found:
            source, target = found[other], found[into]
            moving.check_confidence(source, target)
            here, there = set(target.audience), set(source.audience)
            return Effect(
                messages=source.message_count,
                hidden=EVERYONE not in here and not there <= here,
                shown=EVERYONE not in there and not here <= there,
            )
    except RapportError as error:
        return Effect(0, refused=f"{error.message} {error.hint}".strip())


def absorb(loser: UUID, winner: UUID) -> None:
    """Merge because a message ties them together: a few statements, in the caller's transaction and system scope."""
    carried = take_all(loser, winner)
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, snoozed FROM conversations_conversation WHERE id = %s", [loser])
        status, snoozed = cursor.fetchone()
        cursor.execute(_ADD_UP, [loser, winner])
        cursor.execute(
            """UPDATE conversations_conversation SET status = 'merged', merged_into = %s, snoozed = false,
            snoozed_until = NULL WHERE id = %s RETURNING audience""",
            [winner, loser],
        )
        audience = cursor.fetchone()[0]
    promised = clocks.take_over(loser, winner)
    clocks.settle([loser, winner])
    notify.changed("conversation", loser, audience)
    data = {"from": str(loser), "status": status, "snoozed": snoozed, **promised, **carried}
    events.record(KIND, conversation_id=winner, data=data)


def take_all(loser: UUID, winner: UUID) -> dict[str, list[str]]:
    """Carry everything over, and say what that was."""
    with connection.cursor() as cursor:
        # First the references: whoever is just storing something by one of them is waited for, and then moved too.
        cursor.execute(
            "UPDATE conversations_threadref SET conversation_id = %s WHERE conversation_id = %s RETURNING ref",
            [winner, loser],
        )
        refs = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT id FROM conversations_message WHERE conversation_id = %s ORDER BY id", [loser])
        messages = [row[0] for row in cursor.fetchall()]
        moving.place(messages, loser, winner)
        carried = {"messages": messages, "refs": refs}
        for name, statement in _CARRIED.items():
            cursor.execute(statement, {"loser": loser, "winner": winner})
            carried[name] = [row[0] for row in cursor.fetchall()]
    return {name: list(map(str, ids)) for name, ids in carried.items() if ids or name == "messages"}


def give_back(data: Mapping[str, Any], loser: Conversation, winner: Conversation) -> None:
    """Carry back what `take_all` carried over. Raises Invalid where some of it was carried on since."""
    messages = moving.uuids(data.get("messages", ()))
    if loser.merged_into != winner.id or not moving.all_here(messages, winner.id):
        raise changed_since()
    if "refs" in data:
        moving.repoint(moving.uuids(data["refs"]), winner.id, loser.id)
        moving.place(messages, winner.id, loser.id)
    else:
        moving.carry(messages, winner.id, loser.id)
    Draft.objects.filter(id__in=data.get("drafts", ()), conversation_id=winner.id).update(conversation_id=loser.id)
    with connection.cursor() as cursor:
        for name, statement in _GIVEN_BACK.items():
            if data.get(name):
                ids = moving.uuids(data[name])
                cursor.execute(statement, {"ids": ids, "loser": loser.id, "winner": winner.id})


def seal(loser: Conversation, winner: Conversation) -> None:
    """Make a signpost of the one that was merged."""
    loser.status, loser.merged_into = Status.MERGED, winner.id
    loser.snoozed, loser.snoozed_until, loser.awaiting_answer = False, None, False
    loser.save()
    clocks.follow(loser)
    notify.changed("conversation", loser.id, loser.audience)


def _by_hand(loser: Conversation, winner: Conversation, actor: Member) -> None:
    was = plain({name: getattr(loser, name) for name in ("status", "snoozed", "snoozed_until")})
    carried = take_all(loser.id, winner.id)
    after = _together(loser, winner)
    before = {name: getattr(winner, name) for name in after}
    for name, value in after.items():
        setattr(winner, name, value)
    moving.derive(winner)
    promised = clocks.take_over(loser.id, winner.id)
    winner.promised = winner.promised or bool(promised)
    seal(loser, winner)
    data = {"from": str(loser.id), **was, **promised, **carried, "before": plain(before), "after": plain(after)}
    touch(winner, KIND, actor, data)


def _together(loser: Conversation, winner: Conversation) -> dict[str, Any]:
    """What the two promise together: open where one is, and due when the earlier one was."""
    after: dict[str, Any] = {"created_at": min(loser.created_at, winner.created_at)}
    if loser.status == Status.OPEN != winner.status:
        after |= {"status": Status.OPEN, "resolved_at": None}
    for name, answered in (("first_answer_due_at", "first_answered_at"), ("resolution_due_at", "resolved_at")):
        mine, theirs = getattr(winner, name), getattr(loser, name)
        if theirs and not getattr(loser, answered) and not getattr(winner, answered) and (not mine or theirs < mine):
            after[name] = theirs
    return after


def _others(event: Event) -> list[UUID]:
    return [UUID(event.data["from"])]


def _undo(event: Event, found: undoing.Found, actor: Member) -> dict[str, Any]:
    winner, loser = found[event.conversation_id], found[UUID(event.data["from"])]  # type: ignore[index]
    give_back(event.data, loser, winner)
    # It was sealed a moment before that was told, and they waited for us all the while.
    clocks.go_on(loser.id, event.at - _SEALED)
    _restore(event.data, loser, winner)
    data = {"event": str(event.id), "undid": event.kind}
    touch(loser, UNDONE, actor, data, active=False)
    return {"from": str(loser.id)}


def _restore(data: Mapping[str, Any], loser: Conversation, winner: Conversation) -> None:
    """The one is a conversation again as it was, and the other is due when it was; what changed since stays."""
    if "clocks" in data:
        clocks.give_back(winner.id, data["clocks"])
        winner.promised = bool(data["clocks"])
        for name, value in data.get("dues", {}).items():
            setattr(winner, name, undoing.restored(name, value))
    loser.merged_into = None
    loser.status = data.get("status", Status.OPEN)
    loser.snoozed = bool(data.get("snoozed"))
    loser.snoozed_until = undoing.restored("snoozed_until", data.get("snoozed_until"))
    moving.derive(loser)
    before, after = data.get("before", {}), data.get("after", {})
    for name, value in before.items():
        if plain({name: getattr(winner, name)})[name] == after[name]:
            setattr(winner, name, undoing.restored(name, value))
    moving.derive(winner)


undoing.register(Undoer(_undo, lambda event, conversation: "from" in event.data, _others), KIND)

_ADD_UP = """UPDATE conversations_conversation w SET message_count = w.message_count + l.message_count,
    created_at = least(w.created_at, l.created_at),
    last_activity_at = greatest(w.last_activity_at, l.last_activity_at),
    last_inbound_at = greatest(w.last_inbound_at, l.last_inbound_at),
    awaiting_answer = w.awaiting_answer OR l.awaiting_answer,
    person_id = coalesce(w.person_id, l.person_id)
FROM conversations_conversation l WHERE l.id = %s AND w.id = %s"""

# Of two drafts by one member for one thing, the words are put together in the winner's; the loser's own stays.
_CARRIED = {
    "joined": """WITH joined AS (
            UPDATE conversations_draft w SET html = w.html || l.html, revision = w.revision + 1
            FROM conversations_draft l WHERE w.conversation_id = %(winner)s AND l.conversation_id = %(loser)s
                AND w.member_id = l.member_id AND w.kind = l.kind AND l.html <> ''
            RETURNING w.id AS into, l.id AS from_id),
        files AS (
            INSERT INTO conversations_upload
                (id, draft_id, blob_id, filename, content_type, size, content_id, inline, created_at)
            SELECT gen_random_uuid(), j.into, u.blob_id, u.filename, u.content_type, u.size, u.content_id, u.inline,
                u.created_at
            FROM joined j JOIN conversations_upload u ON u.draft_id = j.from_id)
        SELECT from_id FROM joined""",
    "drafts": """UPDATE conversations_draft d SET conversation_id = %(winner)s WHERE conversation_id = %(loser)s
        AND NOT EXISTS (SELECT 1 FROM conversations_draft w WHERE w.conversation_id = %(winner)s
            AND w.member_id = d.member_id AND w.kind = d.kind)
        RETURNING d.id""",
    "followers": """INSERT INTO conversations_subscription (conversation_id, member_id, interest, created_at)
        SELECT %(winner)s, member_id, interest, created_at FROM conversations_subscription
        WHERE conversation_id = %(loser)s ON CONFLICT DO NOTHING RETURNING member_id""",
    "links": """INSERT INTO conversations_link (low_id, high_id, member_id, created_at)
        SELECT least(other, %(winner)s), greatest(other, %(winner)s), member_id, created_at
        FROM (SELECT CASE WHEN low_id = %(loser)s THEN high_id ELSE low_id END AS other, member_id, created_at
            FROM conversations_link WHERE %(loser)s IN (low_id, high_id)) AS linked
        WHERE other <> %(winner)s ON CONFLICT DO NOTHING
        RETURNING CASE WHEN low_id = %(winner)s THEN high_id ELSE low_id END""",
}
# What was copied goes again, unless somebody chose anew since.
_GIVEN_BACK = {
    "followers": """DELETE FROM conversations_subscription w USING conversations_subscription l
        WHERE w.conversation_id = %(winner)s AND l.conversation_id = %(loser)s AND w.member_id = ANY(%(ids)s)
            AND l.member_id = w.member_id AND l.created_at = w.created_at AND l.interest = w.interest""",
    "links": """DELETE FROM conversations_link w USING conversations_link l
        WHERE %(winner)s IN (w.low_id, w.high_id) AND %(loser)s IN (l.low_id, l.high_id)
            AND (w.low_id = ANY(%(ids)s) OR w.high_id = ANY(%(ids)s)) AND l.created_at = w.created_at
            AND (l.low_id IN (w.low_id, w.high_id) OR l.high_id IN (w.low_id, w.high_id))""",
}
