"""What people decided, kept as examples: written with the decision itself, taken back with it, set aside by leads.

Everything here writes in its caller's transaction and scope (`scope.system()`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.ownership.models import Example, LearnedModel
from rapport.staff.models import Company, Member

SWITCHED, SET_ASIDE, BROUGHT_BACK = "learning.switched", "learning.set_aside", "learning.brought_back"


def teach(conversation: Conversation, label: str | None, actor: Member, id: UUID | None = None) -> UUID:
    """Keep that the actor gave it to the team `label`, or said that it is none of ours (None); the example's id."""
    example = Example.objects.create(
        id=id or new_id(), conversation=conversation, label=label, member=actor, audience=list(conversation.audience)
    )
    return example.id


def take_back(example_id: str | None) -> None:
    """The decision was undone: it teaches nothing."""
    if example_id:
        Example.objects.filter(id=example_id).delete()


def not_none(conversation_id: UUID) -> None:
    """It is ours after all: what said otherwise teaches nothing."""
    Example.objects.filter(conversation_id=conversation_id, label=None).delete()


def outdate() -> None:
    """Ask for a new model at once, as something must not be in it any more."""
    LearnedModel.objects.update(stale=True)


@dataclass(frozen=True)
class Span:
    """Whose examples of which time; without a member everybody's."""

    member_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def chosen(self) -> QuerySet[Example]:
        """Those of the span that still count."""
        wanted = Q(set_aside=None)
        wanted &= Q(member_id=self.member_id) if self.member_id else Q()
        wanted &= Q(at__gte=self.since) if self.since else Q()
        wanted &= Q(at__lt=self.until) if self.until else Q()
        return Example.objects.filter(wanted)


def set_aside(span: Span, actor: Member) -> int:
    """Let what was decided in the span teach nothing, until it is brought back; how many examples there were.

    Raises Invalid for a span without any bound: that would be everything.
    """
    if not (span.member_id or span.since or span.until):
        raise Invalid(_("That would be everything that was ever learned."), _("Choose a member, or a span of time."))
    count = span.chosen.update(set_aside=now())
    if count:
        outdate()
        member = str(span.member_id or "")
        events.record(SET_ASIDE, actor_id=actor.id, data={"count": count, "member": member})
    return count


def bring_back(at: datetime, actor: Member) -> int:
    """Let what was set aside at that moment count again; how many examples there were."""
    count = Example.objects.filter(set_aside=at).update(set_aside=None)
    if count:
        outdate()
        events.record(BROUGHT_BACK, actor_id=actor.id, data={"count": count})
    return count


def put_aside() -> Sequence[tuple[datetime, int]]:
    """When how many were set aside, the latest first."""
    found = Example.objects.exclude(set_aside=None).values_list("set_aside").annotate(many=Count("id"))
    return list(found.order_by("-set_aside")[:20])


def switch(on: bool, actor: Member) -> None:
    """Let what was learned give conversations to teams by itself where it is certain, or only suggest."""
    Company.objects.update_or_create(id=1, defaults={"learned_assigns": on, "updated_at": now()})
    events.record(SWITCHED, actor_id=actor.id, data={"on": on})
