"""Conversations that nobody decided, for what is asked elsewhere, and what came of asking."""

from typing import Any

from rapport.conversations.models import Conversation, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.inbound import second_opinions
from rapport.ownership.models import Decision
from rapport.ownership.second.models import Endpoint, Opinion
from rapport.people.models import Handle, Organization, Person
from rapport.staff.models import Team


def arrive(text: str = "The kettle is broken", **more: Any) -> Conversation:
    """A conversation that nobody decided, as the pipeline leaves it."""
    said = {"direction": "in", "text": text} | more.pop("said", {})
    decided = {"source": "policy", "suggestion": {}, "sentence": "no rule matched"} | more.pop("decided", {})
    team = Team.objects.get(slug="sorting")
    with scope.system():
        found = Conversation.objects.create(**{"owner_team": team, "audience": [EVERYONE]} | more)
        Message.objects.create(conversation=found, person=found.person, **said)
        Decision.objects.create(conversation=found, owner_team=team, **decided)
    return found


def ann(**more: Any) -> Person:
    with scope.system():
        acme = Organization.objects.create(name="Acme Kettles", domain="acme.example")
        person = Person.objects.create(**{"name": "Ann Smith", "organization": acme, "audience": [EVERYONE]} | more)
        Handle.objects.create(kind="email", value="ann@acme.example", written="Ann@acme.example", person=person)
    return person


def work() -> int:
    """Ask about all that waits; how often."""
    count = 0
    while second_opinions.work_once():
        count += 1
    return count


def opinion(found: Conversation) -> Opinion | None:
    with scope.system():
        return Opinion.objects.filter(conversation=found).first()


def wake() -> None:
    """As if the time had come to try again."""
    with scope.system():
        Opinion.objects.update(due_at=now())
        Endpoint.objects.update(rest_until=None)
