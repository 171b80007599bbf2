"""Policy, members, teams, hours, channels and quarantine are changed from their pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from rapport.channels.models import Channel
from rapport.channels.secrets import unseal
from rapport.core import scope
from rapport.inbound import signs
from rapport.inbound.models import RawItem
from rapport.ownership.service import current_policy
from rapport.staff.models import BusinessHours, Member, Team
from tests.web.cast import Cast
from tests.web.conftest import SignIn

MAILBOX = {
    "name": "Sales",
    "address": "sales@company.example",
    "imap_host": "imap.example.com",
    "imap_port": "993",
    "imap_security": "tls",
    "imap_user": "sales",
    "imap_password": "hush",
    "folders": "INBOX",
    "after": "leave",
    "smtp_security": "starttls",
}


#: Who takes what comes to a team, as its form asks for it.
HANDING = {"taken_by": "self", "at_once": "5", "hand_over": "suggest"}


def test_a_rule_is_written_moved_and_saved_as_a_new_version_that_leaves_the_old(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    rule = {
        "name": "Shops",
        "when_from": "shop.example",
        "when_words": "parcel, box",
        "when_words_of": "all",
        "then_owner": "customer-service",
        "then_priority": "high",
        "then_involve": ["hr"],
    }
    written = client.post(reverse("policy_rule_new"), rule)
    assert written.status_code == 302, written.content.decode()
    assert written["Location"] == "/policy/rules/#rule-3"
    moved = client.post(reverse("policy_change"), {"verb": "up", "rule": "3"})
    assert moved["Location"] == "/policy/rules/#rule-2-up", "who works by keyboard goes on from there"
    client.post(reverse("policy_promise"), {"name": "slow", "first_answer": "3d"})
    draft = client.get(reverse("policy")).content.decode()
    assert "This is your draft" in draft
    assert current_policy()[1].rules[-1].name == "Employees"
    client.post(reverse("policy_save"), {"note": "Shops first"})
    version, policy = current_policy()
    assert version is not None
    assert (version.number, version.note) == (2, "Shops first")
    assert [one.name for one in policy.rules] == ["Refunds", "Shops", "Employees"]
    shown = client.get(reverse("policy_version", args=[2])).content.decode()
    assert "+ Shops" in shown
    assert "+ Promise slow" in shown
    assert "Shops" not in client.get(reverse("policy_version", args=[1])).content.decode()
    again = client.get(reverse("policy_rule", args=[2])).content.decode()
    assert 'value="parcel, box"' in again


def test_a_rule_without_a_condition_or_with_bad_yaml_says_so_and_changes_nothing(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    bad = ("a: [", "a: 2026-99-99", "[" * 3000, "a: &a [x]\nb: *a")
    for rest, said in (("", "Say when it holds"), *((one, "This is no YAML") for one in bad)):
        page = client.post(reverse("policy_rule_new"), {"name": "X", "when_rest": rest, "then_owner": "hr"})
        assert page.status_code == 200
        assert said in page.content.decode()
    assert "This is your draft" not in client.get(reverse("policy")).content.decode()


def test_an_earlier_owner_of_the_thread_is_offered_to_no_new_rule_and_kept_by_one_that_has_it(
    cast: Cast, sign_in: SignIn
) -> None:
    client, option = sign_in(cast.lead), '<option value="thread"'
    rule = {"name": "Thread", "when_earlier_owner": "thread", "then_owner": "hr"}
    assert option not in client.get(reverse("policy_rule_new")).content.decode()
    assert client.post(reverse("policy_rule_new"), rule).status_code == 200, "refused"
    written = {"name": "Thread", "when_rest": "earlier_owner: thread", "then_owner": "hr"}
    assert client.post(reverse("policy_rule_new"), written).status_code == 302
    form = client.get(reverse("policy_rule", args=[3])).content.decode()
    assert f"{option} selected" in form
    assert "nothing that comes has an earlier owner of its thread" in form
    assert client.post(reverse("policy_rule", args=[3]), rule | {"name": "Kept"}).status_code == 302
    shown = client.get(reverse("policy")).content.decode()
    assert "Kept" in shown
    assert "Rule 3 asks who owned the thread earlier, which nothing that comes has: it never hits." in shown


def test_a_rule_that_went_out_of_the_draft_meanwhile_is_not_lost_with_what_was_written(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.lead)
    rule = {"name": "Shops", "when_words": "parcel", "then_owner": "customer-service"}
    assert client.get(reverse("policy_rule", args=[9])).status_code == 404
    page = client.post(reverse("policy_rule", args=[9]), rule).content.decode()
    assert "This rule is no longer in your draft." in page
    assert 'value="parcel"' in page
    assert f'action="{reverse("policy_rule_new")}"' in page
    assert "This is your draft" not in client.get(reverse("policy")).content.decode()


def test_two_leads_who_save_at_once_do_not_overwrite_each_other(cast: Cast, sign_in: SignIn) -> None:
    first, second = sign_in(cast.lead), sign_in(cast.admin)
    for client in (first, second):
        client.post(reverse("policy_change"), {"verb": "down", "rule": "1"})
    first.post(reverse("policy_save"), {"note": "first"})
    said = second.post(reverse("policy_save"), {"note": "second"}, follow=True).content.decode()
    assert "was saved while you worked" in said
    version = current_policy()[0]
    assert version is not None
    assert version.note == "first"


def test_a_wrong_policy_file_is_refused_with_its_line(cast: Cast, sign_in: SignIn) -> None:
    file = SimpleUploadedFile("p.toml", b'format = 1\ntriage = "nobody"\n')
    page = sign_in(cast.lead).post(reverse("policy_import"), {"file": file}).content.decode()
    assert "line 2" in page
    assert "<p>Nothing was changed.</p>" in page, "each problem stands on a line of its own"
    version = current_policy()[0]
    assert version is not None
    assert version.number == 1


def test_a_member_a_team_and_hours_are_added_and_changed(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    new = {
        "name": "Nils New",
        "email": "Nils@Company.example",
        "role": "agent",
        "time_zone": "Europe/Berlin",
        "capacity": "20",
        "skills": "german, refunds",
        "teams": [str(cast.service.id)],
        "password": "a long first password",
    }
    assert client.post(reverse("member_new"), new).status_code == 302
    nils = Member.objects.get(email="nils@company.example")
    assert nils.skills == ["german", "refunds"]
    assert nils.teams.get() == cast.service
    assert client.post(reverse("member", args=[nils.id]), {**new, "name": "Nils Newer"}).status_code == 302
    assert [(one.name, one.is_active) for one in Member.objects.filter(id=nils.id)] == [("Nils Newer", True)]
    legal = {"name": "Legal", "confidential": "on", "is_active": "on", **HANDING}
    assert client.post(reverse("team_new"), legal).status_code == 302
    assert Team.objects.get(slug="legal").confidential
    hours = {"name": "Early", "time_zone": "UTC", "day0": "07:00-12:00, 13:00-15:00", "day1": "nonsense"}
    assert "is no span of a day" in client.post(reverse("hours_new"), hours).content.decode()
    assert client.post(reverse("hours_new"), {**hours, "day1": ""}).status_code == 302
    assert BusinessHours.objects.get(name="Early").blocks == [[0, "07:00", "12:00"], [0, "13:00", "15:00"]]


def test_an_administrator_cannot_lock_themselves_out(cast: Cast, sign_in: SignIn) -> None:
    data = {
        "name": "Ada",
        "email": "ada@company.example",
        "role": "reader",
        "time_zone": "UTC",
        "capacity": "5",
    }
    page = sign_in(cast.admin).post(reverse("member", args=[cast.admin.id]), data)
    assert "cannot take the administrator" in page.content.decode()
    assert Member.objects.get(id=cast.admin.id).role == "admin"


def test_closing_a_team_takes_its_open_conversations_out_of_everybodys_sight(cast: Cast, sign_in: SignIn) -> None:
    data = {"name": "Customer Service", "description": "", "is_active": "on", "hours": str(cast.service.hours_id)}
    data |= HANDING
    assert sign_in(cast.admin).post(reverse("team", args=[cast.service.id]), data).status_code == 302
    assert sign_in(cast.hr).get(reverse("conversation", args=[cast.conversation.id])).status_code == 404
    assert sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).status_code == 200


def test_a_mailbox_is_connected_with_its_password_sealed_and_paused(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    assert client.post(reverse("channel_new_kind", args=["email"]), MAILBOX).status_code == 302
    made = Channel.objects.get(name="Sales")
    assert unseal(bytes(made.secrets)) == {"imap_password": "hush"}
    assert b"hush" not in bytes(made.secrets)
    assert "hush" not in client.get(reverse("channel", args=[made.id])).content.decode()
    client.post(reverse("channel", args=[made.id]), {**MAILBOX, "imap_password": ""})
    assert unseal(bytes(Channel.objects.get(id=made.id).secrets)) == {"imap_password": "hush"}
    client.post(reverse("channel_switch", args=[made.id]), {"to": "pause"})
    assert not Channel.objects.get(id=made.id).enabled
    other = {**MAILBOX, "name": "Other", "imap_security": "none"}
    wrong = client.post(reverse("channel_new_kind", args=["email"]), other).content.decode()
    assert "another machine" in wrong


def test_what_the_page_of_a_mailbox_does_not_ask_for_stays_as_it_was_set(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    client.post(reverse("channel_new_kind", args=["email"]), {**MAILBOX, "smtp_host": "smtp.example.com"})
    made = Channel.objects.get(name="Sales")
    made.config["imap"] |= {"poll_seconds": 300}
    made.config["smtp"] |= {"timeout_seconds": 5}
    made.config["quote_history"] = False
    made.save()
    changed = {**MAILBOX, "imap_host": "imap2.example.com", "imap_user": "", "smtp_host": "smtp.example.com"}
    assert client.post(reverse("channel", args=[made.id]), changed).status_code == 302
    config = Channel.objects.get(id=made.id).config
    assert config["imap"]["host"] == "imap2.example.com"
    assert "user" not in config["imap"]
    assert config["imap"]["poll_seconds"] == 300
    assert config["smtp"]["timeout_seconds"] == 5
    assert config["quote_history"] is False
    client.post(reverse("channel", args=[made.id]), {**changed, "imap_host": ""})
    assert "imap" not in Channel.objects.get(id=made.id).config


@pytest.mark.parametrize("what", ["replay", "raw"])
def test_quarantine_is_for_administrators_and_replays_what_it_holds(what: str, cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        item = RawItem.objects.create(
            channel=cast.channel,
            external_id="x",
            body=b"From: ?",
            size=7,
            state="quarantined",
            reason="It makes no sense",
        )
    address = reverse(f"quarantine_{what}", args=[item.id])
    assert sign_in(cast.lead).post(address).status_code == 403
    client = sign_in(cast.admin)
    assert "It makes no sense" in client.get(reverse("quarantine")).content.decode()
    if what == "raw":
        response = client.get(address)
        assert response.content == b"From: ?"
        assert response["Content-Disposition"].startswith("attachment")
        return
    client.post(address)
    with scope.system():
        assert RawItem.objects.get(id=item.id).state == "received"


def test_a_part_of_the_worker_that_runs_nowhere_is_told_above_the_channels(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.admin), reverse("channels")
    assert "No worker runs" in client.get(url).content.decode()
    signs.sign(signs.PARTS)
    assert "run nowhere" not in client.get(url).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbound_part SET seen_at = now() - interval '2 days' WHERE name = 'promises'")
    said = client.get(url).content.decode()
    assert "These parts of the worker run nowhere: promises (last seen on" in said
    assert "<code>rapport worker --only promises</code>" in said
    assert "fail again" not in said
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE inbound_part SET failing_since = now() - interval '2 hours', failed_at = now(), failures = 700,
            fault = 'KeyError in rapport.people.suggesting.match_new', failed_host = 'a' WHERE name = 'matching'"""
        )
    said = client.get(url).content.decode()
    assert "fail again and again" in said
    assert "<code>KeyError in rapport.people.suggesting.match_new</code>, a)" in said
