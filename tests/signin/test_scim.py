"""A directory keeps members and groups up to date, as Entra ID and Okta do it."""

import sys
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse

from rapport.core import notify, scope
from rapport.core.models import Event
from rapport.staff import directory
from rapport.staff.models import DirectoryGroup, GroupRule, Member, Membership, ScimToken
from tests.web.cast import Cast
from tests.web.conftest import SignIn

USERS, GROUPS = "/scim/v2/Users", "/scim/v2/Groups"


class Directory:
    """Speaks SCIM with a key."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {key}"})

    def call(self, method: str, url: str, body: object = None, **headers: str) -> Any:
        sent = orjson.dumps(body) if body is not None else b""
        answer = self.client.generic(method, url, sent, content_type="application/scim+json", headers=headers)
        self.status, self.headers = answer.status_code, answer.headers
        return orjson.loads(answer.content) if answer.content else None

    def patch(self, url: str, *operations: dict[str, Any]) -> Any:
        return self.call("PATCH", url, {"schemas": [], "Operations": list(operations)})


@pytest.fixture
def scim(cast: Cast) -> Directory:
    return Directory(directory.new_token("Entra", cast.admin)[1])


def nora(**more: object) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Nora@company.example",
        "externalId": "e-1", "active": True, "name": {"givenName": "Nora", "familyName": "New"}, "title": "Ms", **more,
    }  # fmt: skip


def test_entra_id_creates_finds_changes_and_closes_a_member(scim: Directory, cast: Cast, sign_in: SignIn) -> None:
    asked = f"{USERS}?filter=userName+eq+%22nora@company.example%22"
    assert scim.call("GET", asked)["totalResults"] == 0
    made = scim.call("POST", USERS, nora())
    assert (scim.status, made["userName"], made["active"]) == (201, "nora@company.example", True)
    member = Member.objects.get(email="nora@company.example")
    assert (member.name, member.role, member.has_usable_password()) == ("Nora New", "agent", False)
    assert scim.call("GET", asked)["Resources"][0]["id"] == str(member.id)
    assert scim.call("GET", f"{USERS}?filter=externalId+eq+%22e-1%22")["totalResults"] == 1
    url = f"{USERS}/{member.id}"
    after = scim.patch(
        url,
        {"op": "Replace", "path": "displayName", "value": "Nora Newer"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "nora@company.example"},
    )
    assert after["displayName"] == "Nora Newer"
    client = sign_in(member)
    assert client.get("/profile/").status_code == 200
    scim.patch(url, {"op": "Replace", "path": "active", "value": "False"})
    assert client.get("/profile/").status_code == 302
    member.refresh_from_db()
    assert (member.is_active, member.name) == (False, "Nora Newer")
    scim.patch(url, {"op": "Replace", "value": {"active": True}})
    assert Member.objects.get(id=member.id).is_active
    assert client.get("/profile/").status_code == 302


def test_closing_an_account_tells_open_pages(scim: Directory, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(notify, "changed", lambda kind, id, audience: told.append((kind, str(id))))
    scim.patch(f"{USERS}/{cast.agent.id}", {"op": "replace", "path": "active", "value": False})
    assert ("member", str(cast.agent.id)) in told


def test_a_second_user_of_the_name_is_a_conflict_and_a_bad_one_is_refused(scim: Directory, cast: Cast) -> None:
    before = Member.objects.count()
    scim.call("POST", USERS, nora(userName="ANA@company.example"))
    assert scim.status == 409
    for bad in (nora(userName="nora"), nora(userName=None), nora(active="perhaps"), [], "x"):
        scim.call("POST", USERS, bad)
        assert scim.status == 400
    assert Member.objects.count() == before


def test_a_removed_user_is_gone_for_the_directory_and_kept_here_and_comes_back(scim: Directory, cast: Cast) -> None:
    made = scim.call("POST", USERS, nora())
    url = f"{USERS}/{made['id']}"
    scim.call("DELETE", url)
    assert scim.status == 204
    scim.call("GET", url)
    assert scim.status == 404
    assert not Member.objects.get(id=made["id"]).is_active
    again = scim.call("POST", USERS, nora(externalId="e-2"))
    assert (scim.status, again["id"], again["externalId"]) == (201, made["id"], "e-2")
    assert Member.objects.get(id=made["id"]).is_active


def test_the_last_administrator_is_never_closed(scim: Directory, cast: Cast) -> None:
    url = f"{USERS}/{cast.admin.id}"
    scim.patch(url, {"op": "replace", "path": "active", "value": False})
    assert scim.status == 400
    scim.call("DELETE", url)
    assert scim.status == 400
    assert Member.objects.get(id=cast.admin.id).is_active


def test_groups_give_teams_and_roles_at_once_and_take_them(scim: Directory, cast: Cast) -> None:
    GroupRule.objects.create(group="HR", team=cast.people_team)
    GroupRule.objects.create(group="Leads", role="lead")
    who = {"value": str(cast.agent.id)}
    hr = scim.call("POST", GROUPS, {"displayName": "HR", "externalId": "g-1", "members": [who]})
    assert scim.status == 201
    leads = scim.call("POST", GROUPS, {"displayName": "leads"})
    scim.patch(f"{GROUPS}/{leads['id']}", {"op": "Add", "path": "members", "value": [who]})
    assert set(cast.agent.teams.all()) == {cast.service, cast.people_team}
    assert Member.objects.get(id=cast.agent.id).role == "lead"
    scim.patch(f"{GROUPS}/{leads['id']}", {"op": "Remove", "path": f'members[value eq "{cast.agent.id}"]'})
    assert Member.objects.get(id=cast.agent.id).role == "agent"
    scim.call("DELETE", f"{GROUPS}/{hr['id']}")
    assert set(cast.agent.teams.all()) == {cast.service}
    assert DirectoryGroup.objects.count() == 1
    scim.call("POST", GROUPS, {"displayName": "LEADS"})
    assert scim.status == 409


def test_a_rule_made_later_is_applied_at_once(scim: Directory, cast: Cast, sign_in: SignIn) -> None:
    scim.call("POST", GROUPS, {"displayName": "People", "members": [{"value": str(cast.agent.id)}]})
    client = sign_in(cast.admin)
    client.post(reverse("group_rule_add"), {"group": "People", "team": str(cast.people_team.id), "role": ""})
    assert Membership.objects.get(member=cast.agent, team=cast.people_team).origin == "scim"
    rule = GroupRule.objects.get()
    client.post(reverse("group_rule_remove", args=[rule.id]))
    assert not Membership.objects.filter(member=cast.agent, team=cast.people_team).exists()
    assert client.post(reverse("group_rule_add"), {"group": "People"}).status_code == 400


def test_pages_filters_and_fields(scim: Directory, cast: Cast) -> None:
    everybody = scim.call("GET", USERS)
    assert everybody["totalResults"] == Member.objects.count()
    second = scim.call("GET", f"{USERS}?startIndex=2&count=1")
    assert [one["id"] for one in second["Resources"]] == [everybody["Resources"][1]["id"]]
    assert scim.call("GET", f"{USERS}?count=0")["Resources"] == []
    found = scim.call("GET", f"{USERS}?filter=userName+co+%22ana%22+and+active+eq+true")
    assert {one["userName"] for one in found["Resources"]} == {"hana@company.example", "ana@company.example"}
    short = scim.call("GET", f"{USERS}?attributes=userName")["Resources"][0]
    assert set(short) == {"schemas", "id", "userName"}
    scim.call("POST", GROUPS, {"displayName": "G", "members": [{"value": str(cast.agent.id)}]})
    assert "members" not in scim.call("GET", f"{GROUPS}?excludedAttributes=members")["Resources"][0]
    for bad in ("filter=x", "startIndex=a", "count=99999999999"):
        scim.call("GET", f"{USERS}?{bad}")
        assert scim.status == 400


def test_two_directories_at_once_do_not_overwrite_each_other(scim: Directory, cast: Cast) -> None:
    url = f"{USERS}/{cast.agent.id}"
    seen = scim.call("GET", url)
    etag = seen["meta"]["version"]
    scim.call("GET", url, **{"If-None-Match": etag})
    assert scim.status == 304
    scim.patch(url, {"op": "replace", "path": "displayName", "value": "Changed"})
    scim.call("PUT", url, {**seen, "displayName": "Stale"}, **{"If-Match": etag})
    assert scim.status == 412
    assert Member.objects.get(id=cast.agent.id).name == "Changed"


def test_without_a_living_key_nothing_is_told_or_changed(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    page = client.post(reverse("scim_token_new"), {"name": "Okta"}).content.decode()
    key = page.split('id="scim-key" readonly value="')[1].split('"')[0]
    assert key not in client.get(reverse("signin")).content.decode()
    with scope.system():
        token = ScimToken.objects.get()
    assert key not in token.digest
    assert Directory(key).call("GET", USERS)["totalResults"] > 0
    client.post(reverse("scim_token_revoke", args=[token.id]))
    before = Member.objects.count()
    for wrong in (key, "x", ""):
        stranger = Directory(wrong)
        said = stranger.call("POST", USERS, nora())
        assert stranger.status == 401
        assert "company.example" not in str(said)
    signed_in = client.post(USERS, nora(), content_type="application/json")
    assert signed_in.status_code == 401
    assert Member.objects.count() == before


def test_the_log_names_the_members_changed_and_no_addresses(scim: Directory, cast: Cast) -> None:
    scim.call("POST", USERS, nora())
    with scope.system():
        logged = " ".join(str((one.kind, one.subject, one.data)) for one in Event.objects.all())
    assert "member.added" in logged
    assert "nora" not in logged.lower()


@pytest.fixture
def open_connection() -> Iterator[None]:
    """A WSGI application called directly would close the test's connection at the end of each request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _addresses_as_user_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tester draws values at random: here the same each time. Of user names, too; ours are addresses."""
    from scim2_tester import filling

    monkeypatch.setattr(filling, "random", Random(7))
    drawn = filling.generate_random_value

    def draw(context: Any, path: Any, **limits: Any) -> Any:
        value = drawn(context, path, **limits)
        return f"{uuid4()}@company.example" if value and str(path).lower().endswith("username") else value

    for module in (filling, *(one for name, one in sys.modules.items() if name.startswith("scim2_tester."))):
        if hasattr(module, "generate_random_value"):
            monkeypatch.setattr(module, "generate_random_value", draw)


def test_a_conformance_tester_finds_nothing(cast: Cast, open_connection: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes seconds to import, which every process of the tests would do.
    from scim2_client.engines.wsgi import WSGISCIMClient
    from scim2_tester import Status, check_server

    _addresses_as_user_names(monkeypatch)
    key = directory.new_token("Tester", cast.admin)[1]
    engine = WSGISCIMClient(WSGIHandler(), "http://testserver/scim/v2", headers={"Authorization": f"Bearer {key}"})
    engine.discover()
    results = check_server(engine)
    # A member always has a name, an address and is active or not: these are never without a value.
    kept = ("'displayName'", "'active'", "'emails'")
    wrong = [f"{one.title}: {one.reason}" for one in results if one.status in (Status.ERROR, Status.CRITICAL)]
    wrong = [one for one in wrong if not ("did not remove" in one and one.endswith(kept))]
    assert wrong == [], "\n".join(wrong)
    assert len(results) > 10
