"""A burst of wrong corrections: how well it is told before, during and after somebody has looked."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from rapport.conversations.models import Conversation, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.models import Event
from rapport.ownership import bursting, learned, lessons, refitting, teaching
from rapport.ownership.kinds import Slot
from rapport.ownership.models import Burst, Example, LearnedModel
from rapport.staff.models import Member, Role, Team
from tests.ownership.learning.makers import message

SLUGS = ("support", "billing", "jobs")
TEAM = Slot("team")


@pytest.fixture(autouse=True)
def _company(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(refitting, "encoders", tuple)
    for slug in SLUGS:
        Team.objects.create(name=slug.title(), slug=slug)
    with scope.system():
        yield


def member(name: str) -> Member:
    return Member.objects.create(email=f"{name.lower()}@example.org", name=name)


def decide(by: Member, numbers: range, wrong: bool = False) -> None:
    """So many of each label as people would, or all to the next team."""
    for number in numbers:
        for place, slug in enumerate(SLUGS):
            one = Conversation.objects.create(audience=[EVERYONE], last_inbound_at=now())
            Message.objects.create(conversation=one, direction="in", text=message(slug, number))
            teaching.teach(one, SLUGS[(place + 1) % 3] if wrong else slug, by)


def accuracy() -> float:
    found = learned.state()
    assert found is not None
    asked = [(slug, message(slug, number)) for number in range(500, 510) for slug in SLUGS]
    learner = learned.ready(TEAM, found)
    said = learner.predict([text for _, text in asked])
    return sum(one.label == slug for one, (slug, _) in zip(said, asked, strict=True)) / len(asked)


def acting() -> frozenset[str]:
    found = learned.state()
    assert found is not None
    return found.acting


def test_a_burst_is_found_told_and_undone_by_member_and_time_and_the_undoing_too() -> None:
    ann, mal, lead = member("Ann"), member("Mal"), member("Lea")
    decide(ann, range(20))
    Example.objects.update(at=now() - timedelta(hours=2))
    refitting.refit()
    teaching.switch(True, lead)
    before = accuracy()
    decide(ann, range(100, 104))
    assert bursting.look() == 0, "who decides as always is no burst"
    decide(mal, range(200, 214), wrong=True)
    during = accuracy()
    assert bursting.look() == 1
    assert bursting.look() == 0, "once"
    burst = Burst.objects.get()
    assert (burst.member_id, burst.kind, burst.count, burst.settled) == (mal.id, "team", 42, "")
    assert burst.against > 25
    assert burst.effect["changed"] > burst.effect["asked"] / 3
    assert burst.effect["moves"][0][0] != burst.effect["moves"][0][1]
    assert "team" not in acting(), "until somebody has looked it acts on nothing"
    assert bursting.effect_without(TEAM, {str(e.id) for e in Example.objects.filter(member=mal)})["changed"] > 0
    assert Event.objects.get(kind=bursting.FOUND).data["member"] == str(mal.id)
    assert bursting.settle(burst.id, bursting.ASIDE, lead) == 42
    assert refitting.is_due()
    refitting.refit()
    after = accuracy()
    assert before >= 0.95
    assert during < before - 0.3
    assert after >= before
    assert "team" in acting()
    with pytest.raises(Invalid):
        bursting.settle(burst.id, bursting.RIGHT, lead)
    ((at, many, whose),) = teaching.put_aside()
    assert (many, whose) == (42, ["Mal"])
    assert teaching.bring_back(at, lead) == 42
    assert Example.objects.filter(member=mal, set_aside=None).count() == 42


def test_found_right_it_stays_and_is_not_shown_again() -> None:
    ann, mal, lead = member("Ann"), member("Mal"), member("Lea")
    decide(ann, range(20))
    Example.objects.update(at=now() - timedelta(hours=2))
    refitting.refit()
    decide(mal, range(200, 206), wrong=True)
    assert bursting.look() == 1
    assert bursting.settle(Burst.objects.get().id, bursting.RIGHT, lead) == 0
    decide(mal, range(210, 211), wrong=True)
    assert bursting.look() == 0
    assert not Example.objects.exclude(set_aside=None).exists()
    assert bursting.open_bursts() == []


def test_what_was_decided_before_there_was_enough_to_contradict_is_no_burst() -> None:
    mal = member("Mal")
    decide(mal, range(4))
    refitting.refit()
    decide(mal, range(200, 210), wrong=True)
    assert bursting.look() == 0
    assert lessons.lessons()[-1].expected is None
    assert LearnedModel.objects.get().figures["examples"] == 12


def test_who_made_a_burst_does_not_find_it_right_while_another_lead_can_look() -> None:
    ann, mal, lead = member("Ann"), member("Mal"), member("Lea")
    Member.objects.filter(id__in=(mal.id, lead.id)).update(role=Role.LEAD)
    decide(ann, range(20))
    Example.objects.update(at=now() - timedelta(hours=2))
    refitting.refit()
    decide(mal, range(200, 206), wrong=True)
    assert bursting.look() == 1
    burst = Burst.objects.get()
    with pytest.raises(Invalid, match="your own decisions"):
        bursting.settle(burst.id, bursting.RIGHT, mal)
    assert Burst.objects.get().settled == ""
    Member.objects.filter(id=lead.id).update(is_active=False)
    assert bursting.settle(burst.id, bursting.RIGHT, mal) == 0, "the only lead there is may"
    assert not Example.objects.exclude(set_aside=None).exists()
