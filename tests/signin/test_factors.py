"""Second factors: set up, asked for, required, sealed, recovered from."""

import base64
import hashlib
import hmac
import struct
import time

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from rapport.core import keys
from rapport.staff.models import Company, Member
from tests.web.cast import PASSWORD, Cast
from tests.web.conftest import SignIn

LOGIN = {"login": "ana@company.example", "password": PASSWORD}


def code_for(secret: str, steps: int = 0) -> str:
    """RFC 6238, as an app computes it."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return str((struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000).zfill(6)


def set_up(client: Client) -> str:
    """An authenticator app; its key."""
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = page.split('class="secret">')[1].split("<")[0]
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_for(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


@pytest.fixture
def ana(cast: Cast) -> Client:
    """Ana, signed in with her password."""
    client = Client()
    client.post("/account/login/", LOGIN)
    return client


def test_an_app_is_set_up_without_being_asked_again_and_then_asked_for(cast: Cast, ana: Client) -> None:
    page = ana.get(reverse("mfa_activate_totp"))
    assert 'src="data:image/svg+xml' in page.content.decode()
    assert "style=" not in page.content.decode()
    secret = set_up(ana)
    stored = Authenticator.objects.get(user=cast.agent, type="totp").data["secret"]
    assert secret not in stored
    keys.rotate()
    assert stored != Authenticator.objects.get(user=cast.agent, type="totp").data["secret"]
    codes = ana.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert codes.count("<li><code>") == 10
    other = Client()
    assert other.post("/account/login/", LOGIN)["Location"] == reverse("mfa_authenticate")
    assert other.get("/profile/").status_code == 302
    assert other.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    assert other.get("/profile/").status_code == 302
    other.post(reverse("mfa_authenticate"), {"code": code_for(secret, 1)})
    assert other.get("/profile/").status_code == 200


def test_a_recovery_code_lets_in_once(cast: Cast, ana: Client) -> None:
    set_up(ana)
    code = ana.get(reverse("mfa_view_recovery_codes")).content.decode().split("<li><code>")[1].split("<")[0]
    for status in (200, 302):
        client = Client()
        client.post("/account/login/", LOGIN)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert client.get("/profile/").status_code == status
    assert "9 unused codes are left" in ana.get(reverse("security")).content.decode()


def test_codes_cannot_be_guessed_for_long(cast: Cast, ana: Client) -> None:
    secret = set_up(ana)
    client = Client()
    client.post("/account/login/", LOGIN)
    for number in range(6):
        last = client.post(reverse("mfa_authenticate"), {"code": f"00000{number}"})
    assert b"Too many" in last.content
    client.post(reverse("mfa_authenticate"), {"code": code_for(secret, 1)})
    assert client.get("/profile/").status_code == 302


def test_a_required_factor_is_asked_of_everybody_from_the_next_page_on(
    cast: Cast, ana: Client, sign_in: SignIn
) -> None:
    admin = sign_in(cast.admin)
    assert ana.get("/inbox/mine/").status_code == 200
    admin.post(reverse("signin_switches"), {"require_second_factor": "on"})
    assert Company.here().require_second_factor
    assert ana.get("/inbox/mine/")["Location"] == "/security/"
    fetched = ana.get("/counts/", headers={"HX-Request": "true"})
    assert fetched["HX-Redirect"] == "/security/"
    refused = ana.post(f"/c/{cast.conversation.id}/do/note/", {"text": "x"})
    assert refused["Location"] == "/security/"
    assert "Add a passkey or an authenticator app to go on" in ana.get("/security/").content.decode()
    set_up(ana)
    assert ana.get("/inbox/mine/").status_code == 200
    assert admin.get("/inbox/mine/").status_code == 302


def test_recovery_codes_alone_are_no_second_factor(cast: Cast, ana: Client) -> None:
    set_up(ana)
    Authenticator.objects.filter(type="totp").delete()
    Company.objects.create(id=1, require_second_factor=True)
    assert ana.get("/inbox/mine/").status_code == 302


def test_who_lost_everything_is_helped_by_an_administrator_and_by_nobody_else(
    cast: Cast, ana: Client, sign_in: SignIn
) -> None:
    set_up(ana)
    url = reverse("member_factors_remove", args=[cast.agent.id])
    assert sign_in(cast.lead).post(url).status_code == 403
    assert Authenticator.objects.exists()
    admin = sign_in(cast.admin)
    assert "Remove second factors" in admin.get(reverse("member", args=[cast.agent.id])).content.decode()
    admin.post(url)
    assert not Authenticator.objects.exists()
    assert ana.get("/profile/").status_code == 302
    again = Client()
    assert again.post("/account/login/", LOGIN)["Location"] == "/"


def test_an_old_sign_in_is_confirmed_before_factors_change(cast: Cast, ana: Client) -> None:
    set_up(ana)
    session = ana.session
    for one in session["account_authentication_methods"]:
        one["at"] -= 3600
    session["account_authentication_methods"] = session["account_authentication_methods"]
    session.save()
    answer = ana.get(reverse("mfa_deactivate_totp"))
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert Member.objects.get(id=cast.agent.id).is_active
