"""A policy shipped gradually: put off, in the shadow, for a share of what comes, on; and one step back.

Everything here is checked by the caller (who may) and runs in any scope; figures are of what the reader may see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.ownership.models import Mode, PolicyVersion, Trial
from rapport.ownership.plain import policy_to_dict
from rapport.ownership.settled import MOVED, SETTLED
from rapport.ownership.simulate.doubt import Apart, Difference, paired, within_lots
from rapport.ownership.versions import SavedBy, bring_back, current_policy, policy_of, save_policy_dict, save_tried

CHANGED = "policy.trial"


def running() -> Trial | None:
    """The trial that has not ended, if there is one; also one that is put off."""
    return Trial.objects.filter(ended_at=None).first()


def start(plain: Mapping[str, Any], saved_by: SavedBy) -> Trial:
    """Put a draft on trial, in the shadow. Raises Invalid while another is on trial, PolicyError as saving does."""
    version, _policy = current_policy()
    if version is None:
        raise Invalid(_("There is no policy in force to try another beside."), _("Save a first version."))
    try:
        with transaction.atomic():
            tried = save_tried(plain, saved_by)
            trial = Trial.objects.create(version=tried.number, base=version.number, started_by_id=saved_by.author_id)
    except IntegrityError as error:
        raise Invalid(_("Another policy is on trial already."), _("End that trial first.")) from error
    _record(trial, saved_by.author_id)
    return trial


def change(trial: Trial, mode: str, share: int, actor_id: UUID | None) -> Trial:
    """Put it off, into the shadow, or let it decide for `share` percent. Raises Invalid for what is none of these."""
    if mode not in (Mode.OFF, Mode.SHADOW, Mode.SHARE) or (not 1 <= share <= 100 and mode == Mode.SHARE):
        raise Invalid(_("A trial is put off, in the shadow, or for 1 to 100 percent."), _("Choose one of these."))
    trial.mode, trial.share, trial.changed_at = mode, share if mode == Mode.SHARE else 0, now()
    trial.save(update_fields=["mode", "share", "changed_at"])
    _record(trial, actor_id)
    return trial


def turn_on(trial: Trial, actor_id: UUID | None, note: str = "") -> PolicyVersion:
    """Put it in force as a new version and end the trial.

    Raises PolicyError where one of its tests fails by now, and Invalid where another version was saved since the trial
    began: what that one changed would be lost without a word.
    """
    plain = policy_to_dict(policy_of(trial.version))
    version = save_policy_dict(plain, SavedBy(actor_id, note or _tried_as(trial), trial.base))
    trial.mode, trial.became = Mode.ON, version.number
    _end(trial, actor_id)
    return version


def stop(trial: Trial, actor_id: UUID | None) -> None:
    """End the trial; the policy in force decides alone, from the next conversation on."""
    trial.mode = Mode.OFF
    _end(trial, actor_id)


def go_back(number: int, actor_id: UUID | None) -> PolicyVersion:
    """An earlier version, in force again; a trial that decides for a share ends, so that this one decides alone.

    Raises NotVisible where there is no such version.
    """
    version = bring_back(number, actor_id)
    trial = running()
    if trial is not None and trial.mode == Mode.SHARE:
        stop(trial, actor_id)
    return version


def step_back(actor_id: UUID | None) -> PolicyVersion:
    """The version that was in force before the present one, in force again. Raises Invalid where there is none."""
    version, _policy = current_policy()
    before = PolicyVersion.objects.filter(tried=False, number__lt=version.number if version else 0).order_by("-number")
    found = before.first()
    if found is None:
        raise Invalid(_("There is no version before this one."), _("Change the rules and save."))
    return go_back(found.number, actor_id)


def _end(trial: Trial, actor_id: UUID | None) -> None:
    trial.share, trial.changed_at, trial.ended_at = 0, now(), now()
    trial.save(update_fields=["mode", "share", "became", "changed_at", "ended_at"])
    _record(trial, actor_id)


def _record(trial: Trial, actor_id: UUID | None) -> None:
    with scope.system():
        data = {"version": trial.version, "mode": trial.mode, "share": trial.share, "ended": trial.ended_at is not None}
        events.record(CHANGED, actor_id=actor_id, data=data)


def _tried_as(trial: Trial) -> str:
    return _("Version %(number)s, after its trial") % {"number": trial.version}


@dataclass(frozen=True)
class Figures:
    """What a trial has shown, of the conversations the reader may see.

    `paired` compares with the owner people settled on, over `settled` conversations that people dealt with: how often
    each policy said the same. It leans towards whoever acted. `arms` (trial, base) has for a share of all how many of
    their conversations people moved to another team, of how many: that leans to nobody, as chance drew them. Of the
    base only what came while the trial decided some: in the shadow nothing was drawn. `moved` compares what came while
    the share was the same (`drawn`: so many shares there were): days differ, and of other days other shares were drawn.
    `in_time` compares whether the first answer came in time by each, over the `both` that were answered and promised by
    both.
    """

    seen: int
    failed: int
    differ: int
    settled: int
    base_right: int
    trial_right: int
    paired: Difference
    arms: tuple[tuple[int, int], tuple[int, int]]
    drawn: int
    moved: Apart
    kept: tuple[int, int]
    base_kept: tuple[int, int]
    both: int
    in_time: Difference


_FIGURES = f"""
SELECT count(*), count(*) FILTER (WHERE failed), count(*) FILTER (WHERE NOT failed AND team IS DISTINCT FROM base),
    count(*) FILTER (WHERE settled), count(*) FILTER (WHERE settled AND base = final),
    count(*) FILTER (WHERE settled AND team = final),
    count(*) FILTER (WHERE settled AND base = final AND team IS DISTINCT FROM final),
    count(*) FILTER (WHERE settled AND team = final AND base IS DISTINCT FROM final),
    count(*) FILTER (WHERE answered <= due), count(*) FILTER (WHERE answered IS NOT NULL AND due IS NOT NULL),
    count(*) FILTER (WHERE answered <= base_due), count(*) FILTER (WHERE answered IS NOT NULL AND base_due IS NOT NULL),
    count(*) FILTER (WHERE answered IS NOT NULL AND due IS NOT NULL AND base_due IS NOT NULL),
    count(*) FILTER (WHERE answered <= base_due AND answered > due),
    count(*) FILTER (WHERE answered <= due AND answered > base_due)
FROM (
    SELECT s.failed, s.team_id AS team, s.base_team_id AS base, c.owner_team_id AS final,
        s.first_answer_due_at AS due, s.base_first_answer_due_at AS base_due, c.first_answered_at AS answered,
        {SETTLED} AS settled
    FROM ownership_shadow s JOIN conversations_conversation c ON c.id = s.conversation_id
    WHERE s.trial_id = %s AND c.status <> ALL (ARRAY['spam', 'merged'])
) AS one
"""
# Of what was kept without its share, all that came while it decided some counts as of one.
_ARMS = f"""
SELECT share, count(*) FILTER (WHERE acted AND moved), count(*) FILTER (WHERE acted),
    count(*) FILTER (WHERE NOT acted AND moved), count(*) FILTER (WHERE NOT acted)
FROM (
    SELECT s.share, s.acted, {MOVED} AS moved, coalesce(s.share > 0, s.acted OR (
        s.at >= min(s.at) FILTER (WHERE s.acted AND s.share IS NULL) OVER ()
        AND s.at <= max(s.at) FILTER (WHERE s.acted AND s.share IS NULL) OVER ())) AS counts
    FROM ownership_shadow s JOIN conversations_conversation c ON c.id = s.conversation_id
    WHERE s.trial_id = %s AND NOT s.failed AND c.status <> ALL (ARRAY['spam', 'merged'])
) AS one WHERE counts GROUP BY share ORDER BY share
"""


def figures(trial: Trial) -> Figures:
    """Side by side, in the scope of whoever looks."""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, [trial.id])
        (seen, failed, differ, settled, base_right, right, only_base, only_trial, *rest) = cursor.fetchone()
        cursor.execute(_ARMS, [trial.id])
        lots = [((moved, acted), (base_moved, stood)) for _share, moved, acted, base_moved, stood in cursor.fetchall()]
    kept, promised, base_kept, base_promised, both, base_alone, trial_alone = rest
    # What came while it decided all, or none, has nothing beside it.
    beside = [lot for lot in lots if lot[0][1] and lot[1][1]] or lots
    arms = _added([lot[0] for lot in beside]), _added([lot[1] for lot in beside])
    return Figures(
        seen, failed, differ, settled, base_right, right, paired(only_base, only_trial, settled),
        arms, len(beside), within_lots((base, tried) for tried, base in beside),
        (kept, promised), (base_kept, base_promised),
        both, paired(base_alone, trial_alone, both),
    )  # fmt: skip


def _added(shares: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(some for some, _ in shares), sum(of for _, of in shares)
