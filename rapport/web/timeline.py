"""What happened in a conversation, in order: messages, notes and events as the page shows them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID
from zlib import crc32

from django.db.models import Exists
from django.utils.translation import gettext as _

from rapport.channels.models import Channel
from rapport.conversations import queries, undoing
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Priority, Topic
from rapport.core import plans
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.outbound.models import Delivery, DeliveryState
from rapport.ownership.conditions.what import in_a_sentence
from rapport.ownership.forms import follows
from rapport.ownership.kinds import TEAM, TOPIC
from rapport.ownership.models import Decision, Source
from rapport.ownership.second.models import Opinion, Stage
from rapport.ownership.service import ExplainedRule, Explanation, explain
from rapport.staff.models import Member, Team
from rapport.web import locales, promise_words, unsaid_words
from rapport.web.richview import bodies_of
from rapport.web.weighing import Eyes, Weighing, weighing_of
from rapport.web.words import UNTOLD, event_icon, event_phrase

_EVENTS_SHOWN = 200
_RULES_SHOWN = 200


@dataclass(frozen=True)
class Item:
    """One entry of the timeline: a message, or something that happened."""

    at: datetime
    id: UUID
    message: Message | None = None
    attachments: list[Attachment] = field(default_factory=list)
    delivery: Delivery | None = None
    actor: str = ""
    phrase: str = ""
    icon: str = ""
    number: int = 0
    body: str = ""
    by: str = ""
    before: Sequence[str] = ()
    undo: bool = False
    other: Conversation | None = None

    @cached_property
    def revision(self) -> str:
        """Changes whenever the entry would look different; the open page replaces only those that did."""
        d = self.delivery
        sent = d and (d.state, d.attempts, d.error, d.send_after, d.options.get("receipt"))
        m = self.message
        told = m and (m.edited_at, m.deleted_at, m.about)
        heard = [bool(one.transcript) for one in self.attachments]
        seen: Any = (self.id, sent, told, heard, len(self.attachments), self.phrase, self.undo)
        return f"{crc32(repr(seen).encode()):x}"

    @property
    def when(self) -> str:
        """When it was, in words."""
        return locales.moment(self.at)

    @property
    def who(self) -> str:
        """Who says it."""
        if self.message is None:
            return self.actor
        if self.message.direction == Direction.IN:
            return (self.message.person.called if self.message.person else "") or _("Unknown sender")
        if self.message.member:
            return self.message.member.name
        return _("Our account") if self.message.about.get("origin") == "own" else "Rapport"

    @property
    def undo_seconds(self) -> int:
        """How long sending can still be undone."""
        if self.delivery is None or self.delivery.state != DeliveryState.QUEUED:
            return 0
        return max(0, int((self.delivery.send_after - now()).total_seconds()))


@dataclass(frozen=True)
class Timeline:
    """The latest entries, oldest first; `earlier` is the id to ask for what came before them."""

    items: list[Item]
    earlier: UUID | None = None


@dataclass(frozen=True)
class Why:
    """The decision in force, unfolded, and those it replaced."""

    decision: Decision
    explanation: Explanation
    policy: Explanation | None
    before: list[Decision]
    weighing: Weighing | None = None
    teams: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    #: Whether an endpoint elsewhere said something of it.
    has_opinion: bool = False
    #: Why what was learned suggests nothing, in words.
    unsaid: tuple[str, ...] = ()

    @property
    def learned(self) -> dict[str, Any]:
        """What was learned said of it where no rule decided: team, probability, acted; empty where it said nothing."""
        return next((one.suggestion for one in (self.decision, *self.before) if one.suggestion), {})

    @property
    def guesses(self) -> dict[str, Any]:
        """What was learned said of topic and priority: by kind label, probability, acted."""
        return next((one.guesses for one in (self.decision, *self.before) if one.guesses), {})

    @property
    def is_undecided(self) -> bool:
        """Whether nobody has said yet whose it is, so that a suggestion is worth a button."""
        return bool(self._decided.suggestion) and not self.is_by_member

    @property
    def is_by_member(self) -> bool:
        """Whether somebody has said whose it is."""
        return self._decided.source == Source.MEMBER

    @property
    def _decided(self) -> Decision:
        # Who of the team was handed it says nothing about which team's it is.
        return next((one for one in (self.decision, *self.before) if one.source != Source.HANDED), self.decision)

    @cached_property
    def told(self) -> list[tuple[ExplainedRule, str]]:
        """The rules of the policy that hit or failed, with what followed from those that counted."""
        return [(one, self._follows(one)) for one in self._rules if one.result.hit or one.result.failed]

    @cached_property
    def missed(self) -> list[ExplainedRule]:
        """Those that missed."""
        return [one for one in self._rules if not (one.result.hit or one.result.failed)]

    @property
    def missed_shown(self) -> list[ExplainedRule]:
        """Of those as many as a page can bear."""
        return self.missed[:_RULES_SHOWN]

    def _follows(self, one: ExplainedRule) -> str:
        counted = one.result.hit and one.then is not None and (one.decided or not one.then.owner)
        return follows(one.then, self.teams, self.topics) if one.then and counted else ""

    @cached_property
    def _rules(self) -> list[ExplainedRule]:
        """The rules of that policy, with names where their words have short names: those were kept as they stood."""
        rules = self.policy.rules if self.policy else ()
        # As the reason has them: "it is about refunds and returns".
        names = {**self.teams, **{slug: in_a_sentence(name) for slug, name in self.topics.items()}}
        # Short names of one word read as words.
        short = "|".join(re.escape(slug) for slug in sorted(names, key=len, reverse=True) if "-" in slug)
        if not short:
            return list(rules)
        found = re.compile(rf"(?<![\w“@.-])(?:{short})(?![\w”@-])")

        def said(words: str) -> str:
            return found.sub(lambda match: names[match[0]], words)

        return [
            replace(one, asks=said(one.asks), result=one.result._replace(reason=said(one.result.reason)))
            for one in rules
        ]


def timeline_of(conversation: Conversation, before: UUID | None = None) -> Timeline:
    """The conversation's entries, a page of messages at a time."""
    with plans.fresh():
        return _timeline_of(conversation, before)


def _timeline_of(conversation: Conversation, before: UUID | None) -> Timeline:
    messages, more = queries.messages_of(conversation.id, before)
    ids = [message.id for message in messages]
    attachments = queries.attachments_of(conversation.id, ids)
    bodies = bodies_of(messages, attachments)
    deliveries = {
        one.message_id: one for one in Delivery.objects.filter(conversation_id=conversation.id, message_id__in=ids)
    }
    channels, forms = _channels_of(messages), queries.earlier_forms(conversation.id, messages)
    items = [
        Item(
            m.at, m.id, m, [a for a in attachments.get(m.id, []) if not a.inline], deliveries.get(m.id),
            body=bodies.get(m.id, ""), by=channels.get(m.channel_id, "") if m.channel_id else "",
            before=forms.get(m.id, ()),
        )
        for m in messages
    ]
    since = messages[0].at if messages and more else None
    until = messages[-1].at if messages and before else None
    items += _events(conversation, since, until)
    return Timeline(sorted(items, key=lambda item: (item.at, item.id)), messages[0].id if messages and more else None)


def _channels_of(messages: Iterable[Message]) -> dict[UUID, str]:
    """The names of the channels that messages went by, where there is more than one to tell apart."""
    ids = {message.channel_id for message in messages if message.channel_id}
    return dict(Channel.objects.filter(id__in=ids).values_list("id", "name")) if len(ids) > 1 else {}


def why(
    conversation: Conversation, teams: Mapping[str, str], eyes: Eyes, topics: Iterable[Topic] = ()
) -> Why | None:
    """Why the owner is the owner, for whoever looks; None when nothing was ever decided. `teams`: names by slug."""
    # Asked along, so that a page has one question more only where there is an opinion.
    has_opinion = Exists(Opinion.objects.filter(conversation_id=conversation.id, stage=Stage.ANSWERED))
    of_it = Decision.objects.filter(conversation_id=conversation.id).annotate(has_opinion=has_opinion)
    decisions = list(of_it.order_by("-at", "-id")[:20])
    if not decisions:
        return None
    latest = decisions[0]
    by_policy = next((d for d in decisions if d.policy_version is not None), None)
    policy = explain(by_policy) if by_policy else None
    explained = policy if by_policy is latest and policy else explain(latest)
    called = {topic.slug: topic.name for topic in topics}
    unsaid = next((one.unsaid for one in decisions if one.unsaid), None)
    return Why(
        latest, explained, policy, [*decisions[1:]], weighing_of(decisions, eyes), teams, called, latest.has_opinion,
        unsaid_words.lines(unsaid, {TEAM: teams, TOPIC: called}, in_confidence=conversation.confidential),
    )


def _events(conversation: Conversation, since: datetime | None, until: datetime | None) -> list[Item]:
    found = Event.objects.filter(conversation_id=conversation.id).exclude(kind__in=UNTOLD)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lte=until)
    shown = list(found.order_by("-id")[:_EVENTS_SHOWN])
    names, others = names_of(shown), others_of(shown)
    offered = undoing.undoable(shown, {conversation.id: conversation})
    return [
        Item(
            e.at,
            e.id,
            actor=names.get(str(e.actor_id), "") or promise_words.actor_of(e.kind, e.data),
            phrase=event_phrase(e.kind, e.data, names),
            icon=event_icon(e.kind),
            undo=e.id in offered,
            other=others.get(other_in(e.data)),
        )
        for e in shown
    ]


def others_of(events: Iterable[Event]) -> dict[str, Conversation]:
    """The other conversations that events speak of, by id as text, as far as one may see them."""
    ids = {other_in(event.data) for event in events} - {""}
    return {str(id): found for id, found in Conversation.objects.in_bulk([UUID(one) for one in ids]).items()}


def other_in(data: Mapping[str, Any]) -> str:
    """The id of the other conversation in an event's data; empty when there is none."""
    return str(next((data[name] for name in ("from", "to", "other") if data.get(name)), ""))


def names_of(events: Iterable[Event]) -> dict[str, str]:
    """The names of the members and teams that events speak of, by id as text."""
    if not events:
        return {}
    actors = {e.actor_id for e in events if e.actor_id}
    mentioned = {value for e in events for value in _ids_in(e.data)}
    names = {str(key): name for key, name in Team.objects.values_list("id", "name")} if mentioned else {}
    if actors or mentioned:
        members = Member.objects.filter(id__in=[*actors, *mentioned]).values_list("id", "name")
        names |= {str(key): name for key, name in members}
    return names | {f"priority-{value}": str(label) for value, label in Priority.choices}


def _ids_in(data: object) -> Iterable[UUID]:
    if isinstance(data, dict):
        for value in data.values():
            yield from _ids_in(value)
    elif isinstance(data, str) and len(data) == 36:
        try:
            yield UUID(data)
        except ValueError:
            return
