"""What members say to people outside: an answer, written with the decision to send it in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from rapport.channels.models import Channel
from rapport.conversations import actions
from rapport.conversations.models import Attachment, Blob, Conversation, Direction, Message
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.options import options
from rapport.outbound import queue
from rapport.outbound.models import Delivery
from rapport.ownership.actions import assign
from rapport.staff.models import Member, Membership

_TEXT_LENGTH_MAX = 500_000
_FILES_MAX = 20

Mailbox = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a member attached."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a member says. Without `to` it goes to whoever wrote last; `in_reply_to` is the id of a
    Message.
    """

    text: str
    to: Sequence[Mailbox] = ()
    cc: Sequence[Mailbox] = ()
    bcc: Sequence[Mailbox] = ()
    files: Sequence[Upload] = ()
    in_reply_to: UUID | None = None
    quote: bool = True
    channel: Channel | None = None
    resolve: bool = False
    machine_drafted: bool = field(default=False)


def reply(conversation_id: UUID, actor: Member, answer: Answer) -> Delivery:
    """Say `answer` on the conversation's channel; it leaves in ten seconds unless undone.

    Raises Invalid for an empty or endless text, NotVisible and NotAllowed as every action; then nothing was
    written.
    """
    text = answer.text.replace("\0", "").strip()
    _check(text, answer)
    with actions.acting(conversation_id, actor) as conversation:
        channel = answer.channel or _channel(conversation)
        message = _write(conversation, actor, channel, text, answer.machine_drafted)
        _attach(message, answer.files)
        delivery = queue.enqueue(
            message,
            channel,
            answer.to or _last_speaker(conversation),
            answer.cc,
            options=_kept(answer),
        )
        conversation.awaiting_answer = False
        conversation.first_answered_at = conversation.first_answered_at or now()
        conversation.snippet = " ".join(text.split())[:160]
        data = {"message": str(message.id), "delivery": str(delivery.id)}
        actions.touch(conversation, "message.written", actor, data)
    _take(conversation, actor)
    if answer.resolve:
        actions.resolve(conversation_id, actor)
    return delivery


def _take(conversation: Conversation, actor: Member) -> None:
    """Who answers for the owning team what nobody had taken, has taken it."""
    team = conversation.owner_team
    if team and conversation.owner_member_id is None and Membership.objects.filter(team=team, member=actor).exists():
        assign(conversation.id, actor, team, actor)


def undo(conversation_id: UUID, actor: Member, delivery_id: UUID) -> bool:
    """Take an answer back before it is sent. False when it was too late."""
    with actions.acting(conversation_id, actor):
        mine = Delivery.objects.filter(conversation_id=conversation_id, id=delivery_id).exists()
    return mine and queue.cancel(delivery_id, actor.id)


def send_again(conversation_id: UUID, actor: Member, delivery_id: UUID) -> bool:
    """Send once more what failed, came back, or may not have arrived."""
    with actions.acting(conversation_id, actor):
        mine = Delivery.objects.filter(conversation_id=conversation_id, id=delivery_id).exists()
    return mine and queue.send_again(delivery_id, actor.id)


def _check(text: str, answer: Answer) -> None:
    if not text:
        raise Invalid("The answer is empty.", "Write something before sending it.")
    if len(text) > _TEXT_LENGTH_MAX:
        raise Invalid(f"The answer has {len(text):,} characters.", f"Keep it under {_TEXT_LENGTH_MAX:,}.")
    if len(answer.files) > _FILES_MAX:
        raise Invalid(f"There are {len(answer.files)} files.", f"Attach at most {_FILES_MAX}.")
    total, limit = sum(len(f.data) for f in answer.files), options().attachment_bytes_max
    if total > limit:
        raise Invalid(f"The files have {total / 1e6:.1f} MB together.", f"Keep them under {limit / 1e6:.0f} MB.")


def _channel(conversation: Conversation) -> Channel:
    if conversation.channel is None:
        raise Invalid("This conversation's channel is gone.", "Choose another channel to answer on.")
    if not conversation.channel.enabled:
        raise Invalid(f"The channel {conversation.channel.name} is paused.", "Resume it, or choose another one.")
    return conversation.channel


def _write(conversation: Conversation, actor: Member, channel: Channel, text: str, machine_drafted: bool) -> Message:
    return Message.objects.create(
        conversation=conversation,
        channel=channel,
        direction=Direction.OUT,
        member=actor,
        machine_drafted=machine_drafted,
        subject=conversation.subject,
        text=text,
        at=now(),
    )


def _attach(message: Message, files: Sequence[Upload]) -> None:
    for upload in files:
        digest = sha256(upload.data).hexdigest()
        Blob.objects.bulk_create([Blob(sha256=digest, size=len(upload.data), data=upload.data)], ignore_conflicts=True)
        Attachment.objects.create(
            conversation_id=message.conversation_id,
            id=new_id(),
            message_id=message.id,
            blob_id=digest,
            filename=upload.filename[:255],
            content_type=upload.content_type[:120],
            size=len(upload.data),
        )


def _last_speaker(conversation: Conversation) -> list[Mailbox]:
    """Whoever wrote last, at the address they asked to be answered at."""
    last = (
        Message.objects.filter(conversation=conversation, direction=Direction.IN)
        .exclude(kind="bounce")
        .select_related("person")
        .order_by("-at", "-id")
        .first()
    )
    if last is None:
        raise Invalid("Nobody has written in this conversation yet.", "Add a recipient.")
    answer_to = last.recipients.get("reply_to") or last.recipients.get("from")
    if not answer_to:
        raise Invalid("The last message has no sender's address.", "Add a recipient.")
    return [(str(name), str(address)) for name, address in answer_to]


def _kept(answer: Answer) -> dict[str, object]:
    kept: dict[str, object] = {"quote": answer.quote}
    if answer.in_reply_to:
        kept["in_reply_to"] = str(answer.in_reply_to)
    if answer.bcc:
        kept["bcc"] = [list(mailbox) for mailbox in answer.bcc]
    return kept
