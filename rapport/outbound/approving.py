"""Answers that go only once a second member has approved them, where the policy asks for it."""

from uuid import UUID

from django.utils.translation import gettext as _

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.conversations import actions
from rapport.conversations.models import Conversation, Direction, Message
from rapport.core.errors import NotAllowed, NotVisible
from rapport.outbound import queue
from rapport.outbound.models import Delivery
from rapport.staff.models import Member


def asked(conversation: Conversation, channel: Channel, public: bool | None) -> dict[str, object]:
    """The option of a delivery that must be approved first, as the policy said of the conversation; else nothing.

    `public` is what the member chose, None for as what is answered is.
    """
    if not conversation.approval:
        return {}
    if conversation.approval == "public" and not is_public(conversation, channel, public):
        return {}
    return {"approval": True}


def approve(conversation_id: UUID, actor: Member, delivery_id: UUID) -> bool:
    """Let a colleague's answer go. False when it does not wait for that. Raises NotAllowed for one's own."""
    with actions.acting(conversation_id, actor):
        _check_second(conversation_id, actor, delivery_id)
    return queue.approve(delivery_id, actor.id)


def decline(conversation_id: UUID, actor: Member, delivery_id: UUID, why: str) -> bool:
    """Send a colleague's answer back to be changed. Raises NotAllowed for one's own: that one takes back."""
    with actions.acting(conversation_id, actor):
        _check_second(conversation_id, actor, delivery_id)
    words = _("%(name)s sent it back to be changed.") % {"name": actor.name}
    return queue.decline(delivery_id, actor.id, f"{words} {why.strip()}".strip())


def _check_second(conversation_id: UUID, actor: Member, delivery_id: UUID) -> None:
    delivery = Delivery.objects.filter(conversation_id=conversation_id, id=delivery_id).first()
    if delivery is None:
        raise NotVisible(_("There is no such answer."))
    message = Message.objects.get(conversation_id=conversation_id, id=delivery.message_id)
    if message.member_id == actor.id:
        raise NotAllowed(_("A second member approves what you wrote."), _("Ask a colleague to look at it."))


def is_public(conversation: Conversation, channel: Channel, public: bool | None) -> bool:
    """Whether everybody will be able to read the answer; `public` as for `asked`."""
    if public is not None:
        return public
    if not registry.connector(channel.kind).abilities.public:
        return False
    received = Message.objects.filter(conversation=conversation, channel=channel, direction=Direction.IN)
    last = received.order_by("-at", "-id").values_list("public", flat=True).first()
    return last is not False
