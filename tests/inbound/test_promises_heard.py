"""A promise that runs out reaches somebody, whoever is gone."""

import pytest

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation
from rapport.core import audit, clock, scope
from rapport.notices import gather
from rapport.ownership import service
from rapport.ownership.actions import assign
from rapport.staff.models import Member, Membership, Team
from tests.inbound.post import deliver, letter, make_member, the_conversation
from tests.inbound.test_promises import MONDAY, agent, at, box, done_at, lead, promise, step, team, told

__all__ = ["agent", "box", "lead"]  # Fixtures.


@pytest.mark.parametrize("left", ["nobody leads the team", "who had it has left", "nobody is in it"])
def test_what_nobody_of_the_team_could_hear_of_reaches_somebody_all_the_same(box: Channel, left: str) -> None:
    promise([step("30m before", "tell", "owner")])
    agent = make_member("agent", team("support"))
    owner = make_member("owner", team("support"))
    Membership.objects.filter(member=owner).update(is_lead=left == "who had it has left")
    sorter = make_member("sorter", team("product"))
    audit.seal_batch()
    gather.run()
    with clock.travel(MONDAY):
        deliver(box, letter())
        one = the_conversation()
        if left == "who had it has left":
            assign(one.id, agent, team("support"), agent)
            boss = make_member("boss", team("support"))
            Membership.objects.filter(member=boss).update(is_lead=True)
            Member.objects.filter(id=agent.id).update(is_active=False)
            wanted = {("Boss", "near"), ("Owner", "near")}
        elif left == "nobody is in it":
            Member.objects.filter(id__in=[agent.id, owner.id]).update(is_active=False)
            service.save_policy_dict({"triage": "product", "rules": []}, service.SavedBy())
            wanted = {(sorter.name, "stuck")}
        else:
            wanted = {("Agent", "near"), ("Owner", "near")}
    done_at(at("2026-10-26T14:30"))
    assert set(told()) == wanted


def test_who_has_it_and_does_not_see_it_any_more_is_not_who_answers_for_it(box: Channel) -> None:
    promise([step("30m before", "tell", "owner")])
    agent, boss = make_member("agent", team("hr")), make_member("boss", team("hr"))
    Membership.objects.filter(member=boss).update(is_lead=True)
    told()
    with clock.travel(MONDAY):
        deliver(box, letter("A grievance"))
        with scope.system():
            one = Conversation.objects.get()
            Conversation.objects.filter(id=one.id).update(owner_member=agent)
        Membership.objects.filter(member=agent).delete()
    done_at(at("2026-10-26T14:30"))
    assert told() == [("Boss", "near")]


def test_where_the_team_that_has_it_is_gone_whoever_sorts_is_told(box: Channel, agent: Member) -> None:
    promise([step("30m before", "tell", "owner")])
    sorter = make_member("sorter", team("product"))
    with clock.travel(MONDAY):
        deliver(box, letter())
        service.save_policy_dict({"triage": "product", "rules": []}, service.SavedBy())
        Team.objects.filter(slug="support").update(is_active=False)
    done_at(at("2026-10-26T14:30"))
    assert told() == [(sorter.name, "stuck")]
