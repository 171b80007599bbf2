"""Passwords: slow to guess, changed with an end to every other session, and nothing told about who has an account."""

import re

import pytest
from django.core import mail
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from pytest_django import Settings

from rapport.core import scope
from rapport.core.models import Event
from tests.web.cast import PASSWORD, Cast
from tests.web.conftest import SignIn

LOGIN = "/account/login/"


def attempt(login: str, password: str = "wrong wrong", address: str = "192.0.2.1") -> str:
    client = Client(REMOTE_ADDR=address)
    answer = client.post(LOGIN, {"login": login, "password": password})
    if answer.status_code == 302:
        return "in"
    found = re.findall(r'(?s)role="alert">(.*?)</div>', answer.content.decode())
    return found[0] if found else str(answer.status_code)


def test_attempts_are_counted_where_every_process_sees_them(cast: Cast) -> None:
    cache.set("one", "counted")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rapport_cache WHERE cache_key LIKE %s", ["%one"])
        assert cursor.fetchone() == (1,)
    assert caches["default"].get("one") == "counted"


@pytest.mark.parametrize("login", ["ana@company.example", "nobody@company.example"])
def test_an_account_is_slowed_from_wherever_and_the_answer_does_not_say_whether_there_is_one(
    login: str, cast: Cast
) -> None:
    said = [attempt(login, address=f"192.0.2.{number}") for number in range(1, 8)]
    assert len(set(said[:5])) == 1
    assert "not correct" in said[0]
    assert said[5] == said[6]
    assert "Too many" in said[5]
    assert attempt(login, PASSWORD, address="192.0.2.99") == said[5]


def test_an_address_that_tries_many_accounts_is_slowed_and_others_are_not(cast: Cast) -> None:
    said = [attempt(f"somebody{number}@company.example") for number in range(11)]
    assert "Too many" in said[10]
    assert attempt("ana@company.example", PASSWORD, address="192.0.2.77") == "in"


def test_a_refused_attempt_is_in_the_log_without_what_was_typed(cast: Cast) -> None:
    attempt("ana@company.example", "my secret typo")
    with scope.system():
        logged = [str((one.kind, one.subject, one.data)) for one in Event.objects.filter(kind="session.refused")]
    assert len(logged) == 1
    assert "ana" not in logged[0]
    assert "typo" not in logged[0]


def test_a_changed_password_ends_every_other_session_and_keeps_this(cast: Cast) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.post(LOGIN, {"login": "ana@company.example", "password": PASSWORD})
        assert client.get("/profile/").status_code == 200
    form = {"oldpassword": PASSWORD, "password1": "a much better one", "password2": "a much better one"}
    for bad in ("short", "password123", "ana@company.example"):
        assert here.post("/account/password/change/", {**form, "password1": bad, "password2": bad}).status_code == 200
    assert there.get("/profile/").status_code == 200
    assert here.post("/account/password/change/", form).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302
    cast.agent.refresh_from_db()
    assert cast.agent.check_password("a much better one")


def test_a_forgotten_password_is_reset_by_a_link_that_works_once(cast: Cast, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    old = Client()
    old.post(LOGIN, {"login": "ana@company.example", "password": PASSWORD})
    client = Client()
    for address in ("ana@company.example", "nobody@company.example"):
        assert client.post("/account/password/reset/", {"email": address}).status_code == 302
    texts = [one.body for one in mail.outbox if "/password/reset/key/" in one.body]
    assert len(texts) == 1
    link = re.findall(r"http://testserver(/account/password/reset/key/\S+)", texts[0])[0]
    form = client.get(link, follow=True)
    there = form.redirect_chain[-1][0]
    client.post(there, {"password1": "a much better one", "password2": "a much better one"})
    assert old.get("/profile/").status_code == 302
    assert attempt("ana@company.example", "a much better one") == "in"
    again = Client().get(link, follow=True).content.decode()
    assert "has been used" in again


def test_nobody_makes_themselves_an_account(cast: Cast) -> None:
    answer = Client().post("/account/signup/", {"email": "x@company.example", "password1": PASSWORD})
    assert "administrator" in answer.content.decode()
    assert not type(cast.agent).objects.filter(email="x@company.example").exists()


def test_a_script_of_a_page_whose_session_ended_is_told_so_plainly(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert client.get("/counts/", headers={"HX-Request": "true"}).status_code == 200
    client.logout()
    for headers in ({"HX-Request": "true"}, {"Accept": "application/json"}):
        answer = client.get("/counts/", headers=headers)
        assert answer.status_code == 401
        assert "HX-Redirect" not in answer.headers
        assert b"<" not in answer.content
    assert client.get("/counts/").status_code == 302
