"""Invitations: a link that works once, not for ever, and for one address."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.staff.models import Company, Invitation, Member, Membership
from tests.web.cast import PASSWORD, Cast
from tests.web.conftest import SignIn

JOIN = {"name": "Nora New", "password": PASSWORD}


def invite(admin: Client, cast: Cast, email: str = "Nora@company.example") -> str:
    form = {"email": email, "role": "lead", "teams": [str(cast.service.id)]}
    page = admin.post(reverse("invite"), form).content.decode()
    return re.findall(r'value="http://testserver(/join/[^"]+)"', page)[0]


@pytest.fixture
def admin(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.admin)


def test_the_invited_choose_name_and_password_and_are_in(cast: Cast, admin: Client) -> None:
    link = invite(admin, cast)
    assert "nora@company.example" in admin.get(reverse("staff")).content.decode()
    client = Client()
    page = client.get(link).content.decode()
    assert "Ada Admin invited you" in page
    assert client.post(link, {**JOIN, "password": "short"}).status_code == 200
    assert not Member.objects.filter(email="nora@company.example").exists()
    assert client.post(link, JOIN)["Location"] == "/"
    nora = Member.objects.get(email="nora@company.example")
    assert (nora.name, nora.role, nora.check_password(PASSWORD)) == ("Nora New", "lead", True)
    assert Membership.objects.get(member=nora).team == cast.service
    assert client.get("/profile/").status_code == 200
    again = Client()
    assert again.post(link, {**JOIN, "name": "Thief"}).status_code == 404
    assert Member.objects.get(id=nora.id).name == "Nora New"


def test_without_mail_the_link_is_shown_and_with_mail_it_is_sent(cast: Cast, admin: Client, settings: Settings) -> None:
    form = {"email": "nora@company.example", "role": "agent"}
    settings.EMAIL_BACKEND = "rapport.outbound.systemmail.ChannelBackend"
    assert "Copy the link" in admin.post(reverse("invite"), form).content.decode()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert "on its way" in admin.post(reverse("invite"), form).content.decode()
    assert "/join/" in mail.outbox[0].body
    assert mail.outbox[0].to == ["nora@company.example"]


def test_a_link_too_old_replaced_or_withdrawn_leads_nowhere(cast: Cast, admin: Client) -> None:
    link = invite(admin, cast)
    with travel(now() + timedelta(days=8)):
        assert Client().get(link).status_code == 404
    with scope.system():
        id = Invitation.objects.get().id
    page = admin.post(reverse("invite_again", args=[id])).content.decode()
    fresh = re.findall(r'value="http://testserver(/join/[^"]+)"', page)[0]
    assert Client().get(link).status_code == 404
    assert Client().get(fresh).status_code == 200
    admin.post(reverse("invite_revoke", args=[id]))
    assert Client().post(fresh, JOIN).status_code == 404
    assert not Member.objects.filter(email="nora@company.example").exists()


def test_only_administrators_invite_and_nobody_is_invited_twice(cast: Cast, admin: Client, sign_in: SignIn) -> None:
    for member in (cast.lead, cast.agent, cast.reader):
        assert sign_in(member).post(reverse("invite"), {"email": "x@y.example", "role": "admin"}).status_code == 403
    with scope.system():
        assert not Invitation.objects.exists()
    again = admin.post(reverse("invite"), {"email": "ANA@company.example", "role": "agent"})
    assert "already" in again.content.decode()
    invite(admin, cast)
    invite(admin, cast)
    with scope.system():
        assert Invitation.objects.filter(revoked_at__isnull=True).count() == 1


def test_the_secret_of_a_link_is_not_kept(cast: Cast, admin: Client) -> None:
    link = invite(admin, cast)
    with scope.system():
        kept = Invitation.objects.get()
    assert link.rsplit("/", 2)[1] not in kept.digest
    with scope.member(cast.agent.id):
        assert not Invitation.objects.exists()


def test_where_only_single_sign_on_is_meant_a_link_makes_no_password(cast: Cast, admin: Client) -> None:
    link = invite(admin, cast)
    Company.objects.create(id=1, sso_only=True)
    client = Client()
    assert "password" not in client.get(link).content.decode().lower()
    client.post(link, JOIN)
    assert not Member.objects.filter(email="nora@company.example").exists()
