"""Two become one and two again; what must not be put together is not; and nothing becomes visible by it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.people import merging, pairing, trees
from rapport.people.arrivals import EMAIL, Met, speakers
from rapport.people.directory import conditions, statements
from rapport.people.directory.asked import Asked
from rapport.people.directory.conditions import Viewer
from rapport.people.directory.listing import list_people
from rapport.people.models import (
    Handle,
    Merge,
    Organization,
    OrganizationDomain,
    OrganizationRelationship,
    Pair,
    PairState,
    Person,
    Relationship,
)
from rapport.staff.models import Member, Membership, Role, Team
from tests.inbound.post import deliver, letter


def a_member(name: str, role: str = Role.AGENT, team: Team | None = None) -> Member:
    made = Member.objects.create_user(f"{name}@company.example", None, name=name.title(), role=role)
    if team:
        Membership.objects.create(member=made, team=team)
    return made


def a_person(name: str, address: str = "", audience: tuple[UUID, ...] = (EVERYONE,), **more: object) -> Person:
    made = Person.objects.create(name=name, audience=list(audience), **more)
    if address:
        kind, value = address.split(" ") if " " in address else (EMAIL, address)
        Handle.objects.create(kind=kind, value=value, person=made)
    return made


@pytest.fixture
def system(db: None) -> Iterator[None]:
    with scope.system():
        yield


@pytest.fixture
def hr(system: None) -> Team:
    return Team.objects.create(name="HR", slug="hr", is_open=False, confidential=True)


@pytest.fixture
def ann(hr: Team) -> Member:
    """Of HR, so that she may know of everybody here."""
    return a_member("ann", team=hr)


@pytest.fixture
def post(hr: Team) -> Channel:
    Team.objects.create(name="Service", slug="service")
    return Channel.objects.create(name="Post", kind="email", address="support@rapport.example")


def listed(member: Member) -> list[str]:
    """The names that a member finds in the list of people, by name."""
    found = list_people(Asked(), Viewer(member.id, (EVERYONE,), now())).ids
    return sorted(Person.objects.filter(id__in=found).values_list("name", flat=True))


def refused(into: Person, child: Person, actor: Member, error: type[Exception] = Invalid) -> str:
    before = list(Person.objects.order_by("id").values())
    with pytest.raises(error) as raised:
        merging.merge(into, child, actor)
    assert list(Person.objects.order_by("id").values()) == before
    assert not Merge.objects.filter(undone_at=None, into=into).exists()
    return str(raised.value)


def test_a_merge_moves_a_pointer_and_fills_blanks_and_taking_it_back_restores_both(ann: Member) -> None:
    berg = Organization.objects.create(name="Berg", domain="berg.example")
    upper = a_person("Ann Berg", "ann@berg.example", fields={"size": ""})
    lower = a_person("A. Berg", "a@home.example", language="de", organization=berg, fields={"size": 4, "cut": "wide"})
    before = list(Person.objects.order_by("id").values())
    made = merging.merge(upper, lower, ann, evidence=[{"what": "same-name", "sign": "+", "points": 3.0}])
    upper.refresh_from_db()
    assert (upper.name, upper.language, upper.organization, upper.fields) == (
        "Ann Berg", "de", berg, {"size": 4, "cut": "wide"},
    )  # fmt: skip
    assert merging.rows_of(lower.id) == [upper.id, lower.id]
    assert merging.root_of(lower.id) == upper.id
    assert made.filled["language"] == ["", "de"]
    assert made.evidence[0]["what"] == "same-name"
    merging.unmerge(made.id, ann)
    assert list(Person.objects.order_by("id").values()) == before
    kinds = Event.objects.filter(actor_id=ann.id).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["person.merged", "person.unmerged"]


def test_what_was_edited_since_stays_when_a_merge_is_taken_back(ann: Member) -> None:
    upper, lower = a_person("Ann"), a_person("Anne", language="de", role="Clerk")
    made = merging.merge(upper, lower, ann)
    Person.objects.filter(id=upper.id).update(language="fr")
    merging.unmerge(made.id, ann)
    upper.refresh_from_db()
    assert (upper.language, upper.role) == ("fr", "")


def test_what_came_from_one_gives_way_to_the_next_when_that_one_is_taken_out(ann: Member) -> None:
    upper, first, second = a_person("Ann"), a_person("A", language="de"), a_person("B", language="fr")
    merge = merging.merge(upper, first, ann)
    merging.merge(upper, second, ann)
    merging.unmerge(merge.id, ann)
    upper.refresh_from_db()
    assert upper.language == "fr"


def test_what_stands_under_one_goes_along_and_stays_with_them(ann: Member) -> None:
    a, b, c = a_person("A"), a_person("B"), a_person("C")
    lower = merging.merge(b, c, ann)
    upper = merging.merge(a, b, ann)
    assert {*merging.rows_of(c.id)} == {a.id, b.id, c.id}
    merging.unmerge(upper.id, ann)
    assert (merging.rows_of(a.id), merging.rows_of(c.id)) == ([a.id], [b.id, c.id])
    merging.unmerge(lower.id, ann)
    assert merging.rows_of(c.id) == [c.id]
    with pytest.raises(Invalid, match="apart already"):
        merging.unmerge(lower.id, ann)


def test_several_are_put_under_one_or_none(ann: Member) -> None:
    into, *others = (a_person(name) for name in "abcd")
    erased = a_person("gone", erased_at=now())
    with pytest.raises(Invalid):
        merging.merge_many(into, [*others, erased], ann)
    assert merging.rows_of(into.id) == [into.id]
    assert len(merging.merge_many(into, [others[0].id, others[0].id, *others, into], ann)) == 3
    assert len(merging.rows_of(into.id)) == 4


def test_nobody_is_merged_with_themselves_or_twice(ann: Member) -> None:
    one, other = a_person("One"), a_person("Other")
    assert "themselves" in refused(one, one, ann)
    merging.merge(one, other, ann)
    with pytest.raises(Invalid, match="one person already"):
        merging.merge(other, one, ann)
    assert Merge.objects.count() == 1


def test_a_role_address_and_the_erased_are_no_persons(ann: Member) -> None:
    person = a_person("Ann")
    assert "several people write from it" in refused(person, a_person("Info", "info@berg.example", shared=True), ann)
    assert "erased" in refused(person, a_person("", erased_at=now()), ann)


def test_a_reader_may_not_and_who_does_not_see_both_finds_nobody(ann: Member, hr: Team) -> None:
    one, secret = a_person("One"), a_person("Secret", audience=(hr.id,))
    refused(one, secret, a_member("rex", Role.READER, hr), NotAllowed)
    refused(one, secret, a_member("bea"), NotVisible)
    made = merging.merge(one, secret, ann)
    with pytest.raises(NotVisible):
        merging.unmerge(made.id, a_member("cem"))
    assert Merge.objects.get().undone_at is None


def test_pairs_once_refused_stay_apart_also_for_all_that_was_put_together_with_them(ann: Member) -> None:
    one, other, third = a_person("One"), a_person("Other"), a_person("Third")
    low, high = sorted((one.id, other.id))
    Pair.objects.create(low_id=low, high_id=high, probability=0.9, state=PairState.REFUSED)
    merging.merge(third, other, ann)
    assert "two different people" in refused(one, third, ann)
    made = merging.merge(one, third, ann, although_refused=True)
    assert made.although_refused
    assert Pair.objects.get(low_id=low, high_id=high).state == PairState.REFUSED


def test_what_was_suggested_is_decided_by_a_merge_and_kept_apart_by_taking_it_back(ann: Member) -> None:
    one, other = a_person("One"), a_person("Other")
    low, high = sorted((one.id, other.id))
    Pair.objects.create(low_id=low, high_id=high, probability=0.9)
    made = merging.merge(one, other, ann)
    assert Pair.objects.get().state == PairState.JOINED
    merging.unmerge(made.id, ann, apart=False)
    assert Pair.objects.get().state == PairState.OPEN
    merging.unmerge(merging.merge(one, other, ann).id, ann)
    assert Pair.objects.get().state == PairState.REFUSED
    refused(one, other, ann)


def test_nothing_of_a_row_that_few_may_know_of_is_written_into_another(ann: Member, hr: Team) -> None:
    public = a_person("", "ann@berg.example")
    secret = a_person("Sigrid", "s@home.example", (hr.id,), note="Grievance", language="de")
    merging.merge(public, secret, ann)
    public.refresh_from_db()
    assert (public.name, public.note, public.language) == ("", "", "")
    with scope.member(a_member("bea").id):
        assert merging.rows_of(public.id) == [public.id]
        assert not Merge.objects.exists()
        assert not trees.whole([secret.id])
        assert not merging.merges_of(public)


def test_a_public_row_under_a_secret_one_is_all_that_others_see(ann: Member, hr: Team) -> None:
    secret, public = a_person("Sigrid", audience=(hr.id,)), a_person("S.", "s@home.example", language="de")
    merging.merge(secret, public, ann)
    bea = a_member("bea")
    with scope.member(bea.id):
        assert merging.root_of(public.id) == public.id
        assert listed(bea) == ["S."]
        trees.call([one := Person.objects.get(id=public.id)])
        assert one.called == "S."
    # Whoever does not see what is above puts the other one under it, and moves nothing that they do not see.
    third = a_person("Third")
    made = merging.merge(third, public, bea)
    assert (made.into_id, made.child_id) == (public.id, third.id)
    assert merging.root_of(third.id) == secret.id


def test_two_under_rows_that_one_does_not_see_are_merged_without_a_word_about_these(ann: Member, hr: Team) -> None:
    hidden = [a_person("H.", audience=(hr.id,)), a_person("I.", audience=(hr.id,))]
    one, other = a_person("Sigrid"), a_person("Siggi", language="de")
    for above, below in zip(hidden, (one, other), strict=True):
        merging.merge(above, below, ann)
    Pair.objects.create(low=hidden[0], high=other, probability=0.5, state=PairState.REFUSED)
    suggested = Pair.objects.create(low=one, high=other, probability=0.9)
    bea = a_member("bea")
    with scope.member(bea.id):
        effect = merging.preview(one.id, other.id, bea)
        assert (effect.refused, effect.kept_apart, effect.rows_below) == ("", False, [other.id])
        made = pairing.confirm(suggested, bea, into=one.id)
        assert made.into_id == one.id
        assert merging.rows_of(other.id) == [one.id, other.id]
        assert listed(bea) == ["Sigrid"]
    assert merging.root_of(hidden[1].id) == merging.root_of(other.id) == hidden[0].id
    with scope.member(a_member("cleo").id), pytest.raises(NotVisible):
        merging.unmerge(made.id, Member.objects.get(name="Cleo"))
    with scope.member(bea.id):
        pairing.reconsider(suggested, bea)
        assert merging.rows_of(other.id) == [other.id]
        assert listed(bea) == ["Siggi", "Sigrid"]
    assert merging.rows_of(hidden[1].id) == [hidden[1].id, other.id]
    # Whoever sees that they were kept apart is asked whether they are sure.
    refused(one, other, ann)


def test_a_list_goes_on_without_naming_a_row_that_one_does_not_see(ann: Member, hr: Team) -> None:
    hidden, seen = a_person("H.", audience=(hr.id,)), a_person("Sigrid")
    merging.merge(hidden, seen, ann)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO people_heard (root, team, at) VALUES (%s, %s, now())", [hidden.id, EVERYONE])
    bea = a_member("bea")
    with scope.member(bea.id), connection.cursor() as cursor:
        need = conditions.need_of(Asked(), Viewer(bea.id, (EVERYONE,), now()), (), ())
        cursor.execute(*statements.heard_beyond(statements.Keyed(need, [], [], [], []), None, 1))
        assert [row[0] for row in cursor.fetchall()] == [seen.id]


def test_two_that_cross_at_once_make_no_circle(transactional_db: None) -> None:
    with scope.system():
        actor = a_member("ann")
        one, other = a_person("One"), a_person("Other")

    def put(pair: tuple[UUID, UUID]) -> str:
        try:
            with scope.member(actor.id):
                merging.merge(*pair, actor)
            return "done"
        except Invalid as error:
            return error.message
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(put, [(one.id, other.id), (other.id, one.id)] * 4))
    assert sorted(ended) == ["These are one person already."] * 7 + ["done"]
    with scope.system():
        assert Person.objects.filter(merged_into=None).count() == 1


def test_a_recycled_number_begins_somebody_new_and_the_past_stays(ann: Member) -> None:
    number = ("phone", "+4930123456")
    old = a_person("Ann", "phone +4930123456", language="de")
    made = merging.release(Handle.objects.get(value=number[1]), ann)
    new = speakers({number: Met("Bert")})[number]
    assert new.is_new
    assert new.person_id != old.id
    assert merging.rows_of(new.person_id) != merging.rows_of(old.id)
    with pytest.raises(Invalid, match="written from it since"):
        merging.take_release_back(made.id, ann)
    assert Handle.objects.get(value=number[1]).person_id == new.person_id


def test_a_number_that_nobody_wrote_from_is_theirs_again_as_it_was(ann: Member) -> None:
    old = a_person("Ann")
    Handle.objects.create(
        kind="phone", value="+4930123456", written="030 123456", person=old, verified_how="sms", verified_at=now(),
        former=["(030) 123456"],
    )  # fmt: skip
    before = Handle.objects.values().get()
    made = merging.release(Handle.objects.get(), ann)
    assert not Handle.objects.exists()
    merging.take_release_back(made.id, ann)
    assert Handle.objects.values().get() == before


def test_two_people_claiming_one_address_are_one_row_until_somebody_says_more(post: Channel) -> None:
    deliver(post, letter(sender="Ann Berg <berg@berg.example>"), letter(sender="Bert Tal <berg@berg.example>"))
    assert [one.name for one in Person.objects.all()] == ["Ann Berg"]
    assert Message.objects.filter(person=Person.objects.get()).count() == 2


def test_what_arrives_later_stays_with_whose_handle_it_came_by(post: Channel, ann: Member) -> None:
    upper, lower = a_person("Ann", "ann@berg.example"), a_person("A.", "a@home.example")
    made = merging.merge(upper, lower, ann)
    deliver(post, letter(sender="A. <a@home.example>"))
    assert Conversation.objects.get().person_id == lower.id
    merging.unmerge(made.id, ann)
    assert Conversation.objects.get().person_id == lower.id
    assert merging.rows_of(lower.id) == [lower.id]


def test_what_a_person_is_to_us_holds_by_any_address_and_by_their_organization(ann: Member) -> None:
    berg = Organization.objects.create(name="Berg", domain="berg.example")
    OrganizationRelationship.objects.create(organization=berg, kind="partner")
    OrganizationRelationship.objects.create(organization=berg, kind="supplier", until="2020-01-01")
    upper = a_person("Ann", "ann@berg.example", organization=berg, holder=ann)
    lower = a_person("A.", "a@gmail.com")
    Relationship.objects.create(person=upper, kind="analyst")
    asked = {(EMAIL, "a@gmail.com"): Met()}
    assert not speakers(asked)[EMAIL, "a@gmail.com"].relationships
    merging.merge(lower, upper, ann)
    found = speakers(asked)[EMAIL, "a@gmail.com"]
    assert (found.person_id, found.root) == (lower.id, lower.id)
    assert found.relationships == {"partner", "analyst"}
    assert (found.organization, found.holder) == ("Berg", ("ann@company.example", "Ann"))


def test_what_only_some_know_decides_nothing_that_others_read(ann: Member, hr: Team) -> None:
    public, secret = a_person("A.", "a@gmail.com"), a_person("Ann", "ann@home.example", (hr.id,), holder=ann)
    Relationship.objects.create(person=secret, kind="employee")
    merging.merge(public, secret, ann)
    met = speakers({(EMAIL, "a@gmail.com"): Met(), (EMAIL, "ann@home.example"): Met()})
    assert met[EMAIL, "a@gmail.com"].relationships == frozenset()
    assert met[EMAIL, "a@gmail.com"].holder == ("", "")
    assert met[EMAIL, "ann@home.example"].relationships == {"employee"}


def test_a_further_domain_leads_to_its_organization(system: None) -> None:
    berg = Organization.objects.create(name="Berg", domain="berg.example")
    OrganizationDomain.objects.create(domain="berg-group.example", organization=berg)
    speakers({(EMAIL, "ann@mail.berg-group.example"): Met("Ann")})
    assert Person.objects.get().organization == berg
    assert Organization.objects.count() == 1


def test_an_answer_without_references_finds_the_conversation_by_any_of_their_addresses(
    post: Channel, ann: Member
) -> None:
    upper, lower = a_person("Ann", "ann@berg.example"), a_person("A.", "a@home.example")
    deliver(post, letter(sender="Ann <ann@berg.example>", subject="The parcel"))
    Conversation.objects.update(first_answered_at=now())
    merging.merge(upper, lower, ann)
    deliver(post, letter(sender="A. <a@home.example>", subject="Re: The parcel"))
    assert Conversation.objects.get().message_count == 2


def test_the_log_names_only_the_row_that_fewer_know_of(ann: Member, hr: Team) -> None:
    public, secret = a_person("One"), a_person("Secret", audience=(hr.id,))
    made = merging.merge(public, secret, ann)
    assert Event.objects.get(kind="person.merged").data == {"person": str(secret.id), "merge": str(made.id)}
    boss = a_member("boss", Role.ADMIN)
    with scope.member(boss.id):
        assert not Event.objects.filter(kind="person.merged").exists()
    assert merging.rows_of(new_id()) == []
