"""Sessions are listed, and end when they should: at once, with their open pages."""

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from rapport.core import notify
from rapport.staff import sessions
from rapport.web.agents import described
from tests.web.cast import PASSWORD, Cast
from tests.web.conftest import SignIn

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Mobile/1 Safari/604.1"


def enter(agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": agent})
    client.post("/account/login/", {"login": "ana@company.example", "password": PASSWORD})
    assert client.get("/profile/").status_code == 200
    return client


def test_a_member_sees_where_they_are_signed_in_and_ends_what_is_not_theirs(cast: Cast) -> None:
    here, there, third = enter(), enter(IPHONE, "192.0.2.2"), enter(address="192.0.2.3")
    page = here.get(reverse("security")).content.decode()
    for words in ("Firefox on Linux", "Safari on iPhone", "192.0.2.2", "this one"):
        assert words in page
    other = UserSession.objects.get(ip="192.0.2.2")
    assert here.post(reverse("session_end", args=[other.id])).status_code == 302
    assert there.get("/profile/").status_code == 302
    assert third.get("/profile/").status_code == 200
    here.post(reverse("sessions_end"))
    assert third.get("/profile/").status_code == 302
    assert here.get("/profile/").status_code == 200


def test_nobody_ends_sessions_of_others(cast: Cast, sign_in: SignIn) -> None:
    ana = enter()
    row = UserSession.objects.get(user=cast.agent)
    hana = sign_in(cast.hr)
    assert hana.post(reverse("session_end", args=[row.id])).status_code == 404
    assert hana.post(reverse("member_sessions_end", args=[cast.agent.id])).status_code == 403
    assert ana.get("/profile/").status_code == 200


@pytest.mark.parametrize("page", ["member_close", "member"])
def test_a_closed_account_or_another_role_ends_sessions_and_streams(
    page: str, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, admin = enter(), sign_in(cast.admin)
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(notify, "changed", lambda kind, id, audience: told.append((kind, str(id))))
    form = {
        "name": "Ana Agent", "email": "ana@company.example", "role": "reader", "time_zone": "UTC",
        "capacity": "20", "teams": [str(cast.service.id)],
    }  # fmt: skip
    saved = admin.post(reverse(page, args=[cast.agent.id]), form)
    assert saved.status_code == 302, saved.content.decode()
    assert ana.get("/profile/").status_code == 302
    assert ("member", str(cast.agent.id)) in told
    assert sessions.of(cast.agent) == []


def test_an_administrator_ends_every_session_of_a_member(cast: Cast, sign_in: SignIn) -> None:
    first, second = enter(), enter(IPHONE)
    sign_in(cast.admin).post(reverse("member_sessions_end", args=[cast.agent.id]))
    for client in (first, second):
        assert client.get("/profile/").status_code == 302


def test_browsers_are_named() -> None:
    assert described(FIREFOX) == ("Firefox", "Linux")
    assert described(IPHONE) == ("Safari", "iPhone")
    assert described("") == ("", "")
