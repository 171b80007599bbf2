"""Each filter of the directory with somebody who fits and somebody who does not, and nobody who may not be seen."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from rapport.conversations.models import Direction, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.people.directory import frequency
from rapport.people.directory.asked import Asked
from rapport.people.directory.conditions import Viewer
from rapport.people.directory.listing import (
    Counted,
    Listed,
    count_people,
    every_person,
    list_organizations,
    list_people,
)
from rapport.people.models import (
    Handle,
    Organization,
    OrganizationRelationship,
    Person,
    Relationship,
)
from rapport.staff.models import Member
from tests.web.cast import Cast, make_conversation, make_person

Looks = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def fresh_statistics() -> Iterator[None]:
    """What one test learned of how common keys are is no matter for the next."""
    frequency._known = None
    yield
    frequency._known = None


def viewer(member: Member) -> Viewer:
    teams = member.memberships.values_list("team_id", flat=True)
    return Viewer(member.id, (EVERYONE, *sorted(teams)), now())


def names(member: Member, listed: Listed) -> list[str]:
    with scope.member(member.id):
        rows = Person.objects.in_bulk(list(listed.ids))
    return [rows[id].name for id in listed.ids]


def found(member: Member, **asked: Any) -> list[str]:
    """The names a member gets, in order; whichever way the list goes, it is the same."""
    with scope.member(member.id):
        plainly = list_people(Asked(**asked), viewer(member))
        counted = count_people(Asked(**asked), viewer(member)).count
    common = frequency.is_common
    try:
        frequency.is_common = lambda *_given: True  # type: ignore[assignment]
        import rapport.people.directory.listing as listing

        listing.is_common = frequency.is_common  # type: ignore[attr-defined]
        with scope.member(member.id):
            walked = list_people(Asked(**asked), viewer(member))
    finally:
        frequency.is_common = common
        listing.is_common = common  # type: ignore[attr-defined]
    assert list(plainly.ids) == list(walked.ids)
    assert counted == len(plainly.ids)
    return names(member, plainly)


@pytest.fixture
def ann(cast: Cast) -> Person:
    with scope.system():
        ann = make_person("Änn Example", "ann.example@example.org", [EVERYONE])
        Handle.objects.create(kind="phone", value="+49301234567", person=ann)
        Relationship.objects.create(person=ann, kind="partner")
        Person.objects.filter(id=ann.id).update(
            language="de-AT", holder=cast.lead, fields={"tier": "Gold"}, do_not_contact=True
        )
    return ann


@pytest.mark.parametrize(
    "asked",
    [
        {"relation": "partner"}, {"holder": "LEAD"}, {"team": "customer-service"}, {"language": "de"},
        {"kind": "phone"}, {"stop": "1"}, {"custom": {"tier": "gold"}}, {"q": "ann"}, {"q": "ann.example@example.o"},
        {"q": "ann.exa"}, {"q": "ÄNN"},
        {"q": "an ex"}, {"q": "1234"}, {"organization": "OWN"}, {"q": "ann", "relation": "partner", "kind": "phone"},
    ],
)  # fmt: skip
def test_a_filter_finds_who_fits_and_nobody_else(asked: dict[str, Any], cast: Cast, ann: Person) -> None:
    given = {
        name: {"LEAD": str(cast.lead.id), "OWN": str(ann.organization_id)}.get(value, value)
        if isinstance(value, str)
        else value
        for name, value in asked.items()
    }
    assert found(cast.agent, **given) == ["Änn Example"]


@pytest.mark.parametrize(
    "asked",
    [
        {"relation": "journalist"}, {"holder": "me"}, {"language": "fr"}, {"kind": "matrix"}, {"q": "annx"},
        {"q": "zzz"},
        {"custom": {"tier": "silver"}}, {"q": "an", "relation": "customer"}, {"team": "nowhere"}, {"nameless": "1"},
        {"since": "2999-01-01"}, {"heard": "in7", "relation": "partner"}, {"q": "%"}, {"q": "__"},
    ],
)  # fmt: skip
def test_who_does_not_fit_is_not_found(asked: dict[str, Any], cast: Cast, ann: Person) -> None:
    assert "Änn Example" not in found(cast.agent, **asked)


def test_everybody_stands_in_order_and_what_is_secret_nowhere(cast: Cast, ann: Person) -> None:
    assert found(cast.agent) == ["Änn Example", "Carla Customer"]
    assert found(cast.hr) == ["Änn Example", "Carla Customer", "Sigrid Secretive"]
    assert found(cast.agent, sort="newest") == ["Änn Example", "Carla Customer"]


def test_who_has_more_addresses_than_there_is_room_for_is_found_by_each(cast: Cast, ann: Person) -> None:
    with scope.system():
        Handle.objects.bulk_create(
            Handle(kind="email", value=f"another.way.to.write{n}@long.example", person=ann) for n in range(9)
        )
    for n in range(9):
        assert found(cast.agent, q=f"write{n}") == ["Änn Example"]
    assert found(cast.agent, q="write9") == []


@pytest.mark.parametrize("asked", [{"q": "sigrid"}, {"q": "company.example"}, {"q": "si"}, {"relation": "employee"}])
def test_who_may_not_be_seen_is_in_no_filter_count_or_bulk(asked: dict[str, Any], cast: Cast) -> None:
    with scope.system():
        Relationship.objects.create(person=cast.secretive, kind="employee")
    assert found(cast.agent, **asked) == []
    assert found(cast.hr, **asked) == ["Sigrid Secretive"]
    with scope.member(cast.agent.id):
        assert every_person(Asked(**asked), viewer(cast.agent), 10) == []


def test_conditions_that_say_none(cast: Cast, ann: Person) -> None:
    with scope.system():
        Person.objects.create(name="Bare", audience=[EVERYONE])
    assert found(cast.agent, organization="none") == ["Bare"]
    assert found(cast.agent, kind="none") == ["Bare"]
    assert found(cast.agent, holder="none") == ["Bare", "Carla Customer"]
    assert found(cast.agent, language="none") == ["Bare", "Carla Customer"]
    assert found(cast.agent, stop="0") == ["Bare", "Carla Customer"]


def test_what_an_organization_is_to_us_its_people_are(cast: Cast, ann: Person) -> None:
    with scope.system():
        one = OrganizationRelationship.objects.create(organization=ann.organization, kind="supplier")
    assert found(cast.agent, relation="supplier") == ["Änn Example"]
    with scope.system():
        OrganizationRelationship.objects.filter(id=one.id).update(until=now().date() - timedelta(days=1))
    assert found(cast.agent, relation="supplier") == []


def test_a_relationship_that_ended_counts_no_more(cast: Cast, ann: Person) -> None:
    with scope.system():
        Relationship.objects.filter(person=ann).update(until=now().date())
    assert found(cast.agent, relation="partner") == []


def test_heard_from_counts_only_what_the_viewer_may_see(cast: Cast, ann: Person) -> None:
    """A secret conversation of yesterday leaves somebody unheard for whoever may not see it."""
    with scope.system():
        make_conversation("Old", "Hello", ann, cast.service, cast.channel, minutes_ago=90 * 24 * 60)
        make_conversation("In confidence", "Hush", ann, cast.people_team, cast.channel, minutes_ago=60)
    assert "Änn Example" in found(cast.agent, heard="not60")
    assert "Änn Example" not in found(cast.agent, heard="in60")
    assert "Änn Example" not in found(cast.hr, heard="not60")
    assert "Änn Example" in found(cast.hr, heard="in60")
    assert found(cast.agent, sort="heard") == ["Carla Customer", "Änn Example"]
    assert found(cast.hr, sort="heard") == ["Sigrid Secretive", "Carla Customer", "Änn Example"]


def test_who_never_wrote_is_never_heard_from_and_comes_last(cast: Cast, ann: Person) -> None:
    assert found(cast.agent, heard="never") == ["Änn Example"]
    assert found(cast.agent, sort="heard") == ["Carla Customer", "Änn Example"]


def test_heard_from_follows_a_conversation_into_confidence_and_out_of_spam(cast: Cast, ann: Person) -> None:
    with scope.system():
        one = make_conversation("Hello", "Hello", ann, cast.service, cast.channel)
    assert "Änn Example" in found(cast.agent, heard="in7")
    with scope.system():
        type(one).objects.filter(id=one.id).update(audience=[cast.people_team.id])
    assert "Änn Example" not in found(cast.agent, heard="in7")
    with scope.system():
        type(one).objects.filter(id=one.id).update(audience=[EVERYONE], status="spam")
    assert "Änn Example" not in found(cast.agent, heard="in7")
    with scope.system():
        type(one).objects.filter(id=one.id).update(status="open")
        Message.objects.filter(conversation=one).update(direction=Direction.OUT)
    assert "Änn Example" not in found(cast.agent, heard="in7")


def test_one_of_several_rows_is_listed_once_and_found_by_what_any_of_them_has(cast: Cast, ann: Person) -> None:
    with scope.system():
        other = make_person("Ann E.", "ann@private.example", [EVERYONE])
        Relationship.objects.create(person=other, kind="analyst")
        make_conversation("Hello", "Hello", other, cast.service, cast.channel)
        Person.objects.filter(id=other.id).update(merged_into=ann.id, top=ann.id)
    for asked in ({"relation": "analyst"}, {"q": "private"}, {"relation": "partner"}, {"heard": "in7", "q": "ann"}):
        assert found(cast.agent, **asked) == ["Änn Example"]
    with scope.system():
        Person.objects.filter(id=other.id).update(merged_into=None, top=None)
    assert found(cast.agent, relation="analyst") == ["Ann E."]
    assert found(cast.agent, relation="partner") == ["Änn Example"]
    assert found(cast.agent, heard="in7", q="ann") == ["Ann E."]


def test_what_a_hidden_row_of_a_tree_has_shows_nobody(cast: Cast, ann: Person) -> None:
    """A row known to HR alone, merged with a public one, puts that into no filter of others."""
    with scope.system():
        Relationship.objects.create(person=cast.secretive, kind="employee")
        Person.objects.filter(id=cast.secretive.id).update(
            merged_into=ann.id, top=ann.id, fields={"tier": "Silver"}, language="fr"
        )
    for asked in (
        {"relation": "employee"}, {"q": "sigrid"}, {"q": "company"}, {"q": "sig"}, {"q": "si"}, {"language": "fr"},
        {"custom": {"tier": "silver"}}, {"heard": "in7", "q": "ann"},
    ):  # fmt: skip
        assert "Änn Example" not in found(cast.agent, **asked), asked
        assert found(cast.hr, **asked) == ["Änn Example"], asked


def test_a_row_whose_tree_stands_under_a_hidden_one_is_listed_itself(cast: Cast, ann: Person) -> None:
    with scope.system():
        Person.objects.filter(id=ann.id).update(merged_into=cast.secretive.id, top=cast.secretive.id)
    assert found(cast.agent, relation="partner") == ["Änn Example"]
    assert found(cast.hr, relation="partner") == ["Sigrid Secretive"]
    assert found(cast.agent, q="sig") == []


@pytest.mark.parametrize("sort", ["name", "newest", "heard"])
@pytest.mark.parametrize("asked", [{}, {"relation": "customer"}, {"q": "person"}])
def test_pages_have_everybody_once(sort: str, asked: dict[str, str], cast: Cast) -> None:
    with scope.system():
        for number in range(7):
            person = make_person(f"Person {number % 3}", f"p{number}@shop.example", [EVERYONE])
            Relationship.objects.create(person=person, kind="customer")
            if number % 2:
                make_conversation("Hello", "Hello", person, cast.service, cast.channel, minutes_ago=5)
    wanted, cursor, seen = Asked(sort=sort, **asked), "", []
    for _page in range(20):
        with scope.member(cast.agent.id):
            listed = list_people(wanted, viewer(cast.agent), cursor, 2)
        seen += listed.ids
        cursor = listed.cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == len(found(cast.agent, sort=sort, **asked))


@pytest.mark.parametrize("cursor", ["x", "bm9uc2Vuc2U=", "WyJuYW1lIiwgMSwgMl0=", "WyJuZXdlc3QiLCAieCIsICJ5Il0=", "\0"])
def test_a_cursor_that_is_none_of_ours_is_said_so(cursor: str, cast: Cast) -> None:
    with scope.member(cast.agent.id), pytest.raises(Invalid):
        list_people(Asked(), viewer(cast.agent), cursor)


def test_what_many_have_is_counted_exactly_or_not_at_all(cast: Cast, ann: Person, monkeypatch: Any) -> None:
    asked = Asked(relation="partner")
    monkeypatch.setattr("rapport.people.directory.listing.likely", lambda _keys: 1.0)
    with scope.member(cast.agent.id):
        assert count_people(asked, viewer(cast.agent)) == Counted(1)
        assert count_people(asked, viewer(cast.agent), 0) == Counted(0, more=True)
        assert count_people(Asked(relation="analyst"), viewer(cast.agent)) == Counted(0)


def test_more_than_the_bound_are_not_changed(cast: Cast, ann: Person) -> None:
    with scope.member(cast.agent.id), pytest.raises(Invalid):
        every_person(Asked(), viewer(cast.agent), 1)


def test_organizations_are_found_by_name_domain_and_relationship(cast: Cast, ann: Person) -> None:
    def of(member: Member, **asked: Any) -> list[str]:
        with scope.member(member.id):
            ids = list_organizations(Asked(**asked), viewer(member)).ids
            rows = Organization.objects.in_bulk(list(ids))
        return [rows[id].name for id in ids]

    assert of(cast.agent) == ["Example", "Shop"]
    assert of(cast.hr) == ["Company", "Example", "Shop"]
    assert of(cast.agent, q="shop.ex") == ["Shop"]
    assert of(cast.agent, q="company") == []
    with scope.system():
        OrganizationRelationship.objects.create(organization=ann.organization, kind="partner")
    assert of(cast.agent, relation="partner") == ["Example"]
    assert of(cast.agent, sort="newest") == ["Example", "Shop"]
