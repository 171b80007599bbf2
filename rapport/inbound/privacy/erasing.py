"""Erasing a person everywhere: asked for with a preview, done in batches by a worker, to be stopped and gone on with.

The rows of the person are blanked in the first transaction, so that they are gone from the pages at once; the rest
follows step by step. Each step answers nothing more when it is run again, so that a kill costs a batch and no more.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from rapport.conversations.forgetting import files_of
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.core.options import options
from rapport.inbound.privacy import checking, ledger
from rapport.inbound.privacy.steps import STEPS
from rapport.ownership.named import Named, named
from rapport.people import erasing
from rapport.people.forgetting import START
from rapport.people.models import Erasure, ErasureMode, Hold, Person, WorkState
from rapport.staff.models import Member

log = logging.getLogger(__name__)
BATCH = 500
_LOCK = 7_105_008
_FIRST = STEPS[0].name
_LOOKED_AT = frozenset({"hand", "command"})


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would take, as far as the member may see: rows by step. `held`: why it must not be, by row.

    `policy`: what names an address of theirs there, and stays.
    """

    people: list[UUID]
    counts: dict[str, int]
    held: list[str]
    policy: list[Named] = field(default_factory=list)


def preview(person_id: UUID, *, looked_at: bool = True) -> Preview:
    """What there is of a person, in the caller's scope. Raises NotVisible for who is not theirs to see.

    What nobody looks at (`looked_at`), one of many that a rule finds, is not looked for in the policy.
    """
    root = Person.objects.filter(id=person_id).values_list("root", flat=True).first()
    if root is None:
        raise NotVisible(_("There is no such person."))
    held = list(Hold.objects.filter(person__root=root, ended_at=None).values_list("reason", flat=True))
    rows = erasing.rows_to_erase(person_id)
    draft = Erasure(people=rows, pseudonym="")
    target = erasing.target_of(draft)
    counts = {"people": len(rows), "handles": len(target.handles), "files": files_of(target)}
    counts |= {step.name: step.count(target) for step in STEPS}
    with scope.system():
        # Leads' drafts, too, but by no address that whoever asks may not see.
        policy = named(target.addresses) if looked_at else []
    return Preview(rows, {name: count for name, count in counts.items() if count}, held, policy)


def ask(person_id: UUID, mode: str, member: Member | None, source: str = "hand") -> Erasure:
    """Decide to erase a person, in the caller's scope; a worker does it. The same again where it is under way.

    Raises Invalid for who is under a hold, or erased already.
    """
    if mode not in ErasureMode.values:
        raise Invalid(_("There is no such way to erase."), _("Choose to erase or to pseudonymise."))
    seen = preview(person_id, looked_at=source in _LOOKED_AT)
    if seen.held:
        raise Invalid(_("They are under a hold: %(why)s") % {"why": seen.held[0]}, _("End the hold first."))
    with scope.system():
        running = Erasure.objects.exclude(state=WorkState.DONE).filter(people__contains=[person_id]).first()
        if running is not None:
            Erasure.objects.filter(id=running.id, state=WorkState.FAILED).update(state=WorkState.RUNNING, error="")
            return running
        rows = erasing.rows_to_erase(person_id)
        left = Person.objects.filter(id__in=rows).exclude(erased_at__isnull=False, name="")
        if not left.exists():
            raise Invalid(_("There is nothing left to erase."), "")
        made = Erasure.objects.create(
            people=rows, mode=mode, pseudonym=erasing.pseudonym_of(rows[0]), member=member, source=source,
            seen={"counts": seen.counts, "people": [str(one) for one in seen.people],
                  "policy": [one.plain() for one in seen.policy]},
        )  # fmt: skip
        # The number of rows is told only to who may see them: others would learn that there are more.
        data = {"erasure": str(made.id), "mode": mode, "people": made.seen["people"], "why": source}
        events.record("person.erasing", actor_id=member.id if member else None, data=data)
    return made


def finish(erasure_id: UUID, between: Callable[[], None] = lambda: None) -> Erasure:
    """Do it all now, and answer it with its report. `between` is called between batches."""
    while _batch(erasure_id):
        between()
    with scope.system():
        return Erasure.objects.get(id=erasure_id)


def work(seconds: float = 5.0) -> int:
    """Do what waits, for some seconds; how many batches were done. For a worker; several may."""
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        with scope.system():
            waiting = Erasure.objects.filter(state__in=[WorkState.WAITING, WorkState.RUNNING]).order_by("made_at")
            first = waiting.values_list("id", flat=True).first()
        if first is None:
            return done
        try:
            _batch(first)
        except OperationalError:
            raise
        except Exception as error:
            log.exception("an erasure cannot go on")
            _fail(first, error)
        done += 1
    return done


def _batch(erasure_id: UUID) -> bool:
    """One transaction's worth; False when there is no more to do."""
    with scope.system():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        found = Erasure.objects.select_for_update().filter(id=erasure_id).first()
        if found is None or found.state not in (WorkState.WAITING, WorkState.RUNNING):
            return False
        if found.state == WorkState.WAITING:
            erasing.blank(found)
            found.state, found.step, found.after = WorkState.RUNNING, _FIRST, START
        elif found.step:
            _step(found)
        else:
            _end(found)
        found.save()
    # In the ledger before anything that cannot be found again is gone, and again at the end.
    if found.state == WorkState.DONE or (found.step == _FIRST and found.after == START):
        ledger.note(options().home)
    return found.state != WorkState.DONE


def _step(found: Erasure) -> None:
    number = next(n for n, step in enumerate(STEPS) if step.name == found.step)
    step = STEPS[number]
    changed, after = step.take(erasing.target_of(found), found.after or START, BATCH)
    if changed:
        found.counts[step.name] = found.counts.get(step.name, 0) + changed
    found.after = after
    if after is None:
        found.step = STEPS[number + 1].name if number + 1 < len(STEPS) else ""
        found.after = START


def _end(found: Erasure) -> None:
    """Look once more: what was just being stored when it began is taken now; then nothing tells who it was."""
    target = erasing.target_of(found)
    late = [step.name for step in STEPS if step.name in ("items", "messages") and step.count(target)]
    if late:
        found.step, found.after = _FIRST, START
        return
    # It reads the whole database: for what somebody asked for, not for each of those that a rule finds.
    found.left = checking.left_of(target) if found.source in _LOOKED_AT else {}
    found.target, found.state, found.done_at = {}, WorkState.DONE, now()
    checking.forget_statistics()
    seen = {name: one for name, one in found.seen.items() if name != "policy"}
    data = {"erasure": str(found.id), "mode": found.mode, "why": found.source, **seen}
    events.record("person.erased", actor_id=found.member_id, data=data)


def _fail(erasure_id: UUID, error: Exception) -> None:
    """Write down that one cannot go on, so that others can; asked for again, it begins anew."""
    with scope.system():
        Erasure.objects.filter(id=erasure_id).update(state=WorkState.FAILED, error=type(error).__name__)
