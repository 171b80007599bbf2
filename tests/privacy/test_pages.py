"""The pages of a person's rights, and of what the company keeps."""

from datetime import timedelta

import pytest

from rapport.conversations.models import Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.inbound.privacy import archiving, erasing, retaining
from rapport.ownership.models import PolicyDraft
from rapport.ownership.service import SavedBy, current_policy, save_policy_dict
from rapport.people import consenting
from rapport.people.models import Archive, Consent, Erasure, Hold, Person, Purpose, RetentionRule
from tests.web.cast import Cast
from tests.web.conftest import SignIn


def test_what_somebody_said_is_written_down_with_its_proof_and_shown(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), f"/people/{cast.customer.id}/"
    form = {"purpose": "events", "given": "yes", "channel": "email", "what": "form", "where": "Sheet 4"}
    form |= {"at": "2026-01-02"}
    assert client.post(f"{url}consent/", form).status_code == 302
    page = client.get(url).content.decode()
    assert "Sheet 4" in page
    assert "they said yes" in page
    assert client.post(f"{url}consent/", form | {"purpose": "contact"}).status_code == 400
    assert client.post(f"{url}consent/", form | {"at": "yesterday"}).status_code == 400
    assert client.post(f"{url}contact/", {"silent": "yes", "where": "By phone"}).status_code == 302
    assert "Do not contact" in client.get(url).content.decode()
    assert consenting.is_silent(cast.customer.id)
    client.post(f"{url}contact/", {"silent": "no"})
    assert not consenting.is_silent(cast.customer.id)
    with scope.system():
        assert Consent.objects.count() == 3


def test_somebody_is_erased_by_who_types_their_name(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.admin), f"/people/{cast.customer.id}/"
    page = client.get(f"{url}erase/").content.decode()
    assert "messages they wrote" in page
    refused = client.post(f"{url}erase/", {"mode": "erase", "confirm": "Carla"})
    assert refused.status_code == 400
    with scope.system():
        assert not Erasure.objects.exists()
    assert client.post(f"{url}erase/", {"mode": "erase", "confirm": "Carla  Customer"}).status_code == 302
    erasing.work(600)
    page = client.get(url).content.decode()
    assert "They were erased" in page
    assert "Carla" not in page
    with scope.system():
        assert Message.objects.get(conversation=cast.conversation).text == ""
    assert "Erased" in sign_in(cast.agent).get(f"/c/{cast.conversation.id}/").content.decode()
    assert sign_in(cast.agent).get("/privacy/").status_code == 200


def test_a_hold_stops_it_and_says_why(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.lead), f"/people/{cast.customer.id}/"
    assert client.post(f"{url}hold/", {"reason": " "}).status_code == 400
    assert client.post(f"{url}hold/", {"reason": "A lawsuit"}).status_code == 302
    admin = sign_in(cast.admin)
    assert "A lawsuit" in admin.get(f"{url}erase/").content.decode()
    assert admin.post(f"{url}erase/", {"mode": "erase", "confirm": "Carla Customer"}).status_code == 400
    with scope.system():
        assert not Erasure.objects.exists()
    client.post(f"{url}hold/", {"hold": "end"})
    with scope.system():
        assert Hold.objects.get().ended_by == cast.lead


def test_an_archive_is_asked_for_and_taken_by_the_same_member(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.lead), f"/people/{cast.customer.id}/"
    assert client.post(f"{url}archive/").status_code == 302
    assert archiving.work() == 1
    with scope.system():
        one = Archive.objects.get()
    page = client.get(url).content.decode()
    assert f"/archives/{one.id}/" in page
    assert "ask each of them" in page
    assert "HR" in page
    taken = client.get(f"/archives/{one.id}/")
    assert b"".join(taken).startswith(b"PK")  # type: ignore[arg-type]
    assert sign_in(cast.admin).get(f"/archives/{one.id}/").status_code == 404


def test_a_rule_is_off_until_an_administrator_looked_at_what_it_takes(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    form = {"name": "Old customers", "who": "these", "relationships": ["customer"], "days": "30", "act": "bodies"}
    assert "Choose at least one" in client.post("/privacy/rules/new/", form | {"relationships": []}).content.decode()
    assert client.post("/privacy/rules/new/", form).status_code == 302
    with scope.system():
        rule = RetentionRule.objects.get()
        assert (rule.is_on, rule.relationships, rule.anybody) == (False, ["customer"], False)
        Message.objects.filter(person=cast.customer).update(at=now() - timedelta(days=40))
    url = f"/privacy/rules/{rule.id}/"
    assert client.post(f"{url}switch/", {"on": "yes"}).status_code == 400, "nobody looked yet"
    with pytest.MonkeyPatch.context() as slow:
        slow.setattr(retaining, "_in_time", lambda *_: [])
        assert "counting it takes longer than a page can wait" in client.get(url).content.decode()
    assert client.post(f"{url}switch/", {"on": "yes"}).status_code == 400, "and nobody saw anything"
    page = client.get(url).content.decode()
    assert "1 message" in page
    assert cast.conversation.subject in page
    assert client.post(f"{url}switch/", {"on": "yes"}).status_code == 302
    assert retaining.work() == 1
    with scope.system():
        assert Message.objects.get(person=cast.customer).text == ""
        assert Message.objects.get(person=cast.secretive).text
    client.post(url, form | {"days": "20"})
    with scope.system():
        assert RetentionRule.objects.get().is_on is False, "a changed rule is looked at again"
    client.post(f"{url}remove/")
    with scope.system():
        assert not RetentionRule.objects.exists()
        assert Event.objects.filter(kind="retention.changed").count() == 4


def test_the_purposes_are_the_company_s_own(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    assert "Announcements" in client.get("/privacy/").content.decode()
    form = {
        "name-service": "Answers", "needs-service": "nothing", "active-service": "yes", "name-events": "Evenings",
        "needs-events": "no_objection", "active-events": "yes", "name": "Christmas cards", "needs": "consent",
    }  # fmt: skip
    assert client.post("/privacy/purposes/", form).status_code == 302
    with scope.system():
        names = {one.slug: (one.name, one.needs, one.is_active) for one in Purpose.objects.all()}
    assert names["events"] == ("Evenings", "no_objection", True)
    assert names["surveys"][2] is False
    assert names["christmas-cards"] == ("Christmas cards", "consent", True)
    client.post("/privacy/purposes/", form | {"name": "", "active-christmas-cards": "yes"})
    with scope.system():
        assert Purpose.objects.count() == 5
    page = sign_in(cast.agent).get(f"/people/{cast.customer.id}/").content.decode()
    assert "Christmas cards" in page
    assert "Surveys" not in page


def test_what_was_merged_counts_on_every_page_of_it(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        row = Person.objects.create(name="Carla C.", audience=cast.customer.audience, do_not_contact=True)
        Person.objects.filter(id=row.id).update(merged_into=cast.customer.id, top=cast.customer.id)
    page = sign_in(cast.agent).get(f"/people/{cast.customer.id}/").content.decode()
    assert "they asked not to be contacted" in page
    sign_in(cast.agent).post(f"/people/{cast.customer.id}/contact/", {"silent": "no"})
    assert not consenting.is_silent(cast.customer.id)


def test_what_the_policy_names_is_told_before_and_after_with_where_it_is_and_stays(
    cast: Cast, sign_in: SignIn
) -> None:
    rule = {"name": "Carla", "when": {"from": "carla@shop.example"}, "then": {"owner": "customer-service"}}
    plain = {"triage": "customer-service", "rules": [{**rule, "name": "All", "when": {"always": True}}, rule]}
    number = save_policy_dict(plain, SavedBy()).number
    with scope.system():
        PolicyDraft.objects.create(member=cast.lead, plain=plain)
    client, url = sign_in(cast.admin), f"/people/{cast.customer.id}/"
    page = client.get(f"{url}erase/").content.decode()
    link = f"/policy/versions/{number}/?from=2#rule-2"
    assert "What stays in the policy" in page
    assert link in page
    assert "The draft of Lea Lead" in page
    assert "/policy/rules/?from" not in page, "whose draft it is can open it, nobody else"
    assert 'id="rule-2"' in client.get(link.partition("#")[0]).content.decode()
    client.post(f"{url}erase/", {"mode": "erase", "confirm": "Carla Customer"})
    erasing.work(600)
    page = client.get(url).content.decode()
    assert "The policy named an address of theirs" in page
    assert link in page
    with scope.system():
        erasure = Erasure.objects.get()
        assert [one["rules"] for one in erasure.seen["policy"]] == [[2], [2]]
        assert "carla" not in str(erasure.seen).lower()
        assert erasure.left["ownership_policyversion.rules"] == 1
        assert PolicyDraft.objects.get().plain == plain
    assert current_policy()[1].rules[1].when.describe() == "it is from carla@shop.example"
    assert "The policy named" not in sign_in(cast.agent).get(url).content.decode()


def test_an_address_that_only_a_confidential_team_knows_does_not_show_by_the_rule_that_names_it(
    cast: Cast, sign_in: SignIn
) -> None:
    plain = {"triage": "customer-service", "rules": [
        {"name": "S", "when": {"from": "sigrid@company.example"}, "then": {"owner": "hr"}}]}  # fmt: skip
    save_policy_dict(plain, SavedBy())
    with scope.system():
        Person.objects.filter(id=cast.secretive.id).update(root=cast.customer.root)
    page = sign_in(cast.admin).get(f"/people/{cast.customer.id}/erase/").content.decode()
    assert "What stays in the policy" not in page


def test_for_those_that_a_rule_of_retention_finds_the_policy_is_not_searched(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr(erasing, "named", lambda addresses: looked.append(addresses) or [])
    with scope.system():
        made = erasing.ask(cast.customer.id, "erase", None, source="retention")
        assert (made.seen["policy"], looked) == ([], [])
        assert erasing.preview(cast.secretive.id).policy == []
    assert len(looked) == 1
