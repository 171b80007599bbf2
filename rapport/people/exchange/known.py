"""What Rapport knows of the people of a batch, in a handful of statements whatever its size."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.people.exchange.entries import Entry, Key
from rapport.people.exchange.forgetting import names_erased
from rapport.people.exchange.planning import Held, Holding, Known, World, keys_of
from rapport.people.models import Erasure

EVERYONE = UUID(int=1)


def audience_of_viewer() -> list[UUID]:
    """The teams whose people the member of the current scope may know of; call it in `scope.member`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rapport_audience()")
        return list(cursor.fetchone()[0])


def world(entries: Sequence[Entry], audience: Sequence[UUID], *, lock: bool) -> World:
    """What is known of whom the entries name; in the system's scope, for somebody who may know of `audience`.

    `lock`: nobody else changes these people until the transaction ends.
    """
    usable = [one for one in entries if not one.wrong]
    handles = _holdings([key for one in usable for key in (*one.handles, *one.shared)], audience)
    external = _external([key for one in usable for key in keys_of(one)])
    wanted = {holding.person for holding in handles.values() if holding.visible}
    wanted |= {holding.root for holding in handles.values() if holding.root_visible}
    wanted |= set(external.values()) | {one.id for one in usable if one.id}
    people = _people(wanted, audience, lock=lock)
    _hang(people)
    return World(
        handles, {key: person for key, person in external.items() if person in people}, people,
        _members({one.holder for one in usable if one.holder}),
    )  # fmt: skip


def _holdings(keys: Iterable[Key], audience: Sequence[UUID]) -> dict[Key, Holding]:
    wanted = list(dict.fromkeys(keys))
    return {
        (kind, value): Holding(person, root, visible, bool(root_visible), shared)
        for kind, value, person, root, visible, root_visible, shared in _rows(
            """SELECT h.kind, h.value, p.id, p.root, p.audience && %s::uuid[], r.audience && %s::uuid[],
                h.shared OR p.shared
            FROM unnest(%s::text[], %s::text[]) AS asked(kind, value)
            JOIN people_handle h ON h.kind = asked.kind AND h.value = asked.value
            JOIN people_person p ON p.id = h.person_id LEFT JOIN people_person r ON r.id = p.root""",
            [list(audience), list(audience), [kind for kind, _ in wanted], [value for _, value in wanted]],
            wanted,
        )
    }


def _external(keys: Iterable[Key]) -> dict[Key, UUID]:
    """By external ids; those without a source are Rapport's own column. Of the erased a digest of theirs is known."""
    wanted = list(dict.fromkeys(keys))
    own = [value for source, value in wanted if not source]
    names = {key: key for key in wanted}
    if wanted and Erasure.objects.exists():
        digests = names_erased(wanted)
        names |= {(key[0], digest): key for key, digest in zip(wanted, digests, strict=True)}
    found = {
        names[source, value]: person
        for source, value, person in _rows(
            """SELECT e.source, e.external_id, e.person_id FROM unnest(%s::text[], %s::text[]) AS asked(source, value)
            JOIN people_externalid e ON e.source = asked.source AND e.external_id = asked.value""",
            [[source for source, _ in names], [value for _, value in names]], wanted,
        )
    }  # fmt: skip
    rows = _rows("SELECT external_id, id FROM people_person WHERE external_id = ANY(%s)", [own], own)
    return found | {("", value): person for value, person in rows}


def _people(ids: Iterable[UUID], audience: Sequence[UUID], *, lock: bool) -> dict[UUID, Known]:
    wanted = sorted(ids)
    if lock and wanted:
        _rows("SELECT 1 FROM people_person WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [wanted], wanted)
    rows = _rows(
        """SELECT p.id, p.root, p.name, p.role, p.language, p.time_zone, p.preferred, p.note, p.fields,
            p.organization_id, coalesce(o.name, ''), coalesce(o.domain, ''), p.holder_id, p.do_not_contact,
            coalesce(p.external_id, ''), p.erased_at IS NOT NULL
        FROM people_person p LEFT JOIN people_organization o ON o.id = p.organization_id
        WHERE p.id = ANY(%s) AND p.audience && %s::uuid[]""",
        [wanted, list(audience)], wanted,
    )  # fmt: skip
    return {row[0]: _known(row) for row in rows}


def _known(row: tuple[Any, ...]) -> Known:
    names = ("name", "role", "language", "time_zone", "preferred")
    return Known(
        id=row[0], root=row[1], texts=dict(zip(names, row[2:7], strict=True)), note=row[7], fields=_json(row[8]),
        organization_id=row[9], organization=row[10], organization_domain=row[11], holder_id=row[12],
        do_not_contact=row[13], external_id=row[14], erased=row[15],
    )  # fmt: skip


def _json(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        import orjson

        value = orjson.loads(value)
    return dict(value or {})


def _hang(people: dict[UUID, Known]) -> None:
    """Relationships, consents and external ids of these people."""
    ids = list(people)
    relationships = "SELECT person_id, id, kind, since, until FROM people_relationship WHERE person_id = ANY(%s)"
    rows = _rows(relationships, [ids], ids)
    for person, *rest in rows:
        people[person].relationships.append(Held(*rest))
    rows = _rows(
        """SELECT DISTINCT ON (person_id, purpose, channel) person_id, purpose, channel, given, at FROM people_consent
        WHERE person_id = ANY(%s) ORDER BY person_id, purpose, channel, at DESC, id DESC""",
        [ids], ids,
    )  # fmt: skip
    for person, purpose, channel, given, at in rows:
        people[person].consents[purpose, channel] = given, at
    rows = _rows("SELECT person_id, source, external_id FROM people_externalid WHERE person_id = ANY(%s)", [ids], ids)
    for person, source, value in rows:
        people[person].external.setdefault(source, set()).add(value)
    for one in people.values():
        if one.external_id:
            one.external[""] = {one.external_id}


def _members(addresses: Iterable[str]) -> dict[str, UUID]:
    wanted = sorted(addresses)
    return dict(_rows("SELECT email, id FROM staff_member WHERE email = ANY(%s) AND is_active", [wanted], wanted))


def _rows(statement: str, parameters: list[Any], needed: Sequence[object]) -> list[tuple[Any, ...]]:
    if not needed:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
