"""How long what people said is kept: the decision by cases, and that the database finds the same."""

from datetime import UTC, datetime, timedelta

import pytest

from rapport.channels.models import Channel
from rapport.conversations.models import Attachment, Conversation, Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.inbound.models import RawItem
from rapport.inbound.privacy import erasing, retaining
from rapport.people import retention
from rapport.people.models import Handle, Hold, Person, Relationship, RetentionRule
from rapport.people.retention import BODIES, ERASE, PSEUDONYMISE, Case, Rule, due
from tests.inbound.post import deliver, letter

_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def case(age: int, kinds: str = "", latest: int | None = None, **more: bool) -> Case:
    """Something said `age` days ago; the latest of theirs as old, unless said."""
    at = _NOW - timedelta(days=age)
    newest = _NOW - timedelta(days=age if latest is None else latest)
    return Case(at, newest, "email", frozenset(kinds.split()), **more)


_PROSPECTS = Rule(BODIES, 30, relationships=frozenset({"prospect"}))
_ALL, _SPAM = Rule(PSEUDONYMISE, 300, anybody=True), Rule(ERASE, 7, anybody=True, only_spam=True)


@pytest.mark.parametrize(
    ("rules", "said", "act"),
    [
        ([_PROSPECTS], case(31, "prospect"), BODIES),
        ([_PROSPECTS], case(29, "prospect"), ""),
        ([_PROSPECTS], case(400, "prospect customer"), ""),
        ([_PROSPECTS], case(400), ""),
        ([Rule(BODIES, 30)], case(31), BODIES),
        ([Rule(BODIES, 30)], case(31, "customer"), ""),
        ([Rule(BODIES, 30, channel="sms", anybody=True)], case(31), ""),
        ([_ALL], case(301, "customer"), PSEUDONYMISE),
        ([_ALL], case(301, latest=2), ""),
        ([_ALL], case(301, is_open=True), ""),
        ([_ALL, _PROSPECTS], case(301, "prospect"), PSEUDONYMISE),
        ([_ALL, _PROSPECTS], case(301, "prospect", latest=2), BODIES),
        ([_SPAM, _ALL], case(8), ""),
        ([_SPAM, _ALL], case(8, is_spam=True), ERASE),
        ([_SPAM, _ALL, _PROSPECTS], case(900, "prospect", is_spam=True, is_held=True), ""),
        ([], case(9000), ""),
    ],
)
def test_the_rule_that_protects_most_of_those_that_are_due_decides(rules: list[Rule], said: Case, act: str) -> None:
    assert due(rules, said, _NOW) == act


def test_what_takes_most_away_runs_first() -> None:
    assert retention.strongest_first([(BODIES, 0), (ERASE, 1), (PSEUDONYMISE, 2)]) == [1, 2, 0]


def rule(**fields: object) -> RetentionRule:
    return RetentionRule.objects.create(**{"name": "Rule", "days": 30, "act": BODIES, "is_on": True} | fields)


def person_of(address: str, *kinds: str, days: int, box: Channel, **more: object) -> Person:
    mail = letter(f"Said by {address}.", sender=f"<{address}>", subject=f"From {address}", id=f"{days}-{address}")
    deliver(box, mail)
    with scope.system():
        found = Handle.objects.get(value=address).person
        at = now() - timedelta(days=days)
        Person.objects.filter(id=found.id).update(created_at=at)
        Message.objects.filter(person=found).update(at=at)
        Conversation.objects.filter(person=found).update(last_activity_at=at, **({"status": "resolved"} | more))
        for kind in kinds:
            Relationship.objects.create(person=found, kind=kind)
    return found


def test_the_database_finds_what_the_decision_says(box: Channel, other_box: Channel) -> None:
    people = {
        "old@a.example": person_of("old@a.example", "prospect", days=40, box=box),
        "new@a.example": person_of("new@a.example", "prospect", days=20, box=box),
        "both@a.example": person_of("both@a.example", "prospect", "customer", days=40, box=box),
        "nobody@a.example": person_of("nobody@a.example", days=40, box=box),
        "elsewhere@a.example": person_of("elsewhere@a.example", "prospect", days=40, box=other_box),
        "spam@a.example": person_of("spam@a.example", days=40, box=box, status="spam"),
        "open@a.example": person_of("open@a.example", "prospect", days=40, box=box, status="open"),
        "held@a.example": person_of("held@a.example", "prospect", days=40, box=box),
    }
    with scope.system():
        Hold.objects.create(person=people["held@a.example"], reason="a lawsuit")
        for act in (BODIES, PSEUDONYMISE):
            for fields in (
                {"relationships": ["prospect"]}, {"relationships": ["prospect"], "channel": box}, {"anybody": True},
                {"relationships": []}, {"anybody": True, "only_spam": True},
                {"relationships": ["prospect", "customer"], "days": 10},
            ):  # fmt: skip
                made = rule(act=act, **fields)
                ours = Rule(act, made.days, str(made.channel_id or ""), frozenset(made.relationships), made.anybody,
                            made.only_spam)  # fmt: skip
                expected = {address for address, one in people.items() if due([ours], _case(one), now())}
                statement, params = retaining._found(made, now())
                found = {row[0] for row in retaining.bulk.select(statement, params)}
                own = Conversation.objects.filter(person__in=people.values())
                ids = dict(own.values_list("id", "person_id")) if act == BODIES else {}
                assert {ids.get(one, one) for one in found} == {people[one].id for one in expected}, (act, fields)


def _case(person: Person) -> Case:
    one = Conversation.objects.get(person=person)
    said = Message.objects.get(person=person)
    kinds = frozenset(Relationship.objects.filter(person=person).values_list("kind", flat=True))
    held = Hold.objects.filter(person=person, ended_at=None).exists()
    return Case(said.at, said.at, str(said.channel_id), kinds, one.status == "spam", one.status == "open", held)


def test_what_takes_too_long_to_count_is_told_in_words(box: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "_found", lambda *_: ("SELECT gen_random_uuid(), pg_sleep(60)", []))
    with scope.system():
        seen = retaining.preview(rule(), 0.02)
        assert (seen.count, seen.conversations) == (None, [])
        assert Person.objects.count() == 0, "and the page goes on"


def test_words_are_taken_in_batches_and_who_said_them_stays(box: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "MESSAGES", 1)
    people = [person_of(f"p{n}@a.example", days=40, box=box) for n in range(2)]
    kept = person_of("kept@a.example", "customer", days=40, box=box)
    with scope.system():
        made = rule()
        assert retaining.preview(made).count == 2
    assert [retaining.work() for _ in range(4)] == [1, 1, 0, 0]
    with scope.system():
        assert set(Message.objects.filter(person__in=people).values_list("text", "subject")) == {("", "")}
        assert set(Conversation.objects.filter(person__in=people).values_list("subject", "snippet")) == {("", "")}
        assert Message.objects.get(person=kept).text.startswith("Said by kept")
        assert sorted(RawItem.objects.filter(body=b"").values_list("size", flat=True)) == [0, 0]
        assert Handle.objects.filter(person__in=people).count() == 2
        made.refresh_from_db()
        assert (made.count, made.running) == (2, 0)
        assert Event.objects.get(kind="retention.ran").data["count"] == 2
        assert not Attachment.objects.exists()


def test_people_are_erased_by_a_rule_as_by_hand_and_a_rule_that_is_off_does_nothing(box: Channel) -> None:
    person = person_of("gone@a.example", days=40, box=box)
    with scope.system():
        made = rule(act=ERASE, is_on=False)
    assert retaining.work() == 0
    with scope.system():
        RetentionRule.objects.filter(id=made.id).update(is_on=True)
    assert retaining.work() == 1
    erasing.work(600)
    with scope.system():
        assert not Handle.objects.filter(person=person).exists()
        assert Message.objects.get(person=person).text == ""
        assert Event.objects.get(kind="person.erased").data["why"] == "retention"
        RetentionRule.objects.filter(id=made.id).update(ran_at=None)
    assert retaining.work() == 0, "who was erased is not found again"
