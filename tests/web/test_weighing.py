"""Why this member: what is shown of those who were weighed, to whom."""

from uuid import uuid4

import pytest

from rapport.core import scope
from rapport.ownership.models import Decision
from rapport.staff.models import Company, Member
from rapport.web.weighing import Eyes, weighing_of
from tests.web.cast import Cast
from tests.web.conftest import SignIn


@pytest.fixture
def weighed(cast: Cast) -> Cast:
    """Lea was chosen; Ana, who knows the person, and Rex had too much."""
    of = [
        {"m": str(cast.lead.id), "f": [["language", 20], ["room", -11], ["week", 7]]},
        {"m": str(cast.agent.id), "f": [["person", 30], ["room", -33], ["week", -19]]},
        {"m": str(cast.admin.id), "f": [["room", -37], ["lately", -13]]},
    ]
    with scope.system():
        Decision.objects.filter(conversation=cast.conversation).update(
            owner_member=cast.lead, owner_team=cast.service, weighed={"how": "best", "weight": 1, "of": of}
        )
    return cast


def told(cast: Cast, sign_in: SignIn, member: Member) -> dict[str, str]:
    """What stands beside each name, in order; and, under "", what is said beneath."""
    page = sign_in(member).get(f"/c/{cast.conversation.id}/").content.decode()
    part = page.partition('<ul class="weighed">')[2].partition("</details>")[0]
    rows = part.partition("</ul>")[0].split("<li>")[1:]
    names = {"lead": cast.lead.name, "agent": cast.agent.name, "admin": cast.admin.name}
    found = {who: row for row in rows for who, name in names.items() if name in row}
    return found | {"": part.partition("</ul>")[2]}


def test_of_others_everybody_sees_the_order_and_what_is_no_figure_of_their_work(
    weighed: Cast, sign_in: SignIn
) -> None:
    found = told(weighed, sign_in, weighed.reader)
    assert list(found) == ["lead", "agent", "admin", ""]
    assert all(points in found["lead"] for points in ("+20", "−11", "+7", "+16")), "the one who was chosen"
    assert "answered this person last" in found["agent"]
    assert "+30" in found["agent"]
    assert not any(points in found["agent"] for points in ("33", "19", "22", "capacity", "this week"))
    assert not any(points in found["admin"] for points in ("37", "13", "50", "capacity", "just now"))
    assert "shown to whoever leads the team" in found[""]


def test_where_nothing_is_left_out_nothing_is_said_of_it(weighed: Cast, sign_in: SignIn) -> None:
    of = [{"m": str(one.id), "f": [], "o": "off"} for one in (weighed.lead, weighed.agent)]
    with scope.system():
        Decision.objects.update(owner_member=None, weighed={"how": "best", "weight": 1, "of": of})
    found = told(weighed, sign_in, weighed.reader)
    assert "outside working hours" in found["lead"]
    assert "shown to whoever leads" not in found[""]


def test_everybody_sees_all_of_themselves(weighed: Cast, sign_in: SignIn) -> None:
    found = told(weighed, sign_in, weighed.agent)
    assert all(points in found["agent"] for points in ("+30", "−33", "−19", "−22"))
    assert "37" not in found["admin"]


def test_who_leads_the_team_sees_all_and_of_other_teams_where_the_company_allows_it_and_no_agent_ever(
    weighed: Cast, sign_in: SignIn
) -> None:
    found = told(weighed, sign_in, weighed.lead)
    assert all(points in found["admin"] for points in ("−37", "−13", "−50"))
    assert "shown to whoever leads" not in found[""]
    Company.objects.update_or_create(id=1, defaults={"individual_figures": True})
    assert "33" not in told(weighed, sign_in, weighed.reader)["agent"], "decisions/0014: agents and readers never"
    with scope.system():
        decision = Decision.objects.get(weighed__isnull=False)
        seen = [weighing_of([decision], Eyes(uuid4(), frozenset(), leads)) for leads in (True, False)]
    assert [one.withheld for one in seen if one] == [False, True]
