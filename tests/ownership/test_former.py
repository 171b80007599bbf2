"""The past is replayed by the company as it was set up then, whatever was changed since."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Topic
from rapport.conversations.visibility import EVERYONE
from rapport.core import clock, scope
from rapport.core.models import Former
from rapport.ownership import service
from rapport.ownership.engine import decide
from rapport.ownership.models import Decision
from rapport.ownership.simulate import former, history
from rapport.ownership.simulate.former import Setups, timeline
from rapport.ownership.simulate.past import Asked
from rapport.ownership.simulate.run import what_if
from rapport.ownership.simulate.senders import Senders
from rapport.ownership.simulate.setup import absences
from rapport.ownership.simulate.timeline import Change, Timeline, founded, known
from rapport.ownership.world import OpenAt
from rapport.people.models import Handle, Organization, Person, PersonFormer
from rapport.staff.models import Absence, BusinessHours, Member, Membership, OnCallDuty, OnCallRotation, Role, Team
from tests.inbound.post import deliver, letter, make_member, make_team

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES: list[dict[str, Any]] = [
    {"name": "Held", "when": {"held": True}, "then": {"owner": "@holder"}},
    {"name": "Shop", "when": {"organization": "Shop"}, "then": {"owner": "partners"}},
    {"name": "Refunds", "when": {"topic": "refund"}, "then": {"owner": "support", "assign": "load"}},
    {"name": "Chargers", "when": {"topic": "charger"}, "then": {"owner": "product"}},
    {"name": "Night", "when": {"time": "outside"}, "then": {"owner": "night"}},
    {"name": "Box", "when": {"channel": "Mailbox", "words": "hello"}, "then": {"owner": "partners"}},
]
TEAMS = ("support", "product", "partners", "night")


@pytest.fixture
def box(db: None) -> Channel:
    with clock.travel(MONDAY), scope.system():
        BusinessHours.objects.create(name="Office", blocks=[[day, "09:00", "17:00"] for day in range(7)])
        teams = [make_team(slug) for slug in TEAMS]
        for name, team in (("ann", teams[0]), ("bo", teams[1])):
            make_member(name, team)
        for name in ("refund", "charger"):
            Topic.objects.create(name=name.title(), slug=name, words=[name])
        found = Channel.objects.create(name="Mailbox", kind="email", address="support@rapport.example")
        policy = {"triage": "support", "rules": RULES}
        service.save_policy_dict(policy, service.SavedBy(note="First"))
    return found


def team(slug: str) -> Team:
    return Team.objects.get(slug=slug)


def changes(random: Random) -> list[Callable[[], object]]:
    """One way of each kind to change the setup, as people and machines would."""
    slug, words = random.choice(TEAMS), random.sample(["refund", "charger", "hello", "bill"], 2)
    name, number = random.choice(["ann", "bo"]), random.randrange(10**6)
    member, shop = Member.objects.get(name=name.title()), Organization.objects.filter(domain="shop.example")
    person = Person.objects.filter(handles__value=f"c{random.randrange(3)}@shop.example")
    begins = random.randrange(6, 12)
    return [
        lambda: Topic.objects.filter(slug="refund").update(words=words),
        lambda: Topic.objects.update_or_create(slug="charger", defaults={"name": f"C{number}", "words": words}),
        lambda: Topic.objects.filter(slug="charger").delete(),
        lambda: Team.objects.filter(slug=slug).update(name=f"{slug} {number}", is_active=random.random() < 0.7),
        lambda: Team.objects.filter(slug=slug).update(confidential=random.random() < 0.3),
        lambda: BusinessHours.objects.update(blocks=[[day, f"{begins:02}:00", "15:00"] for day in range(7)]),
        lambda: Membership.objects.filter(member=member).exclude(team=team(slug)).delete(),
        lambda: Membership.objects.filter(member=member, team=team(slug)).delete(),
        lambda: Membership.objects.get_or_create(member=member, team=team(slug)),
        lambda: Member.objects.filter(id=member.id).update(is_active=random.random() < 0.7),
        lambda: Member.objects.filter(id=member.id).update(role=random.choice([Role.AGENT, Role.READER])),
        lambda: person.update(holder=random.choice([member, None])),
        lambda: person.update(organization=random.choice([None, *shop])),
        lambda: shop.update(name=random.choice(["Shop", "Store"])),
        lambda: Channel.objects.update(name=random.choice(["Mailbox", "Letters"])),
    ]


def replayed() -> dict[UUID, tuple[str, str]]:
    """What the policy in force says of every conversation by the company of then: owner and sentence."""
    _, policy = service.current_policy()
    setups, found = Setups(timeline(), MONDAY + 90 * DAY), {}
    for one in history.past(
        list(Conversation.objects.order_by("id").values_list("id", flat=True)), Senders(), setups, with_earlier=True
    ):
        here = setups.at(one.then)
        facts = one.facts.completed(here.matcher, OpenAt(here.hours, one.facts.at))
        verdict = decide(policy, facts, here.directory)
        found[one.id] = (verdict.owner, verdict.sentence.split(";")[0])
    return found


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_changed_afterwards_the_policy_in_force_says_what_it_said_then(seed: int, box: Channel) -> None:
    random, at = Random(seed), MONDAY + DAY
    for number in range(60):
        at += timedelta(minutes=random.randrange(1, 600))
        with clock.travel(at), scope.system():
            if random.random() < 0.5:
                random.choice(changes(random))()
            else:
                words = random.choice(["refund", "charger", "hello", "bill"])
                sender = f"c{random.randrange(3)}@shop.example"
                deliver(box, letter(f"About the {words}, nr {number}", sender=sender, subject="It"))
    with scope.system():
        then = {
            id: (slug or "", sentence.split(";")[0])
            for id, slug, sentence in Decision.objects.filter(source="policy").values_list(
                "conversation_id", "owner_team__slug", "sentence"
            )
        }
        assert len(then) > 20
        assert len({owner for owner, _ in then.values()}) > 2
        assert replayed() == then
        other = {"triage": "night", "rules": []}
        told = what_if(Asked({"triage": "support", "rules": RULES}, other, MONDAY, at + DAY, 1))
    assert told["recorded"] == [len(then), len(then)]


def test_what_only_says_who_somebody_is_or_when_they_were_here_is_not_kept(box: Channel) -> None:
    with scope.system():
        before = Former.objects.count()
        Member.objects.update(last_seen_at=MONDAY, signature="Ann", password="x", language="de")
        Team.objects.update(description="What it is for")
        Channel.objects.update(config={"token": "x"}, state="ok")
        member = Member.objects.get(name="Ann")
        member.capacity = member.capacity
        member.save()
        assert Former.objects.count() == before
        Member.objects.filter(name="Ann").update(capacity=3)
        kept = Former.objects.latest("id")
        assert Former.objects.count() == before + 1
    names = {"email", "name", "role", "is_active", "skills", "languages", "capacity", "hours_id"}
    assert set(kept.was) == {"id", *names}
    assert kept.was["capacity"] == 20


def test_mail_that_comes_in_writes_no_history(box: Channel) -> None:
    with scope.system():
        before = Former.objects.count()
        deliver(box, letter(sender="new@shop.example"), letter(sender="other@shop.example"))
        assert Person.objects.count() == 2
        assert (Former.objects.count(), PersonFormer.objects.count()) == (before, 0)


def test_a_member_changes_the_setup_and_writes_its_history_but_reads_none(box: Channel) -> None:
    ann = Member.objects.get(name="Ann")
    with scope.member(ann.id):
        Topic.objects.filter(slug="refund").update(words=["money back"])
        assert not Former.objects.exists()
    with scope.system():
        assert Former.objects.filter(kind="conversations_topic", was__words=["refund"]).count() == 1


def test_an_erased_person_has_no_history_left_not_even_what_their_organization_was_called(box: Channel) -> None:
    from rapport.inbound.privacy import erasing

    ann = Member.objects.get(name="Ann")
    with scope.system():
        Organization.objects.create(name="Carla Fox", domain="fox.example")
        shop = Organization.objects.get()
        person = Person.objects.create(audience=[EVERYONE], organization=shop, name="Carla Fox")
        Handle.objects.create(kind="email", value="c@fox.example", person=person)
        Person.objects.filter(id=person.id).update(holder=ann)
        Organization.objects.update(name="Fox Ltd")
        assert PersonFormer.objects.filter(person_id=person.id).count() == 1
        erasing.finish(erasing.ask(person.id, "erase", ann).id)
        assert not PersonFormer.objects.exists()
        assert not Former.objects.filter(kind="people_organization").exists()


def test_of_an_organization_of_others_only_former_names_that_name_the_erased_are_gone(box: Channel) -> None:
    from rapport.inbound.privacy import erasing

    with scope.system():
        shop = Organization.objects.create(name="Berg & Winter", domain="berg.example", kept=True)
        for name, domain in (("Northwind", "wintershop.example"), ("Northwind", "northwind.example"), ("Acme", "")):
            Organization.objects.filter(id=shop.id).update(name=name, domain=domain or None)
        carla, _dan = (
            Person.objects.create(audience=[EVERYONE], organization=shop, name=name)
            for name in ("Carla Winter", "Dan Low")
        )
        erasing.finish(erasing.ask(carla.id, "erase", Member.objects.get(name="Ann")).id)
        left = Former.objects.filter(kind="people_organization").values_list("was__name", "was__domain")
        assert list(left) == [("Northwind", "northwind.example")]


def test_what_stands_when_a_company_was_founded_in_one_go_stood_always(box: Channel) -> None:
    with scope.system():
        former.begin()
        assert len(Setups(timeline(), MONDAY).at(MONDAY - 400 * DAY).directory.teams) == len(TEAMS)
        with clock.travel(MONDAY + DAY), scope.system():
            make_team("press")
        setups = Setups(timeline(), MONDAY)
    assert [("press" in setups.at(MONDAY + n * DAY).directory.teams) for n in (0, 1, 2)] == [False, True, True]


def test_desks_are_staffed_as_they_were(box: Channel) -> None:
    ann, bo = Member.objects.order_by("name")
    support = team("support")
    with scope.system():
        with clock.travel(MONDAY + DAY), scope.system():
            Member.objects.filter(id=ann.id).update(capacity=3, skills=["Billing"], languages=["de"])
            Membership.objects.create(member=bo, team=support)
            OnCallRotation.objects.create(team=support, order=[ann.id], first=date(2026, 3, 1))
        with clock.travel(MONDAY + 2 * DAY), scope.system():
            Membership.objects.filter(member=ann).delete()
            OnCallDuty.objects.create(
                team=support, member=bo, starts_at=MONDAY + 2 * DAY, ends_at=MONDAY + 3 * DAY
            )
            BusinessHours.objects.update(time_zone="Europe/Berlin")
        shifts = history.shifts(MONDAY)
    first, second, third = (shifts.at(MONDAY + n * DAY) for n in (0.5, 1.5, 2.5))
    assert [[seat.name for seat in one.seats.get("support", ())] for one in (first, second, third)] == [
        ["Ann"], ["Ann", "Bo"], ["Bo"],
    ]  # fmt: skip
    assert (first.seats["support"][0].capacity, second.seats["support"][0].capacity) == (20, 3)
    assert (second.seats["support"][0].skills, second.seats["support"][0].languages) == (("billing",), ("de",))
    at = MONDAY + 2.2 * DAY
    assert not first.rotas
    assert [one.rotas["support"].on_call(at) for one in (second, third)] == [ann.id, bo.id]
    assert [one.hours[""].time_zone for one in (second, third)] == ["UTC", "Europe/Berlin"]
    assert {seat.name for seat in shifts.everybody().seats["support"]} == {"Ann", "Bo"}


def test_an_absence_counts_from_when_it_was_known_and_as_long_as_it_stood(box: Channel) -> None:
    ann = Member.objects.get(name="Ann")
    with scope.system():
        with clock.travel(MONDAY + DAY), scope.system():
            away = Absence.objects.create(member=ann, starts_at=MONDAY, ends_at=MONDAY + 9 * DAY, note="Private")
        with clock.travel(MONDAY + 2 * DAY), scope.system():
            Absence.objects.filter(id=away.id).update(ends_at=MONDAY + 5 * DAY)
        with clock.travel(MONDAY + 3 * DAY), scope.system():
            away.delete()
        assert not Former.objects.filter(was__has_key="note").exists()
        spans = absences(known(timeline(), "staff_absence"))
    assert spans == {ann.id: ((MONDAY + DAY, MONDAY + 2 * DAY), (MONDAY + 2 * DAY, MONDAY + 3 * DAY))}


ID = UUID(int=1)


def test_a_timeline_undoes_what_was_changed_since() -> None:
    seen = Timeline(
        {"t": {ID: {"n": 3}}}, [Change(MONDAY, "t", ID, None), Change(MONDAY + DAY, "t", ID, {"n": 1}),
        Change(MONDAY + 2 * DAY, "t", ID, None)],
    )  # fmt: skip
    said = [seen.as_of(seen.version(MONDAY + n * HOUR))["t"].get(ID) for n in (-1, 0, 23, 24, 47, 48)]
    assert said == [None, {"n": 1}, {"n": 1}, None, None, {"n": 3}]
    assert [(one.said["n"], one.since, one.until) for one in known(seen, "t")] == [
        (3, MONDAY + 2 * DAY, None), (1, MONDAY, MONDAY + DAY),
    ]  # fmt: skip


def test_before_a_company_was_set_up_it_stood_as_when_it_was_first_left_alone() -> None:
    other = UUID(int=2)
    made = [
        Change(MONDAY, "t", ID, None), Change(MONDAY + HOUR / 2, "t", ID, {"n": 1}),
        Change(MONDAY + 5 * HOUR, "t", other, None),
    ]  # fmt: skip
    whole = founded({"t": {ID: {"n": 2}, other: {"n": 7}}}, made, "t")
    assert whole.as_of(whole.version(MONDAY - DAY)) == {"t": {ID: {"n": 2}}}
    assert whole.as_of(whole.version(MONDAY)) == {"t": {ID: {"n": 1}}}
    upgraded = founded({"t": {ID: {"n": 2}, other: {"n": 7}}}, made[2:], "t")
    assert upgraded.as_of(upgraded.version(MONDAY - DAY)) == {"t": {ID: {"n": 2}}}, "it was there before any was kept"


def test_a_draft_is_tried_with_another_setup_and_the_policy_beside_it_as_it_was(box: Channel) -> None:
    with clock.travel(MONDAY + DAY), scope.system():
        deliver(box, letter("My plug is broken", sender="a@shop.example"), letter("refund", sender="b@shop.example"))
    rules = [
        {"name": "R", "when": {"topic": "charger"}, "then": {"owner": "night-shift", "assign": "load"}},
        {"name": "S", "when": {"topic": "refund"}, "then": {"owner": "support", "assign": "load"}},
    ]
    setup = {
        "topics": {"charger": {"words": ["plug"]}},
        "teams": {"night-shift": {"name": "Night shift", "members": ["bo@rapport.example"]}},
        "hours": {"Office": {"time_zone": "UTC", "blocks": [[day, "00:00", "24:00"] for day in range(7)]}},
    }
    policy = {"triage": "support", "rules": RULES}
    with scope.system():
        asked = Asked(policy, {"triage": "support", "rules": rules}, MONDAY, MONDAY + 2 * DAY, 1, None, setup)
        told = what_if(asked)
        before = Team.objects.count(), Topic.objects.get(slug="charger").words
    assert [(one["from"], one["to"], one["count"]) for one in told["flows"]] == [("night", "night-shift", 1)]
    assert told["setup"] == setup
    assert told["recorded"] == [2, 2]
    assert {one["name"]: one["given"] for one in told["members"]} == {"Ann": [0, 1], "Bo": [0, 1]}
    assert not [one for one in told["odd"] if one["what"] in ("gone", "empty")]
    assert before == (len(TEAMS), ["charger"]), "nothing was set up"
