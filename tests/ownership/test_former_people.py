"""What is known of a person as of a moment is what the pipeline knew of them then, whatever was changed since."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from rapport.channels.models import Channel
from rapport.conversations.visibility import EVERYONE
from rapport.core import clock, scope
from rapport.inbound.privacy import erasing
from rapport.ownership import service
from rapport.ownership.simulate.senders import Sender, Senders, When
from rapport.people import arrivals, merging, releasing
from rapport.people.models import (
    Handle,
    Merge,
    Organization,
    OrganizationRelationship,
    Person,
    PersonFormer,
    Relationship,
    RelationshipFormer,
)
from rapport.staff.models import Member, Role, Team
from tests.inbound.post import deliver, letter, make_member, make_team

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _system() -> Iterator[None]:
    with clock.travel(MONDAY), scope.system():
        make_member("ann", make_team("hr", is_open=False, confidential=True), role=Role.ADMIN)
        yield


def someone(name: str, **given: Any) -> Person:
    found = Person.objects.create(name=name, **({"audience": [EVERYONE]} | given))
    Handle.objects.create(kind="email", value=f"{name}@shop.example", person=found)
    return found


def live(name: str) -> tuple[frozenset[str], str, str]:
    """What the pipeline would know at this moment: relationships, organization, holder."""
    found = arrivals.known([("email", f"{name}@shop.example")])["email", f"{name}@shop.example"]
    return found.relationships, found.organization, found.holder[0]


def replayed(person: Person, at: datetime) -> tuple[frozenset[str], str, str]:
    senders = Senders()
    senders.meet([person.id])
    ann = Member.objects.get(name="Ann")
    found: Sender = senders.of(person.id, "email", "", When(at, {ann.id: (ann.email, ann.name)}))
    return found.relationships, found.organization, found.holder


def changes(random: Random, people: list[Person], shop: Organization) -> list[Callable[[], object]]:
    """One way of each kind in which somebody becomes known otherwise."""
    one, other = random.sample(people, 2)
    mine, hr = Person.objects.filter(id=one.id), Team.objects.get().id
    kind, day = random.choice(["customer", "partner"]), clock.now().date()
    said = {"since": random.choice([None, day, day + timedelta(days=1)]), "until": day + timedelta(days=1)}
    merged = Merge.objects.filter(undone_at=None).first()
    return [
        lambda: Relationship.objects.create(person=one, kind=kind, **said),
        lambda: Relationship.objects.filter(person=one).update(kind=kind),
        lambda: Relationship.objects.filter(person=one).delete(),
        lambda: OrganizationRelationship.objects.create(organization=shop, kind="supplier", **said),
        lambda: OrganizationRelationship.objects.update(until=day - timedelta(days=1)),
        lambda: OrganizationRelationship.objects.all().delete(),
        lambda: mine.update(audience=random.choice([[EVERYONE], [hr]])),
        lambda: mine.update(audience=random.choice([[EVERYONE], [hr]])),
        lambda: mine.update(holder=random.choice([None, Member.objects.get()])),
        lambda: mine.update(organization=random.choice([None, shop])),
        lambda: merging.unmerge(merged.id, None) if merged else merging.merge(one, other, None, although_refused=True),
    ]


def test_whatever_becomes_known_of_somebody_later_is_not_known_then() -> None:
    random, at = Random(1), MONDAY
    shop = Organization.objects.create(name="Shop", domain="shop.example")
    people = [someone(name, organization=shop) for name in ("ann", "bo", "cy")]
    merging.merge(people[0], people[1], None)
    knew = []
    for _ in range(60):
        at += random.randrange(1, 20) * HOUR
        with clock.travel(at), scope.system():
            random.choice(changes(random, people, shop))()
        with clock.travel(at + HOUR / 2):
            knew += [(one, at + HOUR / 2, live(one.name)) for one in people]
    assert len({said for *_, said in knew}) > 4
    assert [replayed(one, moment) for one, moment, _ in knew] == [said for *_, said in knew]


def test_who_might_know_of_somebody_counts_as_it_was() -> None:
    low, high = someone("low"), someone("high")
    Relationship.objects.create(person=high, kind="analyst")
    merging.merge(high, low, None)
    with clock.travel(MONDAY + HOUR), scope.system():
        Person.objects.filter(id=high.id).update(audience=[Team.objects.get().id])
    with clock.travel(MONDAY + 2 * HOUR), scope.system():
        Person.objects.filter(id=high.id).update(audience=[EVERYONE])
    known = [bool(replayed(low, MONDAY + n * HOUR)[0]) for n in (0.5, 1.5, 2.5)]
    assert known == [True, False, True]


def test_an_address_that_was_somebodys_counts_until_they_let_it_go() -> None:
    person, ann = someone("berg"), Member.objects.get(name="Ann")
    Handle.objects.create(kind="matrix", value="@berg:shop.example", person=person)
    with clock.travel(MONDAY + HOUR):
        releasing.release(Handle.objects.get(kind="matrix"), ann)
    senders = Senders()
    senders.meet([person.id])
    found = [senders.of(person.id, "matrix", "", When(MONDAY + hours * HOUR, {})).address for hours in (0, 2)]
    assert found == ["@berg:shop.example", "berg@shop.example"]


def test_what_is_nothing_that_goes_by_is_not_kept() -> None:
    one = someone("ann")
    made = Relationship.objects.create(person=one, kind="customer")
    Relationship.objects.filter(id=made.id).update(source="a file", kind="customer")
    Person.objects.filter(id=one.id).update(name="Ann", audience=[EVERYONE])
    assert not RelationshipFormer.objects.exists()
    assert not PersonFormer.objects.exists()


def test_mail_in_confidence_writes_no_history_of_who_is_new_and_one_row_when_others_come_to_know_them() -> None:
    box = Channel.objects.create(name="Mailbox", kind="email", address="support@rapport.example")
    make_team("support")
    rules = [{"name": "HR", "when": {"words": "pay"}, "then": {"owner": "hr"}}]
    service.save_policy_dict({"triage": "support", "rules": rules}, service.SavedBy(note="First"))
    deliver(box, letter("My pay", sender="eve@home.example"))
    person = Person.objects.get()
    assert person.audience == [Team.objects.get(slug="hr").id]
    assert not PersonFormer.objects.exists()
    for _ in range(2):
        deliver(box, letter("Hello", sender="eve@home.example"))
    assert [one.audience for one in PersonFormer.objects.all()] == [person.audience]


@pytest.mark.parametrize("mode", ["erase", "pseudonymise"])
def test_nothing_of_what_an_erased_person_was_survives(mode: str) -> None:
    ann = Member.objects.get()
    own = Organization.objects.create(name="fox.example", domain="fox.example")
    one, other = someone("carla", organization=own), someone("bo")
    for person in (one, other):
        Relationship.objects.create(person=person, kind="customer").delete()
        Relationship.objects.create(person=person, kind="analyst")
    OrganizationRelationship.objects.create(organization=own, kind="partner").delete()
    Person.objects.filter(id=one.id).update(audience=[Team.objects.get().id])
    Person.objects.filter(id=one.id).update(audience=[EVERYONE], holder=ann)
    assert (PersonFormer.objects.count(), RelationshipFormer.objects.count()) == (2 - 1, 3)
    erasing.finish(erasing.ask(one.id, mode, ann).id)
    assert not PersonFormer.objects.exists()
    assert [row.person_id for row in RelationshipFormer.objects.all()] == [other.id], "the other one’s stays"
