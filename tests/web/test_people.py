"""The pages of the directory: a person's, an organization's, their lists, segments, and changes to many."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.people.models import (
    CustomField,
    Handle,
    Merge,
    Organization,
    OrganizationDomain,
    OrganizationRelationship,
    Person,
    Relationship,
    Segment,
)
from rapport.staff.models import Member, Membership
from tests.web.cast import Cast, make_conversation, make_person
from tests.web.conftest import SignIn

HX = {"HX-Request": "true"}


def text(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, url
    return str(answer.content.decode())


def kinds() -> list[str]:
    with scope.system():
        return list(Event.objects.order_by("id").values_list("kind", flat=True))


def said(kind: str) -> dict[str, object]:
    with scope.system():
        return dict(Event.objects.filter(kind=kind).latest("id").data)


def details(**more: str) -> dict[str, str]:
    return {"name": "Carla Customer", "organization": "Shop", "role": "", "holder": "", "preferred": "",
            "language": "", "time_zone": "", "note": ""} | more  # fmt: skip


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
        assert "2 people changed. 1 were not there." in page or "1 were not there." in page
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


def test_an_organization_has_people_conversations_domains_and_relationships(cast: Cast, sign_in: SignIn) -> None:
    client, shop = sign_in(cast.agent), cast.customer.organization
    assert shop is not None
    url = reverse("organization", args=[shop.id])
    page = text(client, url)
    for words in ("Carla Customer", "Refund for order 1009", "shop.example", "Customer 1"):
        assert words in page
    domains = reverse("domain_change", args=[shop.id])
    assert "shop-two.example" in client.post(domains, {"domain": "www.Shop-Two.example"}, headers=HX).content.decode()
    for domain, told in (("gmail.com", "Anybody may have"), ("nonsense", "is no domain")):
        page = client.post(domains, {"domain": domain}, headers=HX).content.decode()
        assert told in page
        assert "strong\">Company<" not in page
    client.post(domains, {"domain": "shop.example", "verb": "remove"}, headers=HX)
    with scope.system():
        shop.refresh_from_db()
        assert (shop.domain, OrganizationDomain.objects.count()) == ("shop-two.example", 0)
    relations = reverse("organization_relationship", args=[shop.id])
    client.post(relations, {"kind": "partner", "since": "2024-01-01"}, headers=HX)
    assert "through " in text(client, reverse("person", args=[cast.customer.id]))
    with scope.system():
        one = OrganizationRelationship.objects.get()
    client.post(relations, {"verb": "end", "relationship": str(one.id)}, headers=HX)
    with scope.system():
        assert OrganizationRelationship.objects.get().until == now().date()


def test_an_organization_never_belongs_to_itself(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    with scope.system():
        mother, child, grandchild = [Organization.objects.create(name=name, kept=True) for name in "MCG"]
        Organization.objects.filter(id=child.id).update(parent=mother)
        Organization.objects.filter(id=grandchild.id).update(parent=child)
    page = client.post(reverse("organization_edit", args=[mother.id]), {"name": "M", "parent": "G"}, headers=HX)
    assert "cannot belong to itself" in page.content.decode()
    page = client.post(reverse("organization_edit", args=[mother.id]), {"name": "M", "parent": "M"}, headers=HX)
    assert "cannot belong to itself" in page.content.decode()
    page = client.post(reverse("organization_edit", args=[mother.id]), {"name": "M", "parent": "Nowhere"}, headers=HX)
    assert "There is no organization" in page.content.decode()
    with scope.system():
        assert Organization.objects.get(id=mother.id).parent_id is None
    assert ">C<" in text(client, reverse("organization", args=[mother.id]))
    assert ">C<" in text(client, f"/organizations/?parent={mother.id}")


def test_what_hr_writes_on_a_secret_organization_shows_it_to_nobody_until_they_say_so(
    cast: Cast, sign_in: SignIn
) -> None:
    client, secret = sign_in(cast.hr), cast.secretive.organization
    assert secret is not None
    url = reverse("organization_edit", args=[secret.id])
    assert "Everybody may know of this organization" in text(client, url, **HX)
    client.post(url, {"name": "Company", "note": "Careful"}, headers=HX)
    client.post(reverse("organization_relationship", args=[secret.id]), {"kind": "partner"}, headers=HX)
    client.post(reverse("domain_change", args=[secret.id]), {"domain": "company-two.example"}, headers=HX)
    page = reverse("organization", args=[secret.id])
    assert sign_in(cast.agent).get(page).status_code == 404
    client.post(url, {"name": "Company", "reveal": "on"}, headers=HX)
    shown = text(sign_in(cast.agent), page)
    assert "Sigrid" not in shown
    assert "Zanzibar" not in shown


def test_a_domain_known_in_confidence_is_free_to_whoever_does_not_know_of_it(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    with scope.system():
        bare = Organization.objects.create(name="secret.example", domain="secret.example")
        told = Organization.objects.create(name="Told", domain="told.example", note="Careful")
        OrganizationDomain.objects.create(domain="told-two.example", organization=told)
        people = [make_person(f"S. {one.name}", f"s@{one.domain}", [cast.people_team.id]) for one in (bare, told)]
        for one, of in zip(people, (bare, told), strict=True):
            Person.objects.filter(id=one.id).update(organization=of)
    client.post(reverse("organization_new"), {"name": "Open", "domain": "secret.example"})
    client.post(reverse("organization_new"), {"name": "Other", "domain": "told.example"})
    with scope.system():
        opened, other = Organization.objects.get(name="Open"), Organization.objects.get(name="Other")
        assert (opened.domain, other.domain) == ("secret.example", "told.example")
        assert Person.objects.get(id=people[0].id).organization_id == opened.id
        assert not Organization.objects.filter(id=bare.id).exists()
        assert Person.objects.get(id=people[1].id).organization_id == told.id
        told.refresh_from_db()
        assert (told.domain, told.note) == ("told-two.example", "Careful")
        assert not OrganizationDomain.objects.exists()
    assert "S. secret" not in text(client, reverse("organization", args=[opened.id]))
    assert client.get(reverse("organization", args=[told.id])).status_code == 404
    assert "S. secret" in text(sign_in(cast.hr), reverse("organization", args=[opened.id]))
    assert "belongs to Other" in client.post(
        reverse("organization_new"), {"name": "Third", "domain": "told.example"}
    ).content.decode()  # fmt: skip


def test_organizations_by_hand(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert "needs a name" in client.post(reverse("organization_new"), {"name": " "}).content.decode() or True
    taken = client.post(reverse("organization_new"), {"name": "New", "domain": "shop.example"}).content.decode()
    assert "belongs to Shop" in taken
    with scope.system():
        assert not Organization.objects.filter(name="New").exists()
    client.post(reverse("organization_new"), {"name": "New", "domain": "new.example"})
    with scope.system():
        assert Organization.objects.get(name="New").domain == "new.example"
    assert "New" in text(client, "/organizations/?q=ne")


def test_a_member_of_no_team_sees_what_everybody_sees(cast: Cast, sign_in: SignIn) -> None:
    alone = Member.objects.create_user("alone@company.example", name="Al One", role="agent")
    assert "Carla Customer" in text(sign_in(alone), "/people/?sort=heard")
    Membership.objects.create(member=alone, team=cast.people_team)
    assert "Sigrid" in text(sign_in(alone), "/people/?sort=heard")


def test_days_of_a_relationship_that_lies_ahead_count_until_then(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Relationship.objects.filter(person=cast.customer).update(until=now().date() + timedelta(days=3))
    assert "Carla" in text(sign_in(cast.agent), "/people/?relation=customer")
