"""With another setup than the company has: how a lead says so, and what cannot be read."""

import pytest
from django.urls import reverse

from rapport.ownership.service import current_policy
from rapport.ownership.simulate import jobs
from rapport.staff.models import Team
from tests.web.cast import Cast
from tests.web.conftest import SignIn


def test_a_lead_says_by_forms_with_what_other_setup_a_draft_is_tried(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.lead), reverse("policy_try_setup")
    assert "Nothing yet" in client.get(url).content.decode()
    for given in (
        {"verb": "teams", "teams-name": "Night shift", "teams-confidential": "no"},
        {"verb": "topics", "topics-name": "Chargers", "topics-words": "plug, refund,\nplug"},
        {"verb": "members", "members-member": cast.agent.email, "members-teams": ["night-shift"]},
        {"verb": "hours", "hours-name": "Late", "hours-time_zone": "UTC", "hours-days": ["0", "1"],
         "hours-opens": "18:00", "hours-closes": "23:00"},
        {"verb": "learned", "learned-kind": "team", "learned-least": "80"},
        {"verb": "file", "file-text": '[vocabulary.teams.night-shift]\nhours = "Late"'},
    ):  # fmt: skip
        assert client.post(url, given).status_code == 302, given
    said = client.get(reverse("policy_try")).content.decode()
    for says in (
        "Team Night shift, business hours Late, not in confidence.", "Topic Chargers by the words: plug, refund.",
        f"{cast.agent.email}: in night-shift.", "Business hours Late: 18:00–23:00 on 2 days, UTC.",
        "What was learned gives to a team from 80% on.",
    ):  # fmt: skip
        assert says in said
    client.post(url, {"verb": "remove", "part": "hours", "name": "Late"})
    assert "18:00" not in client.get(url).content.decode()
    rule = {"name": "Plugs", "when_topic": "chargers", "then_owner": "night-shift"}
    assert client.post(reverse("policy_rule_new"), rule).status_code == 302, "a draft may name it"
    assert "night-shift" in client.post(reverse("policy_save"), {"note": ""}, follow=True).content.decode()
    version, policy = current_policy()
    assert version is not None
    assert (version.number, "night-shift" in str(policy)) == (1, False), "but it cannot be saved"
    asked = client.post(reverse("policy_try"), {"try": "draft", "span": "30"})
    assert jobs.run_next()
    assert "Topic Chargers by the words: plug, refund." in client.get(asked.url).content.decode()
    assert not Team.objects.filter(slug="night-shift").exists()
    client.post(url, {"verb": "clear"})
    assert "Nothing yet" in client.get(url).content.decode()


@pytest.mark.parametrize(
    ("given", "says"),
    [({"verb": "topics", "topics-words": "x"}, "Choose one, or write what the new one is called."),
     ({"verb": "file", "file-text": "[topics"}, "This is no TOML: "),
     ({"verb": "file", "file-text": '[members."x@example.org"]\ncapacity = 3'}, "There is no x@example.org."),
     ({"verb": "file", "file-text": "[rules]"}, "setup.rules: expected one of")],
)  # fmt: skip
def test_a_setup_that_cannot_be_read_is_refused_and_says_why(
    cast: Cast, sign_in: SignIn, given: dict[str, str], says: str
) -> None:
    client = sign_in(cast.lead)
    assert says in client.post(reverse("policy_try_setup"), given).content.decode()
    assert "Nothing yet" in client.get(reverse("policy_try_setup")).content.decode()
    assert sign_in(cast.agent).get(reverse("policy_try_setup")).status_code == 403


def test_a_file_of_a_setup_may_hold_anything_and_is_answered_in_words(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.lead), reverse("policy_try_setup")
    for text in (
        "vocabulary = 3", "topics = 3", "topics.a = 3", 'topics.a.words = ["x\\u0000"]',
        "hours.a.holidays = 2026-01-01", f"topics.a.words = {'[' * 9000}",
        f"members.a.capacity = {'9' * 5000}",
    ):  # fmt: skip
        answer = client.post(url, {"verb": "file", "file-text": text})
        assert answer.status_code == 200, text[:40]
        assert "field-error" in answer.content.decode(), text[:40]
    assert "Nothing yet" in client.get(url).content.decode()
    written = '[channels.Mail]\nsince = 2026-01-01\n[topics.chargers]\nwords = ["plug"]'
    assert client.post(url, {"verb": "file", "file-text": written}).status_code == 302
    assert "chargers" in client.get(url).content.decode()
