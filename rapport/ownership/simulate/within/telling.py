"""The section "within the team" of a what-if, as plain data: every way beside what really was."""

from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.ownership.simulate.within.history import recorded
from rapport.ownership.simulate.within.judging import judge
from rapport.ownership.simulate.within.month import simulate
from rapport.ownership.simulate.within.recorded import told
from rapport.ownership.simulate.within.strategies import STRATEGIES

REALLY = "really"
_MEMBERS_MAX = 500


def within(since: datetime, until: datetime, member_id: UUID | None) -> dict[str, Any]:
    """What would have come of what came between two moments, by each way; {} where nothing did.

    Besides the figures `members` has by member the available hours, and what each way would have given them for each.
    """
    found = recorded(since, until, member_id)
    if not found.month.arrivals:
        return {}
    runs = {name: simulate(found.month, made()) for name, made in STRATEGIES.items()}
    judged = judge(found.month, {**runs, REALLY: found.really})
    teams = {id: team for team, desk in found.month.desks.items() for id in desk.members}
    members: list[dict[str, Any]] = [
        {
            "id": str(id), "name": found.month.workers[id].name, "team": teams[id],
            "hours": round(next(one.members[id][1] for one in judged.values()), 1),
            "given": {name: round(one.members[id][0], 1) for name, one in judged.items()},
        }
        for id in next(iter(judged.values())).members
    ]  # fmt: skip
    members.sort(key=lambda one: (one["team"], one["name"], one["id"]))
    return told(found.month, judged) | {"shortened": found.shortened, "members": members[:_MEMBERS_MAX]}
