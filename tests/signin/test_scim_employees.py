"""Whoever a directory keeps by SCIM is known as an employee: members too, and with a key for it no member at all."""

from random import Random

import pytest
from django.core.handlers.wsgi import WSGIHandler

from rapport.core import scope
from rapport.core.clock import now
from rapport.people.models import Person, Relationship
from rapport.staff import directory
from rapport.staff.models import DirectoryGroup, Member
from tests.signin.test_scim import GROUPS, USERS, Directory, nora, open_connection
from tests.web.cast import Cast
from tests.web.conftest import SignIn

__all__ = ["open_connection"]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MORE = {
    "title": "Buyer", "phoneNumbers": [{"value": "+49 30 123456", "type": "work"}], "preferredLanguage": "de-DE",
    "timezone": "Europe/Berlin", ENTERPRISE: {"department": "Sales", "manager": {"displayName": "Bob Bo"}},
}  # fmt: skip


@pytest.fixture
def scim(cast: Cast) -> Directory:
    return Directory(directory.new_token("Entra", cast.admin)[1])


@pytest.fixture
def people_only(cast: Cast) -> Directory:
    return Directory(directory.new_token("HR system", cast.admin, people_only=True)[1])


def test_a_member_is_an_employee_too_until_the_directory_closes_them(scim: Directory, cast: Cast) -> None:
    made = scim.call("POST", USERS, nora(**MORE))
    assert made["title"] == "Buyer"
    with scope.member(cast.reader.id):
        person = Person.objects.get(name="Nora New")
        assert (person.role, person.language, person.time_zone) == ("Buyer", "de-de", "Europe/Berlin")
        assert person.fields == {"department": "Sales", "manager": "Bob Bo"}
        assert set(person.handles.values_list("value", flat=True)) == {"nora@company.example", "+4930123456"}
        assert list(person.relationships.values_list("kind", "source", "until")) == [("employee", "SCIM", None)]
    url = f"{USERS}/{made['id']}"
    changed = scim.patch(url, {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Buying"})
    assert changed[ENTERPRISE]["department"] == "Buying"
    scim.patch(url, {"op": "replace", "path": "active", "value": False})
    with scope.system():
        assert Person.objects.get(name="Nora New").fields["department"] == "Buying"
        assert Relationship.objects.get(person=person).until == now().date()
    scim.patch(url, {"op": "replace", "path": "active", "value": True})
    scim.call("DELETE", url)
    with scope.system():
        assert not Relationship.objects.filter(person=person, until=None).exists()
        assert Person.objects.filter(name="Nora New").count() == 1


def test_a_key_for_employees_makes_people_and_no_members(people_only: Directory, cast: Cast) -> None:
    members = Member.objects.count()
    made = people_only.call("POST", USERS, nora(userName="nnew", emails=[{"value": "nora@company.example"}], **MORE))
    assert (people_only.status, made["userName"], made[ENTERPRISE]["department"]) == (201, "nnew", "Sales")
    assert "groups" not in made
    assert Member.objects.count() == members
    with scope.system():
        person = Person.objects.get(name="Nora New")
        assert person.relationships.get().source == "HR system"
    people_only.call("POST", USERS, nora(userName="NNEW"))
    assert people_only.status == 409
    assert people_only.call("GET", f"{USERS}?filter=externalId+eq+%22e-1%22")["totalResults"] == 1
    url = f"{USERS}/{made['id']}"
    people_only.patch(url, {"op": "replace", "path": "title", "value": "Head"})
    people_only.call("DELETE", url)
    with scope.system():
        person.refresh_from_db()
        assert (person.role, person.relationships.get().until) == ("Head", now().date())


def test_neither_key_reaches_what_is_the_others(people_only: Directory, scim: Directory, cast: Cast) -> None:
    assert people_only.call("GET", USERS)["totalResults"] == 0
    people_only.call("GET", f"{USERS}/{cast.admin.id}")
    assert people_only.status == 404
    people_only.call("DELETE", f"{USERS}/{cast.agent.id}")
    assert people_only.status == 404
    people_only.call("POST", GROUPS, {"displayName": "HR", "members": [{"value": str(cast.agent.id)}]})
    assert people_only.status == 403
    assert people_only.call("GET", GROUPS)["totalResults"] == 0
    made = people_only.call("POST", USERS, nora(userName="nnew"))
    scim.call("GET", f"{USERS}/{made['id']}")
    assert scim.status == 404
    assert not DirectoryGroup.objects.exists()
    assert Member.objects.get(id=cast.agent.id).is_active


def test_what_two_people_claim_changes_neither_and_the_directory_goes_on(people_only: Directory, cast: Cast) -> None:
    for name, id in (("Ann", "a"), ("Bob", "b")):
        people_only.call(
            "POST", USERS, {"userName": id, "displayName": name, "emails": [{"value": "same@company.example"}]}
        )
        assert people_only.status == 201
    with scope.system():
        assert set(Person.objects.filter(name__in=["Ann", "Bob"]).values_list("name", flat=True)) == {"Ann"}


def test_the_page_says_what_a_key_keeps(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    page = client.post("/signin/keys/", {"name": "HR system", "for": "people"}).content.decode()
    assert "Employees only</span>" in page


def test_a_conformance_tester_finds_nothing(cast: Cast, open_connection: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes seconds to import, which every process of the tests would do.
    from scim2_client.engines.wsgi import WSGISCIMClient
    from scim2_tester import Status, check_server, filling

    # What it draws is the same each time.
    monkeypatch.setattr(filling, "random", Random(7))
    key = directory.new_token("Tester", cast.admin, people_only=True)[1]
    engine = WSGISCIMClient(WSGIHandler(), "http://testserver/scim/v2", headers={"Authorization": f"Bearer {key}"})
    engine.discover()
    results = check_server(engine, resource_types=["User"])
    wrong = [f"{one.title}: {one.reason}" for one in results if one.status in (Status.ERROR, Status.CRITICAL)]
    # An employee is active or not: that is never without a value.
    wrong = [one for one in wrong if not ("did not remove" in one and one.endswith("'active'"))]
    assert wrong == [], "\n".join(wrong)
    assert len(results) > 5
