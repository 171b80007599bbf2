"""Topic and priority are learned as the owner is, from facts of their own time, and in confidence for a team alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from rapport.conversations import undoing
from rapport.conversations.models import Conversation, Message, Status, Topic
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.models import Event
from rapport.ownership import actions, learned, lessons, refitting, service, suggesting, teaching
from rapport.ownership.engine import TeamEntry, Verdict
from rapport.ownership.facts import Facts
from rapport.ownership.forgetting import STEPS
from rapport.ownership.kinds import Slot
from rapport.ownership.known import known
from rapport.ownership.models import Decision, Example, LearnedModel
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.teaching import Said
from rapport.people.forgetting import START, Target
from rapport.people.models import Person
from rapport.staff.hours import make_hours
from rapport.staff.models import Member, Membership, Team
from tests.ownership.learning.makers import message

AT = datetime(2026, 3, 7, 15, tzinfo=UTC)
SLUGS = ("support", "billing", "jobs")
TOPIC, PRIORITY = Slot("topic"), Slot("priority")


@pytest.fixture(autouse=True)
def _company(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two open teams and one in confidence, three topics, and words alone to learn by."""
    monkeypatch.setattr(refitting, "encoders", tuple)
    Team.objects.create(name="Sorting", slug="sorting")
    Team.objects.create(name="Care", slug="care")
    Team.objects.create(name="HR", slug="hr", confidential=True)
    told = {"support": "broken kettles, repair", "billing": "invoices, refunds", "jobs": "vitae, interviews"}
    for slug in SLUGS:
        Topic.objects.create(name=slug.title(), slug=slug, description=told[slug], words=["zzz" + slug])
    rules = [
        {"name": "Kettles", "when": {"words": ["kettle"]}, "then": {"owner": "care", "topic": "support"}},
        {"name": "Secrets", "when": {"words": ["secret"]}, "then": {"owner": "hr"}},
    ]
    service.save_policy_dict({"triage": "sorting", "rules": rules}, service.SavedBy())
    with scope.system():
        yield


@pytest.fixture
def ann() -> Member:
    ann = Member.objects.create(email="ann@example.org", name="Ann")
    Membership.objects.create(team=Team.objects.get(slug="hr"), member=ann)
    return ann


def said(text: str, team: str = "sorting", **more: Any) -> Conversation:
    owner = Team.objects.get(slug=team)
    audience = [owner.id] if owner.confidential else [EVERYONE]
    more = {"owner_team": owner, "audience": audience, "confidential": owner.confidential} | more
    found = Conversation.objects.create(**more)
    Message.objects.create(conversation=found, direction="in", text=text)
    return found


def decided(count: int, ann: Member, team: str = "sorting") -> None:
    for number in range(count):
        for slug in SLUGS:
            one = said(message(slug, number), team)
            teaching.teach(one, Said(slug, "topic"), ann)
            teaching.teach(one, Said("urgent" if slug == "billing" else "normal", "priority"), ann)


def arrive(*texts: str, **more: Any) -> list[service.Decided]:
    found = [(Conversation.objects.create().id, Facts(at=AT, text=text, **more)) for text in texts]
    done = service.decide_batch(found)
    service.record_decisions(done)
    return done


def guesses(one: service.Decided) -> dict[str, Any]:
    return Decision.objects.get(conversation_id=one.conversation_id).guesses or {}


def test_of_what_an_open_team_has_in_confidence_nothing_is_asked() -> None:
    policy = policy_from_dict({"triage": "sorting", "rules": []})
    facts, slots = Facts(at=AT, text="hello"), {}
    for slug, confidential in (("care", False), ("hr", True)):
        owner = TeamEntry(UUID(int=7), slug, slug.title(), confidential)
        for hushed in (False, True):
            verdict = Verdict(slug, "", (), confidential=hushed)
            slots[slug, hushed] = suggesting.question(policy, verdict, facts, {}, owner).slots
    assert slots["care", False] == (Slot("team"), TOPIC, PRIORITY)
    assert slots["care", True] == ()
    assert slots["hr", True] == (Slot("topic", UUID(int=7)), Slot("priority", UUID(int=7)))


def examples() -> list[tuple[str, str | None, bool]]:
    return list(Example.objects.order_by("id").values_list("kind", "label", "implied"))


def test_on_the_first_day_topics_are_suggested_by_what_they_are_called_and_priorities_are_not() -> None:
    for slot in (TOPIC, PRIORITY):
        if refitting.is_due(slot):
            refitting.refit(slot)
    (one,) = arrive("There is a mistake in your invoices and refunds")
    assert guesses(one)["topic"]["label"] == "billing"
    assert one.topic_id is None
    assert "priority" not in guesses(one)


def test_topic_and_priority_are_suggested_and_set_only_where_a_lead_wants_it_and_it_is_certain(ann: Member) -> None:
    decided(16, ann)
    for slot in (TOPIC, PRIORITY):
        assert refitting.is_due(slot)
        refitting.refit(slot)
    (one,) = arrive(message("billing", 500))
    assert {kind: told["label"] for kind, told in guesses(one).items()} == {"topic": "billing", "priority": "urgent"}
    assert (one.topic_id, one.priority) == (None, 1)
    teaching.switch(True, ann, "topic")
    (two,) = arrive(message("billing", 501))
    assert (two.topic_id, two.priority) == (Topic.objects.get(slug="billing").id, 1)
    assert guesses(two)["topic"]["acted"]
    teaching.switch(True, ann, "priority")
    (three, odd) = arrive(message("billing", 502), "zwölf Boxkämpfer jagen Viktor quer über den Deich")
    assert three.priority == 3
    assert (odd.topic_id, odd.priority) == (None, 1)


def test_what_a_rule_or_a_word_says_of_topic_and_priority_stays(ann: Member) -> None:
    decided(16, ann)
    refitting.refit(TOPIC)
    teaching.switch(True, ann, "topic")
    ruled, worded = arrive("kettle " + message("billing", 500), "zzzjobs " + message("billing", 501))
    topics = dict(Topic.objects.values_list("slug", "id"))
    assert (ruled.topic_id, guesses(ruled)) == (topics["support"], {})
    assert (worded.topic_id, guesses(worded)["topic"]["acted"]) == (topics["jobs"], False)


def test_a_precision_that_was_not_kept_lets_nothing_be_set(ann: Member) -> None:
    decided(16, ann)
    refitting.refit(TOPIC)
    teaching.switch(True, ann, "topic")
    teaching.want("topic", "billing", 99, ann)
    low, high = arrive(message("billing", 500), message("jobs", 500))
    assert not guesses(low)["topic"]["certain"], "of 48 decisions nobody can promise 99 of 100"
    assert guesses(high)["topic"]["certain"]


def test_setting_and_confirming_by_hand_is_an_example_and_undone_with_it(ann: Member) -> None:
    one, billing = said("what is this"), Topic.objects.get(slug="billing")
    actions.set_topic(one.id, ann, billing)
    actions.set_topic(one.id, ann, billing)
    assert examples() == [("topic", "billing", False)], "said twice is said once"
    actions.set_priority(one.id, ann, 1)
    assert examples()[1:] == [("priority", "normal", False)]
    undoing.undo(Event.objects.get(kind=actions.CONFIRMED).id, ann)
    undoing.undo(Event.objects.get(kind="conversation.topic").id, ann)
    assert examples() == []
    one.refresh_from_db()
    assert one.topic_id is None


def test_what_is_resolved_at_normal_priority_says_a_little_and_no_more_when_it_is_opened_again(ann: Member) -> None:
    one, urgent = said("what is this"), said("now!", priority=3)
    actions.resolve(one.id, ann)
    actions.resolve(urgent.id, ann)
    assert examples() == [("priority", "normal", True)]
    actions.set_status(one.id, ann, Status.OPEN)
    assert examples() == []
    actions.set_priority(one.id, ann, 2)
    actions.resolve(one.id, ann)
    assert examples() == [("priority", "high", False)]


def test_facts_are_kept_as_they_were_and_of_what_only_some_may_know_there_are_none() -> None:
    hours = make_hours("Europe/Berlin", [[0, "09:00", "17:00"]])
    facts = Facts(
        at=AT, channel="Help", channel_kind="email", relationships=frozenset({"employee"}),
        organization_domain="a.example", earlier_owner_of_person="care", our_addresses=("help@example.org",),
        language="de",
    )  # fmt: skip
    assert known(facts, hours, {"care"}) == {
        "channel": "email", "account": "Help", "language": "de", "address": "help@example.org",
        "relationship": "employee", "organization": "a.example", "earlier_owner": "care", "weekday": "sat",
        "hour": "16-20", "hours": "closed",
    }  # fmt: skip
    secret = Facts(**{**vars(facts), "known_openly": False})
    assert known(secret, hours, set()).keys().isdisjoint({"relationship", "organization", "earlier_owner"})
    (one,) = arrive("a question", relationships=frozenset({"partner"}))
    _text, told = lessons.message_of(one.conversation_id)
    assert told["relationship"] == "partner"


def test_facts_decide_where_words_do_not_and_are_told(ann: Member) -> None:
    for number in range(40):
        kind, slug = (("partner", "billing"), ("customer", "jobs"))[number % 2]
        (one,) = arrive(f"a question about number {number}", relationships=frozenset({kind}))
        found = Conversation.objects.get(id=one.conversation_id)
        Conversation.objects.filter(id=found.id).update(audience=[EVERYONE])
        found.audience = [EVERYONE]
        Message.objects.create(conversation=found, direction="in", text=f"a question about number {number}")
        teaching.teach(found, Said(slug, "topic"), ann)
    refitting.refit(TOPIC)
    (one,) = arrive("a question about number 90", relationships=frozenset({"partner"}))
    assert guesses(one)["topic"]["label"] == "billing"
    Message.objects.create(conversation_id=one.conversation_id, direction="in", text="a question about number 90")
    told = learned.explained(one.conversation_id, TOPIC)
    assert told is not None
    assert ("fact", "relationship: partner") in {(piece.kind, piece.what) for piece in told.pieces if piece.said > 0}


def test_a_confidential_team_has_a_model_of_its_own_and_nobody_else_is_told_from_it(ann: Member) -> None:
    hr = Team.objects.get(slug="hr")
    decided(8, ann, "hr")
    own = [Slot("priority", hr.id), Slot("topic", hr.id)]
    assert [one for one in lessons.slots() if one.team] == own
    for slot in (TOPIC, *own):
        refitting.refit(slot)
    assert refitting.refit(PRIORITY) is None, "there is nothing to learn it from outside"
    assert LearnedModel.objects.get(kind="topic", audience=[]).figures["examples"] == 0
    secret, outside = arrive("secret: " + message("billing", 500), message("billing", 500))
    assert guesses(secret)["priority"]["label"] == "urgent"
    assert guesses(secret)["topic"]["model"] == str(LearnedModel.objects.get(kind="topic", audience=[hr.id]).id)
    assert "priority" not in guesses(outside)
    bob = Member.objects.create(email="bob@example.org", name="Bob")
    with scope.member(bob.id):
        assert not LearnedModel.objects.exists()
    with scope.member(ann.id):
        assert {tuple(one.audience) for one in LearnedModel.objects.all()} == {(hr.id,)}
    told = learned.explained(outside.conversation_id, Slot("priority", hr.id))
    assert told is None, "it has no words, and the page asks only of the owner's own"


def test_erasing_what_was_said_in_confidence_outdates_only_the_models_it_was_in(ann: Member) -> None:
    decided(1, ann, "hr")
    decided(1, ann)
    for slot in (TOPIC, Slot("topic", Team.objects.get(slug="hr").id)):
        refitting.refit(slot)
    secret = Example.objects.filter(kind="topic", conversation__confidential=True)
    teaching.outdate(secret)
    stale = {bool(one.audience): one.stale for one in LearnedModel.objects.all()}
    assert stale == {False: False, True: True}


def test_erasing_somebody_empties_the_facts_that_were_kept_of_them_and_nobody_elses() -> None:
    theirs, others = arrive("a question", "another", relationships=frozenset({"customer"}))
    person = Person.objects.create(name="Somebody", audience=[EVERYONE])
    Conversation.objects.filter(id=theirs.conversation_id).update(person=person)
    step = next(one for one in STEPS if one.name == "facts")
    target = Target(person.id, (person.id,), (), (), (), "somebody")
    assert step.count(target) == 1
    assert step.take(target, START, 100) == (1, None)
    assert step.count(target) == 0
    assert Decision.objects.get(conversation_id=theirs.conversation_id).facts is None
    assert Decision.objects.get(conversation_id=others.conversation_id).facts is not None
