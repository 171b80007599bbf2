"""How a conversation stood after each thing that really happened: what its columns said then. Pure.

As those write them who do it live (`inbound.storing`, `outbound.actions`, `conversations.actions`); what the clocks
make of it is theirs to say (`staff.timetable`). It is the same for both policies.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

ASKED, HEARD, ANSWERED, ECHOED = "asked", "heard", "answered", "echoed"
SENT, UNSAID, UNREACHED = "sent", "unsaid", "unreached"
CHANGED, WOKEN, HELD = "changed", "woken", "held"
"""What happens: they asked; a machine wrote; we answered, here or elsewhere; what was to go later went; an answer was
taken back; nobody was reached; fields were changed by hand; it woke; an answer was written that goes only later.
"""
_ORDER = (ASKED, HEARD, ECHOED, ANSWERED, HELD, SENT, UNSAID, UNREACHED, CHANGED, WOKEN)
_MOMENTS = ("resolved_at", "snoozed_until")
_NOBODY = UUID(int=0)


class Turn(NamedTuple):
    """One thing that happened. `message` is the one meant; `after` what was changed by hand, as an event keeps it."""

    at: datetime
    what: str
    message: UUID = _NOBODY
    after: Mapping[str, Any] = {}


class Stage(NamedTuple):
    """How it stood since a moment: its columns, since when somebody waits where that was said just then, and what
    people changed by hand.
    """

    at: datetime
    row: Mapping[str, Any]
    asked: datetime | None
    after: Mapping[str, Any]


def course(
    began: datetime, turns: Iterable[Turn], known: tuple[datetime | None, datetime | None] = (None, None)
) -> tuple[Stage, ...]:
    """Its stages in order. `known`: when it was first answered and resolved, as its columns tell today.

    Where no turn tells of it (what was brought in from elsewhere), these stand for it.
    """
    ordered = sorted(turns, key=lambda one: (one.at, _ORDER.index(one.what)))
    course = _Course(began)
    for turn in _completed(ordered, known):
        course.take(turn)
    return tuple(course.stages)


def _completed(turns: Sequence[Turn], known: tuple[datetime | None, datetime | None]) -> Sequence[Turn]:
    answered, resolved = known
    more = []
    if answered and all(one.what not in (ANSWERED, ECHOED, SENT) for one in turns):
        more.append(Turn(answered, ANSWERED))
    if resolved and all(one.after.get("status") != "resolved" for one in turns):
        more.append(Turn(resolved, CHANGED, after={**_RESOLVED, "resolved_at": resolved.isoformat()}))
    return sorted([*turns, *more], key=lambda one: one.at) if more else turns


_RESOLVED: Mapping[str, Any] = {
    "status": "resolved", "awaiting_answer": False, "snoozed": False, "snoozed_until": None,
}  # fmt: skip


class _Course:
    """The columns as they go; `_said` is every message by now: when, which, and whether it came in."""

    def __init__(self, began: datetime) -> None:
        self.row: dict[str, Any] = {
            "status": "open", "first_answered_at": None, "resolved_at": None, "awaiting_answer": False,
            "last_inbound_at": None, "last_activity_at": began, "created_at": began, "snoozed": False,
            "snoozed_until": None,
        }  # fmt: skip
        self.stages: list[Stage] = []
        self._said: list[tuple[datetime, UUID, bool]] = []

    def take(self, turn: Turn) -> None:
        """Go on by one turn; what changes nothing that a clock goes by makes no stage."""
        row = self.row
        before = dict(row)
        _TURNS[turn.what](self, turn)
        asked = turn.at if turn.what == ASKED else None
        if row != before or asked or turn.after:
            self.stages.append(Stage(turn.at, dict(row), asked, turn.after))

    def asked(self, turn: Turn) -> None:
        """Somebody waits: it is open again where it was resolved, and awake."""
        self.heard(turn)
        self.row["awaiting_answer"] = True
        if self.row["status"] == "resolved":
            self.row["status"] = "open"
        self.row["resolved_at"] = None

    def heard(self, turn: Turn) -> None:
        """Whatever comes in wakes it."""
        self._said.append((turn.at, turn.message, True))
        self.row["last_inbound_at"] = turn.at
        self._active(turn)
        self.woken(turn)

    def answered(self, turn: Turn) -> None:
        """What is said here counts as it is written."""
        self._said.append((turn.at, turn.message, False))
        self.row["awaiting_answer"] = False
        self.row["first_answered_at"] = self.row["first_answered_at"] or turn.at
        self._active(turn)

    def echoed(self, turn: Turn) -> None:
        """Our own account spoke, from elsewhere."""
        self.answered(turn)
        self.woken(turn)

    def held(self, turn: Turn) -> None:
        """It is written, and answers only when it goes."""
        self._said.append((turn.at, turn.message, False))
        self._active(turn)

    def sent(self, turn: Turn) -> None:
        """It answers what had been said when it was written."""
        self.row["first_answered_at"] = self.row["first_answered_at"] or turn.at
        if not any(is_in and id > turn.message for _, id, is_in in self._said):
            self.row["awaiting_answer"] = False

    def unsaid(self, turn: Turn) -> None:
        """What was taken back was not said."""
        written = next((at for at, id, _ in self._said if id == turn.message), None)
        self._said = sorted(one for one in self._said if one[1] != turn.message)
        first = self.row["first_answered_at"]
        if first and written and first >= written:
            self.row["first_answered_at"] = None
        self.row["awaiting_answer"] = bool(self._said) and self._said[-1][2]

    def unreached(self, _turn: Turn) -> None:
        """Nobody was reached: it is open, and waits for an answer."""
        if self.row["status"] in ("open", "resolved"):
            self.row |= {"status": "open", "resolved_at": None, "awaiting_answer": True}

    def changed(self, turn: Turn) -> None:
        """People changed what its columns say."""
        for name, value in turn.after.items():
            if name in _CHANGED:
                self.row[name] = datetime.fromisoformat(value) if value and name in _MOMENTS else value
        self._active(turn)

    def woken(self, _turn: Turn) -> None:
        """It sleeps no more."""
        self.row["snoozed"], self.row["snoozed_until"] = False, None

    def _active(self, turn: Turn) -> None:
        self.row["last_activity_at"] = max(self.row["last_activity_at"], turn.at)


_CHANGED = {"status", "resolved_at", "awaiting_answer", "snoozed", "snoozed_until"}
_TURNS: Mapping[str, Callable[[_Course, Turn], None]] = {
    ASKED: _Course.asked, HEARD: _Course.heard, ANSWERED: _Course.answered, ECHOED: _Course.echoed,
    HELD: _Course.held, SENT: _Course.sent, UNSAID: _Course.unsaid, UNREACHED: _Course.unreached,
    CHANGED: _Course.changed, WOKEN: _Course.woken,
}  # fmt: skip
