"""A team that hands out, on a working day, with two members."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rapport.conversations.models import Conversation
from rapport.core import clock, scope
from rapport.ownership import service
from rapport.ownership.facts import Facts
from rapport.staff.models import BusinessHours, Member, Membership, Team

WEDNESDAY = datetime(2026, 3, 4, 10, tzinfo=UTC)


@dataclass
class Shop:
    """A team, its members, and conversations put into it."""

    team: Team
    ann: Member
    bob: Member

    def add(self, **given: Any) -> Conversation:
        """A conversation of the team that nobody has."""
        usual = {"owner_team": self.team, "audience": [self.team.id], "created_at": clock.now()}
        return Conversation.objects.create(**(usual | given))

    def policy(self, **then: Any) -> None:
        """Everything goes to the team, with what is given."""
        rule = {"name": "All", "when": {"always": True}, "then": {"owner": self.team.slug, **then}}
        service.save_policy_dict({"triage": self.team.slug, "rules": [rule]}, service.SavedBy())

    def come(self, count: int = 1, **given: Any) -> list[Conversation]:
        """So many new conversations, decided and stored as the pipeline does."""
        made = [Conversation.objects.create(created_at=clock.now()) for _ in range(count)]
        decided = service.decide_batch([(one.id, Facts(at=clock.now(), **given)) for one in made])
        for one, found in zip(made, decided, strict=True):
            Conversation.objects.filter(id=one.id).update(
                owner_team=found.owner_team, owner_member_id=found.owner_member_id, audience=found.audience
            )
        service.record_decisions(decided)
        return list(Conversation.objects.filter(id__in=[one.id for one in made]).order_by("id"))

    def update(self, **given: Any) -> None:
        """Change the team's settings."""
        Team.objects.filter(id=self.team.id).update(**given)
        self.team.refresh_from_db()


@pytest.fixture
def shop(db: None) -> Iterator[Shop]:
    """Ann and Bob work from 9 to 17 in Berlin; it is 11 on a Wednesday."""
    with clock.travel(WEDNESDAY), scope.system():
        yield make_shop()


def make_shop() -> Shop:
    """In the system's scope."""
    office = BusinessHours.objects.create(
        name="Office", time_zone="Europe/Berlin", blocks=[[day, "09:00", "17:00"] for day in range(5)]
    )
    team = Team.objects.create(name="Service", slug="service", hours=office, taken_by="handed", is_open=True)
    ann, bob = (
        Member.objects.create_user(f"{name.lower()}@example.org", name=name, capacity=3) for name in ("Ann", "Bob")
    )
    for one in (ann, bob):
        Membership.objects.create(member=one, team=team)
    return Shop(team, ann, bob)


@pytest.fixture
def later() -> Callable[[timedelta], Any]:
    """Travels on from where the tests begin."""
    return lambda span: clock.travel(WEDNESDAY + span)
