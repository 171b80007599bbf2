"""What the directory must be after all that happened: the acts of the log, one after the other. Pure.

This is the other account of merging, made from the definition and not from what was stored: a row is what it says for
itself, under what it stands, and what the rows under it say where it says nothing. Tests hold the two side by side.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rapport.people.filling import Values, descendants, missing


@dataclass(frozen=True)
class Made:
    """Somebody is met, or written down. `open`: everybody may know of them."""

    row: UUID
    values: Mapping[str, Any]
    open: bool = True


@dataclass(frozen=True)
class Met:
    """A handle is a row's from here on."""

    handle: tuple[str, str]
    row: UUID


@dataclass(frozen=True)
class Said:
    """Somebody wrote by a handle."""

    message: UUID
    handle: tuple[str, str]


@dataclass(frozen=True)
class Merged:
    """`child` came under `into`."""

    merge: UUID
    child: UUID
    into: UUID


@dataclass(frozen=True)
class Unmerged:
    """That was taken back."""

    merge: UUID


@dataclass(frozen=True)
class Released:
    """A handle is nobody's until somebody is met by it."""

    release: UUID
    handle: tuple[str, str]


@dataclass(frozen=True)
class Returned:
    """A handle that was let go is theirs again."""

    release: UUID


Act = Made | Met | Said | Merged | Unmerged | Released | Returned


@dataclass
class State:
    """All rows as they say for themselves (`own`), what stands under what, whose each handle is, where messages are.

    `merges` are those that stand, in order: merge -> (child, into).
    """

    own: dict[UUID, Values] = field(default_factory=dict)
    open: set[UUID] = field(default_factory=set)
    merges: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)
    handles: dict[tuple[str, str], UUID] = field(default_factory=dict)
    released: dict[UUID, tuple[tuple[str, str], UUID]] = field(default_factory=dict)
    messages: dict[UUID, UUID] = field(default_factory=dict)

    @property
    def parents(self) -> dict[UUID, UUID]:
        """Under which row each merged row stands."""
        return dict(self.merges.values())

    @property
    def roots(self) -> dict[UUID, UUID]:
        """The root of each row."""
        rows = [(row, self.parents.get(row)) for row in self.own]
        tops = [row for row, parent in rows if parent is None]
        return {row: top for top in tops for row in (top, *descendants(top, rows))}

    def values(self, row: UUID) -> Values:
        """What a row says, with what is said under it."""
        found = dict(self.own[row])
        for child, into in self.merges.values():
            if into == row and child in self.open:
                found |= {name: after for name, (_, after) in missing(found, self.values(child)).items()}
        return found


def replay(acts: Iterable[Act]) -> State:
    """The state after these acts."""
    state = State()
    for act in acts:
        _take(state, act)
    return state


def _take(state: State, act: Act) -> None:
    match act:
        case Made(row, values, is_open):
            state.own[row] = dict(values)
            state.open |= {row} if is_open else set()
        case Met(handle, row):
            state.handles[handle] = row
        case Said(message, handle):
            state.messages[message] = state.handles[handle]
        case Merged(merge, child, into):
            state.merges[merge] = (child, into)
        case Unmerged(merge):
            del state.merges[merge]
        case Released(release, handle):
            state.released[release] = (handle, state.handles.pop(handle))
        case Returned(release):
            handle, row = state.released.pop(release)
            state.handles[handle] = row


@dataclass(frozen=True)
class Kept:
    """What the log's ids stand for: merges (child, into), handles of releases, and by whose handle each message came.

    `made` has the rows as they were when they were made: where a message comes by a handle nobody has, one of them
    begins with it (`first`).
    """

    merges: Mapping[UUID, tuple[UUID, UUID]]
    releases: Mapping[UUID, tuple[str, str]]
    messages: Mapping[UUID, tuple[str, str]]
    first: Mapping[UUID, Made]


def acts_of_log(lines: Iterable[tuple[str, Mapping[str, Any]]], kept: Kept) -> Iterator[Act]:
    """The acts that lines of the log (kind, data) stand for."""
    for kind, data in lines:
        if kind == "person.merged":
            merge = UUID(str(data["merge"]))
            yield Merged(merge, *kept.merges[merge])
        elif kind == "person.unmerged":
            yield Unmerged(UUID(str(data["merge"])))
        elif kind == "handle.released":
            release = UUID(str(data["release"]))
            yield Released(release, kept.releases[release])
        elif kind == "handle.returned":
            yield Returned(UUID(str(data["release"])))
        elif kind in ("conversation.opened", "message.received"):
            message = UUID(str(data["message"]))
            if message in kept.first:
                yield kept.first[message]
                yield Met(kept.messages[message], kept.first[message].row)
            yield Said(message, kept.messages[message])
