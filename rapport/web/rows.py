"""What a row of the list says besides the conversation itself, for a whole page with one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from rapport.conversations.models import Status
from rapport.conversations.presence import FRESH, Here
from rapport.conversations.queries import View
from rapport.conversations.reading import Latest, is_unread
from rapport.conversations.summaries import Summary
from rapport.core.clock import now
from rapport.staff.models import Member
from rapport.web import locales

_VIEWERS_SHOWN = 3
_END_OF_TIME = 10**17
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A conversation as its row shows it. `rank` sorts descending as the list does; `why` is why it is one's own."""

    conversation: Summary
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


@dataclass(frozen=True, slots=True)
class _Facts:
    """Of one conversation. `viewers` are (member, name, typing), `drafts` (member, name)."""

    files: bool
    interest: str | None
    rule: str | None
    mentioned: bool
    viewers: Sequence[tuple[str, str, str]] | None
    drafts: Sequence[tuple[str, str]] | None
    latest: Latest


def rows_with_facts(view: View, found: Sequence[Summary], team_names: Mapping[UUID, str]) -> list[Row]:
    """The rows of some conversations, as `view.member` sees them."""
    if not found:
        return []
    facts = _facts(view.member, [one.id for one in found])
    return [_row(view, one, facts[one.id], team_names) for one in found]


def _row(view: View, one: Summary, facts: _Facts, team_names: Mapping[UUID, str]) -> Row:
    viewers = [Here(UUID(id), name, typing) for id, name, typing in facts.viewers or ()]
    return Row(
        one,
        rank_of(view, one),
        one.status == Status.OPEN and facts.interest != "mute" and is_unread(facts.latest, view.member),
        *_why(view, one, facts, team_names),
        viewers[:_VIEWERS_SHOWN],
        max(0, len(viewers) - _VIEWERS_SHOWN),
        _draft(view.member, facts.drafts or ()),
        facts.files,
    )


def rank_of(view: View, conversation: Summary) -> str:
    """A text that sorts descending where the list does: the page puts a changed row in its place by it."""
    activity = _micros(conversation.last_activity_at)
    if view.sort == "promise" and view.status == Status.OPEN:
        due = conversation.due_at
        return f"{_END_OF_TIME - _micros(due):018d}|{activity:018d}" if due else f"-|{activity:018d}"
    if view.sort == "age":
        return f"{_END_OF_TIME - _micros(conversation.created_at):018d}"
    return f"{_micros(conversation.created_at) if view.sort == 'newest' else activity:018d}"


def _draft(member: Member, drafts: Sequence[tuple[str, str]]) -> str:
    """Who has begun to write: one's own draft before a colleague's."""
    if any(id == str(member.id) for id, _name in drafts):
        return _("Draft")
    return _("Draft of %(name)s") % {"name": drafts[0][1]} if drafts else ""


def _facts(member: Member, ids: Sequence[UUID]) -> dict[UUID, _Facts]:
    given: dict[str, Any] = {"me": member.id, "name": str(member.id), "ids": list(ids), "since": now() - FRESH}
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, given)
        rows = cursor.fetchall()
    return {
        id: _Facts(files, interest, rule, mentioned, _listed(viewers), _listed(drafts), Latest(*latest))
        for id, files, interest, rule, mentioned, viewers, drafts, *latest in rows
    }


def _listed(value: Any) -> Any:
    """Drivers hand JSON over as text or read."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def _why(view: View, one: Summary, facts: _Facts, team_names: Mapping[UUID, str]) -> tuple[str, str]:
    rule = facts.rule or ""
    if one.owner_member_id == view.member.id:
        by = _("Rule “%(rule)s” gave it to your team.") % {"rule": rule} if rule else ""
        return _("yours"), f"{_('You own this.')} {by}".strip()
    if facts.mentioned:
        return _("mentioned"), _("A colleague mentioned you in a note.")
    if one.owner_team_id in view.team_ids:
        names = {"team": one.team, "rule": rule}
        if rule:
            return _("your team: %(rule)s") % names, _("Your team %(team)s owns this by the rule “%(rule)s”.") % names
        return _("your team"), _("Your team %(team)s owns this.") % names
    involved = [team_names[id] for id in one.involved if id in view.team_ids and id in team_names]
    if involved:
        return _("involved"), _("Your team %(team)s is involved.") % {"team": involved[0]}
    if facts.interest == "follow":
        return _("followed"), _("You follow this.")
    return "", ""


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


_FACTS = """SELECT wanted.id,
    EXISTS (SELECT 1 FROM conversations_attachment a WHERE a.conversation_id = wanted.id AND NOT a.inline),
    (SELECT s.interest FROM conversations_subscription s
        WHERE s.conversation_id = wanted.id AND s.member_id = %(me)s),
    decided.rule,
    EXISTS (
        SELECT 1 FROM (
            SELECT e.kind, e.data FROM core_event e WHERE e.conversation_id = wanted.id ORDER BY e.id DESC LIMIT 40
        ) AS lately WHERE lately.kind = 'note.added' AND jsonb_exists(lately.data -> 'mentions', %(name)s)
    ),
    (SELECT jsonb_agg(jsonb_build_array(m.id, m.name, h.typing) ORDER BY h.typing DESC, m.name)
        FROM conversations_presence h JOIN staff_member m ON m.id = h.member_id AND m.is_active
        WHERE h.conversation_id = wanted.id AND h.at > %(since)s AND h.member_id <> %(me)s),
    (SELECT jsonb_agg(jsonb_build_array(m.id, m.name) ORDER BY d.updated_at DESC)
        FROM conversations_draft d JOIN staff_member m ON m.id = d.member_id
        WHERE d.conversation_id = wanted.id AND d.html <> ''),
    latest.id, latest.member_id,
    (SELECT seen.at FROM conversations_seen seen WHERE seen.conversation_id = wanted.id AND seen.member_id = %(me)s)
FROM unnest(%(ids)s::uuid[]) AS wanted(id)
LEFT JOIN LATERAL (
    SELECT m.id, m.member_id FROM conversations_message m WHERE m.conversation_id = wanted.id ORDER BY m.id DESC LIMIT 1
) AS latest ON true
LEFT JOIN LATERAL (
    SELECT v.rules -> 'rules' -> (d.rule - 1) ->> 'name' AS rule
    FROM ownership_decision d LEFT JOIN ownership_policyversion v ON v.number = d.policy_version
    WHERE d.conversation_id = wanted.id ORDER BY d.id DESC LIMIT 1
) AS decided ON true"""
