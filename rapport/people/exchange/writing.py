"""Plans become rows: a statement for each table and batch."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from rapport.core import bulk
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.people import merging
from rapport.people.consent import CONTACT
from rapport.people.consenting import Statement, record_all
from rapport.people.exchange.entries import Key, Said
from rapport.people.exchange.organizations import Organizations
from rapport.people.exchange.planning import TEXTS, Known, Plan, World
from rapport.people.models import Person

EVERYONE = "{00000000-0000-0000-0000-000000000001}"


class Raced(Exception):
    """Somebody else took a handle at the same moment: the batch is to be done anew."""


@dataclass(frozen=True, slots=True)
class Writer:
    """On whose behalf, and from where. `source` stands at relationships and handles, `proof` at consents."""

    source: str
    proof: Mapping[str, str] = field(default_factory=dict)
    member: UUID | None = None
    organizations: Organizations = field(default_factory=Organizations)


def write(plans: Sequence[Plan], world: World, writer: Writer) -> None:
    """Carry out the plans in the caller's transaction, in the system's scope. Raises Raced."""
    made = [one for one in plans if one.what in ("new", "changed")]
    if any(not held.tree_visible for one in made for _, held in one.moved):
        # Whoever merges locks all merges first, and rows after: in this order, nobody waits for each other.
        with merging.alone():
            pass
    fresh = {id(one): new_id() for one in made if one.person is None}
    ids = {id(one): fresh.get(id(one)) or _person(one).id for one in made}
    organizations = writer.organizations.of(made)
    at = now()
    _insert([one for one in made if one.person is None], ids, organizations, world, at)
    _update([one for one in made if one.person is not None], organizations, world)
    _handles([(key, ids[id(one)], one.entry.handles.get(key) or one.entry.shared.get(key, ""), one.is_shared)
              for one in made for key in one.handles], writer, at)  # fmt: skip
    _nobody(made, organizations, writer, at)
    _move(made, ids, writer, at)
    _external(made, ids, at)
    _relationships(made, ids, organizations, writer, at)
    _consents(made, ids, writer, at)
    _pairs(plans, at)


def _person(one: Plan) -> Known:
    if one.person is None:
        raise ValueError("a plan to change somebody has no person")
    return one.person


def _insert(
    made: list[Plan], ids: Mapping[int, UUID], organizations: Mapping[int, UUID], world: World, at: datetime
) -> None:
    own = [next((value for source, value in one.external if not source), None) for one in made]
    _people([ids[id(one)] for one in made], [_row(one, organizations, world) for one in made], own, at,
            [one.is_shared for one in made])  # fmt: skip


def _people(
    ids: list[UUID], rows: list[dict[str, Any]], own: Sequence[str | None], at: datetime, shared: list[bool]
) -> None:
    bulk.insert(
        "people_person",
        {
            "id": ("uuid", ids),
            **{name: ("text", [row[name] for row in rows]) for name in (*TEXTS, "note")},
            "fields": ("jsonb", [row["fields"] for row in rows]),
            "organization_id": ("uuid", [row["organization_id"] for row in rows]),
            "holder_id": ("uuid", [row["holder_id"] for row in rows]),
            "do_not_contact": ("boolean", [row["do_not_contact"] for row in rows]),
            "shared": ("boolean", shared),
            "external_id": ("text", list(own)),
            "audience": ("uuid[]", [EVERYONE] * len(ids)),
            "created_at": ("timestamptz", [at] * len(ids)),
        },
    )


def _row(one: Plan, organizations: Mapping[int, UUID], world: World) -> dict[str, Any]:
    """The columns of a person as they will be."""
    person, changes = one.person, one.changes
    texts = dict(person.texts) if person else dict.fromkeys(TEXTS, "")
    texts |= {name: changes[name][1] for name in TEXTS if name in changes}
    fields = {**(person.fields if person else {}), **one.entry.fields}
    holder = world.members.get(one.entry.holder) if "holder" in changes else None
    return {
        **texts,
        "note": changes["note"][1] if "note" in changes else (person.note if person else ""),
        "fields": orjson.dumps(fields).decode(),
        "organization_id": organizations.get(id(one)) or (person.organization_id if person else None),
        "holder_id": holder or (person.holder_id if person else None),
        "do_not_contact": one.entry.do_not_contact or bool(person and person.do_not_contact),
    }


def _update(made: list[Plan], organizations: Mapping[int, UUID], world: World) -> None:
    own = {id(one): next((value for source, value in one.external if not source), None) for one in made}
    changed = [one for one in made if one.changes or one.handles or own[id(one)]]
    rows = [_row(one, organizations, world) for one in changed]
    texts = (*TEXTS, "note")
    bulk.update(
        "people_person",
        ["id"],
        {
            "id": ("uuid", [_person(one).id for one in changed]),
            **{name: ("text", [row[name] for row in rows]) for name in texts},
            "fields": ("jsonb", [row["fields"] for row in rows]),
            "organization_id": ("uuid", [row["organization_id"] for row in rows]),
            "holder_id": ("uuid", [row["holder_id"] for row in rows]),
            "do_not_contact": ("boolean", [row["do_not_contact"] for row in rows]),
            "external_id": ("text", [own[id(one)] for one in changed]),
        },
        # What changed is to be compared with everybody else anew.
        "matched_at = NULL, external_id = coalesce(t.external_id, row.external_id), "
        + ", ".join(
            f"{name} = row.{name}" for name in (*texts, "fields", "organization_id", "holder_id", "do_not_contact")
        ),
    )


def _handles(rows: list[tuple[Key, UUID, str, bool]], writer: Writer, at: datetime) -> None:
    """In sorted order, so that two who meet the same people wait for one another and never for each other."""
    rows = sorted(rows, key=lambda row: row[0])
    taken = bulk.insert(
        "people_handle",
        {
            "kind": ("text", [key[0] for key, *_ in rows]),
            "value": ("text", [key[1] for key, *_ in rows]),
            "written": ("text", [written or key[1] for key, _, written, _ in rows]),
            "person_id": ("uuid", [person for _, person, *_ in rows]),
            "source": ("text", [writer.source[:60]] * len(rows)),
            "shared": ("boolean", [shared for *_, shared in rows]),
            "created_at": ("timestamptz", [at] * len(rows)),
        },
        "ON CONFLICT (kind, value) DO NOTHING RETURNING value",
    )
    if len(taken) != len(rows):
        raise Raced


def _nobody(made: list[Plan], organizations: Mapping[int, UUID], writer: Writer, at: datetime) -> None:
    """Role addresses beside a person's own: each is a row of its own, shared, of the same organization."""
    found = {key: one for one in made for key in one.nobody}
    if not found:
        return
    ids = [new_id() for _ in found]
    empty = {**dict.fromkeys((*TEXTS, "note"), ""), "fields": "{}", "holder_id": None, "do_not_contact": False}
    rows = [
        {**empty, "organization_id": organizations.get(id(one)) or (one.person.organization_id if one.person else None)}
        for one in found.values()
    ]
    _people(ids, rows, [None] * len(ids), at, [True] * len(ids))
    written = [found[key].entry.shared.get(key, "") for key in found]
    _handles([(key, id, text, True) for key, id, text in zip(found, ids, written, strict=True)], writer, at)


def _move(made: list[Plan], ids: Mapping[int, UUID], writer: Writer, at: datetime) -> None:
    """An address known only from a confidential conversation becomes known to all, by who wrote it down; nothing else
    of that row does: it is merged under the new one, which only those see who see it at all. Where others of its tree
    are seen it stays where it is: they would be seen to belong together.
    """
    moved = [
        (key, holding, one.entry.handles.get(key) or one.entry.shared.get(key, ""), one.is_shared, ids[id(one)])
        for one in made for key, holding in one.moved
    ]  # fmt: skip
    if not moved:
        return
    bulk.update(
        "people_handle",
        ["kind", "value"],
        {
            "kind": ("text", [key[0] for key, *_ in moved]),
            "value": ("text", [key[1] for key, *_ in moved]),
            "person_id": ("uuid", [person for *_, person in moved]),
            "written": ("text", [written or key[1] for key, _, written, *_ in moved]),
            "source": ("text", [writer.source[:60]] * len(moved)),
            "shared": ("boolean", [shared for *_, shared, _ in moved]),
            "created_at": ("timestamptz", [at] * len(moved)),
        },
        # Like one that was never met: since when, how and how well it is known was said in confidence.
        """person_id = row.person_id, written = row.written, source = row.source, created_at = row.created_at,
        former = '{}', shared = row.shared, verified_at = NULL, verified_how = ''""",
    )
    for root, person in _to_merge(made, ids):
        # One already, or kept apart by somebody: then the address alone is known to all.
        with suppress(Invalid):
            merging.merge(person, root, None, how="handle")


def _to_merge(made: Iterable[Plan], ids: Mapping[int, UUID]) -> list[tuple[UUID, UUID]]:
    """(root, person): the trees of which nothing was visible, each once for whoever they come under."""
    pairs = ((held.root, ids[id(one)]) for one in made for _, held in one.moved if not held.tree_visible)
    return list(dict.fromkeys(pairs))


def _external(made: list[Plan], ids: Mapping[int, UUID], at: datetime) -> None:
    rows = {key: ids[id(one)] for one in made for key in one.external if key[0]}
    bulk.insert(
        "people_externalid",
        {
            "source": ("text", [source for source, _ in rows]),
            "external_id": ("text", [value for _, value in rows]),
            "person_id": ("uuid", list(rows.values())),
            "created_at": ("timestamptz", [at] * len(rows)),
        },
        "ON CONFLICT (source, external_id) DO UPDATE SET person_id = excluded.person_id",
    )


def _relationships(
    made: list[Plan], ids: Mapping[int, UUID], organizations: Mapping[int, UUID], writer: Writer, at: datetime
) -> None:
    rows = [(one, span) for one in made for span in one.spans]
    bulk.insert(
        "people_relationship",
        {
            "id": ("uuid", [new_id() for _ in rows]),
            "person_id": ("uuid", [ids[id(one)] for one, _ in rows]),
            "kind": ("text", [span.kind for _, span in rows]),
            "organization_id": (
                "uuid",
                [organizations.get(id(one)) or (one.person.organization_id if one.person else None) for one, _ in rows],
            ),
            "since": ("date", [span.since for _, span in rows]),
            "until": ("date", [span.until for _, span in rows]),
            "source": ("text", [writer.source[:60]] * len(rows)),
            "created_at": ("timestamptz", [at] * len(rows)),
        },
        "ON CONFLICT DO NOTHING",
    )
    set_ = [held for one in made for held in one.spans_set]
    bulk.update(
        "people_relationship",
        ["id"],
        {
            "id": ("uuid", [one.id for one in set_]),
            "since": ("date", [one.since for one in set_]),
            "until": ("date", [one.until for one in set_]),
        },
        "since = row.since, until = row.until",
    )


def _consents(made: list[Plan], ids: Mapping[int, UUID], writer: Writer, at: datetime) -> None:
    """What the file says they agreed to, and that they asked not to be contacted, each with its line as the proof."""
    rows = [
        (ids[id(one)], Statement(said.purpose, said.given, said.channel, said.at or at, writer.source,
                                 {**writer.proof, "line": str(one.entry.line)}))
        for one in made for said in (*one.consents, *_silence(one))
    ]  # fmt: skip
    record_all(rows, writer.member)


def _silence(one: Plan) -> list[Said]:
    """Unless the file says since when, among what they agreed to."""
    said = any(each.purpose == CONTACT for each in one.consents)
    return [Said(CONTACT, False)] if "do_not_contact" in one.changes and not said else []


def _pairs(plans: Iterable[Plan], at: datetime) -> None:
    """Two people whom one record names are a suggestion, unless somebody has decided about them before."""
    pairs = {one.pair: one for one in plans if one.pair}
    someone = _somebody({side for pair in pairs for side in pair})
    pairs = {pair: one for pair, one in pairs.items() if someone.issuperset(pair)}
    evidence = [
        [{"what": "same_record", "sign": "+", "points": 6.0, "a": (one.reason or {}).get("value", ""),
          "b": (one.reason or {}).get("other_value", "")}]
        for one in pairs.values()
    ]  # fmt: skip
    bulk.insert(
        "people_pair",
        {
            "low_id": ("uuid", [low for low, _ in pairs]),
            "high_id": ("uuid", [high for _, high in pairs]),
            "probability": ("float8", [0.9] * len(pairs)),
            "evidence": ("jsonb", [orjson.dumps(one).decode() for one in evidence]),
            "state": ("text", ["open"] * len(pairs)),
            "model": ("text", ["import"] * len(pairs)),
            "made_at": ("timestamptz", [at] * len(pairs)),
        },
        "ON CONFLICT DO NOTHING",
    )


def _somebody(ids: set[UUID]) -> set[UUID]:
    """Those of the rows that are one person's: an erased row is nobody's any more, a shared one nobody's in
    particular."""
    if not ids:
        return set()
    wanted = Person.objects.filter(id__in=ids, shared=False, erased_at__isnull=True)
    return set(wanted.values_list("id", flat=True))
