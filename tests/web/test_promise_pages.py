"""Promises on the pages: the whole of one in a form, and how the clocks of a conversation stand."""

from datetime import timedelta

import pytest
from django.urls import reverse

from rapport.conversations import clocks
from rapport.conversations.models import Clock, Conversation
from rapport.core import clock, events, scope
from rapport.ownership.service import current_policy
from rapport.staff.clocks import Run, Terms
from rapport.staff.hours import ALWAYS
from rapport.staff.models import BusinessHours
from tests.web.cast import Cast
from tests.web.conftest import SignIn

WHOLE = {
    "name": "fast", "first_answer": "4h", "next_answer": "2h", "resolution": "2d", "pause": ["waiting"],
    "hours": "Office", "step-0-at": "80%", "step-0-do": "tell", "step-0-to": "leads", "step-0-clock": "",
    "step-1-at": "", "step-1-do": "tell", "step-1-to": "", "step-1-clock": "",
    "step-2-at": "1h after", "step-2-do": "reassign", "step-2-to": "team:customer-service",
    "step-2-clock": "resolution",
}  # fmt: skip


def test_every_part_of_a_promise_is_written_in_its_form_and_shown_again(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.lead), reverse("policy_promise")
    assert client.post(url, WHOLE).status_code == 302
    page = client.get(reverse("policy")).content.decode()
    assert "each next answer within 2h" in page
    assert "2 steps (Office)" in page
    shown = client.get(url + "?name=fast").content.decode()
    assert all(f'value="{value}"' in shown for value in ("4h", "2h", "2d", "80%", "1h after"))
    client.post(url + "?name=fast", {**WHOLE, "next_answer": "", "step-0-at": "50%"})
    client.post(reverse("policy_save"), {"note": "Faster"})
    promise = current_policy()[1].promises["fast"]
    assert (promise.next_answer, promise.pause, promise.hours) == (None, ("waiting",), "Office")
    assert [(str(one.at), one.do, one.to, one.clock) for one in promise.steps] == [
        ("50%", "tell", "leads", ""), ("1h after", "reassign", "team:customer-service", "resolution"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"step-2-at": "soon"}, "Write when, such as 80%"),
        ({"step-2-to": "owner"}, "This does not go with what the step does"),
        ({"next_answer": "two hours"}, "Write a time such as 30m"),
        ({"step-2-to": ""}, "Choose whom or what."),
        ({"name": "standard"}, "There is a promise of this name already."),
        ({"first_answer": "", "next_answer": "", "resolution": "", "pause": []}, "Say within which time"),
    ],
)
def test_what_is_wrong_with_a_promise_stands_where_it_is_and_nothing_is_changed(
    cast: Cast, sign_in: SignIn, changed: dict[str, object], said: str
) -> None:
    client = sign_in(cast.lead)
    answer = client.post(reverse("policy_promise"), WHOLE | changed)
    assert answer.status_code == 200
    page = answer.content.decode().replace("&quot;", '"')
    assert said in page
    assert 'role="alert"' in page
    assert "This is your draft" not in client.get(reverse("policy")).content.decode()


def test_only_leads_write_promises_and_only_those_that_are_there(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.agent).post(reverse("policy_promise"), WHOLE).status_code == 403
    assert sign_in(cast.lead).get(reverse("policy_promise") + "?name=nothing").status_code == 404


def test_the_conversation_shows_each_clock_its_next_step_and_what_was_done(cast: Cast, sign_in: SignIn) -> None:
    one, at = cast.conversation, clock.now()
    blocks = [[day, "00:00", "24:00"] for day in range(7)]
    BusinessHours.objects.create(name="Always", time_zone="UTC", blocks=blocks)
    with scope.system():
        steps = [(-30, "tell", "owner"), (60, "reassign", "team:hr")]
        given = [
            clocks.Given(one.id, Terms(name, timedelta(hours=4), ALWAYS), "Always", steps, run)
            for name, run in (
                ("first_answer", Run(at, at + timedelta(hours=4))), ("next_answer", Run()),
                ("resolution", Run(at, at + timedelta(hours=4))),
            )
        ]  # fmt: skip
        clocks.give(given)
        Clock.objects.filter(name="resolution").update(halted_at=at, next_at=None)
        Conversation.objects.filter(id=one.id).update(promised=True)
        due = (at - timedelta(hours=1)).isoformat()
        data = {"clock": "first_answer", "due": due, "meant": due}
        lead = {"whom": "member", "member": str(cast.lead.id)}
        events.record("promise.broken", conversation_id=one.id, data=data | lead)
        events.record("team.involved", conversation_id=one.id, data=data | {"team": str(cast.people_team.id)})
        stuck = {"do": "reassign", "why": "often", "team": str(cast.people_team.id)}
        events.record("promise.stuck", conversation_id=one.id, data=data | stuck)
    page = sign_in(cast.agent).get(reverse("conversation", args=[one.id])).content.decode()
    for words in (
        "paused, 4 hrs left", "waits for a question", ": tells who answers for it",
        "the first answer is late: Lea Lead was told",
        "Rapport</span> involved a team: HR, as the first answer is late",
        "the first answer is late, but it cannot be given to HR: it was passed on too often already",
    ):  # fmt: skip
        assert words in page, words


def test_a_list_counts_in_the_hours_that_were_promised_as_the_conversation_does(cast: Cast, sign_in: SignIn) -> None:
    BusinessHours.objects.create(name="Always", time_zone="UTC", blocks=[[day, "00:00", "24:00"] for day in range(7)])
    one = cast.conversation
    at = clock.now()
    with scope.system():
        run = Run(at, at + timedelta(hours=30))
        clocks.give([clocks.Given(one.id, Terms("first_answer", timedelta(hours=30), ALWAYS), "Always", [], run)])
        Conversation.objects.filter(id=one.id).update(promised=True, first_answer_due_at=run.due)
    client = sign_in(cast.agent)
    with clock.travel(at):
        listed = client.get(reverse("inbox", args=["all"])).content.decode()
        opened = client.get(reverse("conversation", args=[one.id])).content.decode()
    assert "30 hrs left" in listed
    assert "30 hrs left" in opened


def test_a_promise_that_rules_name_is_not_removed_and_says_which(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    client.post(reverse("policy_promise"), {"name": "fast", "first_answer": "4h"})
    rule = {"name": "Parcels", "when_words": "parcel", "then_owner": "customer-service", "then_promise": "fast"}
    client.post(reverse("policy_rule_new"), rule)
    page = client.post(reverse("policy_change"), {"verb": "promise_remove", "name": "fast"}, follow=True)
    assert "Rule 3 promises “fast”. Choose another promise there first." in page.content.decode()
    assert "Remove the promise fast" in page.content.decode()


def test_a_rule_that_is_refused_leaves_the_draft_as_it_was(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    client.post(reverse("policy_promise"), WHOLE)
    rule = {"name": "Parcels", "when_words": "parcel", "then_owner": "customer-service", "then_promise": "fast"}
    assert "is a loop" in client.post(reverse("policy_rule_new"), rule).content.decode()
    assert client.post(reverse("policy_change"), {"verb": "up", "rule": "2"}).status_code == 302
    page = client.get(reverse("policy"))
    assert page.status_code == 200
    assert "Parcels" not in page.content.decode()
