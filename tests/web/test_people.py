"""A person's page: what is on it for whom, and what is changed there."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.people.models import (
    Handle,
    Merge,
    Organization,
    Person,
    Relationship,
)
from tests.web.cast import Cast, make_conversation, make_person
from tests.web.conftest import SignIn
from tests.web.directory import HX, details, kinds, said, text


def test_the_page_shows_all_rows_of_a_person_and_only_conversations_one_may_see(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        other = make_person("C. Customer", "carla@private.example", [EVERYONE])
        hidden = make_person("C. Secret", "carla@hidden.example", [cast.people_team.id])
        make_conversation("From her other address", "Hello", other, cast.service, cast.channel)
        make_conversation("What HR alone knows", "Hush", cast.customer, cast.people_team, cast.channel)
        for one in (other, hidden):
            Person.objects.filter(id=one.id).update(merged_into=cast.customer.id, top=cast.customer.id)
    page = text(sign_in(cast.agent), reverse("person", args=[cast.customer.id]))
    for words in ("Refund for order 1009", "From her other address", "carla@private.example", "carla@shop.example"):
        assert words in page
    for words in ("What HR alone knows", "carla@hidden.example"):
        assert words not in page
        assert words in text(sign_in(cast.hr), reverse("person", args=[cast.customer.id]))
    answer = sign_in(cast.agent).get(reverse("person", args=[other.id]))
    assert answer.headers["Location"] == reverse("person", args=[cast.customer.id])


def test_the_timeline_is_narrowed_and_paged(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        for number in range(40):
            make_conversation(
                f"Matter {number:02}", "Hello", cast.customer, cast.service, cast.channel, minutes_ago=number + 60
            )
    client, url = sign_in(cast.agent), reverse("person", args=[cast.customer.id])
    first = text(client, url)
    more = re.search(r'hx-get="([^"]+part=timeline[^"]+after=[^"]+)"', first)
    assert more is not None
    rest = text(client, more[1].replace("&amp;", "&"), **HX)
    found = re.findall(r"Matter \d\d", first + rest)
    assert len(set(found)) == 40
    assert "Matter" not in text(client, f"{url}?part=timeline&state=resolved", **HX)
    assert "Matter" in text(client, f"{url}?part=timeline&channel=email&state=open", **HX)
    assert "Matter" in text(client, f"{url}?part=timeline&channel=nonsense&state=nonsense", **HX)
    assert client.get(f"{url}?after=nonsense").status_code == 400


def test_details_are_changed_in_place_and_the_log_has_their_names_only(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), reverse("person_edit", args=[cast.customer.id])
    assert 'value="Carla Customer"' in text(client, url, **HX)
    given = details(name="Carla Miller", role="Buyer", holder=str(cast.lead.id), language="de", time_zone="Asia/Tokyo")
    page = client.post(url, given | {"organization": "Miller & Sons"}, headers=HX).content.decode()
    for words in ("Carla Miller", "Buyer", "Lea Lead", "Asia/Tokyo", "there now", "Miller &amp; Sons"):
        assert words in page
    fields = ["name", "organization", "role", "holder", "language", "time_zone"]
    assert said("person.changed") == {"person": str(cast.customer.id), "fields": fields}
    with scope.system():
        assert Organization.objects.get(name="Miller & Sons").kept
    before = kinds()
    client.post(url, given | {"organization": "Miller & Sons"}, headers=HX)
    assert kinds() == before, "nothing was changed, and nothing said so"


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Base"}, {"language": "klingon"}, {"holder": "nobody"}])
def test_nonsense_changes_nothing(wrong: dict[str, str], cast: Cast, sign_in: SignIn) -> None:
    url = reverse("person_edit", args=[cast.customer.id])
    answer = sign_in(cast.agent).post(url, details(name="Other", **wrong), headers=HX)
    assert 'name="name"' in answer.content.decode()
    with scope.system():
        assert Person.objects.get(id=cast.customer.id).name == "Carla Customer"


def test_a_reader_is_offered_nothing_to_change(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.reader)
    page = text(client, reverse("person", args=[cast.customer.id]))
    assert reverse("person_edit", args=[cast.customer.id]) not in page
    assert client.post(reverse("person_edit", args=[cast.customer.id]), details()).status_code == 403


def test_addresses_are_kept_in_one_form_and_belong_to_one_person(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), reverse("handle_add", args=[cast.customer.id])
    page = client.post(url, {"kind": "email", "value": " Carla@Private.Example "}, headers=HX).content.decode()
    assert "Carla@Private.Example" in page
    page = client.post(url, {"kind": "phone", "value": "+49 (30) 123-4567"}, headers=HX).content.decode()
    assert "+49301234567" in page
    with scope.system():
        other = make_person("Ann", "ann@example.org", [EVERYONE])
    for kind, value, told in (
        ("email", "ann@example.org", "already that of Ann"), ("email", "nonsense", "is no address"),
        ("phone", "12", "is no address"), ("slack", "U1", "come by their channel"),
        ("email", "a" * 400 + "@example.org", "is no address"),
    ):  # fmt: skip
        page = client.post(url, {"kind": kind, "value": value}, headers=HX).content.decode()
        assert told in page
        assert "Sigrid" not in page
    with scope.system():
        assert Handle.objects.filter(person=cast.customer).count() == 3
        assert Handle.objects.filter(person=other).count() == 1
    away = reverse("handle_release", args=[cast.customer.id])
    client.post(away, {"handle": "email ann@example.org"}, headers=HX)
    client.post(away, {"handle": "email carla@private.example"}, headers=HX)
    with scope.system():
        assert Handle.objects.filter(value="ann@example.org").exists()
        assert not Handle.objects.filter(value="carla@private.example").exists()
    assert said("handle.released")["person"] == str(cast.customer.id)


def test_an_address_known_in_confidence_is_added_as_if_nobody_had_it(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), reverse("handle_add", args=[cast.customer.id])
    with scope.system():
        Handle.objects.filter(person=cast.secretive).update(verified_how="reply", verified_at=now())
    hints = [client.get(reverse("handle_hint"), {"email": f"{one}@company.example"}) for one in ("sigrid", "nobody")]
    assert hints[0].content == hints[1].content
    page = client.post(url, {"kind": "email", "value": "sigrid@company.example"}, headers=HX).content.decode()
    assert "cannot" not in page
    assert "Sigrid" not in page
    with scope.member(cast.agent.id):
        added = Handle.objects.get(value="sigrid@company.example")
        assert (added.person_id, added.verified_at, Merge.objects.count()) == (cast.customer.id, None, 0)
    with scope.member(cast.hr.id):
        assert Person.objects.get(id=cast.secretive.id).root == cast.customer.id
    with scope.system():
        cast.secret.refresh_from_db()
        assert cast.secret.person_id == cast.secretive.id


def test_relationships_have_days_are_corrected_ended_and_taken_back(cast: Cast, sign_in: SignIn) -> None:
    client, person = sign_in(cast.agent), cast.customer.id
    url = reverse("relationship_add", args=[person])
    page = client.post(
        url, {"kind": "partner", "since": "2020-01-31", "whole": "yes"}, headers=HX
    ).content.decode()
    assert "since 31 Jan 2020" in page
    assert "by Ana Agent" in page
    with scope.system():
        one = Relationship.objects.get(person=person, kind="partner")
    change = reverse("relationship_change", args=[person, one.id])
    page = client.post(
        change, {"kind": "partner", "since": "2021-01-01", "until": "2020-01-01", "whole": "yes"}, headers=HX
    ).content.decode()
    assert "cannot end before it began" in page
    client.post(change, {"kind": "supplier", "since": "2021-01-01", "until": "2022-01-01", "whole": "yes"}, headers=HX)
    page = text(client, reverse("person", args=[person]))
    assert "1 in the past" in page
    assert client.post(url, {"kind": "emperor"}).status_code == 400
    assert client.post(url, {"kind": "partner", "since": "yesterday"}).status_code == 400
    client.post(change, {"verb": "remove", "whole": "yes"}, headers=HX)
    with scope.system():
        assert not Relationship.objects.filter(id=one.id).exists()
    assert kinds()[-3:] == ["relationship.added", "relationship.changed", "relationship.removed"]


def test_somebody_is_written_down_by_hand_with_a_hint_of_who_has_the_address(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    hint = reverse("handle_hint")
    assert "Carla Customer" in text(client, f"{hint}?email=Carla@shop.example", **HX)
    assert "Sigrid" not in text(client, f"{hint}?email=sigrid@company.example", **HX)
    assert text(client, f"{hint}?email=new@example.org&phone=x", **HX).strip() == ""
    given = {"name": "Ann", "email": "ann@example.org", "phone": "+49301234567", "organization": "Example",
             "role": "Editor", "relationship": "journalist", "audience": "all"}  # fmt: skip
    answer = client.post(reverse("person_new"), given)
    with scope.system():
        made = Person.objects.get(name="Ann")
        assert made.audience == [EVERYONE]
        assert made.role == "Editor"
        assert sorted(made.handles.values_list("kind", flat=True)) == ["email", "phone"]
        assert made.relationships.get().kind == "journalist"
    assert answer.headers["Location"] == reverse("person", args=[made.id])
    again = client.post(reverse("person_new"), given)
    assert "already that of Ann" in again.content.decode()
    nobody = client.post(reverse("person_new"), {"audience": "all"})
    assert "needs a name or an address" in nobody.content.decode()
    with scope.system():
        assert Person.objects.filter(name__in=["", "Ann"]).count() == 1


def test_hr_writes_somebody_down_for_itself_alone(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    given = {"name": "Quiet Person", "organization": "Hidden Works", "audience": str(cast.people_team.id)}
    client.post(reverse("person_new"), given)
    with scope.member(cast.agent.id):
        assert not Person.objects.filter(name="Quiet Person").exists()
        assert not Organization.objects.filter(name="Hidden Works").exists()
    with scope.member(cast.hr.id):
        assert Person.objects.get(name="Quiet Person").organization is not None
    sign_in(cast.agent).post(reverse("person_new"), given | {"name": "Other"})
    with scope.system():
        assert not Person.objects.filter(name="Other").exists(), "a team of others cannot be chosen"


def test_days_of_a_relationship_that_lies_ahead_count_until_then(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Relationship.objects.filter(person=cast.customer).update(until=now().date() + timedelta(days=3))
    assert "Carla" in text(sign_in(cast.agent), "/people/?relation=customer")
