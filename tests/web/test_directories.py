"""Directories of employees on the page: what is wrong is said at its field, and a password leads nowhere else."""

import pytest
from django.test import Client

from rapport.channels.secrets import unseal
from rapport.core import scope
from rapport.core.errors import ChannelError
from rapport.people.exchange import directories, jobs, ldap, ldapwords
from rapport.people.exchange.employee import Employee
from rapport.people.models import Directory, Person
from tests.web.cast import Cast
from tests.web.conftest import SignIn

GIVEN = {
    "name": "HQ", "kind": "ad", "url": "ldaps://localhost", "bind": "cn=reader", "password": "secret words",
    "base": "dc=example,dc=org", "every_hours": "24", "enabled": "on",
}  # fmt: skip


@pytest.fixture
def admin(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.admin)


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> list[Employee]:
    found: list[Employee] = [Employee("1", "Ann Lee", emails=("ann@example.org",), role="Buyer")]
    monkeypatch.setattr(ldap, "pages", lambda access: iter([found]))
    return found


def saved() -> Directory:
    with scope.system():
        return Directory.objects.get()


def test_it_is_tried_saved_read_and_disconnected(admin: Client, shows: list[Employee]) -> None:
    page = admin.post("/directories/new/", {**GIVEN, "verb": "try"}).content.decode()
    assert "Ann Lee" in page
    with scope.system():
        assert not Directory.objects.exists()
        assert not Person.objects.filter(name="Ann Lee").exists()
    admin.post("/directories/new/", GIVEN)
    row = saved()
    assert b"secret words" not in bytes(row.secrets)
    assert unseal(bytes(row.secrets)) == {"password": "secret words"}
    assert row.config["filter"] == ldapwords.FILTERS["ad"]
    assert row.config["attributes"]["id"] == "objectGUID"
    assert jobs.work_once()
    assert not jobs.work_once()
    page = admin.get(f"/directories/{row.id}/").content.decode()
    assert "secret words" not in page
    assert saved().counts["new"] == 1
    admin.post(f"/directories/{row.id}/", {**GIVEN, "password": "", "name": "Headquarters"})
    assert unseal(bytes(saved().secrets)) == {"password": "secret words"}
    admin.post(f"/directories/{row.id}/remove/")
    with scope.system():
        assert Person.objects.get(name="Ann Lee").relationships.get().source == "Headquarters"
        assert not Directory.objects.exists()


def test_the_stored_password_is_never_sent_to_another_address(admin: Client, shows: list[Employee]) -> None:
    admin.post("/directories/new/", GIVEN)
    row = saved()
    for verb in ("", "try"):
        given = {**GIVEN, "password": "", "url": "ldaps://evil.example", "verb": verb}
        assert "enter the password again" in admin.post(f"/directories/{row.id}/", given).content.decode()
    assert saved().config["url"] == "ldaps://localhost"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("url", "http://x.example", "no address of a directory"), ("filter", "(uid=", "no filter"),
        ("attribute_id", "a b", "no name of an attribute"), ("ca", "nothing", "no certificate"),
        ("base", "", "required"), ("country", "abc", "valid"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(admin: Client, field: str, value: str, words: str) -> None:
    page = admin.post("/directories/new/", {**GIVEN, field: value}).content.decode()
    assert words in page
    with scope.system():
        assert not Directory.objects.exists()


def test_a_failure_is_shown_and_tried_again(
    admin: Client, shows: list[Employee], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(access: object) -> None:
        raise ChannelError("localhost: refused", permanent=False)

    admin.post("/directories/new/", GIVEN)
    monkeypatch.setattr(ldap, "pages", fails)
    assert jobs.work_once()
    assert "localhost: refused" in admin.get(f"/directories/{saved().id}/").content.decode()
    tried = admin.post("/directories/new/", {**GIVEN, "name": "B", "verb": "try"})
    assert "localhost: refused" in tried.content.decode()
    directories.ask_now(saved())
    assert jobs.work_once()


def test_it_is_for_administrators(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    assert client.get("/directories/").status_code == 403
    assert client.post("/directories/new/", GIVEN).status_code == 403
    with scope.system():
        assert not Directory.objects.exists()


def test_what_active_directory_says_is_understood() -> None:
    names = {name: ldapwords.attributes(text) for name, text in ldapwords.ATTRIBUTES["ad"].items()}
    found = ldapwords.employee(
        {
            "objectGUID": [bytes(range(16))], "displayName": [b"Ann Lee"], "mail": [b"ann@example.org"],
            "proxyAddresses": [b"smtp:a.lee@example.org", b"SMTP:ann@example.org", b"x500:/o=x"],
            "manager": [b"CN=Bo\\, Bob,OU=People,DC=example,DC=org"], "userAccountControl": [b"514"],
        },
        names,
    )  # fmt: skip
    assert found.id == "03020100-0504-0706-0809-0a0b0c0d0e0f"
    assert found.emails == ("ann@example.org", "a.lee@example.org")
    assert (found.manager, found.active) == ("Bo, Bob", False)
    assert ldapwords.employee({"pwdAccountLockedTime": [b"000001010000Z"]}, names).active is False
