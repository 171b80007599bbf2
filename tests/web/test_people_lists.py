"""Lists of people: filters, segments, own fields, and changes to many at once."""

import re
from uuid import UUID

import pytest
from django.urls import reverse

from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.ids import new_id
from rapport.people.models import (
    CustomField,
    Person,
    Relationship,
    Segment,
)
from rapport.staff.models import Member, Membership
from tests.web.cast import Cast, make_person
from tests.web.conftest import SignIn
from tests.web.directory import HX, details, kinds, said, text


def test_the_list_is_narrowed_by_address_and_told_in_words(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    page = text(client, "/people/?relation=customer&heard=in30&language=none")
    assert "Carla Customer" in page
    for words in ("Customer", "Heard from in the last 30 days", "No language known"):
        assert words in page
    assert "Nobody fits" in text(client, "/people/?relation=analyst")
    page = text(client, "/people/?relation=emperor&heard=sometimes&since=soon&f_nothing=1&holder=x&sort=size")
    assert "made no sense" in page
    assert "Carla Customer" in page
    assert text(client, "/people/count/?relation=customer") == "1"
    assert client.get("/people/?after=nonsense").status_code == 400
    assert text(client, "/people/?q=carl", **HX).count('class="row"') == 1


def test_a_secret_person_is_in_no_list_of_others(cast: Cast, sign_in: SignIn) -> None:
    for url in ("/people/", "/people/?q=sigrid", "/organizations/", "/organizations/?q=company", "/people/count/",
                f"/people/?organization={cast.secretive.organization_id}"):  # fmt: skip
        page = text(sign_in(cast.agent), url)
        assert "Sigrid" not in page
        assert "strong\">Company<" not in page
    assert "Sigrid" in text(sign_in(cast.hr), "/people/?q=sigrid")
    assert text(sign_in(cast.agent), "/people/count/") == "1"


def test_segments_are_kept_shared_renamed_and_deleted(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    new = reverse("segment_new", args=["person"]) + "?relation=customer&heard=in30"
    assert "Heard from in the last 30 days" in text(client, new)
    client.post(new, {"name": "Lively customers", "shared": str(cast.service.id)})
    with scope.system():
        one = Segment.objects.get()
        assert one.query == {"relation": "customer", "heard": "in30"}
    assert "Lively customers" in text(sign_in(cast.agent), "/people/")
    assert "Lively customers" not in text(sign_in(cast.hr), "/people/")
    shown = text(sign_in(cast.agent), f"/people/?segment={one.id}")
    assert "Carla Customer" in shown
    assert sign_in(cast.hr).get(f"/people/?segment={one.id}").status_code == 404
    assert sign_in(cast.agent).get("/people/?segment=nonsense").status_code == 404
    assert sign_in(cast.agent).post(reverse("segment_delete", args=[one.id])).status_code == 403
    client.post(reverse("segment_change", args=[one.id]), {"name": "All our customers", "shared": "all"})
    client.post(reverse("segment_change", args=[one.id]) + "?relation=customer", {"what": "filter"})
    with scope.system():
        one.refresh_from_db()
        assert (one.name, one.for_all, one.query) == ("All our customers", True, {"relation": "customer"})
    assert "All our customers" in text(sign_in(cast.hr), "/people/")
    client.post(reverse("segment_delete", args=[one.id]))
    with scope.system():
        assert not Segment.objects.exists()
    assert client.get(reverse("segment_new", args=["person"])).status_code == 400, "there is nothing to save"


def test_many_are_changed_at_once_and_it_is_taken_back(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), reverse("people_bulk")
    with scope.system():
        ann = make_person("Ann", "ann@example.org", [EVERYONE])
        CustomField.objects.create(key="tier", label="Tier", kind="choice", choices=["Gold", "Silver"])
    ids = f"{cast.customer.id},{ann.id},{cast.secretive.id}"
    for verb, holds in (
        (f"holder={cast.lead.id}", {"holder_id": cast.lead.id}), ("language=de", {"language": "de"}),
        ("stop=1", {"do_not_contact": True}), ("field=tier=gold", {"fields": {"tier": "Gold"}}),
        ("organization=none", {"organization_id": None}),
    ):  # fmt: skip
        page = client.post(url, {"verb": verb, "ids": ids}, headers=HX).content.decode()
        assert "2 people changed. 1 were not there." in page
        with scope.system():
            assert Person.objects.filter(id__in=[cast.customer.id, ann.id], **holds).count() == 2, verb
            assert not Person.objects.filter(id=cast.secretive.id, **holds).exists(), verb
        undo = re.search(r'action="([^"]+undo[^"]+)"', page)
        assert undo is not None
        assert "Undone." in client.post(undo[1], headers=HX).content.decode()
        with scope.system():
            assert not Person.objects.filter(id=ann.id, **holds).exists(), verb


def test_relationships_of_many_are_added_and_ended_and_taken_back(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), reverse("people_bulk")
    ids = str(cast.customer.id)

    def current() -> list[str]:
        with scope.system():
            found = Relationship.objects.filter(person=cast.customer, until__isnull=True)
            return sorted(found.values_list("kind", flat=True))

    for verb, after in (("relate=partner", ["customer", "partner"]), ("unrelate=customer", [])):
        page = client.post(url, {"verb": verb, "ids": ids}, headers=HX).content.decode()
        assert current() == after
        undo = re.search(r'action="([^"]+undo[^"]+)"', page)
        assert undo is not None
        client.post(undo[1], headers=HX)
        assert current() == ["customer"]
        assert client.post(undo[1], headers=HX).status_code == 404


def test_what_was_changed_since_is_not_taken_back(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    page = client.post(reverse("people_bulk"), {"verb": "language=de", "ids": str(cast.customer.id)}, headers=HX)
    with scope.system():
        Person.objects.filter(id=cast.customer.id).update(language="fr")
    undo = re.search(r'action="([^"]+undo[^"]+)"', page.content.decode())
    assert undo is not None
    assert "1 of 1 could not be undone" in client.post(undo[1], headers=HX).content.decode()
    with scope.system():
        assert Person.objects.get(id=cast.customer.id).language == "fr"


@pytest.mark.parametrize(
    ("verb", "ids"),
    [
        ("language=de", ""), ("language=de", "nonsense"), ("language=klingonese", "X"), ("holder=nobody", "X"),
        ("relate=emperor", "X"), ("field=nothing=1", "X"), ("explode", "X"), ("stop=maybe", "X"),
        ("language=de", "MANY"), (f"holder={UUID(int=5)}", "X"), ("merge", "X"),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_changes_nobody(verb: str, ids: str, cast: Cast, sign_in: SignIn) -> None:
    many = ",".join(str(new_id()) for _ in range(501)) + f",{cast.customer.id}"
    given = {"X": str(cast.customer.id), "MANY": many}.get(ids, ids)
    before = kinds()
    answer = sign_in(cast.agent).post(reverse("people_bulk"), {"verb": verb, "ids": given}, headers=HX)
    assert answer.status_code == 400
    assert kinds() == before


def test_all_that_match_are_changed_and_nobody_else(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    with scope.system():
        ann = make_person("Ann", "ann@example.org", [EVERYONE])
    url = reverse("people_bulk") + "?relation=customer"
    assert "<strong>1</strong>" in text(client, url)
    client.post(url, {"verb": "holder", "value_holder": str(cast.lead.id), "all": "yes"})
    with scope.system():
        assert Person.objects.get(id=cast.customer.id).holder_id == cast.lead.id
        assert Person.objects.get(id=ann.id).holder_id is None
        assert Person.objects.get(id=cast.secretive.id).holder_id is None


def test_custom_fields_show_on_pages_in_filters_and_nowhere_once_out_of_use(cast: Cast, sign_in: SignIn) -> None:
    admin, agent = sign_in(cast.admin), sign_in(cast.agent)
    assert agent.get(reverse("custom_fields")).status_code == 403
    new = reverse("custom_field_new", args=["person"])
    assert "at least one choice" in admin.post(new, {"label": "Tier", "kind": "choice"}).content.decode()
    admin.post(new, {"label": "Tier", "kind": "choice", "choices": "Gold\nSilver\n", "tells": ""})
    admin.post(new, {"label": "Born", "kind": "date", "tells": "birth_date"})
    with scope.system():
        tier, born = CustomField.objects.order_by("position")
        assert (tier.key, tier.choices, born.key, born.matches) == ("tier", ["Gold", "Silver"], "born", "birth_date")
    admin.post(reverse("custom_field_move", args=[born.id]), {"step": "up"})
    url = reverse("person_edit", args=[cast.customer.id])
    wrong = agent.post(url, details(f_tier="Gold", f_born="soon"), headers=HX).content.decode()
    assert "Born takes a day" in wrong
    agent.post(url, details(f_tier="Gold", f_born="1990-02-03"), headers=HX)
    assert said("person.changed")["fields"] == ["field born", "field tier"]
    assert "1990-02-03" in text(agent, reverse("person", args=[cast.customer.id]))
    assert "Carla" in text(agent, "/people/?f_tier=Gold")
    assert "Carla" not in text(agent, "/people/?f_tier=Silver", **HX)
    admin.post(
        reverse("custom_field", args=[tier.id]), {"label": "Class", "choices": "Gold\nSilver", "tells": ""}
    )
    assert "Tier" not in text(agent, reverse("person", args=[cast.customer.id]))
    assert "made no sense" in text(agent, "/people/?f_tier=Gold")
    with scope.system():
        assert Person.objects.get(id=cast.customer.id).fields == {"tier": "Gold", "born": "1990-02-03"}


def test_a_member_of_no_team_sees_what_everybody_sees(cast: Cast, sign_in: SignIn) -> None:
    alone = Member.objects.create_user("alone@company.example", name="Al One", role="agent")
    assert "Carla Customer" in text(sign_in(alone), "/people/?sort=heard")
    Membership.objects.create(member=alone, team=cast.people_team)
    assert "Sigrid" in text(sign_in(alone), "/people/?sort=heard")
