"""Ownership and the database: versions of the policy, batches decided, explained, corrected."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.conversations.models import Conversation, Priority, Topic
from rapport.core import clock, scope
from rapport.core.errors import Invalid, NotVisible
from rapport.core.models import Event
from rapport.ownership import service
from rapport.ownership.facts import Facts
from rapport.ownership.format import dump
from rapport.ownership.models import Decision, PolicyVersion
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.policy import PRIORITIES
from rapport.ownership.problems import PolicyError
from rapport.staff.models import Absence, BusinessHours, Member, Membership, Team

pytestmark = pytest.mark.django_db

WEDNESDAY = datetime(2026, 3, 4, 15, tzinfo=UTC)
ALWAYS = {"always": True}


@pytest.fixture(autouse=True)
def _company() -> Iterator[None]:
    office = BusinessHours.objects.create(
        name="Office", time_zone="Europe/Berlin", blocks=[[day, "09:00", "17:00"] for day in range(5)]
    )
    teams = {
        slug: Team.objects.create(
            name=slug.replace("-", " ").title(), slug=slug, confidential=slug == "hr", hours=hours
        )
        for slug, hours in (("customer-service", office), ("product", None), ("hr", None))
    }
    for name in ("Ann Berg", "Bob Day"):
        member = Member.objects.create_user(f"{name[:3].lower()}@rapport.example", name=name, capacity=4)
        Membership.objects.create(member=member, team=teams["customer-service"])
    Topic.objects.create(name="Refunds", slug="refund", words=["refund", "money back"])
    with clock.travel(WEDNESDAY), scope.system():
        yield


def member(name: str) -> Member:
    return Member.objects.get(email=f"{name}@rapport.example")


def saved(*rules: dict[str, Any], **more: Any) -> PolicyVersion:
    named = [{"name": f"Rule {number}", **rule} for number, rule in enumerate(rules, 1)]
    return service.save_policy_dict({"triage": "customer-service", "rules": named, **more}, service.SavedBy())


def conversation(**given: Any) -> Conversation:
    return Conversation.objects.create(**given)


def decided(**about: Any) -> service.Decided:
    (one,) = service.decide_batch([(conversation().id, Facts(at=WEDNESDAY, **about))])
    return one


def test_before_any_policy_everything_goes_to_the_team_that_sorts() -> None:
    one = decided(text="anything")
    assert one.owner_team == Team.objects.get(slug="customer-service")
    assert one.policy_version is None
    service.record_decisions([one])
    assert service.explain(Decision.objects.get()).rules == ()


def test_a_saved_policy_is_a_new_version_with_an_event_and_the_past_stays() -> None:
    first = saved({"when": ALWAYS, "then": {"owner": "product"}})
    again = service.save_policy(dump(service.current_policy()[1], "yaml"), "yaml", member("ann").id, " Because ")
    assert (first.number, again.number, again.note) == (1, 2, "Because")
    assert PolicyVersion.objects.get(number=1).rules == PolicyVersion.objects.get(number=2).rules
    assert service.policy_of(1) == service.policy_of(2) == service.current_policy()[1]
    assert Event.objects.filter(kind="policy.saved").latest("id").data == {"version": 2, "rules": 1}
    with pytest.raises(NotVisible):
        service.policy_of(3)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('triage = "sales"', "line 1, triage: there is no team “sales”"),
        ("triage =", "line 1: this is no TOML"),
        (
            'triage = "hr"\n[[rules]]\nname="x"\nwhen={topic="refunds"}\nthen={owner="hr"}',
            "line 4, rule 1, when.topic: there is no topic “refunds”; did you mean “refund”?",
        ),
        (
            'triage="hr"\n[[rules]]\nname="x"\nwhen={reply=true}\nthen={owner="hr",member="ann@rapport.example"}',
            "line 5, rule 1, then.member: ann@rapport.example is no member of hr",
        ),
    ],
)
def test_a_bad_policy_is_refused_and_nothing_is_changed(source: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        service.save_policy(source, "toml")
    assert caught.value.message.startswith(said)
    assert not PolicyVersion.objects.exists()
    assert not Event.objects.filter(kind="policy.saved").exists()


def test_who_worked_on_an_older_version_is_told() -> None:
    saved({"when": ALWAYS, "then": {"owner": "product"}})
    plain = {"triage": "product", "rules": []}
    with pytest.raises(Invalid, match="Version 1 of the policy was saved while you worked on version 0"):
        service.save_policy_dict(plain, service.SavedBy(expected=0))
    assert service.save_policy_dict(plain, service.SavedBy(expected=1)).number == 2


def test_a_decision_has_all_that_the_conversation_needs_and_explains_itself() -> None:
    saved(
        {"when": {"time": "outside"}, "then": {"owner": "hr"}},
        {
            "when": {"relationship": "customer", "topic": "refund"},
            "then": {
                "owner": "customer-service",
                "involve": "product",
                "priority": "high",
                "promise": {"first_answer": "4h", "resolution": "2d"},
            },
        },
    )
    one = decided(text="I want my money back", relationships=frozenset({"customer"}))
    product = Team.objects.get(slug="product")
    assert (one.involved, one.priority, one.confidential) == ([product.id], 2, False)
    assert one.topic_id == Topic.objects.get().id
    assert one.first_answer_due_at == datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert one.resolution_due_at == datetime(2026, 3, 6, 15, tzinfo=UTC)
    service.record_decisions([one])
    decision = Decision.objects.get()
    assert (decision.owner_team, decision.rule, decision.involved) == (one.owner_team, 2, [product.id])
    explained = service.explain(decision)
    assert explained.sentence == "Customer Service owns this: the sender is a customer and it is about refunds; rule 2"
    assert [(rule.asks, rule.result.hit, rule.result.reason, rule.decided) for rule in explained.rules] == [
        ("it came outside business hours", False, "it came inside business hours", False),
        (
            "the sender is a customer and it is about refund",
            True,
            "the sender is a customer and it is about refunds",
            True,
        ),
    ]


def test_an_old_decision_is_explained_by_the_policy_of_its_time() -> None:
    saved({"when": ALWAYS, "then": {"owner": "product"}})
    service.record_decisions([decided()])
    saved({"when": {"reply": True}, "then": {"owner": "hr"}}, {"when": ALWAYS, "then": {"owner": "hr"}})
    (rule,) = service.explain(Decision.objects.get()).rules
    assert (rule.result.name, rule.asks, rule.result.hit) == ("Rule 1", "every message", True)


def test_a_confidential_team_makes_it_confidential_and_its_audience_alone() -> None:
    saved({"when": ALWAYS, "then": {"owner": "hr", "involve": "product"}})
    one = decided()
    assert one.confidential
    assert one.audience == [Team.objects.get(slug="hr").id]


def test_a_batch_is_spread_over_those_present_by_their_room() -> None:
    saved({"when": ALWAYS, "then": {"owner": "customer-service", "assign": "load"}})
    for _ in range(2):
        conversation(owner_member=member("ann"), owner_team=Team.objects.get(slug="customer-service"))
    conversation(owner_member=member("bob"), status="resolved")
    batch = service.decide_batch([(conversation().id, Facts(at=WEDNESDAY)) for _ in range(7)])
    names = [one.verdict.member.name if one.verdict.member else None for one in batch]
    assert (names.count("Ann Berg"), names.count("Bob Day"), names.count(None)) == (2, 4, 1)
    assert names[:2] == ["Bob Day", "Bob Day"]


def test_who_is_away_or_off_gets_nothing_new() -> None:
    saved({"when": ALWAYS, "then": {"owner": "customer-service", "assign": "load"}})
    Absence.objects.create(
        member=member("ann"), starts_at=WEDNESDAY - timedelta(days=1), ends_at=WEDNESDAY + timedelta(days=1)
    )
    assert decided().owner_member_id == member("bob").id
    with clock.travel(WEDNESDAY + timedelta(hours=6)):
        night = decided()
    assert night.owner_member_id is None
    assert night.verdict.sentence.endswith("nobody of the team is present")


def test_hours_that_cannot_be_used_lead_to_triage_and_do_not_stop_the_batch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    BusinessHours.objects.create(name="Broken", blocks=[["Monday"]])
    saved({"when": {"time": {"is": "inside", "hours": "Broken"}}, "then": {"owner": "product"}})
    one = decided()
    assert "rule 1 cannot be tried" in one.verdict.sentence
    assert "business hours Broken cannot be used" in caplog.text


def test_conversations_of_every_weight_are_recorded_in_one_batch() -> None:
    saved(
        {"when": {"kind": "call"}, "then": {"priority": "high"}},
        {"when": ALWAYS, "then": {"owner": "customer-service", "assign": "load"}},
    )
    items = [(conversation().id, Facts(at=WEDNESDAY, kind=kind)) for kind in ("message", "call")]
    service.record_decisions(service.decide_batch(items))
    assert sorted(Decision.objects.values_list("weight", flat=True)) == [1.0, 1.5]


def test_a_batch_takes_the_same_number_of_statements_whatever_its_size() -> None:
    saved({"when": ALWAYS, "then": {"owner": "customer-service", "assign": "load"}})
    counts = []
    service.decide_batch([(conversation().id, Facts(at=WEDNESDAY))])  # what is kept between batches is read
    for size in (1, 50):
        items = [(conversation().id, Facts(at=WEDNESDAY)) for _ in range(size)]
        with CaptureQueriesContext(connection) as queries:
            service.record_decisions(service.decide_batch(items))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10
    assert service.decide_batch([]) == []


def change(**given: Any) -> Decision:
    usual: dict[str, Any] = {"conversation_id": conversation().id, "actor_id": member("ann").id}
    return service.record_reassignment(service.Reassignment(**(usual | given)))


def test_a_reassignment_keeps_who_when_and_from_where() -> None:
    support, product = Team.objects.get(slug="customer-service"), Team.objects.get(slug="product")
    moved = change(team_id=product.id, from_team_id=support.id, from_member_id=member("bob").id)
    assert moved.sentence == "Product owns this: Ann Berg moved it here from Customer Service (before: Bob Day)"
    assert (moved.source, moved.at, moved.actor_id) == ("member", WEDNESDAY, member("ann").id)
    assert (moved.from_team_id, moved.from_member_id) == (support.id, member("bob").id)
    assert service.explain(moved).sentence == moved.sentence


def test_every_kind_of_reassignment_has_its_sentence() -> None:
    support, product = Team.objects.get(slug="customer-service").id, Team.objects.get(slug="product").id
    ann, bob = member("ann").id, member("bob").id
    said = [
        change(team_id=support, from_team_id=support, member_id=ann),
        change(team_id=support, from_team_id=support, member_id=bob, from_member_id=ann),
        change(team_id=support, from_team_id=support, from_member_id=bob),
        change(team_id=support, from_team_id=product, member_id=bob),
        change(team_id=None, from_team_id=support),
        change(team_id=support, actor_id=UUID(int=5)),
    ]
    assert [one.sentence.partition(": ")[2] for one in said] == [
        "Ann Berg took it",
        "Ann Berg gave it to Bob Day (before: Ann Berg)",
        "Ann Berg gave it back to the team (before: Bob Day)",
        "Ann Berg moved it here from Product and gave it to Bob Day",
        "Ann Berg moved it here from Customer Service",
        "Rapport moved it here",
    ]


def test_decisions_are_seen_by_those_who_see_the_conversation() -> None:
    saved({"when": ALWAYS, "then": {"owner": "hr"}})
    one = decided()
    Conversation.objects.filter(id=one.conversation_id).update(audience=one.audience)
    service.record_decisions([one])
    assert Decision.objects.count() == 1
    with scope.member(member("ann").id):
        assert Decision.objects.count() == 0


def test_the_stored_priorities_are_those_of_the_conversations() -> None:
    assert [priority.upper() for priority in PRIORITIES] == Priority.names


def test_policies_of_one_number_in_two_histories_are_not_confused() -> None:
    saved({"when": ALWAYS, "then": {"owner": "product"}})
    assert decided().owner_team_id == Team.objects.get(slug="product").id
    PolicyVersion.objects.all().delete()
    with clock.travel(WEDNESDAY + timedelta(minutes=1)):
        saved({"when": ALWAYS, "then": {"owner": "hr"}})
        assert decided().owner_team_id == Team.objects.get(slug="hr").id


def test_a_policy_with_a_team_that_is_gone_still_decides() -> None:
    saved({"when": ALWAYS, "then": {"owner": "product"}})
    Team.objects.filter(slug="product").update(is_active=False)
    one = decided()
    assert one.owner_team == Team.objects.get(slug="customer-service")
    assert "product, which is gone" in one.verdict.sentence


def test_a_plain_policy_is_the_same_as_its_file() -> None:
    version = saved({"when": ALWAYS, "then": {"owner": "product"}})
    assert policy_from_dict(version.rules) == service.current_policy()[1]
