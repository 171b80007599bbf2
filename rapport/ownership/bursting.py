"""Bursts of decisions that contradict the past: found soon after, told to leads, and settled by one of them.

A part of the worker asks the model that was made before each decision how likely it was. Where a member contradicts
it more often within an hour than chance allows, a lead is shown who, when, how many, and what it changed. Until
somebody has looked, nothing of that kind is set by itself.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.conversations.visibility import EVERYONE
from rapport.core import bulk, events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.ownership import learned, lessons, teaching
from rapport.ownership.kinds import SHARED, Slot
from rapport.ownership.models import Burst, Example, LearnedModel
from rapport.ownership.refitting import as_example
from rapport.staff.models import Member, Role

if TYPE_CHECKING:
    from rapport.ownership.learning import bursts
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.values import Prediction

FOUND, SETTLED = "learning.burst", "learning.burst_settled"
ASIDE, RIGHT = "aside", "right"
TOLD_LEAST = 40
"""From fewer decisions than these nothing was promised, and so nothing can be contradicted."""
LOOKED_BACK = timedelta(days=7)
_NEW_MAX = 500
_ASKED_MAX = 200
_TRIED_MAX = 1_000
_MOVES_SHOWN = 5
_UNKNOWN = -1.0


def look() -> int:
    """Hold what was decided since the last refit against it, and keep the bursts there are; how many were new."""
    found = 0
    with scope.system():
        for slot in SHARED:
            last = LearnedModel.objects.defer("data").filter(kind=slot.kind, audience=[]).order_by("-made_at").first()
            if last is not None and last.figures.get("examples", 0) >= TOLD_LEAST and _expect(slot, last):
                found += _keep(slot, last)
    return found


def _expect(slot: Slot, last: LearnedModel) -> int:
    """Write down how likely each decision was before it was made; how many there were."""
    waiting = Example.objects.filter(kind=slot.kind, expected=None, implied=False, at__gt=last.made_at)
    if not waiting.filter(audience__contains=[EVERYONE], set_aside=None).exists():
        return 0
    fresh = [
        one for one in lessons.lessons(last.made_at, _NEW_MAX, slot)
        if one.expected is None and not one.implied and one.at > last.made_at
    ]  # fmt: skip
    if not fresh:
        return 0
    learner = _as_made(last.id)
    likely = [learner.expected(one.text, one.facts, one.label) for one in fresh]
    bulk.update(
        "ownership_example",
        ["id"],
        {
            "id": ("uuid", [UUID(one.id) for one in fresh]),
            "expected": ("float8", [_UNKNOWN if one is None else one for one in likely]),
        },
        "expected = row.expected",
    )
    return len(fresh)


@lru_cache(maxsize=3)
def _as_made(model_id: UUID) -> "Learner":
    """The model without what came since; nothing is ever learned on top of this one."""
    return learned.as_made(LearnedModel.objects.get(id=model_id))


def _keep(slot: Slot, last: LearnedModel) -> int:
    from rapport.ownership.learning.bursts import bursts

    since = now() - LOOKED_BACK
    recent = lessons.lessons(since, lessons.EXAMPLES_MAX, slot)
    by_id = {one.id: one for one in recent}
    new = 0
    for one in bursts(as_example(lesson) for lesson in recent):
        own = [lesson for lesson in by_id.values() if lesson.member == one.member and lesson.at >= one.since]
        new += _keep_one(slot, one, _effect(last, own))
    return new


def _keep_one(slot: Slot, one: "bursts.Burst", effect: dict[str, Any]) -> int:
    """The same hour of the same member is one burst, which may grow; one that was looked at is not shown again."""
    same = Burst.objects.filter(kind=slot.kind, member_id=one.member, since__lte=one.until, until__gte=one.since)
    counted = {"until": one.until, "count": one.count, "against": one.against}
    known = same.order_by("-found_at").first()
    if known is not None:
        if not known.settled and known.count < one.count:
            Burst.objects.filter(id=known.id).update(effect=effect or known.effect, **counted)
        return 0
    latest = Example.objects.filter(id=one.ids[-1]).values_list("conversation_id", flat=True).first()
    made = Burst.objects.create(
        kind=slot.kind, member_id=UUID(one.member), since=one.since, effect=effect, conversation_id=latest, **counted
    )
    events.record(FOUND, data={"burst": str(made.id), "member": one.member, "count": one.count})
    return 1


def _effect(last: LearnedModel, own: Sequence[lessons.Lesson]) -> dict[str, Any]:
    """Of the latest messages, how many are told otherwise with these decisions than without, and how."""
    fresh = [one for one in own if one.at > last.made_at]
    asked = _latest()
    if not fresh or not asked:
        return {}
    texts, facts = [text for text, _ in asked], [known for _, known in asked]
    before = _as_made(last.id).predict(texts, facts)
    taught = learned.as_made(LearnedModel.objects.get(id=last.id))
    for one in fresh:
        taught.learn(as_example(one))
    return _compared(before, taught.predict(texts, facts))


def effect_without(slot: Slot, ids: set[str]) -> dict[str, Any]:
    """Of the latest messages, how many would be told otherwise were these examples set aside, and how.

    By words alone and from the latest thousand decisions, so that it takes a second and not a minute.
    """
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.values import LabelText

    taught, asked = lessons.lessons(None, _TRIED_MAX, slot), _latest()
    if not asked or ids.isdisjoint(one.id for one in taught):
        return {}
    texts, facts = [text for text, _ in asked], [known for _, known in asked]
    learner = Learner()
    learner.name(LabelText(slug, text) for slug, text in lessons.labels(slot.kind))
    learner.teach(as_example(one) for one in taught)
    learner.refit()
    before = learner.predict(texts, facts)
    learner.forget(ids=ids)
    learner.refit()
    return _compared(before, learner.predict(texts, facts))


def _compared(before: "Sequence[Prediction]", after: "Sequence[Prediction]") -> dict[str, Any]:
    moves = Counter((a.label, b.label) for a, b in zip(before, after, strict=True) if a.label != b.label)
    common = [[was, then, count] for (was, then), count in moves.most_common(_MOVES_SHOWN)]
    return {"asked": len(before), "changed": moves.total(), "moves": common}


def _latest() -> list[tuple[str, dict[str, str]]]:
    """The latest messages that opened a conversation everybody may see."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {lessons.SAID} WHERE c.id IN (SELECT id FROM conversations_conversation
                WHERE audience @> ARRAY['{EVERYONE}'::uuid] AND NOT confidential AND merged_into IS NULL
                    AND last_inbound_at IS NOT NULL
                ORDER BY created_at DESC LIMIT {_ASKED_MAX})"""
        )
        return [one for row in cursor.fetchall() if (one := lessons.told_of(*row))[0]]


def open_bursts() -> list[Burst]:
    """Those nobody has looked at, the latest first; in the system's scope, for leads."""
    return list(Burst.objects.filter(settled="").select_related("member").order_by("-found_at")[:20])


def looked_at() -> list[Burst]:
    """The latest few that a lead has settled."""
    found = Burst.objects.exclude(settled="").select_related("member", "settled_by")
    return list(found.order_by("-settled_at")[:5])


def span_of(burst: Burst) -> teaching.Span:
    """All that the member decided of the kind since it began, up to now: nobody knows where such a thing ends."""
    return teaching.Span(burst.member_id, burst.since, None, burst.kind)


def may_find_right(burst: Burst, member: Member) -> bool:
    """Whether they may say that a burst is right: of their own decisions another lead must, where there is one."""
    others = Member.objects.filter(is_active=True, role__in=(Role.LEAD, Role.ADMIN)).exclude(id=member.id)
    return burst.member_id != member.id or not others.exists()


def settle(burst_id: UUID, how: str, actor: Member) -> int:
    """Set all that the member decided of the kind since the burst began aside, or say that it is right.

    How many examples were set aside: they can be brought back (`teaching.bring_back`). Raises Invalid for a burst that
    somebody has settled, and for who finds their own decisions right while another lead could look.
    """
    burst = Burst.objects.select_for_update().filter(id=burst_id, settled="").first()
    if burst is None or how not in (ASIDE, RIGHT):
        raise Invalid(_("Somebody has looked at it already."), _("Load the page again."))
    if how == RIGHT and not may_find_right(burst, actor):
        raise Invalid(_("These are your own decisions."), _("Ask another lead, or set them aside."))
    count = 0
    if how == ASIDE and burst.member_id:
        count = teaching.set_aside(span_of(burst), actor)
    Burst.objects.filter(id=burst.id).update(settled=how, settled_at=now(), settled_by=actor)
    events.record(SETTLED, actor_id=actor.id, data={"burst": str(burst.id), "how": how, "count": count})
    return count
