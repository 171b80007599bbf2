"""The ways in which a conversation can be answered: by which channel, in public or in private, and who will see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.channels import registry
from rapport.channels.abilities import Abilities, Length
from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Direction, Message
from rapport.core.errors import Invalid, RapportError
from rapport.outbound import opening

_PUBLIC, _PRIVATE, _SAME = "public", "private", "same"


@dataclass(frozen=True)
class Way:
    """One way to answer. `message` is what is answered there, None where nobody has written on that channel yet.

    `needs_word`: it leaves where they wrote, so that a member says that they agreed.
    """

    channel: Channel
    mode: str
    message: Message | None
    abilities: Abilities
    needs_word: bool = False

    @property
    def key(self) -> str:
        """What the form sends."""
        return f"{self.channel.id}:{self.mode}"

    @property
    def is_mail(self) -> bool:
        """Whether it takes addresses, copies and quotes."""
        return self.channel.kind == "email"

    @property
    def is_public(self) -> bool:
        """Whether everybody will be able to read it."""
        return self.mode == _PUBLIC

    @property
    def label(self) -> str:
        """The way, in a few words."""
        if self.is_mail:
            return _("By e-mail: %(name)s") % {"name": self.channel.name}
        where = _("In public: %(name)s") if self.is_public else _("In private: %(name)s")
        return where % {"name": self.channel.name}

    @property
    def warning(self) -> str:
        """Who will see it, said before it is sent."""
        if self.is_mail:
            return _("Only those you address will read this.")
        if not self.is_public:
            return _("Only they will read this.")
        us = self.channel.address or self.channel.name
        return _("You are about to answer in public, as %(us)s. Everybody can read it.") % {"us": us}

    @property
    def length(self) -> Length | None:
        """How long the text may be there."""
        return registry.connector(self.channel.kind).length(registry.reader(self.channel))

    @property
    def public(self) -> bool | None:
        """What the delivery is told."""
        return {_PUBLIC: True, _PRIVATE: False}.get(self.mode)


def ways_of(conversation: Conversation, messages: Iterable[Message]) -> list[Way]:
    """Every way to answer, the usual one first; none where the usual one is mail and nothing else comes into question.

    `messages` are those the page shows, oldest first.
    """
    last: dict[UUID, Message] = {}
    for message in messages:
        if message.channel_id and message.direction == Direction.IN and message.kind != "bounce":
            last.pop(message.channel_id, None)
            last[message.channel_id] = message
    channel = conversation.channel
    if not last or (channel is not None and channel.kind == "email" and set(last) <= {channel.id}):
        return []
    channels = Channel.objects.in_bulk(list(last))
    if all(one.kind == "email" for one in channels.values()):
        return []
    ways = [way for id in reversed(last) if id in channels for way in _of_channel(channels[id], last[id])]
    return [*ways, *_by_mail(conversation, ways)]


def chosen(ways: Sequence[Way], key: str) -> Way | None:
    """The way whose key a form sent, else the usual one. Raises Invalid for one that is not open any more."""
    if not key:
        return ways[0] if ways else None
    found = next((way for way in ways if way.key == key), None)
    if found is None:
        raise Invalid(_("This way to answer is not open any more."), _("Choose another."))
    return found


def _of_channel(channel: Channel, message: Message) -> list[Way]:
    if not channel.enabled:
        return []
    try:
        can = registry.connector(channel.kind).abilities
    except RapportError:
        return []
    if not can.replies:
        return []
    if not message.public or not can.public:
        return [Way(channel, _SAME, message, can)]
    found = [Way(channel, _PUBLIC, message, can)]
    if can.private:
        found.append(Way(channel, _PRIVATE, message, can))
    return found


def _by_mail(conversation: Conversation, ways: Sequence[Way]) -> list[Way]:
    """A mail channel to go on by, where they have not written by mail."""
    if any(way.is_mail for way in ways):
        return []
    mails = [one for one in opening.channels() if one.kind == "email"]
    return [Way(one, _SAME, None, registry.connector("email").abilities, needs_word=True) for one in mails[:5]]
