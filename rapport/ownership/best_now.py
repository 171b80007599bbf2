"""Whom of its team a conversation would suit best at this moment: for whoever gives it by hand. Reads only.

In the scope of whoever asks: what they may not see does not count.
"""

from rapport.conversations.models import Conversation, Direction, Message, Priority
from rapport.core.clock import now
from rapport.ownership.directory import company
from rapport.ownership.members import answered
from rapport.ownership.service import weight_of
from rapport.ownership.versions import in_force
from rapport.ownership.within.choosing import choose
from rapport.ownership.within.values import Ask, Choice


def best_now(conversation: Conversation) -> Choice:
    """The choice of its team as it is now; nobody where it has no team."""
    team = conversation.owner_team
    here = company(now(), with_members=True, weighing=True, weights=in_force()[1].weights)
    entry = here.directory.teams.get(team.slug) if team else None
    return choose(entry.members if entry else (), _ask(conversation))


def _ask(conversation: Conversation) -> Ask:
    person = conversation.person
    holder = person.holder if person else None
    said = Message.objects.filter(conversation_id=conversation.id, direction=Direction.OUT, member__isnull=False)
    return Ask(
        weight=weight_of(conversation),
        urgent=conversation.priority == Priority.URGENT,
        language=conversation.language,
        holder=holder.email if holder else "",
        holder_name=holder.name if holder else "",
        answered=answered([person.root]).get(person.root, {}) if person else {},
        answered_here=dict(said.order_by("at").values_list("member_id", "at")),
    )
