"""Taking somebody out of a team, or making them a reader: what they have there is told before, and who goes on with it.

Nothing is said of what the administrator may not see, and nothing moves for ten minutes.
"""

from typing import Any

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation
from rapport.core import clock, scope
from rapport.core.clock import now
from rapport.ownership.handing import whose, working
from rapport.ownership.models import Heir
from rapport.staff.models import Member, Membership, Team
from tests.web.cast import Cast
from tests.web.conftest import SignIn
from tests.web.test_closing import gives, owner

ASKS = "Who goes on with what Ana Agent has?"


def sent(who: Member, *teams: Team, **given: Any) -> dict[str, Any]:
    """The form of a member, as an administrator sends it."""
    kept = {"name": who.name, "email": who.email, "role": who.role, "time_zone": "UTC", "capacity": 20}
    return {**kept, "skills": "", "languages": "", "teams": [str(one.id) for one in teams], **given}


def save(admin: Any, who: Member, *teams: Team, **given: Any) -> Any:
    return admin.post(reverse("member", args=[who.id]), sent(who, *teams, **given))


def ten_minutes_later() -> None:
    working._looked = working._Looked()  # as a worker that was started anew
    with clock.travel(now() + whose.SETTLES):
        working.work_once()


@pytest.mark.parametrize("how", ["out", "reads"])
def test_it_is_told_before_and_goes_to_whom_the_administrator_chose(how: str, cast: Cast, sign_in: SignIn) -> None:
    gives(cast)
    admin = sign_in(cast.admin)
    teams, given = ([], {}) if how == "out" else ([cast.service], {"role": "reader"})
    asked = save(admin, cast.agent, *teams, **given).content.decode()
    assert ASKS in asked
    assert "1 open conversation" in asked
    assert 'name="capacity" value="20"' in asked, "what was sent is sent on"
    ana = Member.objects.get(id=cast.agent.id)
    assert (ana.role, ana.memberships.count()) == ("agent", 1), "nothing is saved yet"
    given |= {"asked": "1", f"to-{cast.service.id}": str(cast.lead.id)}
    assert save(admin, cast.agent, *teams, **given).status_code == 302
    assert "1 conversation is still theirs" in admin.get(reverse("member", args=[cast.agent.id])).content.decode()
    working.work_once()
    assert owner(cast.conversation) == cast.agent
    ten_minutes_later()
    assert owner(cast.conversation) == cast.lead
    why = "is not of the team any more" if how == "out" else "only reads now"
    page = sign_in(cast.lead).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert f"Ana Agent {why}; Ada Admin gave it to Lea Lead" in page
    assert "still theirs" not in admin.get(reverse("member_still", args=[cast.agent.id])).content.decode()


@pytest.mark.parametrize("to", ["reader", "hr", "agent", "nonsense"])
def test_nobody_else_can_be_chosen_and_then_nothing_is_saved(to: str, cast: Cast, sign_in: SignIn) -> None:
    gives(cast)
    given = "' OR 1=1 --" if to == "nonsense" else str(getattr(cast, to).id)
    said = save(sign_in(cast.admin), cast.agent, asked="1", **{f"to-{cast.service.id}": given}).content.decode()
    assert "Select a valid choice" in said
    assert Membership.objects.filter(member=cast.agent, team=cast.service).exists()
    assert not Heir.objects.exists()


def test_of_what_is_kept_to_a_team_nothing_is_asked_and_it_goes_back_to_the_team(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Conversation.objects.filter(id=cast.secret.id).update(owner_member=cast.hr)
    admin = sign_in(cast.admin)
    assert save(admin, cast.hr).status_code == 302
    assert "still theirs" not in admin.get(reverse("member", args=[cast.hr.id])).content.decode()
    ten_minutes_later()
    with scope.system():
        found = Conversation.objects.get(id=cast.secret.id)
    assert (found.owner_team, found.owner_member, found.audience) == (cast.people_team, None, [cast.people_team.id])


def test_nothing_is_asked_where_they_stay_or_have_nothing(cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    assert save(admin, cast.lead).status_code == 302, "Lea has nothing"
    gives(cast)
    assert save(admin, cast.agent, cast.service, name="Ana Ager").status_code == 302
    other = Team.objects.create(name="Sales", slug="sales")
    assert save(admin, cast.agent, cast.service, other, role="lead").status_code == 302
    assert save(admin, cast.agent, cast.service).status_code == 302
    ten_minutes_later()
    assert owner(cast.conversation) == cast.agent


def test_who_was_named_once_is_not_named_the_next_time(cast: Cast, sign_in: SignIn) -> None:
    gives(cast)
    admin = sign_in(cast.admin)
    save(admin, cast.agent, asked="1", **{f"to-{cast.service.id}": str(cast.lead.id)})
    assert Heir.objects.get().to == cast.lead
    save(admin, cast.agent, cast.service)
    save(admin, cast.agent, asked="1")
    assert not Heir.objects.exists()
    ten_minutes_later()
    assert owner(cast.conversation) is None
    Member.objects.filter(id=cast.agent.id).update(is_active=False)
    Heir.objects.create(member=cast.agent, team=cast.service, to=cast.lead)
    Membership.objects.create(member=cast.agent, team=cast.service)
    save(admin, cast.agent)
    assert Heir.objects.get().to == cast.lead, "whose account is closed leaves nothing any more"
