"""Single sign-on against real providers: who gets in, as what, and who does not."""

import base64
from dataclasses import replace

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from rapport.channels.secrets import seal, unseal
from rapport.core import scope
from rapport.core.options import options
from rapport.staff import invitations
from rapport.staff.models import Company, GroupRule, Member, Membership, Provider, Team
from rapport.web.provider_forms import read_metadata
from rapport.web.sso import may_speak_for
from tests.signin.identity import OIDC, SAML, SECRET, Identity
from tests.web.cast import Cast
from tests.web.conftest import SignIn

START = f"/account/sso/oidc/{OIDC}/login/"
SAML_START = f"/account/sso/saml/{SAML}/login/"


def connect(identity: Identity, **more: object) -> Provider:
    usual = {
        "slug": OIDC, "name": "Corporate", "kind": "oidc", "domains": ["company.example"], "groups_claim": "groups",
        "config": {"issuer": identity.url, "client_id": "rapport"}, "secrets": seal({"client_secret": SECRET}),
    }  # fmt: skip
    with scope.system():
        return Provider.objects.create(**{**usual, **more})


def connect_saml(identity: Identity, **more: object) -> Provider:
    import requests

    idp = read_metadata(requests.get(f"{identity.url}/saml/metadata", timeout=60).content)
    config = {"idp": idp}
    return connect(identity, slug=SAML, name="Campus", kind="saml", vouches=True, config=config, **more)


def signed_in_as(client: Client) -> str | None:
    id = client.session.get("_auth_user_id")
    return Member.objects.get(id=id).email if id else None


def test_a_member_comes_in_by_openid_connect_and_is_known_by_their_subject_afterwards(
    cast: Cast, identity: Identity
) -> None:
    connect(identity)
    client = Client(HTTP_HOST="testserver")
    assert "Continue with Corporate" in client.get("/account/login/").content.decode()
    identity.become(sub="s-ana", email="ana@company.example", name="Ana A.")
    identity.sign_in(client, START)
    assert signed_in_as(client) == "ana@company.example"
    assert Member.objects.get(id=cast.agent.id).name == "Ana Agent"
    identity.become(sub="s-ana", email="other@company.example")
    again = Client(HTTP_HOST="testserver")
    identity.sign_in(again, START)
    assert signed_in_as(again) == "ana@company.example"
    assert SocialAccount.objects.count() == 1


@pytest.mark.parametrize(
    "person",
    [
        {"email": "ana@elsewhere.example"},
        {"email": "ana@company.example", "email_verified": False},
        {"email": "ana@sub.company.example"},
        {"email": "nobody@company.example"},
    ],
)
def test_an_address_of_another_domain_unconfirmed_or_of_nobody_stays_out(
    person: dict[str, object], cast: Cast, identity: Identity
) -> None:
    connect(identity)
    before = Member.objects.count()
    identity.become(sub="s-x", **person)
    client = Client(HTTP_HOST="testserver")
    answer = identity.sign_in(client, START)
    assert answer.status_code == 403
    assert signed_in_as(client) is None
    assert (Member.objects.count(), SocialAccount.objects.count()) == (before, 0)


def test_a_closed_account_stays_closed_also_when_it_was_linked(cast: Cast, identity: Identity) -> None:
    connect(identity)
    identity.become(sub="s-ana", email="ana@company.example")
    identity.sign_in(Client(HTTP_HOST="testserver"), START)
    Member.objects.filter(id=cast.agent.id).update(is_active=False)
    client = Client(HTTP_HOST="testserver")
    answer = identity.sign_in(client, START)
    assert "closed" in answer.content.decode()
    assert signed_in_as(client) is None


def test_groups_give_and_take_teams_and_role_and_leave_what_was_entered_by_hand(cast: Cast, identity: Identity) -> None:
    connect(identity, create_members=True, default_role="reader")
    sales = Team.objects.create(name="Sales", slug="sales")
    GroupRule.objects.create(group="Service Desk", team=cast.service, is_lead=True)
    GroupRule.objects.create(group="leads", role="lead")
    identity.become(sub="s-new", email="nora@company.example", name="Nora New", groups=["service desk", "leads"])
    identity.sign_in(Client(HTTP_HOST="testserver"), START)
    nora = Member.objects.get(email="nora@company.example")
    assert (nora.name, nora.role) == ("Nora New", "lead")
    assert Membership.objects.get(member=nora).is_lead
    Membership.objects.create(member=nora, team=sales)
    identity.become(sub="s-new", email="nora@company.example", groups=[])
    client = Client(HTTP_HOST="testserver")
    identity.sign_in(client, START)
    nora.refresh_from_db()
    assert nora.role == "reader"
    assert [one.team for one in Membership.objects.filter(member=nora)] == [sales]
    assert signed_in_as(client) == "nora@company.example"


def test_an_invitation_is_accepted_by_single_sign_on(cast: Cast, identity: Identity) -> None:
    connect(identity)
    invitations.invite("ivo@company.example", "Ivo Invited", "agent", [cast.service], cast.admin)
    identity.become(sub="s-ivo", email="ivo@company.example")
    client = Client(HTTP_HOST="testserver")
    identity.sign_in(client, START)
    assert signed_in_as(client) == "ivo@company.example"
    assert Membership.objects.get(member__email="ivo@company.example").team == cast.service


def test_single_sign_on_only_keeps_passwords_for_administrators(
    cast: Cast, identity: Identity, sign_in: SignIn
) -> None:
    connect(identity)
    Company.objects.create(id=1, sso_only=True)
    for member in (cast.agent, cast.admin):
        member.set_password("correct horse battery")
        member.save()
    client = Client(HTTP_HOST="testserver")
    client.post("/account/login/", {"login": "ana@company.example", "password": "correct horse battery"})
    assert signed_in_as(client) is None
    client.post("/account/login/", {"login": "ada@company.example", "password": "correct horse battery"})
    assert signed_in_as(client) == "ada@company.example"
    identity.become(sub="s-ana", email="ana@company.example")
    other = Client(HTTP_HOST="testserver")
    identity.sign_in(other, START)
    assert signed_in_as(other) == "ana@company.example"


def test_a_stolen_code_or_another_browser_gets_nobody_in(cast: Cast, identity: Identity) -> None:
    connect(identity)
    identity.become(sub="s-ana", email="ana@company.example")
    first = Client(HTTP_HOST="testserver").get(START)
    there = identity._through(first["Location"])
    assert isinstance(there, str)
    stranger = Client(HTTP_HOST="testserver")
    answer = stranger.get(there.removeprefix("http://testserver"), follow=True)
    assert answer.status_code == 403
    assert signed_in_as(stranger) is None


def test_a_member_comes_in_by_saml_and_a_tampered_or_replayed_answer_does_not(cast: Cast, identity: Identity) -> None:
    connect_saml(identity)
    identity.become(sub="c-ana", email="ana@company.example", groups=["leads"])
    GroupRule.objects.create(group="leads", role="lead")
    client = Client(HTTP_HOST="testserver")
    identity.sign_in(client, SAML_START)
    assert signed_in_as(client) == "ana@company.example"
    assert Member.objects.get(id=cast.agent.id).role == "lead"
    victim = Client(HTTP_HOST="testserver")
    answer = identity.assertion(victim.get(SAML_START)["Location"])
    forged = base64.b64decode(answer["SAMLResponse"]).replace(b"ana@company.example", b"ada@company.example")
    sent = {**answer, "SAMLResponse": base64.b64encode(forged).decode()}
    sent.pop("action")
    refused = victim.post(answer["action"], sent, follow=True)
    assert refused.status_code == 403
    assert signed_in_as(victim) is None
    replayed = Client(HTTP_HOST="testserver")
    answer.pop("action")
    assert replayed.post(f"/account/sso/saml/{SAML}/acs/", answer, follow=True).status_code == 403
    assert signed_in_as(replayed) is None


def test_our_saml_metadata_can_be_read(cast: Cast, identity: Identity) -> None:
    connect_saml(identity)
    answer = Client(HTTP_HOST="testserver").get(f"/account/sso/saml/{SAML}/metadata/")
    assert answer.status_code == 200
    assert b"AssertionConsumerService" in answer.content


def test_an_administrator_connects_a_provider_on_the_page_and_its_secret_is_sealed(
    cast: Cast, identity: Identity, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rapport.web.provider_forms.options", lambda: replace(options(), allow_private_addresses=True))
    client = sign_in(cast.admin)
    form = {
        "name": "Corporate", "issuer": identity.url, "client_id": "rapport", "client_secret": SECRET,
        "domains": "Company.example, @second.example", "default_role": "agent", "enabled": "on",
    }  # fmt: skip
    wrong = client.post(reverse("provider_new", args=["oidc"]), {**form, "issuer": f"{identity.url}/other"})
    assert "does not answer as one" in wrong.content.decode()
    saved = client.post(reverse("provider_new", args=["oidc"]), form)
    assert saved.status_code == 302, saved.content.decode()
    with scope.system():
        provider = Provider.objects.get()
    assert provider.domains == ["company.example", "second.example"]
    assert SECRET.encode() not in bytes(provider.secrets)
    page = client.get(reverse("provider", args=[provider.id])).content.decode()
    assert f"/account/sso/oidc/{provider.slug}/login/callback/" in page
    assert SECRET not in page
    client.post(reverse("provider", args=[provider.id]), {**form, "client_secret": "", "name": "Renamed"})
    with scope.system():
        assert unseal(bytes(Provider.objects.get().secrets)) == {"client_secret": SECRET}
    client.post(reverse("provider_remove", args=[provider.id]))
    with scope.system():
        assert not Provider.objects.exists()


def test_saml_metadata_is_fetched_when_saved_and_what_is_none_is_refused(
    cast: Cast, identity: Identity, sign_in: SignIn
) -> None:
    client = sign_in(cast.admin)
    form = {"name": "Campus", "domains": "company.example", "default_role": "agent", "enabled": "on"}
    url = reverse("provider_new", args=["saml"])
    for bad in ("<not-xml", "<a/>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        assert client.post(url, {**form, "metadata_xml": bad}).status_code == 200
    with scope.system():
        assert not Provider.objects.exists()
    saved = client.post(url, {**form, "metadata_url": f"{identity.url}/saml/metadata"})
    assert saved.status_code == 302, saved.content.decode()
    with scope.system():
        assert Provider.objects.get().config["idp"]["entity_id"] == f"{identity.url}/saml"


def test_metadata_on_a_private_network_is_not_fetched(cast: Cast, sign_in: SignIn) -> None:
    form = {"name": "X", "domains": "company.example", "default_role": "agent", "metadata_url": "https://10.0.0.7/m"}
    said = sign_in(cast.admin).post(reverse("provider_new", args=["saml"]), form).content.decode()
    assert "private network" in said


def test_only_whole_domains_count() -> None:
    assert may_speak_for(["Company.example"], "a@company.EXAMPLE")
    for address in ("a@evil-company.example", "a@company.example.evil.example", "company.example", "@company.example"):
        assert not may_speak_for(["company.example"], address)
