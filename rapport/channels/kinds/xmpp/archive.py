"""Archives (XEP-0313): what was said while we were away, page by page (XEP-0059)."""

from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

from rapport.channels.kinds.xmpp import stanza
from rapport.channels.kinds.xmpp.groupchat import MAM
from rapport.channels.kinds.xmpp.session import Session
from rapport.channels.kinds.xmpp.settings import bare

PAGE = 100
_RSM = "http://jabber.org/protocol/rsm"


class Archive:
    """Asks archives, and picks their results out of the messages that are heard."""

    def __init__(self, session: Session, own: str) -> None:
        self._session, self._own = session, own
        self._query, self._from = "", ""
        self._results: list[tuple[str, str, Any]] = []

    def hear(self, message: Any) -> bool:
        """Whether a message is a result. One that we did not ask for, or the archive did not send, is dropped."""
        found = stanza.archived(message)
        if found is None:
            return False
        query, number, stamp, inside = found
        if query == self._query and bare(message.get("from") or self._own) == self._from:
            self._results.append((number, stamp, inside))
        return True

    def page(self, archive: str, *, after: str = "", start: str = "", newest: int = 0) -> tuple[list[Any], bool]:
        """The next results (id, stamp, message) after an id or from an instant, and whether these are all.

        `newest` asks for the last ones instead. Raises Refused("item-not-found") where the id is not known any more.
        """
        self._query, self._from, self._results = uuid4().hex, archive, []
        query = ET.Element("query", {"xmlns": MAM, "queryid": self._query})
        if start:
            form = ET.SubElement(query, "x", {"xmlns": "jabber:x:data", "type": "submit"})
            _field(form, "FORM_TYPE", MAM)
            _field(form, "start", start)
        window = ET.SubElement(query, "set", {"xmlns": _RSM})
        ET.SubElement(window, "max").text = str(newest or PAGE)
        if newest:
            ET.SubElement(window, "before")
        elif after:
            ET.SubElement(window, "after").text = after
        answer = self._session.ask("set", "" if archive == self._own else archive, query)
        end = answer.find(f"{{{MAM}}}fin")
        results, self._results, self._query = self._results, [], ""
        return results, not results or (end is not None and end.get("complete") == "true")


def _field(form: ET.Element, name: str, value: str) -> None:
    ET.SubElement(ET.SubElement(form, "field", {"var": name}), "value").text = value
