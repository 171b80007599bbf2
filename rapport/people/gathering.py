"""Rows of people as records for matching: their name, handles, organization, language, and what fields say of identity.

Left out are those who are nobody in particular (`shared`) and those who were erased.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.rows import tuple_row

from rapport.people.arrivals import EMAIL, is_freemail
from rapport.people.keeping import CustomField, Subject

if TYPE_CHECKING:
    from rapport.people.matching.records import Prepared

#: Accounts that anybody may open under any name: the name displayed there proves nothing.
PUBLIC = frozenset(
    {
        "fediverse",
        "bluesky",
        "reddit",
        "github",
        "irc",
        "discord",
        "matrix",
        "telegram",
        "xmpp",
        "site",
        "appstore",
        "googleplay",
    }
)
#: Kinds whose name before the "@" (or all of it) people choose, and often choose again elsewhere.
_NAMED = frozenset(
    {"fediverse", "bluesky", "reddit", "github", "irc", "discord", "matrix", "telegram", "xmpp", "slack"}
)
_PHONES = frozenset({"phone", "sms", "whatsapp", "sip"})
#: What a company's own field may say of identity, and as what it is compared.
_FIELDS = {"birth_date": "birth_date", "address": "street", "postcode": "postcode", "city": "city", "number": "number"}
_SELECT = """
    SELECT p.id, p.root, p.name, p.language, p.fields, coalesce(o.name, ''), coalesce(o.domain, ''),
        (SELECT array_agg(ARRAY[h.kind, h.value, h.written]) FROM people_handle h
            WHERE h.person_id = p.id AND NOT h.shared)
    FROM people_person p LEFT JOIN people_organization o ON o.id = p.organization_id
    WHERE NOT p.shared AND p.erased_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Known:
    """A row of people as matching takes it. `root`: the top of its tree. `public`: known by public accounts only."""

    id: UUID
    root: UUID
    record: "Prepared"
    shown: Mapping[str, str]
    public: bool


def some(ids: Iterable[UUID]) -> list[Known]:
    """The rows of these ids that may be matched, in no order."""
    wanted = list(ids)
    if not wanted:
        return []
    meanings = fields_that_match()
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} AND p.id = ANY(%s)", [wanted])
        return [_known(row, meanings) for row in cursor.fetchall()]


def everybody() -> Iterator[Known]:
    """All rows that may be matched, by id, a few thousand at a time: inside a transaction."""
    meanings = fields_that_match()
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.ServerCursor(connection.connection, "people_to_match", row_factory=tuple_row) as cursor,
    ):
        cursor.itersize = 5000
        cursor.execute(f"{_SELECT} ORDER BY p.id")
        for row in cursor:
            yield _known(row, meanings)


def fields_that_match() -> dict[str, str]:
    """The company's own fields of people that say something of identity: key -> kind."""
    rows = CustomField.objects.filter(subject=Subject.PERSON, is_active=True).exclude(matches="")
    return {row.key: _FIELDS[row.matches] for row in rows if row.matches in _FIELDS}


def _known(row: tuple[Any, ...], meanings: Mapping[str, str]) -> Known:
    from rapport.people.matching.records import prepare

    id_, root, name, language, fields, organization, domain, handles = row
    emails: list[str] = []
    phones: list[str] = []
    accounts: list[str] = []
    public = bool(handles)
    for kind, value, written in handles or ():
        public = public and kind in PUBLIC
        if kind == EMAIL:
            emails.append(value)
        elif kind in _PHONES:
            phones.append(value)
        elif kind in _NAMED:
            accounts.append(written or value)
    raw = {
        "name": [name], "email": emails, "phone": phones, "account": accounts,
        "organization": [organization] if organization != domain else [],
        "domain": [domain] if domain and not is_freemail(f"@{domain}") else [], "language": [language],
    }  # fmt: skip
    if isinstance(fields, dict):
        for key, kind in meanings.items():
            if value := fields.get(key):
                raw.setdefault(kind, []).append(str(value))
    record = prepare(raw)
    shown = {kind: values[0] for kind, values in record.values.items()}
    shown |= {kind: values[0] for kind, values in raw.items() if values and values[0]}
    return Known(id_, root, record, shown, public)
