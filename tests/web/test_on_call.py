"""Who is on call: turns and entries by hand, shown to those who see the team; and why a member was chosen."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.urls import reverse

from rapport.conversations.models import Message
from rapport.core import clock, scope
from rapport.core.models import Event
from rapport.ownership.models import Decision
from rapport.ownership.service import current_policy
from rapport.staff.duty import on_call
from rapport.staff.models import Absence, Member, OnCallDuty, OnCallRotation
from tests.web.cast import Cast
from tests.web.conftest import SignIn

MONDAY = datetime(2026, 3, 16, 12, tzinfo=UTC)


def _turns(cast: Cast, *members: Member) -> dict[str, str]:
    named = {f"turn{number}": str(one.id) for number, one in enumerate(members, 1)}
    return {"first": "2026-03-16", "at": "09:00", **named}


def test_a_lead_says_who_takes_turns_and_the_team_shows_who_it_is(cast: Cast, sign_in: SignIn) -> None:
    with clock.travel(MONDAY):
        lead, url = sign_in(cast.lead), reverse("on_call", args=["customer-service"])
        page = lead.get(url).content.decode()
        assert "Nobody is on call now" in page
        assert "on the clock of Europe/Berlin" in page
        assert lead.post(url, _turns(cast, cast.agent, cast.lead)).status_code == 302
        assert "On call now: Ana Agent" in lead.get(url).content.decode()
        board = lead.get(reverse("team_load", args=["customer-service"])).content.decode()
        assert "On call now: <b>Ana Agent</b>" in board
    row = OnCallRotation.objects.get()
    assert (row.order, row.minutes, row.time_zone) == ([cast.agent.id, cast.lead.id], 540, "Europe/Berlin")
    assert on_call(cast.service, MONDAY + timedelta(days=7)) == cast.lead
    Absence.objects.create(member=cast.agent, starts_at=MONDAY, ends_at=MONDAY + timedelta(days=1))
    assert on_call(cast.service, MONDAY) == cast.lead
    with scope.system():
        assert Event.objects.filter(kind="on_call.changed", actor_id=cast.lead.id).count() == 1


def test_no_turn_at_all_ends_them(cast: Cast, sign_in: SignIn) -> None:
    lead, url = sign_in(cast.lead), reverse("on_call", args=["customer-service"])
    with clock.travel(MONDAY):
        assert lead.post(url, _turns(cast, cast.agent)).status_code == 302
        assert OnCallRotation.objects.exists()
        assert lead.post(url, _turns(cast)).status_code == 302
    assert not OnCallRotation.objects.exists()


def test_an_entry_by_hand_is_read_on_the_clock_of_the_team_goes_before_and_is_removed(
    cast: Cast, sign_in: SignIn
) -> None:
    lead = sign_in(cast.lead)
    with clock.travel(MONDAY):
        lead.post(reverse("on_call", args=["customer-service"]), _turns(cast, cast.agent))
        add = reverse("on_call_add", args=["customer-service"])
        given = {"member": str(cast.admin.id), "starts": "2026-03-16T11:00", "ends": "2026-03-16T18:00"}
        assert lead.post(add, given).status_code == 302
        duty = OnCallDuty.objects.get()
        assert (duty.starts_at, duty.ends_at) == (MONDAY - timedelta(hours=2), MONDAY + timedelta(hours=5))
        page = lead.get(reverse("on_call", args=["customer-service"])).content.decode()
        assert "On call now: Ada Admin" in page
        assert lead.post(reverse("on_call_remove", args=["customer-service", duty.id])).status_code == 302
        assert on_call(cast.service, MONDAY) == cast.agent
    with scope.system():
        kinds = Event.objects.filter(kind__startswith="on_call.").order_by("id").values_list("kind", flat=True)
        assert list(kinds) == ["on_call.changed", "on_call.added", "on_call.removed"]


def test_what_cannot_be_is_refused_and_nothing_is_kept(cast: Cast, sign_in: SignIn) -> None:
    lead = sign_in(cast.lead)
    add, url = reverse("on_call_add", args=["customer-service"]), reverse("on_call", args=["customer-service"])
    backwards = {"member": str(cast.agent.id), "starts": "2026-03-16T11:00", "ends": "2026-03-16T10:00"}
    with clock.travel(MONDAY):
        assert "It ends before it begins" in lead.post(add, backwards).content.decode()
        for other in (cast.reader, cast.hr):
            page = lead.post(add, {**backwards, "member": str(other.id), "ends": "2026-03-17T10:00"})
            assert (page.status_code, "Select a valid choice" in page.content.decode()) == (200, True)
            assert lead.post(url, _turns(cast, other)).status_code == 200
    assert sign_in(cast.agent).post(url, _turns(cast, cast.agent)).status_code == 403
    assert lead.get(reverse("on_call", args=["hr"])).status_code == 404
    assert not OnCallDuty.objects.exists()
    assert not OnCallRotation.objects.exists()


def test_languages_are_written_by_code_or_name_and_what_is_none_is_named(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.admin), reverse("member", args=[cast.agent.id])
    given = {
        "name": "Ana Agent", "email": cast.agent.email, "role": "agent", "time_zone": "UTC",
        "capacity": "20", "languages": "DE, Turkish, pt-br", "teams": [str(cast.service.id)],
    }  # fmt: skip
    assert "“Klingonish” is no language" in client.post(url, {**given, "languages": "Klingonish"}).content.decode()
    assert Member.objects.get(id=cast.agent.id).languages == []
    assert client.post(url, given).status_code == 302
    assert Member.objects.get(id=cast.agent.id).languages == ["de", "tr", "pt-BR"]


def test_why_a_member_was_chosen_unfolds_with_everybody_who_was_weighed(cast: Cast, sign_in: SignIn) -> None:
    weighed = {
        "how": "best", "weight": 1.5, "skills": ["vat"],
        "of": [
            {"m": str(cast.agent.id), "f": [["person", 30], ["room", -4]]},
            {"m": str(cast.lead.id), "f": [], "o": "away"},
            {"m": str(UUID(int=7)), "f": [["language", -20]]},
        ],
    }  # fmt: skip
    with scope.system():
        Decision.objects.filter(conversation=cast.conversation).update(weighed=weighed, owner_member=cast.agent)
    page = sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert "Why Ana Agent" in page
    assert "It weighs 1.5; an ordinary mail weighs 1. Asked for: vat." in page
    assert "answered this person last <b class=\"num\">+30</b>" in page
    assert "</span>+26</span>" in page
    assert "absent" in page
    assert "somebody who is gone" in page
    assert "speaks other languages <b class=\"num\">−20</b>" in page


def test_the_menu_says_whom_it_would_suit_best_now_and_why(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Message.objects.create(conversation=cast.conversation, direction="out", member=cast.lead, text="On its way.")
    client, url = sign_in(cast.agent), reverse("best_now", args=[cast.conversation.id])
    with clock.travel(MONDAY):
        found = client.get(url).content.decode()
        assert f'value="member:{cast.lead.id}"' in found
        assert "Best now: Lea Lead" in found
        assert "Answered this conversation last and has room for it (0 of 20)" in found
    with clock.travel(MONDAY + timedelta(days=1)):
        assert "Nobody of the team is present" in client.get(url).content.decode()
    assert client.get(reverse("best_now", args=[cast.secret.id])).status_code == 404
    menu = client.get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert f'hx-get="{url}"' in menu


def test_a_weight_is_changed_in_the_draft_and_what_is_none_is_refused(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.lead), reverse("policy_change")
    client.post(url, {"verb": "weight", "what": "priority:urgent", "weight": "3,5"})
    client.post(url, {"verb": "weight", "what": "channel:Support mailbox", "weight": "2"})
    assert "“lots” is no weight" in client.post(
        url, {"verb": "weight", "what": "priority:urgent", "weight": "lots"}, follow=True
    ).content.decode()
    client.post(reverse("policy_save"), {"note": "Weights"})
    version, policy = current_policy()
    assert (policy.weights.priority, policy.weights.channel) == ({"urgent": 3.5}, {"Support mailbox": 2})
    assert version is not None
    shown = client.get(reverse("policy_version", args=[version.number])).content.decode()
    assert "Weight: Priority urgent, 3.5" in shown
    client.post(url, {"verb": "weight", "what": "priority:urgent", "weight": ""})
    client.post(reverse("policy_save"), {"note": "The usual one"})
    assert current_policy()[1].weights.priority == {}


def test_a_mistyped_year_is_refused_and_the_page_stays_open(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.lead), reverse("on_call", args=["customer-service"])
    add = reverse("on_call_add", args=["customer-service"])
    with clock.travel(MONDAY):
        assert "more than a year from now" in client.post(
            url, {**_turns(cast, cast.agent), "first": "9999-12-31"}
        ).content.decode()
        for year in ("9999", "0001"):
            span = {"starts": f"{year}-12-31T10:00", "ends": f"{year}-12-31T12:00"}
            said = client.post(add, {"member": str(cast.agent.id), **span}).content.decode()
            assert "more than a year from now" in said
        assert client.get(url).status_code == 200
    assert not OnCallRotation.objects.exists()
    assert not OnCallDuty.objects.exists()
