"""Whom of its team a conversation would suit best at this moment: for whoever gives it by hand. Reads only.

Who had it within the day, or gave it back, is named only where nobody else can take it. In the scope of whoever asks:
what they may not see does not count.
"""

from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.ownership.asking import asks_of
from rapport.ownership.directory import company
from rapport.ownership.handing.choosing import others_first
from rapport.ownership.handing.queue import Before, had_before
from rapport.ownership.versions import in_force
from rapport.ownership.within.choosing import choose
from rapport.ownership.within.values import Choice


def best_now(conversation: Conversation) -> Choice:
    """The choice of its team as it is now; nobody where it has no team."""
    team = conversation.owner_team
    here = company(now(), with_members=True, weighing=True, weights=in_force()[1].weights)
    entry = here.directory.teams.get(team.slug) if team else None
    ask = asks_of([conversation])[conversation.id]
    before = had_before([conversation.id]).get(conversation.id, Before())
    return others_first(entry.members if entry else (), before.lately | before.back, lambda some: choose(some, ask))
