"""Members read from the database and weighed: who answered, who was given what, who is on call; and what is kept."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.conversations.models import Conversation, Message, Priority
from rapport.conversations.visibility import EVERYONE
from rapport.core import clock, scope
from rapport.ownership import service
from rapport.ownership.actions import assign
from rapport.ownership.facts import Facts
from rapport.ownership.models import Decision
from rapport.ownership.problems import PolicyError
from rapport.people.models import Person
from rapport.staff.models import Absence, BusinessHours, Member, Membership, OnCallRotation, Team

pytestmark = pytest.mark.django_db

WEDNESDAY = datetime(2026, 3, 4, 15, tzinfo=UTC)
DAY = timedelta(days=1)
EVERYBODY = {"name": "Rule", "when": {"always": True}}


@pytest.fixture(autouse=True)
def _company() -> Iterator[None]:
    office = BusinessHours.objects.create(
        name="Office", time_zone="Europe/Berlin", blocks=[[day, "09:00", "17:00"] for day in range(5)]
    )
    service_team = Team.objects.create(name="Customer Service", slug="customer-service", hours=office)
    for name, skills in (("Ann Berg", ["Billing"]), ("Bob Day", []), ("Cid Eel", [])):
        made = Member.objects.create_user(
            f"{name[:3].lower()}@rapport.example", name=name, skills=skills, joined_at=WEDNESDAY - 90 * DAY
        )
        Membership.objects.create(member=made, team=service_team)
    with clock.travel(WEDNESDAY), scope.system():
        yield


def member(name: str) -> Member:
    return Member.objects.get(email=f"{name}@rapport.example")


def saved(**then: Any) -> None:
    rules = [{**EVERYBODY, "then": {"owner": "customer-service", **then}}]
    service.save_policy_dict({"triage": "customer-service", "rules": rules}, service.SavedBy())


def conversation(**given: Any) -> Conversation:
    return Conversation.objects.create(owner_team=Team.objects.get(), **given)


def decided(many: int = 1, **about: Any) -> list[service.Decided]:
    found = service.decide_batch([(conversation().id, Facts(at=WEDNESDAY, **about)) for _ in range(many)])
    service.record_decisions(found)
    for one in found:
        Conversation.objects.filter(id=one.conversation_id).update(owner_member=one.owner_member_id)
    return found


def names(found: list[service.Decided]) -> list[str]:
    return [one.verdict.member.name.partition(" ")[0] if one.verdict.member else "" for one in found]


def said(person: Person, who: Member, at: datetime, **given: Any) -> None:
    about = conversation(person=person, **{"audience": [EVERYONE], **given})
    Message.objects.create(conversation=about, direction="out", member=who, at=at, text="Hello")


def test_who_answered_this_person_last_is_given_them_again_but_what_is_confidential_does_not_count() -> None:
    saved(assign="best")
    person = Person.objects.create(name="Gil Fox")
    said(person, member("ann"), WEDNESDAY - 9 * DAY)
    said(person, member("bob"), WEDNESDAY - 2 * DAY)
    said(person, member("cid"), WEDNESDAY - 1 * DAY, confidential=True)
    (one,) = decided(person=person.id)
    assert one.verdict.sentence.endswith("Day suits it best: answered this person last and has room for it (0 of 20)")
    Absence.objects.create(member=member("bob"), starts_at=WEDNESDAY - DAY, ends_at=WEDNESDAY + DAY)
    assert names(decided(person=person.id)) == ["Ann"]


def test_an_answer_in_a_conversation_that_not_everybody_sees_is_no_reason_that_others_read() -> None:
    saved(assign="best")
    person, own = Person.objects.create(name="Gil Fox"), [Team.objects.get().id]
    # Neither of a closed team, nor of one that was made confidential after its conversations had come.
    said(person, member("cid"), WEDNESDAY - 1 * DAY, audience=own)
    (one,) = decided(person=person.id)
    assert "answered this person" not in one.verdict.sentence
    said(person, member("bob"), WEDNESDAY - 2 * DAY)
    assert "answered this person last" in decided(person=person.id)[0].verdict.sentence


def test_turns_go_on_from_one_batch_to_the_next_also_when_everything_is_resolved_at_once() -> None:
    saved(assign="rotation")
    given = names(decided(4))
    Conversation.objects.update(status="resolved")
    with clock.travel(WEDNESDAY + timedelta(minutes=1)):
        given += names(decided(4))
    assert sorted(given[:3]) == sorted(given[3:6]) == ["Ann", "Bob", "Cid"]
    assert given[:2] == given[3:5] == given[6:]


def test_what_was_given_in_the_week_counts_also_by_hand_and_less_for_who_worked_less() -> None:
    saved(assign="best")
    one = conversation(priority=Priority.URGENT, audience=[Team.objects.get().id])
    assign(one.id, member("cid"), Team.objects.get(), member("ann"))
    assert Decision.objects.get(conversation_id=one.id).weight == 2
    Conversation.objects.update(status="resolved")
    assert "Ann" not in names(decided(2))
    Absence.objects.create(member=member("bob"), starts_at=WEDNESDAY - 9 * DAY, ends_at=WEDNESDAY - DAY)
    with clock.travel(WEDNESDAY + timedelta(minutes=30)):
        Conversation.objects.update(status="resolved")
        assert names(decided()) == ["Cid"]


def test_capacity_is_counted_by_weight() -> None:
    Member.objects.update(capacity=4)
    saved(assign="load", priority="urgent")
    assert sorted(names(decided(7))) == ["", *["Ann"] * 2, *["Bob"] * 2, *["Cid"] * 2]
    Conversation.objects.filter(priority=Priority.NORMAL).update(priority=Priority.URGENT)
    assert names(decided()) == [""]


def test_what_is_snoozed_takes_no_room() -> None:
    saved(assign="load")
    Member.objects.update(capacity=1)
    given = names(decided(3))
    assert sorted(given) == ["Ann", "Bob", "Cid"]
    Conversation.objects.filter(owner_member=member("bob")).update(snoozed=True)
    assert names(decided()) == ["Bob"]


def test_who_is_on_call_is_asked_at_night() -> None:
    saved(assign="on_call")
    OnCallRotation.objects.create(
        team=Team.objects.get(), order=[member("bob").id, member("cid").id], first=date(2026, 3, 2), time_zone="UTC"
    )
    with clock.travel(WEDNESDAY + timedelta(hours=8)):
        (one,) = decided()
        assert one.verdict.sentence.endswith("Bob Day is on call")
        Absence.objects.create(member=member("bob"), starts_at=WEDNESDAY, ends_at=WEDNESDAY + DAY)
        assert names(decided()) == ["Cid"]
        Member.objects.filter(email="cid@rapport.example").update(role="reader")
        assert names(decided()) == [""]


def test_a_batch_is_weighed_with_the_same_statements_whatever_its_size() -> None:
    saved(assign="best", skills="billing")
    person = Person.objects.create(name="Gil Fox")
    decided()
    counts = []
    for size in (1, 50):
        items = [(conversation().id, Facts(at=WEDNESDAY, person=person.id)) for _ in range(size)]
        with CaptureQueriesContext(connection) as queries:
            service.record_decisions(service.decide_batch(items))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


def test_the_whole_weighing_is_kept_with_the_decision() -> None:
    saved(assign="best", skills="BILLING")
    (one,) = decided()
    kept = Decision.objects.get(conversation_id=one.conversation_id)
    assert (kept.weight, kept.owner_member) == (1, member("ann"))
    assert kept.weighed is not None
    assert kept.weighed["of"] == [
        {"m": str(member("ann").id), "f": [["room", -2]]},
        {"m": str(member("bob").id), "f": [], "o": "skill"}, {"m": str(member("cid").id), "f": [], "o": "skill"},
    ]  # fmt: skip
    saved()
    (plain,) = decided()
    assert Decision.objects.get(conversation_id=plain.conversation_id).weighed is None


@pytest.mark.parametrize(
    ("then", "problem"),
    [
        ({"assign": "beste"}, "there is no way to assign “beste”; did you mean “best”?"),
        ({"assign": "best", "skills": "biling"}, "there is no skill “biling”; did you mean “billing”?"),
        ({"skills": "billing"}, "expected assign too, one of load, best, rotation, on_call"),
        ({"assign": "holder", "skills": "billing"}, "expected assign too"),
        ({"assign": "best", "skills": 3}, "expected a skill or a list"),
    ],
)
def test_what_cannot_be_asked_of_members_is_told_with_what_was_meant(then: dict[str, Any], problem: str) -> None:
    with pytest.raises(PolicyError, match="rule 1, then"):
        saved(**then)
    with pytest.raises(PolicyError) as caught:
        saved(**then)
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ({"priority": {"urgnt": 2}}, "weights.priority.urgnt: there is no priority “urgnt”; did you mean “urgent”?"),
        ({"priority": {"urgent": 0}}, "weights.priority.urgent: expected a number from 0.1 to 100"),
        ({"priority": {"urgent": True}}, "expected a number from 0.1 to 100"),
        ({"channel": {"Nothing": 2}}, "weights.channel.Nothing: there is no channel “Nothing”"),
        ({"kind": {}}, "weights.kind: there is no key “kind”"),
        ([], "weights: expected weights"),
    ],
)
def test_weights_that_cannot_be_are_told_at_their_place(weights: Any, problem: str) -> None:
    with pytest.raises(PolicyError) as caught:
        service.save_policy_dict({"triage": "customer-service", "rules": [], "weights": weights}, service.SavedBy())
    assert problem in caught.value.message
