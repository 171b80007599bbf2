"""What a row of a list says: a few statements for a whole page, whatever is on it. The wall decides what is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

#: More people of an organization than these are not counted for a row.
MEMBERS_MAX = 500


@dataclass(slots=True)
class PersonRow:
    """A person in a list. `name` may be that of a row merged into theirs; `address` is their first.

    `stop`: any of their rows is not to be contacted; `shared`: nobody in particular writes from there.
    """

    id: UUID
    name: str
    organization: str
    holder: str
    language: str
    stop: bool
    shared: bool
    relations: Sequence[str] = ()
    heard: datetime | None = None
    address: str = ""


@dataclass(slots=True)
class OrganizationRow:
    """An organization in a list; `people` at most MEMBERS_MAX + 1."""

    id: UUID
    name: str
    domain: str
    kept: bool
    parent: str
    people: int = 0
    relations: Sequence[str] = field(default_factory=tuple)


_PEOPLE = """SELECT p.id, coalesce(nullif(p.name, ''), (SELECT x.name FROM people_person x
        WHERE x.root = p.root AND x.name <> '' ORDER BY x.id LIMIT 1), ''),
    coalesce(o.name, ''), coalesce(m.name, ''), p.language,
    EXISTS (SELECT 1 FROM people_person x WHERE x.root = p.root AND x.do_not_contact), p.shared,
    ARRAY(SELECT DISTINCT kind FROM (
        SELECT r.kind FROM people_person x JOIN people_relationship r ON r.person_id = x.id
            WHERE x.root = p.root AND (r.until IS NULL OR r.until > current_date)
        UNION ALL SELECT r.kind FROM people_organizationrelationship r
            WHERE r.organization_id = p.organization_id AND (r.until IS NULL OR r.until > current_date)) AS said
        ORDER BY kind),
    (SELECT max(h.at) FROM people_heard h WHERE h.root = p.root AND h.team = ANY(%s)),
    coalesce((SELECT coalesce(nullif(h.written, ''), h.value) FROM people_person x
        JOIN people_handle h ON h.person_id = x.id WHERE x.root = p.root ORDER BY x.id = p.id DESC, h.kind, h.value
        LIMIT 1), '')
    FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked (id, place) JOIN people_person p ON p.id = asked.id
    LEFT JOIN people_organization o ON o.id = p.organization_id LEFT JOIN staff_member m ON m.id = p.holder_id
    ORDER BY asked.place"""

_ORGANIZATIONS = f"""SELECT o.id, o.name, coalesce(o.domain, ''), o.kept, coalesce(parent.name, ''),
    (SELECT count(*) FROM (SELECT 1 FROM people_person p WHERE p.organization_id = o.id AND p.top IS NULL
        AND p.erased_at IS NULL LIMIT {MEMBERS_MAX + 1}) AS people),
    ARRAY(SELECT DISTINCT r.kind FROM people_organizationrelationship r
        WHERE r.organization_id = o.id AND (r.until IS NULL OR r.until > current_date) ORDER BY r.kind)
    FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked (id, place) JOIN people_organization o ON o.id = asked.id
    LEFT JOIN people_organization parent ON parent.id = o.parent_id ORDER BY asked.place"""


def person_rows(ids: Sequence[UUID], teams: Sequence[UUID]) -> list[PersonRow]:
    """The rows of those people, in this order; `teams` are the viewer's, everyone's included."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [list(teams), list(ids)])
        return [PersonRow(*row) for row in cursor.fetchall()]


def organization_rows(ids: Sequence[UUID]) -> list[OrganizationRow]:
    """The rows of those organizations, in this order."""
    with connection.cursor() as cursor:
        cursor.execute(_ORGANIZATIONS, [list(ids)])
        return [OrganizationRow(*row) for row in cursor.fetchall()]
