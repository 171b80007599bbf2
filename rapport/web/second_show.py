"""The endpoint for second opinions beside what was learned: how it stands, what it took today, what was kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from rapport.conversations.visibility import EVERYONE
from rapport.core.clock import now
from rapport.ownership.kinds import TEAM
from rapport.ownership.outcomes import Outcome
from rapport.ownership.second import keeping, outcomes
from rapport.ownership.second.calibrating import LEAST
from rapport.web import locales

_LATEST = 3_000
_OURS = {
    TEAM: ("d.rule IS NULL AND d.suggestion IS NOT NULL", "d.suggestion ? 'team'"),
    "topic": ("d.facts IS NOT NULL", "coalesce(d.guesses ? 'topic', false)"),
}


@dataclass(frozen=True)
class Calibrated:
    """Of whoever suggests: of how much of what it was asked it had an opinion, and what was promised and kept of it."""

    name: str
    coverage: str
    count: str
    promised: str
    kept: str
    broken: bool = False


def section(kind: str, ours: Sequence[Outcome]) -> dict[str, Any]:
    """All the page shows of it, `ours` being what came of what was learned. Where nobody set it up, that it is off.

    In the system's scope: what is counted is of conversations everybody may see.
    """
    row = keeping.found()
    told: dict[str, Any] = {"row": row, "host": keeping.host_of(row.url), "is_set_up": bool(row.url)}
    if not row.url:
        return told
    day = keeping.spent()
    told |= {
        "rests": row.enabled and row.rest_until is not None and row.rest_until > now(),
        "day": day, "requests_left": max(0, row.requests_a_day - day.requests),
        "characters_left": max(0, row.characters_a_day - day.characters),
        "local": row.url.startswith("http://"),
    }  # fmt: skip
    if kind in keeping.ASKABLE and kind in row.kinds:
        told |= _calibration(kind, ours)
    return told


def _calibration(kind: str, ours: Sequence[Outcome]) -> dict[str, Any]:
    came, (asked, said), (own_asked, own_said) = outcomes.came(kind), outcomes.tally(kind), _ours(kind)
    promised = [one for one in came if one.promised is not None]
    theirs = _row(
        _("Second opinion"), (asked, said), len(came),
        [(one.promised or 0.0, one.right) for one in promised],
    )  # fmt: skip
    learned = _row(_("Learned here"), (own_asked, own_said), len(ours), [(one.sure, one.right) for one in ours])
    return {
        "rows": [learned, theirs], "least": LEAST, "came": len(came), "too_few": len(came) < LEAST,
        "right": sum(one.right for one in came),
    }  # fmt: skip


def _row(name: str, tally: tuple[int, int], count: int, promised: Sequence[tuple[float, bool]]) -> Calibrated:
    asked, said = tally
    coverage = _("%(percent)s of %(count)s") % {
        "percent": locales.percent(said / asked), "count": locales.number(asked)
    } if asked else ""  # fmt: skip
    if not promised:
        return Calibrated(name, coverage, locales.number(count), "", "")
    likely = sum(one for one, _right in promised) / len(promised)
    kept = sum(right for _one, right in promised) / len(promised)
    few = 1 / len(promised) ** 0.5
    return Calibrated(
        name, coverage, locales.number(count), locales.percent(likely), locales.percent(kept), kept < likely - few
    )


def _ours(kind: str) -> tuple[int, int]:
    """Of the latest decisions of the policy: how many were asked of what was learned, of how many it had an opinion."""
    asked, said = _OURS[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*), count(*) FILTER (WHERE {said}) FROM (SELECT * FROM ownership_decision
                ORDER BY conversation_id DESC, id DESC LIMIT {_LATEST}) d JOIN conversations_conversation c
                ON c.id = d.conversation_id AND NOT c.confidential AND c.audience @> ARRAY['{EVERYONE}'::uuid]
            WHERE d.source = 'policy' AND {asked}"""
        )
        found: tuple[int, int] = cursor.fetchone()
    return found
