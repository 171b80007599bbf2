"""Conversations with messages, references, files and deliveries, for the tests of the verbs."""

from datetime import timedelta
from itertools import count
from uuid import UUID

from rapport.channels.models import Channel
from rapport.conversations.models import Attachment, Conversation, Direction, Message, ThreadRef
from rapport.conversations.threading import digest_of, ref_of
from rapport.conversations.visibility import audience_of
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.staff.models import Team

_numbers = count(1)


def make_channel() -> Channel:
    """A mailbox that nothing is fetched from."""
    return Channel.objects.create(name="Box", kind="email", address="help@company.example", state="ok")


def make_conversation(team: Team | None, channel: Channel, messages: int = 2, **fields: object) -> Conversation:
    """A conversation of a team with some messages, each with a reference and a file."""
    confidential = bool(fields.pop("confidential", False))
    with scope.system():
        found = Conversation.objects.create(
            subject=f"Matter {next(_numbers)}", owner_team=team, channel=channel, confidential=confidential,
            audience=audience_of(team, [], confidential), **fields,
        )  # fmt: skip
        for _ in range(messages):
            receive(found.id, channel)
    return found


def receive(conversation_id: UUID, channel: Channel, direction: Direction = Direction.IN) -> UUID:
    """Something said in a conversation, as the pipeline stores it."""
    with scope.system():
        external = f"m-{next(_numbers)}@there.example"
        at = now() - timedelta(seconds=1)
        message = Message.objects.create(
            conversation_id=conversation_id, channel=channel, direction=direction, at=at, text="Words.",
            subject="A question", message_id=external,
        )  # fmt: skip
        ThreadRef.objects.create(ref=ref_of(external), conversation_id=conversation_id, digest=digest_of(external))
        Attachment.objects.create(
            conversation_id=conversation_id, id=new_id(), message_id=message.id, filename="a.txt",
            content_type="text/plain", size=1,
        )  # fmt: skip
        events.record("message.received", conversation_id=conversation_id, data={"message": str(message.id)})
        return message.id


def where() -> dict[UUID, UUID]:
    """The conversation of each message; each is there once, with its file and its reference beside it."""
    with scope.system():
        rows = list(Message.objects.values_list("id", "conversation_id", "message_id"))
        files = dict(Attachment.objects.values_list("message_id", "conversation_id"))
        refs = dict(ThreadRef.objects.values_list("ref", "conversation_id"))
    assert len({row[0] for row in rows}) == len(rows)
    assert files.items() <= {id: conversation for id, conversation, _ in rows}.items()
    assert {ref: refs[ref] for ref in refs.keys() & {ref_of(row[2]) for row in rows}} == {
        ref_of(external): conversation for _, conversation, external in rows
    }
    return {id: conversation for id, conversation, _ in rows}


def fresh(one: Conversation | UUID) -> Conversation:
    """The conversation as it is now."""
    with scope.system():
        return Conversation.objects.get(id=one.id if isinstance(one, Conversation) else one)


def kinds(of: Conversation | None = None) -> list[str]:
    """What the log says was done by members, in order."""
    with scope.system():
        found = Event.objects.filter(actor_id__isnull=False).order_by("id")
        if of is not None:
            found = found.filter(conversation_id=of.id)
        return list(found.values_list("kind", flat=True))


def last_event(kind: str) -> UUID:
    """The latest event of a kind."""
    with scope.system():
        return Event.objects.filter(kind=kind).order_by("-id").values_list("id", flat=True)[0]


def messages_of(one: Conversation) -> list:
    """The messages of a conversation, by id."""
    return [id for id, at in where().items() if at == one.id]
