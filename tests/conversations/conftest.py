"""The small cast of these tests: a mailbox, a team, one in confidence, and somebody of the first."""

import pytest

from rapport.channels.models import Channel
from rapport.staff.models import Member, Team
from tests.conversations.makers import make_channel
from tests.inbound.post import make_member, make_team


@pytest.fixture
def box() -> Channel:
    return make_channel()


@pytest.fixture
def support() -> Team:
    return make_team("support")


@pytest.fixture
def hr() -> Team:
    return make_team("hr", is_open=False, confidential=True)


@pytest.fixture
def agent(support: Team) -> Member:
    return make_member("agent", support)
