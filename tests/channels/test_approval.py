"""What the policy wants a second member to see first waits for one, and goes as it was written."""

import pytest
from django.urls import reverse

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.notices import gather
from rapport.notices.models import Notice
from rapport.outbound import deliver
from rapport.outbound.models import Delivery
from rapport.ownership import service
from rapport.staff.models import Membership, Team
from tests.channels.parrot import Parrot, item
from tests.inbound.post import the_conversation
from tests.notices.conftest import seal
from tests.web.cast import Cast
from tests.web.conftest import SignIn, cast, sign_in

__all__ = ["cast", "sign_in"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def complaint(perch: Channel, cast: Cast) -> Conversation:
    rules = [{"name": "Loud", "when": {"visibility": "public"}, "then": {"owner": "pr", "approval": "public"}}]
    service.save_policy_dict({"triage": "support", "rules": rules}, service.SavedBy())
    with scope.system():
        Conversation.objects.all().delete()
    intake.accept(perch, [item("p1", "My cage is broken!", by="ann", public=True)])
    pipeline.run_batch()
    return the_conversation()


def answered(complaint: Conversation, cast: Cast, sign_in: SignIn, way: str = "") -> Delivery:
    given = {"kind": "reply", "text": "We mend it.", "way": way}
    assert sign_in(cast.admin).post(reverse("say", args=[complaint.id]), given).status_code == 302
    with scope.system():
        Delivery.objects.update(send_after=complaint.created_at)
        return Delivery.objects.get()


def state() -> tuple[str, str]:
    with scope.system():
        delivery = Delivery.objects.get()
        return delivery.state, delivery.error


def test_an_answer_in_public_waits_for_a_second_member(complaint: Conversation, cast: Cast, sign_in: SignIn) -> None:
    delivery = answered(complaint, cast, sign_in)
    assert deliver.run_batch() == 0
    assert the_conversation().awaiting_answer
    url = reverse("approve", args=[complaint.id, delivery.message_id])
    assert sign_in(cast.admin).post(url).status_code == 403
    assert sign_in(cast.reader).post(url).status_code == 403
    assert state()[0] == "awaiting"
    page = sign_in(cast.agent).get(reverse("conversation", args=[complaint.id])).content.decode()
    assert "This waits for a colleague to approve it." in page
    assert sign_in(cast.agent).post(url, {"to": "approve"}).status_code == 302
    assert deliver.run_batch() == 1
    assert state()[0] == "sent"
    assert len(Parrot.spoken) == 1
    assert not the_conversation().awaiting_answer
    assert the_conversation().first_answered_at


def test_one_that_is_sent_back_says_why_and_goes_nowhere(
    complaint: Conversation, cast: Cast, sign_in: SignIn
) -> None:
    delivery = answered(complaint, cast, sign_in)
    url = reverse("approve", args=[complaint.id, delivery.message_id])
    sign_in(cast.agent).post(url, {"to": "decline", "why": "Too short."})
    assert state() == ("cancelled", f"{cast.agent.name} sent it back to be changed. Too short.")
    sign_in(cast.agent).post(url, {"to": "approve"})
    assert deliver.run_batch() == 0
    assert Parrot.spoken == []


def test_an_answer_in_private_needs_nobody(
    complaint: Conversation, perch: Channel, cast: Cast, sign_in: SignIn
) -> None:
    answered(complaint, cast, sign_in, way=f"{perch.id}:private")
    assert deliver.run_batch() == 1
    assert state()[0] == "sent"


def test_who_wrote_it_takes_it_back_while_it_waits(complaint: Conversation, cast: Cast, sign_in: SignIn) -> None:
    delivery = answered(complaint, cast, sign_in)
    sign_in(cast.admin).post(reverse("undo", args=[complaint.id, delivery.message_id]))
    assert state()[0] == "cancelled"


def test_the_team_is_told_that_an_answer_waits_and_its_author_is_not(
    complaint: Conversation, cast: Cast, sign_in: SignIn
) -> None:
    with scope.system():
        team = Team.objects.get(slug="pr")
        Membership.objects.bulk_create(Membership(team=team, member=one) for one in (cast.admin, cast.agent))
    with scope.system():
        seal()
        gather.run()
    answered(complaint, cast, sign_in)
    with scope.system():
        seal()
        while gather.run():
            pass
    with scope.system():
        told = set(Notice.objects.filter(reason="approval").values_list("member_id", flat=True))
    assert told == {cast.agent.id}
