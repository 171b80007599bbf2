"""The pages of a team's queue and of handing over: what they show, to whom, and what a click does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation, Message
from rapport.core import clock, scope
from rapport.core.ids import new_id
from rapport.ownership.handing import out, over
from rapport.ownership.handing.expecting import Range
from rapport.ownership.models import Decision, Turn
from rapport.staff.hours import make_hours
from rapport.staff.models import BusinessHours, Company, Member, Membership, Team
from rapport.web import expectation
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

HOUR = timedelta(hours=1)
#: A Monday: the cast's office is open from 9 to 17 in Berlin.
MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
QUEUE = "/teams/customer-service/queue/"


@pytest.fixture
def handed(cast: Cast) -> Cast:
    """Customer Service hands out, and everybody is full."""
    Team.objects.filter(id=cast.service.id).update(taken_by="handed")
    Member.objects.update(capacity=0)
    return cast


def past_waits(cast: Cast, count: int) -> None:
    """So many that waited an hour each before they were handed out, and twenty of them one after the other."""
    with scope.system():
        Turn.objects.bulk_create(
            Turn(
                id=new_id(), conversation=cast.conversation, team_id=cast.service.id, how="queue",
                since=MONDAY - timedelta(days=7) + number * timedelta(minutes=1),
                at=MONDAY - timedelta(days=7) + number * timedelta(minutes=1) + timedelta(minutes=30 + number),
                member_id=cast.agent.id,
            )
            for number in range(count)
        )  # fmt: skip


def test_the_queue_shows_place_since_when_why_and_how_long(handed: Cast, sign_in: SignIn) -> None:
    Company.objects.create(individual_figures=True)
    past_waits(handed, 40)
    with clock.travel(MONDAY):
        with scope.system():
            for number in range(3):
                make_conversation(f"Matter {number}", "A parcel.", handed.customer, handed.service, handed.channel)
            Conversation.objects.filter(subject="Matter 2").update(priority=3)
        page = sign_in(handed.agent).get(QUEUE).content.decode()
        head = sign_in(handed.agent).get("/teams/customer-service/").content.decode()
    places = [page.index(f"Matter {number}") for number in (2, 0, 1)]
    assert places == sorted(places)
    assert "Everyone present has as much as they can take" in page
    waiting = page.count('id="waits-')
    assert f'<p class="story-lede">{waiting} wait for a member</p>' in page
    assert "it is about refund" not in page
    assert " to " in page.split("Matter 2")[1].split("</tr>")[0]
    assert "wait for a member" in head
    assert QUEUE in head


def test_of_a_small_team_how_fast_it_is_is_not_shown(handed: Cast, sign_in: SignIn) -> None:
    past_waits(handed, 40)
    assert Membership.objects.filter(team=handed.service).count() < 5
    with clock.travel(MONDAY):
        page = sign_in(handed.lead).get(QUEUE).content.decode()
    assert "it would be a figure on individuals" in page
    assert "Cannot be said yet" not in page
    assert "mins to" not in page
    assert "eight of ten" not in page


def test_a_confidential_team_s_queue_exists_for_that_team_alone(cast: Cast, sign_in: SignIn) -> None:
    Team.objects.filter(slug="hr").update(taken_by="handed")
    for member in (cast.agent, cast.admin, cast.reader):
        assert sign_in(member).get("/teams/hr/queue/").status_code == 404
    assert "Zanzibar" in sign_in(cast.hr).get("/teams/hr/queue/").content.decode()


def test_an_empty_queue_says_what_to_do_and_no_head_is_drawn(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert "Nothing waits" in client.get(QUEUE).content.decode()
    assert QUEUE not in client.get("/teams/customer-service/").content.decode()


def test_the_queue_keeps_to_its_budget(
    handed: Cast, sign_in: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with scope.system():
        for number in range(30):
            make_conversation(f"Matter {number}", "A parcel.", handed.customer, handed.service, handed.channel)
    client = sign_in(handed.agent)
    client.get("/counts/")
    with django_assert_max_num_queries(32):
        assert client.get(QUEUE).status_code == 200
    with scope.system():
        Conversation.objects.update(owner_member=handed.agent)
    with django_assert_max_num_queries(31):
        assert client.get("/handover/").status_code == 200


@pytest.fixture
def leaving(cast: Cast) -> Conversation:
    """Ana leaves at 17:00; Lea works until 22:00; a promise runs out at 19:00."""
    evening = BusinessHours.objects.create(
        name="Evening", time_zone="Europe/Berlin", blocks=[[day, "12:00", "22:00"] for day in range(5)]
    )
    Member.objects.filter(id=cast.lead.id).update(hours=evening)
    Membership.objects.filter(member__in=[cast.admin]).delete()
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(
            owner_member=cast.agent, first_answer_due_at=MONDAY + 8 * HOUR
        )
        cast.conversation.refresh_from_db()
    return cast.conversation


def owner(one: Conversation) -> str:
    with scope.system():
        one.refresh_from_db()
        return one.owner_member.name if one.owner_member else ""


def test_hand_over_by_hand_with_a_note_undo_and_taking_it_back(
    cast: Cast, leaving: Conversation, sign_in: SignIn
) -> None:
    client = sign_in(cast.agent)
    pair = f"{leaving.id}:{cast.lead.id}"
    with clock.travel(MONDAY):
        page = client.get("/handover/").content.decode()
        assert f'value="{pair}"' in page
        assert "Would be late" in page
        assert "checked" in page
        assert owner(leaving) == "Ana Agent"
        done = client.post("/handover/", {"pair": [pair], "note": "The parcel is at the depot."}, follow=True)
        text = done.content.decode()
        assert "1 conversation handed over: Lea Lead (1)." in text
        assert owner(leaving) == "Lea Lead"
        assert "Handed over from you" in text
        with scope.system():
            assert Message.objects.filter(direction="note").get().text == "The parcel is at the depot."
            assert (
                "Ana Agent handed it over at the end of their shift" in Decision.objects.get(actor=cast.agent).sentence
            )
        undo = text.split('action="/handover/undo/')[1].split('"')[0]
        assert "Undone." in client.post(f"/handover/undo/{undo}", follow=True).content.decode()
        assert owner(leaving) == "Ana Agent"
        client.post("/handover/", {"pair": [pair]})
        assert owner(leaving) == "Lea Lead"
        back = client.post("/handover/back/", {"c": [str(leaving.id)]}, follow=True).content.decode()
        assert "1 conversation is yours again." in back
        assert owner(leaving) == "Ana Agent"


@pytest.mark.parametrize("pair", ["", "x:y", "{id}:{admin}", "{secret}:{lead}"])
def test_what_was_not_planned_is_not_handed_over(cast: Cast, leaving: Conversation, sign_in: SignIn, pair: str) -> None:
    given = pair.format(id=leaving.id, admin=cast.admin.id, secret=cast.secret.id, lead=cast.lead.id)
    with clock.travel(MONDAY):
        answer = sign_in(cast.agent).post("/handover/", {"pair": [given]}, follow=True)
    assert answer.status_code == (400 if given == "x:y" else 200)
    assert owner(leaving) == "Ana Agent"
    assert owner(cast.secret) == ""
    with scope.system():
        assert not Turn.objects.exists()


def test_with_a_note_that_is_too_long_nothing_is_handed_over(
    cast: Cast, leaving: Conversation, sign_in: SignIn
) -> None:
    with clock.travel(MONDAY):
        given = {"pair": [f"{leaving.id}:{cast.lead.id}"], "note": "x" * 5001}
        assert sign_in(cast.agent).post("/handover/", given).status_code == 400
    assert owner(leaving) == "Ana Agent"


def test_nobody_takes_back_what_was_not_handed_over_from_them(
    cast: Cast, leaving: Conversation, sign_in: SignIn
) -> None:
    with clock.travel(MONDAY):
        with scope.member(cast.agent.id):
            over.hand_over(cast.agent, {leaving.id: cast.lead.id})
        sign_in(cast.admin).post("/handover/back/", {"c": [str(leaving.id)]})
        assert owner(leaving) == "Lea Lead"
    assert sign_in(cast.reader).get("/handover/").status_code == 403


def test_a_team_s_settings_are_saved_and_nonsense_is_not(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.admin), reverse("team", args=[cast.service.id])
    given = {
        "name": "Customer Service", "description": "", "is_open": "on", "is_active": "on", "hours": "",
        "taken_by": "handed", "at_once": "7", "hand_over": "waiting",
    }  # fmt: skip
    assert client.post(url, given).status_code == 302
    cast.service.refresh_from_db()
    assert (cast.service.taken_by, cast.service.at_once, cast.service.hand_over) == ("handed", 7, "waiting")
    for wrong in ({"at_once": "0"}, {"at_once": "-1"}, {"taken_by": "nobody"}, {"hand_over": "x"}):
        assert client.post(url, given | wrong).status_code == 200
        cast.service.refresh_from_db()
        assert (cast.service.taken_by, cast.service.at_once, cast.service.hand_over) == ("handed", 7, "waiting")


def test_a_handing_is_told_in_the_timeline(cast: Cast, sign_in: SignIn) -> None:
    Team.objects.filter(id=cast.service.id).update(taken_by="handed")
    Membership.objects.exclude(member=cast.agent).delete()
    with scope.system():
        Decision.objects.update(at=MONDAY - HOUR)
    with clock.travel(MONDAY):
        assert out.hand_out() == 1
    page = sign_in(cast.agent).get(f"/c/{cast.conversation.id}/").content.decode()
    assert "handed it out of the queue: Ana Agent" in page
    assert "Handed out by the team’s settings" in page


def test_the_range_in_words() -> None:
    office = make_hours("UTC", [[day, "09:00", "17:00"] for day in range(5)])
    say = expectation.in_words
    assert say(Range(38, 118), office, MONDAY) == "40 mins to 2 hrs"
    assert say(Range(38, 41), office, MONDAY) == "About 40 mins"
    assert say(None, office, MONDAY) == "Cannot be said yet"
    assert say(None, office, MONDAY + 9 * HOUR) == "Not before Tue 3 Mar, 09:00"
    assert say(Range(30, 90), office, MONDAY + 9 * HOUR) == "Between Tue 3 Mar, 09:30 and 10:30"
    assert say(Range(60, 600), office, MONDAY) == "Between Mon 2 Mar, 11:00 and Tue 3 Mar, 12:00"
    assert say(None, make_hours("UTC", []), MONDAY) == "Cannot be said yet"
    assert say(None, office, MONDAY, shown=False) == ""
    assert say(None, office, MONDAY + 9 * HOUR, shown=False) == "Not before Tue 3 Mar, 09:00"
