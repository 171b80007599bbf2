"""The whole of a message, parsed from its raw item when somebody looks: a better sanitiser also betters the past."""

from dataclasses import dataclass
from uuid import UUID

from rapport.channels.kinds.email.model import ParsedMail
from rapport.channels.kinds.email.parse import parse_mail
from rapport.conversations.models import Message
from rapport.core import scope
from rapport.core.errors import NotVisible
from rapport.inbound.models import RawItem
from rapport.people.questions import unlinked


@dataclass(frozen=True, slots=True)
class Body:
    """A message in full. `html` is as it came: sanitise it before it is shown."""

    text: str
    html: str | None
    quote: str
    signature: str
    mail: ParsedMail | None


def raw(conversation_id: UUID, message_id: UUID) -> bytes:
    """The message exactly as delivered. Raises NotVisible for what is not theirs, or was never delivered."""
    message = _visible(conversation_id, message_id)
    if message.channel_id is None or message.raw_item_id is None:
        raise NotVisible("There is nothing as delivered for this message.")
    with scope.system():
        body = (
            RawItem.objects.filter(channel_id=message.channel_id, id=message.raw_item_id)
            .values_list("body", flat=True)
            .first()
        )
    if not body:
        raise NotVisible("There is nothing as delivered for this message.")
    return bytes(body)


def whole(conversation_id: UUID, message_id: UUID) -> Body:
    """The message in full, for a member who may see it. Raises NotVisible otherwise."""
    message = _visible(conversation_id, message_id)
    is_mail = message.channel is None or message.channel.kind == "email"
    if message.raw_item_id is None or not is_mail:
        return Body(message.text, None, "", "", None)
    mail = parse_mail(raw(conversation_id, message_id))
    html = mail.html and unlinked(mail.html)
    return Body(unlinked(mail.text), html, unlinked(mail.quote), unlinked(mail.signature), mail)


def _visible(conversation_id: UUID, message_id: UUID) -> Message:
    message = Message.objects.filter(conversation_id=conversation_id, id=message_id).first()
    if message is None:
        raise NotVisible("There is no such message.")
    return message
