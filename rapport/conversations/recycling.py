"""A handle that goes to somebody else takes no conversation along.

In a chat all that is said by one account comes to one conversation, by a reference that is the account's. When the
handle is let go, so are those references: what the new owner writes begins a conversation of its own.
"""

from uuid import UUID

from django.db import connection, transaction

from rapport.core import scope
from rapport.people import releasing
from rapport.people.arrivals import EMAIL
from rapport.people.models import Handle, Release
from rapport.people.releasing import RELEASED, RETURNED
from rapport.staff.models import Member

__all__ = ["RELEASED", "RETURNED", "release", "take_release_back"]


def release(handle: Handle, actor: Member) -> Release:
    """Let a handle go, with its chats. Raises NotVisible, NotAllowed; then nothing has happened."""
    with transaction.atomic():
        made = releasing.release(handle, actor)
        if made.kind != EMAIL:
            with scope.system():
                made.refs = [[str(ref), str(conversation)] for ref, conversation in _let_go(made.person_id)]
                made.save(update_fields=["refs"])
    return made


def take_release_back(release_id: UUID, actor: Member) -> Release:
    """Give the handle back as it was, with its chats. Raises NotVisible, NotAllowed, Invalid once somebody wrote."""
    with transaction.atomic():
        made = releasing.take_release_back(release_id, actor)
        with scope.system(), connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO conversations_threadref (ref, conversation_id)
                SELECT * FROM unnest(%s::uuid[], %s::uuid[]) ON CONFLICT (ref) DO NOTHING""",
                [[ref for ref, _ in made.refs], [conversation for _, conversation in made.refs]],
            )
    return made


def _let_go(person_id: UUID) -> list[tuple[UUID, UUID]]:
    """Forget references by which no message is known itself: those of rooms. What is said there answers them only."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM conversations_threadref r USING conversations_conversation c, channels_channel ch
            WHERE c.person_id = %s AND r.conversation_id = c.id AND r.digest IS NULL
                AND ch.id = c.channel_id AND ch.kind <> %s RETURNING r.ref, r.conversation_id""",
            [person_id, EMAIL],
        )
        return list(cursor.fetchall())
