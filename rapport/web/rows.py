"""What a row of the list says besides the conversation itself, for a whole page with four statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation, Draft, Status
from rapport.conversations.presence import Here, present
from rapport.conversations.queries import View
from rapport.conversations.reading import unread_ids
from rapport.staff.models import Member
from rapport.web import locales

_VIEWERS_SHOWN = 3
_END_OF_TIME = 10**17
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A conversation as its row shows it. `rank` sorts descending as the list does; `why` is why it is one's own."""

    conversation: Conversation
    rank: str
    unread: bool = False
    why: str = ""
    why_long: str = ""
    viewers: Sequence[Here] = ()
    more_viewers: int = 0
    draft: str = ""
    files: bool = False

    @property
    def snoozed(self) -> str:
        """Until when it sleeps, in words; empty when it does not."""
        conversation = self.conversation
        if not conversation.snoozed:
            return ""
        until = conversation.snoozed_until
        return _("until %(when)s") % {"when": locales.moment(until)} if until else _("until they answer")


@dataclass
class _Facts:
    files: set[UUID] = field(default_factory=set)
    followed: set[UUID] = field(default_factory=set)
    rules: dict[UUID, str] = field(default_factory=dict)
    mentioned: set[UUID] = field(default_factory=set)


def rows_with_facts(view: View, conversations: Sequence[Conversation], team_names: Mapping[UUID, str]) -> list[Row]:
    """The rows of some conversations, as `view.member` sees them."""
    if not conversations:
        return []
    ids = [one.id for one in conversations]
    facts, viewers, drafts = _facts(view.member, ids), present(ids, view.member), _drafts(view.member, ids)
    unread = unread_ids(view.member, [one.id for one in conversations if one.status == Status.OPEN])
    return [
        Row(
            one,
            rank_of(view, one),
            one.id in unread,
            *_why(view, one, facts, team_names),
            viewers.get(one.id, [])[:_VIEWERS_SHOWN],
            max(0, len(viewers.get(one.id, [])) - _VIEWERS_SHOWN),
            drafts.get(one.id, ""),
            one.id in facts.files,
        )
        for one in conversations
    ]


def rank_of(view: View, conversation: Conversation) -> str:
    """A text that sorts descending where the list does: the page puts a changed row in its place by it."""
    activity = _micros(conversation.last_activity_at)
    if view.sort == "promise" and view.status == Status.OPEN:
        due = conversation.due_at
        return f"{_END_OF_TIME - _micros(due):018d}|{activity:018d}" if due else f"-|{activity:018d}"
    if view.sort == "age":
        return f"{_END_OF_TIME - _micros(conversation.created_at):018d}"
    return f"{_micros(conversation.created_at) if view.sort == 'newest' else activity:018d}"


def _drafts(member: Member, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Who has begun to write in each: one's own draft before a colleague's."""
    rows = Draft.objects.filter(conversation_id__in=list(ids)).exclude(html="").values_list(
        "conversation_id", "member_id", "member__name"
    )  # fmt: skip
    found: dict[UUID, str] = {}
    for conversation_id, member_id, name in rows:
        if member_id == member.id:
            found[conversation_id] = _("Draft")
        else:
            found.setdefault(conversation_id, _("Draft of %(name)s") % {"name": name})
    return found


def _facts(member: Member, ids: Sequence[UUID]) -> _Facts:
    facts = _Facts()
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [member.id, str(member.id), list(ids)])
        for id, has_files, interest, rule, is_mentioned in cursor.fetchall():
            if has_files:
                facts.files.add(id)
            if interest == "follow":
                facts.followed.add(id)
            if rule:
                facts.rules[id] = rule
            if is_mentioned:
                facts.mentioned.add(id)
    return facts


def _why(view: View, one: Conversation, facts: _Facts, team_names: Mapping[UUID, str]) -> tuple[str, str]:
    rule = facts.rules.get(one.id, "")
    if one.owner_member_id == view.member.id:
        by = _("Rule “%(rule)s” gave it to your team.") % {"rule": rule} if rule else ""
        return _("yours"), f"{_('You own this.')} {by}".strip()
    if one.id in facts.mentioned:
        return _("mentioned"), _("A colleague mentioned you in a note.")
    if one.owner_team_id in view.team_ids and one.owner_team:
        names = {"team": one.owner_team.name, "rule": rule}
        if rule:
            return _("your team: %(rule)s") % names, _("Your team %(team)s owns this by the rule “%(rule)s”.") % names
        return _("your team"), _("Your team %(team)s owns this.") % names
    involved = [team_names[id] for id in one.involved if id in view.team_ids and id in team_names]
    if involved:
        return _("involved"), _("Your team %(team)s is involved.") % {"team": involved[0]}
    if one.id in facts.followed:
        return _("followed"), _("You follow this.")
    return "", ""


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


_FACTS = """SELECT wanted.id,
    EXISTS (SELECT 1 FROM conversations_attachment a WHERE a.conversation_id = wanted.id AND NOT a.inline),
    (SELECT s.interest FROM conversations_subscription s WHERE s.conversation_id = wanted.id AND s.member_id = %s),
    decided.rule,
    EXISTS (
        SELECT 1 FROM (
            SELECT e.kind, e.data FROM core_event e WHERE e.conversation_id = wanted.id ORDER BY e.id DESC LIMIT 40
        ) AS lately WHERE lately.kind = 'note.added' AND jsonb_exists(lately.data -> 'mentions', %s)
    )
FROM unnest(%s::uuid[]) AS wanted(id)
LEFT JOIN LATERAL (
    SELECT v.rules -> 'rules' -> (d.rule - 1) ->> 'name' AS rule
    FROM ownership_decision d LEFT JOIN ownership_policyversion v ON v.number = d.policy_version
    WHERE d.conversation_id = wanted.id ORDER BY d.id DESC LIMIT 1
) AS decided ON true"""
