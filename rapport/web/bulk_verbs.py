"""What may be done to many conversations at once. Each is the verb for one, or a mark of the member's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from rapport.conversations import merging, reading, snoozing
from rapport.conversations.models import Conversation, Interest, Subscription, Topic
from rapport.core.errors import Invalid
from rapport.ownership.actions import assign, mark_spam, reopen, resolve, set_priority, set_topic
from rapport.staff.models import Member, Team
from rapport.web import snoozes

One = Callable[[UUID], None]


@dataclass(frozen=True)
class Marks:
    """What the member's own marks were before, by conversation: what is needed to put them back."""

    kind: str
    before: Mapping[UUID, str | None]

    def plain(self) -> dict[str, Any]:
        """As the session keeps it."""
        return {"kind": self.kind, "before": {str(id): value for id, value in self.before.items()}}


@dataclass(frozen=True)
class Verb:
    """`one` makes, of the actor and a value, what is done to each; `marks` sets marks of the member's own on all.

    `said` is a plural: what is told when it is done, with %(count)s.
    """

    said: Any
    one: Callable[[Member, str, Sequence[UUID]], One] | None = None
    marks: Callable[[Member, Sequence[UUID]], Marks] | None = None

    def told(self, count: int) -> str:
        """What was done, in words."""
        return str(self.said % {"count": count})


def restore_marks(member: Member, kept: Mapping[str, Any]) -> list[UUID]:
    """Put marks back as `Marks.plain` kept them."""
    before: dict[UUID, str | None] = {UUID(id): value for id, value in kept["before"].items()}
    if kept["kind"] == "seen":
        reading.restore(member, {id: datetime.fromisoformat(at) if at else None for id, at in before.items()})
    else:
        seen = set(reading.visible(before))
        for interest in (*Interest.values, None):
            _interested(member, [id for id, value in before.items() if value == interest and id in seen], interest)
    return list(before)


def _plainly(verb: Callable[[UUID, Member], None]) -> Callable[[Member, str, Sequence[UUID]], One]:
    return lambda actor, _value, _ids: lambda id: verb(id, actor)


def _priority(actor: Member, value: str, _ids: Sequence[UUID]) -> One:
    wanted = int(value) if value.isdecimal() and len(value) < 3 else -1
    return lambda id: set_priority(id, actor, wanted)


def _topic(actor: Member, value: str, _ids: Sequence[UUID]) -> One:
    topic = Topic.objects.filter(id=_uuid(value), is_active=True).first() if value else None
    if value and topic is None:
        raise Invalid(_("There is no such topic."), _("Choose another."))
    return lambda id: set_topic(id, actor, topic)


def _snooze(actor: Member, value: str, _ids: Sequence[UUID]) -> One:
    until = snoozes.moment_of(value)
    return lambda id: snoozing.snooze(id, actor, until)


def _merge(actor: Member, value: str, ids: Sequence[UUID]) -> One:
    """All become one: the one chosen, or that which was there first."""
    first = Conversation.objects.filter(id__in=ids).order_by("created_at", "id").values_list("id", flat=True).first()
    into = _uuid(value) if value else first
    if into is None or len(ids) < 2:
        raise Invalid(_("Only one was selected."), _("Select those that are to become one."))
    return lambda id: None if id == into else merging.merge(into, [id], actor)


def _assign(actor: Member, value: str, ids: Sequence[UUID]) -> One:
    kind, _colon, given = value.partition(":")
    if kind == "team":
        team = Team.objects.filter(id=_uuid(given), is_active=True).first()
        if team is None:
            raise Invalid(_("There is no such team."), _("Choose another."))
        return lambda id: _give(id, actor, team, None)
    if kind not in ("member", "me", "nobody"):
        raise Invalid(_("Nobody was chosen."), _("Choose a member or a team."))
    wanted = actor.id if kind == "me" else _uuid(given)
    member = Member.objects.filter(id=wanted, is_active=True).first() if kind != "nobody" else None
    if kind != "nobody" and member is None:
        raise Invalid(_("There is no such member."), _("Choose another."))
    owners = {one.id: one.owner_team for one in Conversation.objects.filter(id__in=ids).select_related("owner_team")}
    home = member.teams.filter(is_active=True).order_by("name").first() if member else None
    # Within its team; what is nobody's yet comes to the member's own.
    return lambda id: _give(id, actor, owners.get(id) or home, member)


def _give(id: UUID, actor: Member, team: Team | None, member: Member | None) -> None:
    assign(id, actor, team, member)


def _read(member: Member, ids: Sequence[UUID]) -> Marks:
    return _seen(member, ids, reading.mark_read)


def _unread(member: Member, ids: Sequence[UUID]) -> Marks:
    return _seen(member, ids, reading.mark_unread)


def _seen(member: Member, ids: Sequence[UUID], mark: Callable[[Sequence[UUID], Member], None]) -> Marks:
    seen = reading.visible(ids)
    before = reading.seen_times(member, seen)
    mark(seen, member)
    return Marks("seen", {id: at.isoformat() if (at := before.get(id)) else None for id in seen})


def _follow(member: Member, ids: Sequence[UUID]) -> Marks:
    return _interest(member, ids, Interest.FOLLOW)


def _unfollow(member: Member, ids: Sequence[UUID]) -> Marks:
    return _interest(member, ids, None)


def _interest(member: Member, ids: Sequence[UUID], interest: str | None) -> Marks:
    seen = reading.visible(ids)
    rows = Subscription.objects.filter(member=member, conversation_id__in=seen)
    before: dict[UUID, str] = dict(rows.values_list("conversation_id", "interest"))
    _interested(member, seen, interest)
    return Marks("interest", {id: before.get(id) for id in seen})


def _interested(member: Member, ids: Sequence[UUID], interest: str | None) -> None:
    """Follow, mute, or neither, in the member's scope."""
    Subscription.objects.filter(member=member, conversation_id__in=ids).delete()
    if interest is not None:
        Subscription.objects.bulk_create(
            Subscription(conversation_id=id, member=member, interest=interest) for id in ids
        )


def _uuid(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError as error:
        raise Invalid(_("That does not exist."), _("Choose another.")) from error


VERBS: dict[str, Verb] = {
    "resolve": Verb(
        ngettext_lazy("%(count)s conversation resolved.", "%(count)s conversations resolved.", "count"),
        _plainly(resolve),
    ),
    "reopen": Verb(
        ngettext_lazy("%(count)s conversation opened again.", "%(count)s conversations opened again.", "count"),
        _plainly(reopen),
    ),
    "spam": Verb(
        ngettext_lazy("%(count)s conversation marked as spam.", "%(count)s conversations marked as spam.", "count"),
        _plainly(mark_spam),
    ),
    "assign": Verb(
        ngettext_lazy("%(count)s conversation assigned.", "%(count)s conversations assigned.", "count"), _assign
    ),
    "snooze": Verb(
        ngettext_lazy("%(count)s conversation snoozed.", "%(count)s conversations snoozed.", "count"), _snooze
    ),
    "wake": Verb(
        ngettext_lazy("%(count)s conversation is back.", "%(count)s conversations are back.", "count"),
        _plainly(snoozing.wake),
    ),
    "topic": Verb(
        ngettext_lazy("Topic of %(count)s conversation set.", "Topic of %(count)s conversations set.", "count"), _topic
    ),
    "priority": Verb(
        ngettext_lazy("Priority of %(count)s conversation set.", "Priority of %(count)s conversations set.", "count"),
        _priority,
    ),
    "merge": Verb(
        ngettext_lazy("Nothing was merged.", "%(count)s conversations are one now.", "count"), _merge
    ),
    "read": Verb(
        ngettext_lazy("%(count)s conversation marked as read.", "%(count)s conversations marked as read.", "count"),
        marks=_read,
    ),
    "unread": Verb(
        ngettext_lazy("%(count)s conversation marked as unread.", "%(count)s conversations marked as unread.", "count"),
        marks=_unread,
    ),
    "follow": Verb(
        ngettext_lazy("You follow %(count)s conversation.", "You follow %(count)s conversations.", "count"),
        marks=_follow,
    ),
    "unfollow": Verb(
        ngettext_lazy(
            "You no longer follow %(count)s conversation.", "You no longer follow %(count)s conversations.", "count"
        ),
        marks=_unfollow,
    ),
}
