"""Closing an account: told before what is theirs and who goes on with it; and nothing beyond what one may see."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation, Draft, DraftKind
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.ownership.handing import working
from rapport.ownership.models import Decision, Heir
from rapport.staff.models import Member, Membership, OnCallDuty, OnCallRotation
from tests.web.cast import Cast
from tests.web.conftest import SignIn


def gives(cast: Cast, **given: Any) -> None:
    """Ana has the open conversation."""
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(owner_member=cast.agent, **given)


def owner(of: Conversation) -> Member | None:
    with scope.system():
        return Conversation.objects.select_related("owner_member").get(id=of.id).owner_member


def test_what_is_theirs_is_told_before_and_nothing_happened_yet(cast: Cast, sign_in: SignIn) -> None:
    gives(cast, first_answer_due_at=now() - timedelta(hours=1), snoozed=True)
    with scope.system():
        Draft.objects.create(conversation=cast.conversation, member=cast.agent, kind=DraftKind.REPLY, html="<p>Hi</p>")
        Draft.objects.create(member=cast.agent, kind=DraftKind.NEW, html="<p>Secret plan</p>")
    span = {"starts_at": now(), "ends_at": now() + timedelta(days=1)}
    OnCallDuty.objects.create(team=cast.service, member=cast.agent, **span)
    OnCallRotation.objects.create(team=cast.service, order=[cast.agent.id], first=now().date())
    said = sign_in(cast.admin).get(reverse("member_close", args=[cast.agent.id])).content.decode()
    for told in (
        "1 open conversation", "1 with a promise", "1 of them late", "1 snoozed", "1 draft in a conversation",
        "1 draft of a new message", "On call 1 time ahead", "In the turns of Customer Service",
    ):  # fmt: skip
        assert told in said
    assert "Secret plan" not in said
    assert Member.objects.get(id=cast.agent.id).is_active
    assert owner(cast.conversation) == cast.agent


def test_it_goes_to_whom_the_administrator_chose_and_everybody_reads_why(cast: Cast, sign_in: SignIn) -> None:
    gives(cast)
    admin = sign_in(cast.admin)
    url = reverse("member_close", args=[cast.agent.id])
    assert admin.post(url, {f"to-{cast.service.id}": str(cast.lead.id)}).status_code == 302
    page = admin.get(reverse("member", args=[cast.agent.id])).content.decode()
    assert "1 conversation is still theirs, and is being given on" in page
    working.work_once()
    assert owner(cast.conversation) == cast.lead
    assert "is still theirs" not in admin.get(reverse("member_still", args=[cast.agent.id])).content.decode()
    why = "the account of Ana Agent was closed; Ada Admin gave it to Lea Lead"
    assert why in sign_in(cast.lead).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    with scope.system():
        closed = Event.objects.get(kind="member.deactivated")
    assert (closed.actor_id, closed.data["member"]) == (cast.admin.id, str(cast.agent.id))


def test_of_what_is_kept_to_a_team_an_administrator_learns_nothing_and_it_stays_there(
    cast: Cast, sign_in: SignIn
) -> None:
    with scope.system():
        Conversation.objects.filter(id=cast.secret.id).update(owner_member=cast.hr)
    admin = sign_in(cast.admin)
    url = reverse("member_close", args=[cast.hr.id])
    said = admin.get(url).content.decode()
    assert "Nothing open that you may see is theirs." in said
    assert "0 open conversations" in said
    assert "Zanzibar" not in said
    admin.post(url, {})
    working.work_once()
    with scope.system():
        found = Conversation.objects.get(id=cast.secret.id)
    assert (found.owner_team, found.owner_member, found.audience) == (cast.people_team, None, [cast.people_team.id])


@pytest.mark.parametrize("to", ["reader", "hr", "agent", "nobody", "nonsense"])
def test_nobody_else_can_be_chosen(to: str, cast: Cast, sign_in: SignIn) -> None:
    gives(cast)
    given = {"nobody": str(uuid4()), "nonsense": "' OR 1=1 --"}.get(to) or str(getattr(cast, to).id)
    said = sign_in(cast.admin).post(reverse("member_close", args=[cast.agent.id]), {f"to-{cast.service.id}": given})
    assert said.status_code == 200
    assert "Select a valid choice" in said.content.decode()
    assert Member.objects.get(id=cast.agent.id).is_active
    assert not Heir.objects.exists()
    assert owner(cast.conversation) == cast.agent


def test_nobody_closes_their_own_account_and_who_is_let_in_again_has_nothing_back(cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    own = admin.post(reverse("member_close", args=[cast.admin.id]), {})
    assert own.status_code == 400
    assert "Close the account" not in admin.get(reverse("member", args=[cast.admin.id])).content.decode()
    assert Member.objects.get(id=cast.admin.id).is_active
    gives(cast)
    admin.post(reverse("member_close", args=[cast.agent.id]), {f"to-{cast.service.id}": str(cast.lead.id)})
    working.work_once()
    assert admin.get(reverse("member_close", args=[cast.agent.id])).status_code == 302
    admin.post(reverse("member_open", args=[cast.agent.id]))
    working.work_once()
    assert Member.objects.get(id=cast.agent.id).is_active
    assert not Heir.objects.exists()
    assert owner(cast.conversation) == cast.lead
    with scope.system():
        assert Decision.objects.filter(conversation=cast.conversation).count() == 2
    assert Membership.objects.filter(member=cast.agent, team=cast.service).exists()
