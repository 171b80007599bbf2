"""Pages of organizations: their people, domains, relationships, and what they belong to."""


from django.urls import reverse

from rapport.core import scope
from rapport.core.clock import now
from rapport.people.models import (
    Organization,
    OrganizationDomain,
    OrganizationRelationship,
    Person,
)
from tests.web.cast import Cast, make_person
from tests.web.conftest import SignIn
from tests.web.directory import HX, text


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
    with scope.system():
        before = Organization.objects.count()
    assert "This field is required" in client.post(reverse("organization_new"), {"name": " "}).content.decode()
    with scope.system():
        assert Organization.objects.count() == before
    taken = client.post(reverse("organization_new"), {"name": "New", "domain": "shop.example"}).content.decode()
    assert "belongs to Shop" in taken
    with scope.system():
        assert not Organization.objects.filter(name="New").exists()
    client.post(reverse("organization_new"), {"name": "New", "domain": "new.example"})
    with scope.system():
        assert Organization.objects.get(name="New").domain == "new.example"
    assert "New" in text(client, "/organizations/?q=ne")
