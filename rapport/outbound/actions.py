"""What members say to people outside: an answer, written with the decision to send it in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.conversations import actions, clocks, snoozing
from rapport.conversations.models import (
    Attachment,
    Blob,
    Conversation,
    Direction,
    Draft,
    DraftKind,
    Message,
    Status,
    Thread,
)
from rapport.conversations.snippets import snippet_of
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.options import options
from rapport.outbound import approving, drafts, queue, reachable, richtext, uploads
from rapport.outbound.drafting import draft_of
from rapport.outbound.models import Delivery, DeliveryState
from rapport.ownership.actions import assign, resolve
from rapport.staff.models import Member, Membership

_TEXT_LENGTH_MAX = 500_000
_FILES_MAX = 20
_LATER = timedelta(minutes=1)

Mailbox = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a member attached."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a member says, as `html` or as plain `text`. Without `to` it goes to whoever wrote last.

    `in_reply_to` is the id of a Message. The files of `draft` go along, and it ends. `send_at`: not before then; with
    `unless_they_write` not at all if they write first. `resolve` and `snooze` (until they answer)
    say what becomes of the matter; undoing the answer undoes them too. `public`: who may read it, where the channel can
    do both; None as what is answered. `agreed`: they want it to go on elsewhere (by mail, in private). `confirmed`: it
    goes although they asked not to be contacted.
    """

    text: str = ""
    to: Sequence[Mailbox] = ()
    cc: Sequence[Mailbox] = ()
    bcc: Sequence[Mailbox] = ()
    files: Sequence[Upload] = ()
    in_reply_to: UUID | None = None
    quote: bool = True
    channel: Channel | None = None
    resolve: bool = False
    machine_drafted: bool = field(default=False)
    html: str = ""
    draft: Draft | None = None
    send_at: datetime | None = None
    unless_they_write: bool = False
    snooze: bool = False
    public: bool | None = None
    agreed: bool = False
    confirmed: bool = False


def reply(conversation_id: UUID, actor: Member, answer: Answer) -> Delivery:
    """Say `answer` on the conversation's channel; it leaves in ten seconds unless undone.

    Raises Invalid for an empty or endless text, NotVisible and NotAllowed as every action; then nothing was
    written.
    """
    said = _said(answer)
    with actions.acting(conversation_id, actor) as conversation:
        channel = answer.channel or _channel(conversation)
        to = answer.to or _last_speaker(conversation, channel)
        despite = reachable.check_answer([*to, *answer.cc, *answer.bcc], conversation.person_id, answer.confirmed)
        message = _write(conversation, actor, channel, said, answer)
        _continue(conversation, channel, actor, answer)
        _attach(message, answer.files)
        if answer.draft:
            uploads.hand_over(answer.draft, message, said.images)
        _check_sum(message)
        delivery = queue.enqueue(
            message,
            channel,
            to,
            answer.cc,
            answer.send_at,
            options=_kept(answer, despite) | approving.asked(conversation, channel, answer.public),
        )
        _check_form(delivery)
        if despite:
            reachable.confirmed(conversation_id, actor, message.id)
        if not _is_later(answer) and delivery.state == DeliveryState.QUEUED:
            conversation.awaiting_answer = False
            conversation.first_answered_at = conversation.first_answered_at or now()
        conversation.snippet = snippet_of(said.text)
        data = {"message": str(message.id), "delivery": str(delivery.id)}
        actions.touch(conversation, "message.written", actor, data)
        if answer.draft:
            drafts.discard(answer.draft)
    _take(conversation, actor)
    if answer.resolve:
        resolve(conversation_id, actor)
    elif answer.snooze:
        snoozing.snooze(conversation_id, actor, None)
    return delivery


def _take(conversation: Conversation, actor: Member) -> None:
    """Who answers for the owning team what nobody had taken, has taken it."""
    team = conversation.owner_team
    if team and conversation.owner_member_id is None and Membership.objects.filter(team=team, member=actor).exists():
        assign(conversation.id, actor, team, actor)


def undo(conversation_id: UUID, actor: Member, delivery_id: UUID) -> bool:
    """Take an answer back before it is sent. False when it was too late."""
    with actions.acting(conversation_id, actor) as conversation:
        delivery = Delivery.objects.filter(conversation_id=conversation_id, id=delivery_id).first()
        if delivery is None or not queue.cancel(delivery_id, actor.id):
            return False
        _unanswered(conversation, delivery)
    _back(conversation_id, actor, delivery)
    return True


def _back(conversation_id: UUID, actor: Member, delivery: Delivery) -> None:
    """What was resolved, or put to sleep, by the answer itself is not without it."""
    with actions.acting(conversation_id, actor) as conversation:
        is_resolved = conversation.status == Status.RESOLVED
        is_waiting = conversation.snoozed and conversation.snoozed_until is None
    if delivery.options.get("then") == "resolve" and is_resolved:
        actions.set_status(conversation_id, actor, Status.OPEN)
    elif delivery.options.get("then") == "snooze" and is_waiting:
        snoozing.wake(conversation_id, actor)


def rewrite(conversation_id: UUID, actor: Member, message_id: UUID) -> Draft | None:
    """Take an answer back into the box, words, files and all. None when it was too late."""
    delivery = Delivery.objects.filter(conversation_id=conversation_id, message_id=message_id).first()
    held = delivery is not None and delivery.state == DeliveryState.CANCELLED
    if delivery is None or not (held or undo(conversation_id, actor, delivery.id)):
        return None
    with actions.acting(conversation_id, actor) as conversation:
        message = Message.objects.get(conversation=conversation, id=message_id)
        draft, made = Draft.objects.get_or_create(
            conversation=conversation, member=actor, kind=DraftKind.REPLY, defaults=_as_draft(message, delivery)
        )
        if not made and not draft.html:
            written = _as_draft(message, delivery) | {"revision": draft.revision + 1, "updated_at": now()}
            Draft.objects.filter(id=draft.id).update(**written)
        elif not made:
            joined = (message.html or richtext.of_text(message.text)) + "<div><br></div>" + draft.html
            Draft.objects.filter(id=draft.id).update(html=joined, revision=draft.revision + 1, updated_at=now())
        uploads.take_back(message, draft)
    return Draft.objects.get(id=draft.id)


def send_now(conversation_id: UUID, actor: Member, delivery_id: UUID) -> bool:
    """Send at once what waits for its time."""
    with actions.acting(conversation_id, actor):
        mine = Delivery.objects.filter(conversation_id=conversation_id, id=delivery_id).exists()
    return mine and queue.send_now(delivery_id, actor.id)


def send_again(conversation_id: UUID, actor: Member, delivery_id: UUID) -> bool:
    """Send once more what failed, came back, or may not have arrived."""
    with actions.acting(conversation_id, actor):
        mine = Delivery.objects.filter(conversation_id=conversation_id, id=delivery_id).exists()
    return mine and queue.send_again(delivery_id, actor.id)


def said_since(conversation_id: UUID, member: Member, seen: UUID | None) -> list[Message]:
    """What others said to or from outside after the message `seen`, in the member's scope: an answer would miss it."""
    found = Message.objects.filter(conversation_id=conversation_id).exclude(direction=Direction.NOTE)
    known = found.filter(id=seen).first() if seen else None
    if known is None:
        return []
    later = found.filter(id__gt=known.id).exclude(member=member).exclude(kind__in=("bounce", "auto_reply"))
    gone = Delivery.objects.filter(conversation_id=conversation_id, state=DeliveryState.CANCELLED)
    return list(
        later.exclude(id__in=gone.values("message_id")).select_related("member", "person").order_by("at", "id")[:20]
    )


def latest(conversation_id: UUID) -> UUID | None:
    """The newest message that is no note."""
    found = Message.objects.filter(conversation_id=conversation_id).exclude(direction=Direction.NOTE).order_by("-id")
    last: UUID | None = found.values_list("id", flat=True).first()
    return last


def _said(answer: Answer) -> richtext.Rich:
    text = answer.text.replace("\0", "").strip()
    if len(answer.html) > 4 * _TEXT_LENGTH_MAX:
        raise Invalid(_("The answer is too long."), _("Attach what is longer as a file."))
    if answer.html:
        said = richtext.read(answer.html)
    elif answer.machine_drafted or text:
        said = richtext.Rich("", text)
    else:
        said = richtext.Rich("", "")
    if said.is_empty:
        raise Invalid(_("The answer is empty."), _("Write something before sending it."))
    if len(said.text) > _TEXT_LENGTH_MAX:
        raise Invalid(
            _("The answer has %(count)s characters.") % {"count": f"{len(said.text):,}"},
            _("Keep it under %(limit)s.") % {"limit": f"{_TEXT_LENGTH_MAX:,}"},
        )
    if said.gaps:
        raise Invalid(
            _("A place is still to be filled: {{%(name)s}}.") % {"name": said.gaps[0]},
            _("Write over it, or take it out."),
        )
    _check_files(answer.files)
    return said


def _check_files(files: Sequence[Upload]) -> None:
    if len(files) > _FILES_MAX:
        raise Invalid(f"There are {len(files)} files.", f"Attach at most {_FILES_MAX}.")
    total, limit = sum(len(f.data) for f in files), options().attachment_bytes_max
    if total > limit:
        raise Invalid(f"The files have {total / 1e6:.1f} MB together.", f"Keep them under {limit / 1e6:.0f} MB.")


def _check_sum(message: Message) -> None:
    """The files of the draft and those sent with the form together."""
    rows = Attachment.objects.filter(conversation_id=message.conversation_id, message_id=message.id)
    total, limit = sum(rows.values_list("size", flat=True)), options().attachment_bytes_max
    if total > limit:
        raise Invalid(f"The files have {total / 1e6:.1f} MB together.", f"Keep them under {limit / 1e6:.0f} MB.")


def _channel(conversation: Conversation) -> Channel:
    if conversation.channel is None:
        raise Invalid(_("This conversation's channel is gone."), _("Choose another channel to answer on."))
    if not conversation.channel.enabled:
        raise Invalid(
            _("The channel %(name)s is paused.") % {"name": conversation.channel.name},
            _("Resume it, or choose another one."),
        )
    return conversation.channel


def _continue(conversation: Conversation, channel: Channel, actor: Member, answer: Answer) -> None:
    """A conversation that goes on elsewhere has a thread there, and the log says that they agreed."""
    _, is_new = Thread.objects.get_or_create(conversation=conversation, channel=channel)
    if is_new or answer.public is False:
        data = {"channel": str(channel.id), "agreed": answer.agreed, "private": answer.public is False}
        events.record("conversation.continued", conversation_id=conversation.id, actor_id=actor.id, data=data)


def _check_form(delivery: Delivery) -> None:
    """What its channel could never take is refused while the words are still in the box. Raises Invalid."""
    connector = registry.connector(delivery.channel.kind)
    if connector.abilities.length is not None:
        connector.prepare(registry.reader(delivery.channel), draft_of(delivery))


def _write(
    conversation: Conversation, actor: Member, channel: Channel, said: richtext.Rich, answer: Answer
) -> Message:
    return Message.objects.create(
        conversation=conversation,
        channel=channel,
        direction=Direction.OUT,
        member=actor,
        machine_drafted=answer.machine_drafted,
        public=approving.is_public(conversation, channel, answer.public),
        subject=conversation.subject,
        text=said.text,
        html=said.html,
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


def _last_speaker(conversation: Conversation, channel: Channel) -> list[Mailbox]:
    """Whoever wrote last there, at the address they asked to be answered at."""
    received = Message.objects.filter(conversation=conversation, direction=Direction.IN).exclude(kind="bounce")
    received = received.select_related("person").order_by("-at", "-id")
    last = received.filter(channel=channel).first() or (received.first() if channel.kind == "email" else None)
    if last is None:
        raise Invalid(_("Nobody has written in this conversation yet."), _("Add a recipient."))
    answer_to = last.recipients.get("reply_to") or last.recipients.get("from")
    if not answer_to:
        raise Invalid(_("The last message has no sender's address."), _("Add a recipient."))
    return [(str(name), str(address)) for name, address in answer_to]


def _kept(answer: Answer, despite: bool) -> dict[str, object]:
    kept: dict[str, object] = {"quote": answer.quote}
    if despite:
        kept["confirmed"] = True
    if answer.resolve or answer.snooze:
        kept["then"] = "resolve" if answer.resolve else "snooze"
    if answer.public is not None:
        kept["public"] = answer.public
    if answer.in_reply_to:
        kept["in_reply_to"] = str(answer.in_reply_to)
    if answer.bcc:
        kept["bcc"] = [list(mailbox) for mailbox in answer.bcc]
    if _is_later(answer):
        kept["later"] = True
        if answer.unless_they_write:
            kept["unless_they_write"] = True
    return kept


def _is_later(answer: Answer) -> bool:
    return answer.send_at is not None and answer.send_at - now() > _LATER


def _unanswered(conversation: Conversation, delivery: Delivery) -> None:
    """What was taken back was not said: the promise goes on, unless something else had kept it."""
    gone = Delivery.objects.filter(conversation=conversation, state=DeliveryState.CANCELLED).values("message_id")
    said = Message.objects.filter(conversation=conversation).exclude(direction=Direction.NOTE).exclude(id__in=gone)
    last = said.order_by("-at", "-id").first()
    written = Message.objects.get(conversation=conversation, id=delivery.message_id).at
    if conversation.first_answered_at and conversation.first_answered_at >= written:
        conversation.first_answered_at = None
    conversation.awaiting_answer = last is not None and last.direction == Direction.IN
    conversation.snippet = snippet_of(last.text) if last else ""
    conversation.save(update_fields=["awaiting_answer", "first_answered_at", "snippet"])
    clocks.follow(conversation)


def _as_draft(message: Message, delivery: Delivery) -> dict[str, object]:
    written = {
        name: ", ".join(f"{who} <{address}>" if who else address for who, address in delivery.recipients.get(name, []))
        for name in ("to", "cc", "bcc")
    }
    return {
        "html": message.html or richtext.of_text(message.text),
        "recipients": written,
        "options": {"quote": delivery.options.get("quote", True)},
        "seen_message_id": message.id,
    }
