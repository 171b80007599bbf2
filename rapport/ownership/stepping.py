"""What comes of a step of a promise, by where its conversation stands and how the team is that it means. Pure.

Asked by what does steps (`ownership.escalating`) and by what tries a policy on the past.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from rapport.ownership.engine import TeamEntry
from rapport.ownership.within.values import MemberLoad

MOVES_MAX = 3
"""How often the steps of one clock give a conversation away before people have to look."""
DONE, ALREADY = "done", "already"
"""It is done; there is nothing to do, as it is so already. Anything else is why it cannot be done."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The team a step means: whether anybody works there (`staffed`) and may answer (`answers`), whether it owns the
    conversation, or sees it already (`follows`).
    """

    staffed: bool = True
    answers: bool = True
    owns: bool = False
    follows: bool = False


def telling(team: Meant | None) -> str:
    """Of telling a team (None: it is gone)."""
    return "gone" if team is None else DONE if team.staffed else "empty"


def involving(team: Meant | None, *, in_confidence: bool) -> str:
    """Of involving a team; one with nobody in it is involved, and "empty" says that nobody hears of it."""
    if team is None:
        return "gone"
    if team.owns or team.follows:
        return ALREADY
    if in_confidence:
        return "confidence"
    return DONE if team.staffed else "empty"


def giving(team: Meant | None, *, in_confidence: bool, moves: int) -> str:
    """Of giving it to a team, after the steps of this clock have given it away `moves` times."""
    if team is None:
        return "gone"
    if team.owns:
        return ALREADY
    if not team.answers:
        return "empty"
    if in_confidence:
        return "confidence"
    return often(moves)


def raising(priority: int, wanted: int) -> str:
    """Of raising the priority: it is never lowered."""
    return ALREADY if priority >= wanted else DONE


def often(moves: int) -> str:
    """Of giving it away once more."""
    return "often" if moves >= MOVES_MAX else DONE


def seat_of(email: str, owner_id: UUID | None, teams: Mapping[str, TeamEntry]) -> tuple[TeamEntry, MemberLoad] | None:
    """Where a member named by a step sits: in the team that owns it, else in the first that is not confidential. Who
    only reads sits nowhere.
    """
    named = ((team, one) for _, team in sorted(teams.items()) for one in team.members if one.email == email)
    theirs = [(team, one) for team, one in named if not one.reads]
    here = next((one for one in theirs if one[0].id == owner_id), None)
    return here or next((one for one in theirs if not one[0].confidential), None)
