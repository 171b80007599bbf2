"""What is remembered of one feed, as the value of its cursor. Small: some kB for a feed of a hundred entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rapport.channels.kinds.feeds.items import Found
from rapport.channels.kinds.feeds.settings import LEAST_S

_NAME, _CONTENT = 12, 4  # characters of `Found.name` and `Found.content`
_SEEN_MAX = 1_500


@dataclass(slots=True)
class State:
    """`url`: the address by which the feed's entries are named, "" before it was ever had; `at`: where it is now.

    `seen`: hashes of entries and of what they said, newest last, one behind the other. Times are seconds since 1970.
    """

    url: str = ""
    at: str = ""
    title: str = ""
    etag: str = ""
    modified: str = ""
    body: str = ""
    next_at: float = 0.0
    interval_s: float = 4 * LEAST_S
    least_s: float = 0.0
    failures: int = 0
    trouble: str = ""
    gone: bool = False
    hub: str = ""
    topic: str = ""
    subscribed_at: float = 0.0
    seen: str = ""

    def as_cursor(self) -> dict[str, Any]:
        """What JSON can hold; fields that say nothing are left out."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}

    def known(self) -> dict[str, str]:
        """What each entry said when it was last seen."""
        step = _NAME + _CONTENT
        pieces = [self.seen[at : at + step] for at in range(0, len(self.seen), step)]
        return {piece[:_NAME]: piece[_NAME:] for piece in pieces if len(piece) == step}

    def remember(self, entries: Sequence[Found]) -> None:
        """Note the entries of the feed as it is now; of those that left it, twice as many again are kept."""
        known = self.known()
        for one in reversed(entries):  # feeds begin with the newest
            known.pop(one.name, None)
            known[one.name] = one.content
        most = min(max(3 * len(entries), 100), _SEEN_MAX)
        kept = list(known.items())[-most:]
        self.seen = "".join(name + content for name, content in kept)


def state_of(cursor: Any) -> State:
    """The state in a cursor, whatever became of it: what is not understood is as on the first day."""
    state = State()
    if not isinstance(cursor, Mapping):
        return state
    for one in fields(State):
        value = cursor.get(one.name)
        usual = getattr(state, one.name)
        if isinstance(usual, float) and isinstance(value, int | float) and not isinstance(value, bool):
            setattr(state, one.name, min(max(float(value), 0.0), 1e11))
        elif isinstance(usual, str) and isinstance(value, str):
            setattr(state, one.name, value[: (_NAME + _CONTENT) * _SEEN_MAX])
        elif type(value) is type(usual):
            setattr(state, one.name, value)
    return state
