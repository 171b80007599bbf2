"""The policy on trial beside the one in force: what it says of what comes, and that this is kept.

Whatever goes wrong in here is logged and kept as such; the real decision never hears of it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, transaction

from rapport.core import bulk
from rapport.ownership.engine import Directory, Verdict, decide
from rapport.ownership.facts import Facts
from rapport.ownership.lots import drawn
from rapport.ownership.models import Mode
from rapport.ownership.policy import Policy

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OnTrial:
    """A policy on trial as the pipeline needs it; `policy` is None where it could not be read."""

    id: UUID
    mode: str
    share: int
    version: int
    policy: Policy | None

    def acts_on(self, conversation_id: UUID) -> bool:
        """Whether what it says of the conversation is done."""
        return self.mode == Mode.SHARE and drawn(self.id, conversation_id, self.share)


@dataclass(frozen=True)
class Beside:
    """What both policies said of one conversation; `trial` is None where the one on trial could not decide."""

    conversation_id: UUID
    on: OnTrial
    base: Verdict
    trial: Verdict | None
    acted: bool


    @property
    def other(self) -> Verdict | None:
        """What the one says that is not heeded."""
        return self.base if self.acted else self.trial

    def with_other(self, verdict: Verdict) -> "Beside":
        """The same, where that one says something else."""
        return replace(self, base=verdict) if self.acted else replace(self, trial=verdict)


def beside(on: OnTrial, conversation_id: UUID, facts: Facts, directory: Directory, base: Verdict) -> Beside:
    """Ask the policy on trial too; never raises."""
    verdict = None
    try:
        if on.policy is not None:
            verdict = decide(on.policy, facts, directory)
    except Exception:  # noqa: BLE001 - the real decision stands, whatever the one on trial stumbles over
        _log.exception("the policy on trial could not decide conversation %s", conversation_id)
    return Beside(conversation_id, on, base, verdict, verdict is not None and on.acts_on(conversation_id))


@dataclass(frozen=True)
class Kept:
    """One of them, as its row has it: when, whose by each, and by when each would have us answer."""

    said: Beside
    at: datetime
    team_id: UUID | None
    base_team_id: UUID | None
    due: datetime | None
    base_due: datetime | None


def keep(rows: Sequence[Kept]) -> None:
    """Write what both said, one statement a batch; where that fails, everything else of the batch still stands."""
    if not rows:
        return
    try:
        with transaction.atomic():
            _insert(rows)
    except DatabaseError:
        _log.exception("what the policy on trial said could not be kept")


def _insert(rows: Sequence[Kept]) -> None:
    said = [row.said for row in rows]
    bulk.insert(
        "ownership_shadow",
        {
            "conversation_id": ("uuid", [one.conversation_id for one in said]),
            "trial_id": ("uuid", [one.on.id for one in said]),
            "at": ("timestamptz", [row.at for row in rows]),
            "acted": ("boolean", [one.acted for one in said]),
            "share": ("smallint", [one.on.share if one.on.mode == Mode.SHARE else 0 for one in said]),
            "failed": ("boolean", [one.trial is None for one in said]),
            "base_team_id": ("uuid", [row.base_team_id for row in rows]),
            "base_rule": ("integer", [one.base.rule for one in said]),
            "team_id": ("uuid", [row.team_id for row in rows]),
            "rule": ("integer", [one.trial.rule if one.trial else None for one in said]),
            "first_answer_due_at": ("timestamptz", [row.due for row in rows]),
            "base_first_answer_due_at": ("timestamptz", [row.base_due for row in rows]),
            "sentence": ("text", [_not_done(one) for one in said]),
        },
        "ON CONFLICT DO NOTHING",
    )


def _not_done(one: Beside) -> str:
    if one.acted:
        return one.base.sentence
    return one.trial.sentence if one.trial else ""
