"""Which message is which: XMPP has an id by its sender's client, one by each archive, and refers by this or that one.

A message is called by its `origin-id` between two, by the room's `stanza-id` in a room. A correction names the
client's id, a retraction in a room the room's: so the last few thousand are remembered, with who said them, because
only who said something may change it.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from rapport.channels.kinds.xmpp.settings import bare

_REMEMBERED = 5_000


def is_of_room(facts: Mapping[str, Any]) -> bool:
    """Whether a message was said to a whole room."""
    return facts.get("type") == "groupchat"


def speaker(facts: Mapping[str, Any]) -> str:
    """Who says it: room@host/nick in a room and from one of its occupants in private, else the bare address."""
    written = str(facts.get("from", ""))
    if is_of_room(facts) or facts.get("in_room"):
        room, _, nick = written.partition("/")
        return f"{room.lower()}/{nick}" if nick else room.lower()
    return bare(written)


def identity(facts: Mapping[str, Any], own: str) -> str:
    """The external id of a message, from what its copies (live, carbon, archive) have in common."""
    room, who = bare(str(facts.get("from", ""))), speaker(facts)
    given = str(facts.get("origin_id") or "")
    if is_of_room(facts):
        number = archive_id(facts, room)
        if number:
            return _short(f"xmpp:{room}/{number}")
    elif given:
        return _short(f"xmpp:{who}/{given}")
    elif archive_id(facts, own):
        return _short(f"xmpp:{own}/{archive_id(facts, own)}")
    number = given or str(facts.get("id") or "")
    # Some clients count from one again each time they start: the words make it another message.
    words = sha256(f"{facts.get('body', '')}\0{facts.get('stamp', '') if not number else ''}".encode()).hexdigest()
    return _short(f"xmpp:{who}/{number}/{words[:12]}")


def archive_id(facts: Mapping[str, Any], archive: str) -> str:
    """The id that an archive (our own account, or a room) gave a message; "" for none."""
    return next((str(number) for by, number in facts.get("stanza_ids", ()) if bare(str(by)) == archive), "")


class Names:
    """The last messages, by the ids by which others may name them."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._known: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()

    def remember(self, facts: Mapping[str, Any]) -> None:
        """Note a message's names and who said it."""
        room, who, name = bare(str(facts.get("from", ""))), speaker(facts), identity(facts, self._own)
        for number in {str(facts.get("id") or ""), str(facts.get("origin_id") or "")} - {""}:
            self._note((self._key(facts, who), number), name, self._key(facts, who))
        if is_of_room(facts) and archive_id(facts, room):
            self._note((room, archive_id(facts, room)), name, self._key(facts, who))

    def target(self, facts: Mapping[str, Any]) -> str:
        """The external id of what is corrected, taken back, answered or reacted to; "" if that cannot be told."""
        who, room = speaker(facts), bare(str(facts.get("from", "")))
        if facts.get("replace"):
            return self._theirs(facts, who, str(facts["replace"]))
        if "retract" in facts:
            number = str(facts["retract"])
            if is_of_room(facts) and facts.get("moderated"):
                return _short(f"xmpp:{room}/{number}") if who == room and number else ""  # only the room itself says so
            if not is_of_room(facts):
                return self._theirs(facts, who, number)
            known = self._known.get((room, number))
            return known[0] if known and known[1] == self._key(facts, who) else ""
        return self._named(facts, room)

    def _named(self, facts: Mapping[str, Any], room: str) -> str:
        """What is answered or reacted to may be anybody's."""
        number = str(facts.get("reply") or facts.get("reacted") or "")
        if not number:
            return ""
        if is_of_room(facts):
            return _short(f"xmpp:{room}/{number}")
        whose = bare(str(facts.get("reply_to") or "")) or self._own
        for one in (whose, self._own, speaker(facts)):
            known = self._known.get((one, number))
            if known:
                return known[0]
        return _short(f"xmpp:{whose}/{number}")

    def _theirs(self, facts: Mapping[str, Any], who: str, number: str) -> str:
        known = self._known.get((self._key(facts, who), number))
        if known:
            return known[0]
        return "" if is_of_room(facts) or not number else _short(f"xmpp:{who}/{number}")

    def _key(self, facts: Mapping[str, Any], who: str) -> str:
        """An occupant may leave and another take the nickname: the room's own id for them tells them apart."""
        occupant = str(facts.get("occupant") or "")
        return f"{who}\0{occupant}" if occupant and is_of_room(facts) else who

    def _note(self, key: tuple[str, str], name: str, who: str) -> None:
        self._known.pop(key, None)
        self._known[key] = (name, who)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _short(name: str) -> str:
    return name if len(name) <= 500 and name.isprintable() else "xmpp:" + sha256(name.encode()).hexdigest()
