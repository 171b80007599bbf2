"""A mailbox, and two teams: one for everybody, one in confidence."""

import pytest

from rapport.channels.models import Channel
from rapport.ownership import service
from rapport.staff.models import Team
from tests.inbound.post import make_team


@pytest.fixture
def teams(db: None) -> dict[str, Team]:
    return {"support": make_team("support"), "hr": make_team("hr", confidential=True)}


@pytest.fixture
def box(teams: dict[str, Team]) -> Channel:
    rules = [{"name": "In confidence", "when": {"to": "hr@rapport.example"}, "then": {"owner": "hr"}}]
    service.save_policy_dict({"triage": "support", "rules": rules}, service.SavedBy())
    return Channel.objects.create(name="Mailbox", kind="email", address="support@rapport.example")


@pytest.fixture
def other_box(box: Channel) -> Channel:
    return Channel.objects.create(name="Other mailbox", kind="email", address="hello@rapport.example")
