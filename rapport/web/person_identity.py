"""A person's page: who else this may be, and what was asked about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.people import pairing, sharing
from rapport.people.directory.handles import kind_name
from rapport.people.directory.seeing import Seen
from rapport.people.models import Handle, Pair, Person
from rapport.people.proofs import EMAIL, PUBLIC, Key
from rapport.web import evidence
from rapport.web.person_addresses import ask_url, mailbox_of
from rapport.web.twins import shown

_NAMES_LOOKED_AT = 200
_ADDRESSES_LOOKED_AT = 5


@dataclass(slots=True)
class Perhaps:
    """A suggestion as the person's page shows it."""

    pair: Pair
    other: Person
    other_name: str
    lines: list[evidence.Line]
    total: evidence.Total
    warned: bool
    ask: str

    @property
    def place(self) -> str:
        """Where the review page has it."""
        return str(pairing.place_of(self.pair))


def section(found: Seen, asked: Mapping[Key, str]) -> dict[str, Any]:
    """What `web/people/identity.html` shows; nothing where there is nothing to say."""
    own = {(one.kind, one.value) for one in found.handles}
    suggestions = _suggestions(found)
    others = [(kind_name(key[0]), key[1], words) for key, words in asked.items() if words and key not in own]
    mails = [one for one in found.handles if one.kind == EMAIL and not one.shared]
    names = sharing.names_used(_signed(mails)) if mails else []
    if not (suggestions or others or names):
        return {"identity": None}
    return {"identity": {"suggestions": suggestions, "asked": others, "names": names}}


def _suggestions(found: Seen) -> list[Perhaps]:
    pairs, rows, mailbox = pairing.suggestions_for(found.rows), found.rows, mailbox_of(found.handles)
    others = {pair: pair.high if pair.low_id in rows else pair.low for pair in pairs}
    handles: dict[UUID, list[Handle]] = {}
    for one in Handle.objects.filter(person__in=list(others.values())) if pairs else ():
        handles.setdefault(one.person_id, []).append(one)
    return [_perhaps(pair, other, handles.get(other.id, []), found.person, mailbox) for pair, other in others.items()]


def _perhaps(pair: Pair, other: Person, theirs: list[Handle], found: Person, mailbox: Handle | None) -> Perhaps:
    known = [(one.kind, bool(one.verified_at)) for one in theirs]
    first = next(iter(shown(theirs)), None)
    account = next((one for one in theirs if one.kind in PUBLIC and not one.shared), None)
    return Perhaps(
        pair, other, other.name or (first.text if first else _("Unknown")), evidence.lines(pair.pieces),
        evidence.total(pair, known), pairing.needs_second_look(pair),
        ask_url(found.id, (account.kind, account.value)) if account and mailbox else "",
    )  # fmt: skip


def _signed(handles: Sequence[Handle]) -> list[str]:
    """The names with which the addresses signed of late, as far as one may see the messages."""
    mine = handles[:_ADDRESSES_LOOKED_AT]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT asked.value, array(SELECT recipients -> 'from' -> 0 ->> 0 FROM conversations_message
                WHERE person_id = asked.person AND direction = 'in'
                AND lower(recipients -> 'from' -> 0 ->> 1) = asked.value ORDER BY at DESC LIMIT %s)
            FROM unnest(%s::uuid[], %s::text[]) AS asked(person, value)""",
            [_NAMES_LOOKED_AT, [one.person_id for one in mine], [one.value for one in mine]],
        )
        found = [[str(name or "") for name in names] for _value, names in cursor.fetchall()]
    return [name for names in found if sharing.names_used(names) for name in names]
