"""What becomes of each entry of a file beside what Rapport knows: new, changed, the same, or refused and why. Pure.

Nobody is found by name: only by an exact handle, an external id or Rapport's own id. An entry that leads to two people
joins nobody: it is refused, and they become a suggestion.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from rapport.people.exchange.cells import Span
from rapport.people.exchange.entries import NOTE_MAX, Entry, Key, Reason, Said

What = Literal["new", "changed", "same", "refused"]
#: The source of external ids that were Rapport's own somewhere else.
ELSEWHERE = "rapport"
_NOT_YET = UUID(int=0)
TEXTS = ("name", "role", "language", "time_zone", "preferred")


@dataclass(frozen=True, slots=True)
class Holding:
    """Whose a handle is. `visible`: the one who brings people in may know of that row."""

    person: UUID
    root: UUID
    visible: bool
    root_visible: bool
    shared: bool = False


@dataclass(slots=True)
class Held:
    """One relationship as it is kept."""

    id: UUID
    kind: str
    since: date | None
    until: date | None


@dataclass(slots=True)
class Known:
    """A row of a person as it is kept, with what hangs on it; `consents` has the latest by purpose and channel."""

    id: UUID
    root: UUID
    texts: dict[str, str]
    note: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    organization_id: UUID | None = None
    organization: str = ""
    organization_domain: str = ""
    holder_id: UUID | None = None
    do_not_contact: bool = False
    external_id: str = ""
    erased: bool = False
    relationships: list[Held] = field(default_factory=list)
    consents: dict[tuple[str, str], tuple[bool, datetime]] = field(default_factory=dict)
    external: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """What is known of the people of a batch, and of members by address."""

    handles: Mapping[Key, Holding]
    external: Mapping[Key, UUID]
    people: Mapping[UUID, Known]
    members: Mapping[str, UUID]


@dataclass(slots=True)
class Plan:
    """What is to be written for one entry. `changes`: field -> (before, after), as text for people to read."""

    entry: Entry
    what: What
    person: Known | None = None
    reason: Reason | None = None
    remarks: list[Reason] = field(default_factory=list)
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    handles: list[Key] = field(default_factory=list)
    nobody: list[Key] = field(default_factory=list)
    moved: list[tuple[Key, Holding]] = field(default_factory=list)
    external: list[Key] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    spans_set: list[Held] = field(default_factory=list)
    consents: list[Said] = field(default_factory=list)
    pair: tuple[UUID, UUID] | None = None
    is_shared: bool = False


def plan(entry: Entry, world: World) -> Plan:
    """What is to be done with an entry."""
    if entry.wrong:
        return Plan(entry, "refused", reason=entry.wrong, remarks=entry.remarks)
    own = _has_own(entry, world)
    found = _candidates(entry, world, own=own)
    if any(world.people[one].erased for _, one in found):
        return Plan(entry, "refused", reason={"what": "erased"}, remarks=entry.remarks)
    roots = {world.people[one].root for _, one in found}
    if len(roots) > 1:
        return _two(entry, found, world)
    person = world.people[found[0][1]] if found else None
    if person is not None and (refused := _refused(entry, person, found, world)):
        return refused
    made = Plan(entry, "new" if person is None else "same", person, remarks=list(entry.remarks))
    made.is_shared = person is None and not own
    _handles(made, world, own=own)
    _external(made, world)
    _values(made, world)
    _relationships(made)
    _consents(made)
    if person is not None and _writes(made):
        made.what = "changed"
    return made


def _has_own(entry: Entry, world: World) -> bool:
    """Whether there is anything of their own: with nothing but info@ the entry is nobody in particular."""
    ours = entry.id is not None and entry.id in world.people
    return bool(entry.handles or ours or any(source != ELSEWHERE for source, _ in entry.external))


def keys_of(entry: Entry) -> list[Key]:
    """The external ids by which the entry may be known."""
    return [*entry.external, *([(ELSEWHERE, str(entry.id))] if entry.id else [])]


def _candidates(entry: Entry, world: World, *, own: bool) -> list[tuple[Key, UUID]]:
    """Who the entry may be, each with what says so; the surest first."""
    found: list[tuple[Key, UUID]] = []
    if entry.id and entry.id in world.people:
        found.append((("id", str(entry.id)), entry.id))
    found += [(key, world.external[key]) for key in keys_of(entry) if key in world.external]
    for key in entry.handles if own else [*entry.handles, *entry.shared]:
        holding = world.handles.get(key)
        if holding is None or (holding.shared and own):
            continue
        if holding.visible:
            found.append((key, holding.person))
        elif holding.root_visible and holding.root in world.people:
            found.append((key, holding.root))
    return [one for one in found if one[1] in world.people]


def _two(entry: Entry, found: list[tuple[Key, UUID]], world: World) -> Plan:
    first = found[0]
    other = next(one for one in found if world.people[one[1]].root != world.people[first[1]].root)
    reason = {
        "what": "two_people", "value": _shown(first[0]), "name": world.people[first[1]].texts["name"],
        "other_value": _shown(other[0]), "other_name": world.people[other[1]].texts["name"],
    }  # fmt: skip
    low, high = sorted((world.people[first[1]].root, world.people[other[1]].root))
    return Plan(entry, "refused", reason=reason, remarks=entry.remarks, pair=(low, high))


def _shown(key: Key) -> str:
    return f"{key[0]} {key[1]}" if key[0] not in ("email", "phone") else key[1]


def _refused(entry: Entry, person: Known, found: list[tuple[Key, UUID]], world: World) -> Plan | None:
    for source, value in entry.external:
        theirs = person.external.get(source, set())
        if theirs and value not in theirs:
            reason = {
                "what": "claimed", "value": _shown(found[0][0]), "name": person.texts["name"], "id": min(theirs),
                "other_id": value, "other_name": entry.name,
            }  # fmt: skip
            return Plan(entry, "refused", reason=reason, remarks=entry.remarks)
    return None


def _handles(made: Plan, world: World, *, own: bool) -> None:
    root = made.person.root if made.person else None
    for key in made.entry.handles if own else [*made.entry.handles, *made.entry.shared]:
        holding = world.handles.get(key)
        if holding is None:
            made.handles.append(key)
        elif not holding.visible:
            made.moved.append((key, holding))
        elif holding.root != root:
            made.remarks.append({"what": "shared_elsewhere", "value": _shown(key)})
    if own:
        for key in made.entry.shared:
            holding = world.handles.get(key)
            if holding is None:
                made.nobody.append(key)
            elif not holding.visible:
                continue
            if holding is None or holding.root != root:
                made.remarks.append({"what": "role_address", "value": key[1]})


def _external(made: Plan, world: World) -> None:
    person = made.person
    wanted = [*made.entry.external]
    if made.entry.id and person is None:
        wanted.append((ELSEWHERE, str(made.entry.id)))
    for key in dict.fromkeys(wanted):
        if key not in world.external:
            made.external.append(key)


def _values(made: Plan, world: World) -> None:
    entry, person = made.entry, made.person
    for name in TEXTS:
        after = entry.texts.get(name, "")
        before = person.texts[name] if person else ""
        if after and after != before:
            made.changes[name] = (before, after)
    note = entry.texts.get("note", "")
    before = person.note if person else ""
    if note and note not in before:
        # What somebody wrote down here is never written over.
        made.changes["note"] = (before, f"{before}\n{note}".strip()[:NOTE_MAX])
    if entry.do_not_contact and not (person and person.do_not_contact):
        made.changes["do_not_contact"] = ("no", "yes")
    for key, value in entry.fields.items():
        had = person.fields.get(key) if person else None
        if value != had:
            made.changes[f"field:{key}"] = ("" if had is None else str(had), str(value))
    _organization(made)
    _holder(made, world)


def _organization(made: Plan) -> None:
    entry, person = made.entry, made.person
    before = person.organization if person else ""
    if entry.organization and entry.organization.casefold() != before.casefold():
        made.changes["organization"] = (before, entry.organization)
    elif entry.domains and not entry.organization and not (person and person.organization_domain == entry.domains[0]):
        made.changes["organization"] = (before, entry.domains[0])


def _holder(made: Plan, world: World) -> None:
    if not made.entry.holder:
        return
    holder = world.members.get(made.entry.holder)
    if holder is None:
        made.remarks.append({"what": "no_member", "value": made.entry.holder})
    elif made.person is None or made.person.holder_id != holder:
        made.changes["holder"] = ("", made.entry.holder)


def _relationships(made: Plan) -> None:
    kept = list(made.person.relationships) if made.person else []
    for span in made.entry.spans:
        if any((one.kind, one.since, one.until) == (span.kind, span.since, span.until) for one in kept):
            continue
        current = next((one for one in kept if one.kind == span.kind and one.until is None), None)
        if current is None or (span.until is not None and current.since not in (None, span.since or current.since)):
            made.spans.append(span)
            kept.append(Held(_NOT_YET, span.kind, span.since, span.until))
        elif current.id != _NOT_YET and (span.until is not None or span.since):
            kept.remove(current)
            kept.append(Held(current.id, span.kind, span.since or current.since, span.until))
            made.spans_set.append(kept[-1])


def _consents(made: Plan) -> None:
    """The latest word counts: a file that says yes, without a later date, does not undo a withdrawal."""
    kept = made.person.consents if made.person else {}
    for said in made.entry.consents:
        latest = kept.get((said.purpose, said.channel))
        if latest is None or (said.at is not None and said.at > latest[1]):
            made.consents.append(said)
        elif said.given != latest[0] and said.at is None:
            if said.given:
                made.remarks.append({"what": "withdrawn", "value": said.purpose})
            else:
                made.consents.append(said)


def _writes(made: Plan) -> bool:
    return bool(
        made.changes or made.handles or made.nobody or made.moved or made.external or made.spans or made.spans_set
        or made.consents
    )  # fmt: skip




@dataclass(slots=True)
class Row:
    """Who claimed a handle or an external id first: line, name, and external ids."""

    line: int
    name: str
    external: frozenset[Key]


class Seen:
    """Which row of the file first named which handle: a second may add to the same person, not be another."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}

    def sorted(self, entries: Iterable[Entry]) -> tuple[list[Entry], set[int], list[Entry]]:
        """(entries to plan, lines of them that an earlier batch began, entries that were put into another's).

        Entries that contradict an earlier row are among those to plan, with `wrong` set.
        """
        kept: list[Entry] = []
        again: set[int] = set()
        folded: list[Entry] = []
        here: dict[int, Entry] = {}
        for entry in entries:
            if entry.wrong:
                kept.append(entry)
                continue
            known = {id(row): row for key in _keys(entry) if (row := self.rows.get(hash(key)))}
            entry.wrong = _contradiction(entry, list(known.values()))
            if entry.wrong or not known:
                kept.append(entry)
                if not entry.wrong:
                    self._keep(entry, Row(entry.line, entry.name, frozenset(entry.external)), here)
                continue
            row = next(iter(known.values()))
            self._keep(entry, row, here)
            if (first := here.get(id(row))) is not None:
                _fold(first, entry)
                folded.append(entry)
            else:
                here[id(row)] = entry
                again.add(entry.line)
                kept.append(entry)
        return kept, again, folded

    def _keep(self, entry: Entry, row: Row, here: dict[int, Entry]) -> None:
        for key in _keys(entry):
            if self.rows.setdefault(hash(key), row) is row and row.line == entry.line:
                here[id(row)] = entry


def _keys(entry: Entry) -> list[tuple[str, ...]]:
    named = [("id", str(entry.id))] if entry.id else []
    alone = not entry.handles and not entry.external and not entry.id
    handles = [*entry.handles, *(entry.shared if alone else ())]
    return [*named, *handles, *(("external", *key) for key in entry.external)]


def _contradiction(entry: Entry, rows: list[Row]) -> Reason | None:
    """Why an entry cannot be whom earlier rows with the same handle or id named."""
    if len(rows) > 1:
        one, two = sorted(rows, key=lambda row: row.line)[:2]
        return {"what": "two_rows", "line": str(one.line), "name": one.name, "other_line": str(two.line),
                "other_name": two.name}  # fmt: skip
    for row in rows:
        ours = {source for source, _ in entry.external}
        if set(entry.external) & row.external:
            continue
        contradicts = any(source in ours for source, _ in row.external)
        unlike = bool(entry.name and row.name and entry.name.casefold() != row.name.casefold())
        if contradicts or unlike:
            return {"what": "row_claims", "line": str(row.line), "name": row.name, "other_name": entry.name}
    return None


def _fold(first: Entry, entry: Entry) -> None:
    """Two rows of one person in one batch: what the second says is said too, and counts where they differ."""
    note = "\n".join(part for part in (first.texts.get("note", ""), entry.texts.get("note", "")) if part)
    first.texts |= entry.texts
    if note:
        first.texts["note"] = note[:NOTE_MAX]
    first.handles |= entry.handles
    first.shared |= entry.shared
    first.external = list(dict.fromkeys([*first.external, *entry.external]))
    first.id = first.id or entry.id
    first.organization = entry.organization or first.organization
    first.domains = entry.domains or first.domains
    first.holder = entry.holder or first.holder
    first.spans = list(dict.fromkeys([*first.spans, *entry.spans]))
    first.fields |= entry.fields
    first.consents = [*first.consents, *entry.consents]
    first.do_not_contact = first.do_not_contact or entry.do_not_contact
    first.remarks = [*first.remarks, *entry.remarks]
