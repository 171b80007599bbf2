"""Sending by a connection of its own: the outbox may be another process than the collector."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import orjson

from rapport.channels.base import ChannelError, MessageRefused, OutcomeUnknown, Outgoing, Sent
from rapport.channels.kinds.xmpp import groupchat, naming, stanza
from rapport.channels.kinds.xmpp.session import ANSWER_S, Refused, Session
from rapport.channels.kinds.xmpp.settings import Settings, bare


def send(settings: Settings, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
    """Send once; the errors of `Connector.send`."""
    return _Errand(settings, orjson.loads(outgoing.body)).run(about_to_send)


class _Errand:
    """One message: connect, enter the room if it is for one, say it, and hear what becomes of it."""

    def __init__(self, settings: Settings, said: Mapping[str, Any]) -> None:
        self._own, self._nick, self._said = settings.jid, settings.nick, said
        self._doors = groupchat.Doors()
        self._session = Session(settings, f"rapport.out.{uuid4().hex[:8]}", self._hear)
        self._room: groupchat.Room | None = None
        self._echo: dict[str, Any] = {}
        self._error = ""

    def run(self, about_to_send: Callable[[], None]) -> Sent:
        """Raises MessageRefused, OutcomeUnknown, ChannelError."""
        with self._session as session:
            if self._said["room"] or self._said["occupant"]:
                self._enter(bare(self._said["to"]))
            about_to_send()
            try:
                session.give(_stanza(self._said))
                self._hear_the_outcome()
            except ChannelError as error:
                raise OutcomeUnknown(error.message, permanent=False) from error
            if self._error:
                raise MessageRefused(f"{self._said['to']} did not take the message: {self._error}", permanent=True)
            return self._sent()

    def _enter(self, room: str) -> None:
        try:
            self._room = self._doors.enter(self._session, room, self._nick)
        except Refused as error:
            raise MessageRefused(groupchat.words(room, error), permanent=True) from error

    def _hear_the_outcome(self) -> None:
        """A room says it to everybody, also to us; else the server is asked something, which it answers afterwards."""
        if self._said["room"]:
            if not self._session.wait(ANSWER_S, lambda: bool(self._echo or self._error)):
                raise ChannelError("The room has not said the message again.", permanent=False)
            return
        try:
            self._session.ask("get", bare(self._own), ET.Element("ping", {"xmlns": "urn:xmpp:ping"}))
        except Refused:
            return  # an answer as well

    def _hear(self, element: Any) -> None:
        if element.tag.endswith("}presence"):
            self._doors.hear(element)
            return
        facts = stanza.facts(element)
        if facts.get("id") != self._said["id"]:
            return
        if facts.get("type") == "error":
            self._error = str(facts.get("error") or "it came back")
        elif naming.is_of_room(facts):
            self._echo = facts

    def _sent(self) -> Sent:
        name = naming.identity(self._echo, self._own) if self._echo else f"xmpp:{self._own}/{self._said['id']}"
        in_room = bool(self._said["room"])
        who = f"{self._said['to']}/{self._room.nick}" if in_room and self._room else self._own
        number = naming.archive_id(self._echo, self._said["to"]) if self._echo else ""
        answer = {
            "to": self._said["to"], "room": in_room, "who": who, "id": number or self._said["id"],
            "public": bool(in_room and self._room and self._room.public),
        }  # fmt: skip
        return Sent("The room has said it." if in_room else "The server has it.", [name], "", answer)


def _stanza(said: Mapping[str, Any]) -> ET.Element:
    kind = "groupchat" if said["room"] else "chat"
    message = ET.Element("message", {"to": said["to"], "type": kind, "id": said["id"]})
    ET.SubElement(message, "body").text = said["body"]
    ET.SubElement(message, "origin-id", {"xmlns": "urn:xmpp:sid:0", "id": said["id"]})
    if said["reply"]:
        given = {"xmlns": "urn:xmpp:reply:0", "id": said["reply"], "to": said["reply_to"]}
        ET.SubElement(message, "reply", given)
    if said["occupant"]:
        ET.SubElement(message, "x", {"xmlns": "http://jabber.org/protocol/muc#user"})
    if not said["room"]:
        ET.SubElement(message, "request", {"xmlns": "urn:xmpp:receipts"})
        ET.SubElement(message, "markable", {"xmlns": "urn:xmpp:chat-markers:0"})
        ET.SubElement(message, "store", {"xmlns": "urn:xmpp:hints"})
    return message
