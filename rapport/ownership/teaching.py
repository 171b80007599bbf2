"""What people decided, kept as examples: written with the decision itself, taken back with it, set aside by leads.

Everything here writes in its caller's transaction and scope (`scope.system()`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation, Priority
from rapport.conversations.visibility import EVERYONE
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.ownership.kinds import KINDS, PRIORITY, TEAM
from rapport.ownership.models import Decision, Example, LearnedModel, Source, Wish
from rapport.ownership.policy import PRIORITIES
from rapport.staff.models import Company, Member

SWITCHED, SET_ASIDE, BROUGHT_BACK = "learning.switched", "learning.set_aside", "learning.brought_back"
WANTED = "learning.wanted"
_NAME = re.compile(r"[-\w]{1,80}")
PRECISION_LEAST, PRECISION_MOST, PRECISION_USUAL = 50, 99, 95


@dataclass(frozen=True)
class Said:
    """What is taught: the label of a kind (None: none of ours). `implied`: it was left as it was, and resolved."""

    label: str | None
    kind: str = TEAM
    implied: bool = False


def teach(conversation: Conversation, said: Said | str | None, actor: Member, id: UUID | None = None) -> UUID:
    """Keep what the actor said of it, a team where only a label is given; the example's id."""
    what = said if isinstance(said, Said) else Said(said)
    example = Example.objects.create(
        id=id or new_id(), conversation=conversation, label=what.label, kind=what.kind, implied=what.implied,
        member=actor, audience=list(conversation.audience),
    )  # fmt: skip
    return example.id


def take_back(example_id: str | None) -> None:
    """The decision was undone: it teaches nothing."""
    if example_id:
        Example.objects.filter(id=example_id).delete()


def not_none(conversation_id: UUID) -> None:
    """It is ours after all: what said otherwise teaches nothing."""
    Example.objects.filter(conversation_id=conversation_id, kind=TEAM, label=None).delete()


def confirm(conversation: Conversation, actor: Member) -> None:
    """It was resolved as it was, and nobody ever said otherwise: so it was right, as far as that goes.

    Of priorities only a normal one: what is out of the ordinary was set by a rule or by a member, or else by what was
    learned, which must not learn from itself. Of owners only who had it for want of a rule, and answered it: else
    what is the sorting team's own would never be learned, as nobody gives that to anybody.
    """
    said = set(Example.objects.filter(conversation=conversation).values_list("kind", flat=True))
    if conversation.priority == Priority.NORMAL and PRIORITY not in said:
        teach(conversation, Said(PRIORITIES[Priority.NORMAL], PRIORITY, implied=True), actor)
    if TEAM not in said and conversation.owner_team and conversation.first_answered_at and _was_left_open(conversation):
        teach(conversation, Said(conversation.owner_team.slug, TEAM, implied=True), actor)


def _was_left_open(conversation: Conversation) -> bool:
    """Whether neither a rule said whose it is, nor what was learned gave it away by itself."""
    first = Decision.objects.filter(conversation=conversation, source=Source.POLICY).order_by("at", "id")
    rule, suggestion = first.values_list("rule", "suggestion").first() or (0, None)
    return rule is None and not (suggestion or {}).get("acted")


def not_confirmed(conversation_id: UUID) -> None:
    """It is not resolved after all."""
    Example.objects.filter(conversation_id=conversation_id, implied=True).delete()


def outdate(examples: Iterable[Example] | None = None) -> None:
    """Ask for new models at once, as these examples must not be in them any more, or must be again.

    Only of models they can be in: that somebody tidies up in confidence must not show in what others see.
    """
    told = {(one.kind, EVERYONE in one.audience, tuple(one.audience)) for one in examples or ()}
    models = LearnedModel.objects.all()
    for kind, openly, audience in told:
        models.filter(kind=kind, audience=[] if openly else list(audience)).update(stale=True)


@dataclass(frozen=True)
class Span:
    """Whose examples of which time and kind; without a member everybody's, without a kind all."""

    member_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""

    @property
    def chosen(self) -> QuerySet[Example]:
        """Those of the span that still count."""
        wanted = Q(set_aside=None)
        wanted &= Q(member_id=self.member_id) if self.member_id else Q()
        wanted &= Q(at__gte=self.since) if self.since else Q()
        wanted &= Q(at__lt=self.until) if self.until else Q()
        wanted &= Q(kind=self.kind) if self.kind else Q()
        return Example.objects.filter(wanted)


def set_aside(span: Span, actor: Member) -> int:
    """Let what was decided in the span teach nothing, until it is brought back; how many examples there were.

    Only what the actor may see of it. Raises Invalid for a span without any bound: that would be everything.
    """
    if not (span.member_id or span.since or span.until):
        raise Invalid(_("That would be everything that was ever learned."), _("Choose a member, or a span of time."))
    with scope.member(actor.id):
        chosen = list(span.chosen)
    if chosen:
        Example.objects.filter(id__in=[one.id for one in chosen]).update(set_aside=now())
        outdate(chosen)
        member = str(span.member_id or "")
        events.record(SET_ASIDE, actor_id=actor.id, data={"count": len(chosen), "member": member})
    return len(chosen)


def bring_back(at: datetime, actor: Member) -> int:
    """Let what was set aside at that moment count again, as far as the actor may see it; how many there were."""
    with scope.member(actor.id):
        chosen = list(Example.objects.filter(set_aside=at))
    if chosen:
        Example.objects.filter(id__in=[one.id for one in chosen]).update(set_aside=None)
        outdate(chosen)
        events.record(BROUGHT_BACK, actor_id=actor.id, data={"count": len(chosen)})
    return len(chosen)


def put_aside() -> Sequence[tuple[datetime, int, list[str]]]:
    """When how many were set aside, and who had decided them, the latest first; of those that whoever looks may see."""
    whose = ArrayAgg("member__name", distinct=True, filter=~Q(member=None), default=[])
    found = Example.objects.exclude(set_aside=None).values_list("set_aside").annotate(many=Count("id"), whose=whose)
    return list(found.order_by("-set_aside")[:20])


def switch(on: bool, actor: Member, kind: str = TEAM) -> None:
    """Let what was learned of a kind act by itself where it is certain, or only suggest."""
    if kind == TEAM:
        Company.objects.update_or_create(id=1, defaults={"learned_assigns": on, "updated_at": now()})
    elif kind in KINDS:
        Wish.objects.update_or_create(kind=kind, label="", defaults={"acts": on})
    else:
        raise Invalid(_("There is no such change."), _("Load the page again."))
    events.record(SWITCHED, actor_id=actor.id, data={"on": on, "what": kind})


def want(kind: str, label: str, precision: int, actor: Member) -> None:
    """Set the precision, in percent, that is promised of a team, or of a whole kind (label "").

    Raises Invalid for one that cannot be read from decisions, and for a label that can be no short name.
    """
    if label and not _NAME.fullmatch(label):
        raise Invalid(_("There is no such change."), _("Load the page again."))
    if kind not in KINDS or not PRECISION_LEAST <= precision <= PRECISION_MOST:
        raise Invalid(
            _("This is no precision that can be promised."),
            _("It is between %(least)s and %(most)s of 100.") % {"least": PRECISION_LEAST, "most": PRECISION_MOST},
        )
    was = Wish.objects.filter(kind=kind, label=label).values_list("precision", flat=True).first()
    if (was or PRECISION_USUAL) == precision:
        return
    Wish.objects.update_or_create(kind=kind, label=label, defaults={"precision": precision})
    events.record(WANTED, actor_id=actor.id, data={"what": kind, "label": label, "precision": precision})


def want_as_others(kind: str, label: str, actor: Member) -> None:
    """Promise of a label what is promised of its kind again."""
    if Wish.objects.filter(kind=kind, label=label).exclude(label="").delete()[0]:
        events.record(WANTED, actor_id=actor.id, data={"what": kind, "label": label})
