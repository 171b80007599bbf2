"""Making a conversation of a mention: a member decides that it is somebody's business."""

from uuid import UUID

from rapport.conversations import actions
from rapport.conversations.models import Mention
from rapport.core import events, scope
from rapport.core.errors import Invalid, NotVisible
from rapport.inbound import claims, pipeline
from rapport.staff.models import Member


def take(channel_id: UUID, mention_id: UUID, actor: Member) -> UUID:
    """Take a mention through the pipeline as if it had been addressed to us; its conversation.

    Doing it twice gives the same conversation. Raises NotVisible, NotAllowed, or Invalid where it cannot be read.
    """
    actions.may_change(actor)
    rows = Mention.objects.filter(channel_id=channel_id, id=mention_id)
    with scope.member(actor.id):
        if not rows.exists():
            raise NotVisible("There is no such mention.")
    with scope.system():
        mention = rows.select_for_update().get()
        if mention.taken_into is None:
            mention.taken_into = _conversation(mention)
            Mention.objects.filter(channel_id=channel_id, id=mention_id).update(taken_into=mention.taken_into)
            events.record(
                "mention.taken", conversation_id=mention.taken_into, actor_id=actor.id,
                data={"channel": str(channel_id)},
            )  # fmt: skip
        return mention.taken_into


def _conversation(mention: Mention) -> UUID:
    item = claims.reclaim(mention.channel_id, mention.raw_item_id)
    if item is None or not item.body:
        raise Invalid("What was delivered is not there any more.", "Open it where it was said.")
    found = pipeline.process_taken(item)
    if found is None:
        raise Invalid("It cannot be made a conversation.", "Open it where it was said.")
    return found
