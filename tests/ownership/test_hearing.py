"""What nobody decided yet is heard where there is little else to go by; what is in confidence, within its team."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rapport.conversations import actions, spreading
from rapport.conversations.models import Conversation, Message, Topic
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.inbound.privacy import steps
from rapport.ownership import hearing, learned, refitting, teaching
from rapport.ownership.actions import assign
from rapport.ownership.kinds import Slot
from rapport.ownership.learning.learner import Learner
from rapport.ownership.models import Decision, Example, LearnedModel
from rapport.ownership.teaching import Said
from rapport.people.forgetting import START, Target
from rapport.people.models import Person
from rapport.staff.models import Member, Team

TEAM, TOPIC, PRIORITY = Slot("team"), Slot("topic"), Slot("priority")
SAYING = ("refund the money please", "give my money back", "money back", "the courier lost it", "parcel lost",
          "lost by the courier", "where does the courier go")  # fmt: skip
ASKED = learned.Question("about your courier", {}, (TEAM, TOPIC))


@pytest.fixture(autouse=True)
def _company(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Teams and topics with short names, one team in confidence and one that is closed, and words alone to learn by."""
    monkeypatch.setattr(refitting, "encoders", tuple)
    Team.objects.create(name="Refund", slug="billing")
    Team.objects.create(name="Parcel", slug="shipping")
    Team.objects.create(name="HR", slug="hr", confidential=True)
    Team.objects.create(name="Board", slug="board", is_active=False, is_open=False)
    Topic.objects.create(name="Refund", slug="billing")
    Topic.objects.create(name="Parcel", slug="shipping")
    with scope.system():
        yield


def came(*texts: str, team: str = "", **more: Any) -> list[Conversation]:
    audience = [Team.objects.get(slug=team).id] if team else [EVERYONE]
    found = [Conversation.objects.create(**{"audience": audience, "confidential": team == "hr"} | more) for _ in texts]
    for one, text in zip(found, texts, strict=True):
        Message.objects.create(conversation=one, direction="in", text=text)
    return found


def made(slot: Slot) -> bytes:
    row = refitting.refit(slot)
    assert row is not None
    return bytes(row.data)


def later(slot: Slot, by: timedelta) -> None:
    row = LearnedModel.objects.get(kind=slot.kind, audience=slot.audience)
    LearnedModel.objects.filter(id=row.id).update(made_at=row.made_at - by)


def test_on_the_first_day_names_are_known_by_what_came_beside_them_though_nobody_decided_any_of_it() -> None:
    came(*SAYING * 3)
    for slot in (TEAM, TOPIC):
        assert refitting.is_due(slot)
        row = refitting.refit(slot)
        assert row is not None
        assert (row.figures["heard"], row.figures["examples"]) == (21, 0)
        assert b"courier" not in bytes(row.data)
    (answers,) = learned.ask([ASKED])
    for one in answers.values():
        assert one is not None
        assert (one.label, one.certain) == ("shipping", False)
    assert refitting.refit(PRIORITY) is None


def test_what_is_in_confidence_or_seen_by_some_only_changes_not_one_number_of_what_others_are_told() -> None:
    came(*SAYING)
    before = {slot: made(slot) for slot in (TEAM, TOPIC)}
    secret = [f"secret {text}" for text in SAYING]
    came(*secret, team="hr")
    came(*secret, team="board")
    came(*secret, audience=[EVERYONE], confidential=True)
    came(*secret, status="spam")
    assert {slot: made(slot) for slot in before} == before
    for slot in before:
        later(slot, timedelta(hours=1))
        assert not refitting.is_due(slot), "it does not even look as if something had come"
    own = Slot("topic", Team.objects.get(slug="hr").id)
    assert hearing.undecided(own) == secret
    came("the courier lost it again")
    assert made(TOPIC) != before[TOPIC], "what everybody may see does"


def test_what_somebody_decided_or_erased_or_what_is_long_ago_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = Member.objects.create(email="ann@example.org", name="Ann")
    decided, erased, _kept = came(*SAYING[:3])
    came("from last year", id=new_id(int((now() - timedelta(days=400)).timestamp() * 1000)))
    teaching.teach(decided, Said("billing", "topic"), ann)
    Message.objects.filter(conversation=erased).update(text="")
    assert hearing.undecided(TOPIC) == [SAYING[2]]
    assert hearing.undecided(TEAM) == [SAYING[0], SAYING[2]]
    monkeypatch.setattr(hearing, "DECIDED_MAX", 1)
    row = refitting.refit(TOPIC)
    assert row is not None
    assert row.figures["heard"] == 0, "one decision is enough here not to listen to the rest"


def test_it_is_learned_anew_when_as_much_again_came_and_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    def due_in(**by: int) -> bool:
        at = now() + timedelta(**by)
        with monkeypatch.context() as clock:
            clock.setattr(refitting, "now", lambda: at)
            clock.setattr(hearing, "now", lambda: at)
            return refitting.is_due(TOPIC)

    refitting.refit(TOPIC)
    came(*SAYING, *SAYING)
    assert not due_in(minutes=20)
    came("what about it", "hello")
    assert not due_in(minutes=5), "every ten minutes at most"
    assert due_in(minutes=20)
    refitting.refit(TOPIC)
    assert not due_in(hours=23)
    assert due_in(hours=25), "what came to be confidential since is out of it by then"


def test_what_an_erased_person_wrote_is_out_of_the_models_that_may_have_heard_it() -> None:
    ann = Person.objects.create(name="Ann", audience=[EVERYONE])
    came("hello", person=ann)
    refitting.refit(TOPIC)
    names = [one.name for one in steps.STEPS]
    heard = steps.STEPS[names.index("heard")]
    assert names.index("messages") < names.index("heard"), "only then there is nothing left to hear"
    heard.take(Target(new_id(), (new_id(),), (), (), (), "somebody"), START, 100)
    assert not refitting.is_due(TOPIC)
    heard.take(Target(ann.id, (ann.id,), (), (), (), "somebody"), START, 100)
    assert refitting.is_due(TOPIC)


def open_ones(conversations: list[Conversation], rule: int | None = None) -> None:
    """As if the policy had left open whose they are, or a rule had said it."""
    for one in conversations:
        Decision.objects.create(conversation=one, source="policy", rule=rule, sentence="it says so")


def test_of_what_came_of_late_it_is_found_out_how_much_is_like_nothing_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = Member.objects.create(email="ann@example.org", name="Ann")
    monkeypatch.setattr(hearing, "PROMISED_LEAST", 2)
    decided, junk, ruled = came(*SAYING[:4]), came("win a cruise"), came("a parcel, said a rule")
    for one, label in zip(decided, ("billing", "billing", "billing", "shipping"), strict=True):
        teaching.teach(one, Said(label), ann)
    teaching.teach(junk[0], Said(None), ann)
    waiting, secret, spam = came(*SAYING[4:]), came("secret", team="hr"), came("win", status="spam")
    open_ones([*decided, *junk, *waiting, *secret, *spam])
    open_ones(ruled, rule=1)
    assert hearing.came(TEAM) == hearing.Came(SAYING[4:], ({},) * 3, ours=4, nones=1)
    Conversation.objects.filter(id=waiting[0].id).update(topic=Topic.objects.get(slug="shipping"))
    assert hearing.came(TOPIC).texts[-2:] == SAYING[5:], "what a rule said is not asked"
    assert hearing.came(PRIORITY) == hearing.came(Slot("topic", Team.objects.get(slug="hr").id)) == hearing.Came()
    handed: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Learner, "came", lambda _self, *what: handed.append(what))
    refitting.refit(TEAM)
    assert handed == [(SAYING[4:], ({},) * 3, 4, 1), ((), ())], "and it is not kept in the process"
    row = LearnedModel(figures={"came": 3, "examples": 5_000}, made_at=now() - timedelta(hours=23))
    assert not hearing.is_worth_it(TEAM, row)
    row.made_at -= timedelta(hours=2)
    assert hearing.is_worth_it(TEAM, row), "a day later it is found out anew"


@pytest.mark.parametrize("how", ["the conversation", "its team", "it went to another team"])
def test_what_was_decided_about_what_becomes_confidential_later_is_soon_out_of_what_others_are_told(how: str) -> None:
    ann, parcel = Member.objects.create(email="ann@example.org", name="Ann"), Team.objects.get(slug="shipping")
    decided = came("xylophone kazoo", *SAYING, owner_team=parcel)
    for number, one in enumerate(decided):
        teaching.teach(one, Said(("billing", "shipping")[number % 2], "topic"), ann)
    Example.objects.update(at=now() - timedelta(days=1))
    assert refitting.refit(TOPIC)
    later(TOPIC, refitting.PAUSE)
    assert not refitting.is_due(TOPIC)
    if how == "its team":
        Team.objects.filter(id=parcel.id).update(confidential=True, is_open=False)
        spreading.catch_up()
    elif how == "the conversation":
        actions.set_confidential(decided[0].id, ann, True)
    else:
        assign(decided[0].id, ann, Team.objects.get(slug="hr"))
    assert refitting.is_due(TOPIC)
    row = refitting.refit(TOPIC)
    assert row is not None
    assert row.figures["examples"] == (0 if how == "its team" else len(SAYING))
    later(TOPIC, refitting.PAUSE)
    assert not refitting.is_due(TOPIC), "once"
