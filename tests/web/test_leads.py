"""Team load: who may see it, what it says, and handing over with a way back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.insight.load import Whereabouts, board, whereabouts
from rapport.ownership.models import Decision, Example
from rapport.ownership.sharing import share_out
from rapport.ownership.within.values import MemberLoad
from rapport.staff.models import Absence, Member, Membership
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db


def _batch() -> str:
    """What was moved last, as it is undone."""
    with scope.system():
        return str(Event.objects.filter(kind="conversation.assigned").latest("id").data["batch"])


def _owned(cast: Cast, member: Member | None, count: int) -> list[Conversation]:
    with scope.system():
        made = [
            make_conversation(f"Matter {n}", "x", cast.customer, cast.service, cast.channel, minutes_ago=n + 60 * 5)
            for n in range(count)
        ]
        Conversation.objects.filter(id__in=[one.id for one in made]).update(owner_member=member)
    return made


def _owners(made: list[Conversation]) -> list[object]:
    with scope.system():
        return [Conversation.objects.get(id=one.id).owner_member_id for one in made]


def test_leads_see_their_teams_and_others_do_not(cast: Cast, sign_in: SignIn) -> None:
    url = reverse("team_load", args=["customer-service"])
    assert sign_in(cast.lead).get(url).status_code == 200
    assert sign_in(cast.admin).get(url).status_code == 200
    assert sign_in(cast.agent).get(url).status_code == 403
    assert sign_in(cast.reader).get(url).status_code == 403
    assert sign_in(cast.admin).get(reverse("team_load", args=["hr"])).status_code == 404
    Membership.objects.filter(member=cast.agent).update(is_lead=True)
    assert sign_in(cast.agent).get(url).status_code == 200
    assert sign_in(cast.hr).get(url).status_code == 403
    assert "Team load" not in sign_in(cast.hr).get(reverse("absences")).content.decode()


def test_the_board_says_who_has_what_and_where_they_are(cast: Cast) -> None:
    _owned(cast, cast.agent, 8)
    _owned(cast, None, 2)
    Absence.objects.create(member=cast.agent, starts_at=now() - timedelta(days=1), ends_at=now() + timedelta(days=2))
    with scope.member(cast.lead.id):
        found = board(cast.service)
    (lane,) = [one for one in found.lanes if one.member == cast.agent]
    assert (lane.open, lane.waiting, lane.late, lane.in_team, len(lane.cards), lane.more) == (8, 8, 8, 8, 6, 2)
    assert lane.whereabouts == Whereabouts.AWAY
    assert found.unowned.in_team == 3
    assert cast.reader not in [one.member for one in found.lanes]


@pytest.mark.parametrize(
    ("minutes", "works", "away", "expected"),
    [(1, False, True, "here"), (60, True, True, "away"), (60, True, False, "working"), (None, False, False, "off")],
)
def test_whereabouts(minutes: int | None, works: bool, away: bool, expected: str) -> None:
    seen = now() - timedelta(minutes=minutes) if minutes is not None else None
    assert whereabouts(now(), seen, works, away) == expected


def test_what_is_chosen_moves_and_comes_back(cast: Cast, sign_in: SignIn) -> None:
    made = _owned(cast, cast.agent, 3)
    client = sign_in(cast.lead)
    url = reverse("team_move", args=["customer-service"])
    chosen = [str(one.id) for one in made]
    answer = client.post(url, {"c": chosen, "to": str(cast.lead.id)}, headers={"HX-Request": "true"})
    assert "3 conversations moved" in answer.content.decode()
    assert _owners(made) == [cast.lead.id] * 3
    with scope.member(cast.lead.id):
        assert Event.objects.filter(kind="conversation.assigned", actor_id=cast.lead.id).count() == 3
    batch = _batch()
    with scope.system():
        Conversation.objects.filter(id=made[0].id).update(owner_member=cast.admin)
    back = client.post(reverse("undo_move", args=["customer-service", batch]), headers={"HX-Request": "true"})
    assert "2 conversations are back" in back.content.decode()
    assert _owners(made) == [cast.admin.id, cast.agent.id, cast.agent.id]
    again = client.post(reverse("undo_move", args=["customer-service", batch]), headers={"HX-Request": "true"})
    assert "nothing to put back" in again.content.decode()
    with scope.system():  # nor do they teach anything, or count as given to anybody
        assert Example.objects.values_list("conversation_id", flat=True).get() == made[0].id
        assert Decision.objects.get(weight__isnull=False).conversation_id == made[0].id


def test_nothing_moves_that_is_not_the_teams_or_to_somebody_who_is_not(cast: Cast, sign_in: SignIn) -> None:
    made = _owned(cast, cast.agent, 1)
    client, url = sign_in(cast.lead), reverse("team_move", args=["customer-service"])
    secret = str(cast.secret.id)
    assert client.post(url, {"c": [secret, str(uuid4()), "x"], "to": str(cast.lead.id)}).status_code == 302
    assert client.post(url, {"c": [str(made[0].id)], "to": str(cast.hr.id)}).status_code == 400
    assert client.post(url, {"c": [str(made[0].id)]}).status_code == 302
    assert sign_in(cast.agent).post(url, {"c": [str(made[0].id)], "to": str(cast.lead.id)}).status_code == 403
    with scope.system():
        assert Conversation.objects.get(id=cast.secret.id).owner_member_id is None
    assert _owners(made) == [cast.agent.id]


def test_sharing_out_is_shown_first_then_done_evenly_and_undone_together(cast: Cast, sign_in: SignIn) -> None:
    made = _owned(cast, cast.agent, 4)
    client = sign_in(cast.lead)
    url = reverse("team_share", args=["customer-service", cast.agent.id])
    page = client.get(url).content.decode()
    assert "Nothing has happened yet" in page
    assert _owners(made) == [cast.agent.id] * 4
    pairs = [part.split('"')[0] for part in page.split('name="pair" value="')[1:]]
    assert len(pairs) == 4
    stranger = f"{cast.secret.id}:{cast.lead.id}"
    assert client.post(url, {"pair": [*pairs, stranger, "x:y"]}).status_code == 302
    owners = _owners(made)
    assert sorted(map(str, owners)) == sorted(str(m.id) for m in (cast.lead, cast.lead, cast.admin, cast.admin))
    batch = _batch()
    client.post(reverse("undo_move", args=["customer-service", batch]))
    assert _owners(made) == [cast.agent.id] * 4
    with scope.system():
        assert Conversation.objects.get(id=cast.secret.id).owner_member_id is None


def test_sharing_out_leaves_what_nobody_can_take() -> None:
    one, other = uuid4(), uuid4()
    members = [MemberLoad(one, "a", "A", 1, 2), MemberLoad(other, "b", "B", 0, 9, present=False)]
    ids = [uuid4() for _ in range(3)]
    assert [share.member.id if share.member else None for share in share_out(ids, members)] == [one, None, None]


def test_the_board_asks_as_often_for_many_as_for_one(
    cast: Cast, sign_in: SignIn, django_assert_max_num_queries: object
) -> None:
    _owned(cast, cast.agent, 9)
    _owned(cast, cast.lead, 9)
    client = sign_in(cast.lead)
    client.get("/counts/")
    with django_assert_max_num_queries(26):  # type: ignore[operator]
        assert client.get(reverse("team_load", args=["customer-service"])).status_code == 200
    with django_assert_max_num_queries(34):  # type: ignore[operator]
        assert client.get(reverse("reports")).status_code == 200
    with django_assert_max_num_queries(24):  # type: ignore[operator]
        assert client.get(reverse("absences")).status_code == 200
