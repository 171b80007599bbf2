"""Rooms (XEP-0045): joining, what a room is, and whether we are still in it."""

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from rapport.channels.base import ChannelError
from rapport.channels.kinds.xmpp.session import ANSWER_S, Refused, Session
from rapport.channels.kinds.xmpp.settings import bare

_MUC = "http://jabber.org/protocol/muc"
_USER = f"{{{_MUC}#user}}"
_DISCO = "http://jabber.org/protocol/disco#info"
MAM = "urn:xmpp:mam:2"
_CLOSED = frozenset({"muc_membersonly", "muc_passwordprotected"})


@dataclass(slots=True)
class Room:
    """A room we are in as `nick`. `archive` says whether it keeps what is said, `public` whether anybody may enter."""

    jid: str
    nick: str
    name: str = ""
    archive: bool = False
    public: bool = False

    def facts(self) -> dict[str, Any]:
        """What an item says of its room."""
        return {"jid": self.jid, "nick": self.nick, "name": self.name, "public": self.public}


class Doors:
    """Hears presences, and so knows which rooms let us in and which did not."""

    def __init__(self) -> None:
        self._answers: dict[str, str] = {}
        self.lost: set[str] = set()

    def hear(self, presence: Any) -> None:
        """Every presence comes here."""
        room = bare(presence.get("from") or "")
        kind = presence.get("type")
        codes = {one.get("code") for one in presence.iter(f"{_USER}status")}
        if kind == "error":
            found = presence.find("{jabber:client}error")
            conditions = [child.tag.rpartition("}")[2] for child in found] if found is not None else []
            self._answers[room] = (conditions or ["error"])[0]
        elif "110" in codes and kind == "unavailable":
            self.lost.add(room)
        elif "110" in codes:
            self._answers[room] = "new" if "201" in codes else "in"

    def enter(self, session: Session, room: str, nick: str, since: str = "") -> Room:
        """Join, without what was said before, or with that since an instant. Raises Refused."""
        found = looked_at(session, room, nick)
        answer = self._ask(session, room, nick, since)
        if answer == "conflict":  # a server on which the sessions of one account cannot share a nickname
            found.nick = f"{nick}_"
            answer = self._ask(session, room, found.nick, since)
        if answer == "new":
            leave(session, found)
            raise Refused("item-not-found")
        if answer != "in":
            raise Refused(answer)
        self.lost.discard(room)
        return found

    def _ask(self, session: Session, room: str, nick: str, since: str) -> str:
        self._answers.pop(room, None)
        presence = ET.Element("presence", {"to": f"{room}/{nick}"})
        history = {"since": since} if since else {"maxstanzas": "0"}
        ET.SubElement(ET.SubElement(presence, "x", {"xmlns": _MUC}), "history", history)
        session.give(presence)
        if not session.wait(ANSWER_S, lambda: room in self._answers):
            raise ChannelError(f"The room {room} does not answer.", permanent=False)
        return self._answers[room]


def leave(session: Session, room: Room) -> None:
    """Go out of a room."""
    session.give(ET.Element("presence", {"to": f"{room.jid}/{room.nick}", "type": "unavailable"}))


def looked_at(session: Session, room: str, nick: str) -> Room:
    """What a room says of itself. Raises Refused where there is none."""
    answer = session.ask("get", room, ET.Element("query", {"xmlns": _DISCO}))
    features = {one.get("var") for one in answer.iter(f"{{{_DISCO}}}feature")}
    name = next((one.get("name") or "" for one in answer.iter(f"{{{_DISCO}}}identity")), "")
    return Room(room, nick, name, MAM in features, not features & _CLOSED)


def words(room: str, error: Refused) -> str:
    """Why a room cannot be entered, for a person."""
    return f"{room} {_WORDS.get(str(error), f'cannot be entered ({error})')}."


_WORDS = {
    "item-not-found": "is not there",
    "registration-required": "is for members only: make the account one of them",
    "forbidden": "has banned the account",
    "not-authorized": "asks for a password, which this channel has no place for",
}
