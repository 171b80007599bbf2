"""Sending on the collector's connection, else on a short one of its own with "_" after the nickname."""

from collections.abc import Callable
from uuid import UUID

import orjson

from rapport.channels.base import Outgoing, Sent
from rapport.channels.kinds.irc import saying
from rapport.channels.kinds.irc.connection import Connection
from rapport.channels.kinds.irc.line import is_room
from rapport.channels.kinds.irc.settings import Settings


def send(account: UUID, settings: Settings, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
    """Send once; the errors of `Connector.send`."""
    said = orjson.loads(outgoing.body)
    voice = saying.lent(account)
    if voice is not None:
        voice.say(said["target"], said["lines"], about_to_send, None)
        return _sent(said, voice.connection.network)
    with Connection(settings, f"{settings.nick}_") as connection:
        voice = saying.Voice(connection)

        def listen() -> None:
            for _, line in connection.lines(0.05):
                voice.hear(line)

        voice.say(said["target"], said["lines"], about_to_send, listen)
        return _sent(said, connection.network)


def _sent(said: dict[str, str], network: str) -> Sent:
    answer = {"target": said["target"], "nick": said["nick"], "room": is_room(said["target"])}
    return Sent("The server has it.", [f"irc:{network}:{said['key']}"], "", answer)
