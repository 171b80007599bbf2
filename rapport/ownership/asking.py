"""What is asked of a team for a conversation that is there already: its weight, language, skills, who knows the person.

In the scope of whoever asks: what they may not see does not count.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from rapport.conversations.models import Conversation, Direction, Message, Priority
from rapport.ownership.members import answered
from rapport.ownership.models import Decision, Source
from rapport.ownership.service import weights_of
from rapport.ownership.within.values import Ask


def asks_of(conversations: Iterable[Conversation]) -> dict[UUID, Ask]:
    """Of each the question by "best", with the skills that its rule asked for; the same number of statements for many.

    The conversations are best read with `person__holder` and `channel`.
    """
    wanted = list(conversations)
    ids = [one.id for one in wanted]
    weights = weights_of(wanted)
    people = answered(one.person.root for one in wanted if one.person)
    here, skills = _answered_here(ids), _skills(ids)
    return {
        one.id: Ask(
            weight=weights[one.id],
            urgent=one.priority == Priority.URGENT,
            language=one.language,
            skills=skills.get(one.id, ()),
            holder=one.person.holder.email if one.person and one.person.holder else "",
            holder_name=one.person.holder.name if one.person and one.person.holder else "",
            answered=people.get(one.person.root, {}) if one.person else {},
            answered_here=here.get(one.id, {}),
        )
        for one in wanted
    }


def _answered_here(ids: list[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    found: dict[UUID, dict[UUID, datetime]] = {}
    said = Message.objects.filter(conversation_id__in=ids, direction=Direction.OUT, member__isnull=False)
    for conversation_id, member_id, at in said.order_by("at").values_list("conversation_id", "member_id", "at"):
        found.setdefault(conversation_id, {})[member_id] = at
    return found


def _skills(ids: list[UUID]) -> dict[UUID, tuple[str, ...]]:
    """As they stand in the weighing that is kept with what the policy decided."""
    kept = Decision.objects.filter(conversation_id__in=ids, source=Source.POLICY, weighed__has_key="skills")
    rows = kept.order_by("id").values_list("conversation_id", "weighed")
    return {id: tuple(weighed["skills"]) for id, weighed in rows if weighed}
