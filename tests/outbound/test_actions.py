"""Answering: who answers what nobody had taken has taken it, and hears when nobody was reached."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rapport.channels.kinds.email import said
from rapport.channels.kinds.email.model import BounceRecipient
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.models import Channel
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Status
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.core.models import Event
from rapport.outbound import actions, bounces
from rapport.outbound.actions import Answer, Upload
from rapport.outbound.models import Delivery, DeliveryState
from rapport.ownership.models import Decision
from rapport.staff.models import Member, Membership, Role, Team

pytestmark = pytest.mark.django_db

PLAIN = b"From: MAILER-DAEMON@away.example\nSubject: report\n\nwords\n"


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Service", slug="service")


@pytest.fixture
def ada(team: Team) -> Member:
    member = Member.objects.create(email="ada@brand.example", name="Ada Byron")
    Membership.objects.create(member=member, team=team)
    return member


@pytest.fixture
def matter(team: Team) -> Conversation:
    channel = Channel.objects.create(name="Support", kind="email", address="support@brand.example")
    with scope.system():
        found = Conversation.objects.create(subject="Parcel", audience=[EVERYONE], channel=channel, owner_team=team)
        Message.objects.create(
            conversation=found,
            channel=channel,
            direction=Direction.IN,
            text="Where is it?",
            recipients={"from": [["Alice", "alice@cust.example"]], "reply_to": [["Home", "home@cust.example"]]},
        )
    return found


def fresh(matter: Conversation) -> Conversation:
    with scope.system():
        return Conversation.objects.get(id=matter.id)


def test_an_answer_goes_where_the_sender_asked_and_waits_for_an_undo(matter: Conversation, ada: Member) -> None:
    delivery = actions.reply(matter.id, ada, Answer("On its way."))
    assert delivery.recipients["to"] == [["Home", "home@cust.example"]]
    assert delivery.state == DeliveryState.QUEUED
    assert fresh(matter).first_answered_at
    assert actions.undo(matter.id, ada, delivery.id)


def test_who_answers_for_the_owning_team_takes_it(matter: Conversation, ada: Member) -> None:
    actions.reply(matter.id, ada, Answer("On its way."))
    assert fresh(matter).owner_member_id == ada.id
    with scope.system():
        assert Decision.objects.filter(conversation=matter, actor=ada).count() == 1


def test_a_helper_of_another_team_does_not_take_it(matter: Conversation) -> None:
    guest = Member.objects.create(email="guest@brand.example", name="Guest")
    actions.reply(matter.id, guest, Answer("On its way."))
    assert fresh(matter).owner_member_id is None


def test_attached_files_are_kept_with_the_answer(matter: Conversation, ada: Member) -> None:
    actions.reply(matter.id, ada, Answer("See the file.", files=[Upload("label.txt", "text/plain", b"label")]))
    with scope.system():
        kept = Attachment.objects.select_related("blob").get(conversation=matter)
        assert kept.blob is not None
        assert bytes(kept.blob.data) == b"label"


@pytest.mark.parametrize(
    ("role", "answer", "error"),
    [
        (Role.AGENT, Answer("  \0 "), Invalid),
        (Role.AGENT, Answer("x" * 500_001), Invalid),
        (Role.AGENT, Answer("x", files=[Upload("f", "text/plain", b"")] * 21), Invalid),
        (Role.READER, Answer("Hello."), NotAllowed),
    ],
)
def test_what_cannot_be_sent_leaves_nothing_behind(
    matter: Conversation, ada: Member, role: Role, answer: Answer, error: type[Exception]
) -> None:
    ada.role = role
    with pytest.raises(error):
        actions.reply(matter.id, ada, answer)
    with scope.system():
        assert not Delivery.objects.exists()
        assert not Event.objects.filter(conversation_id=matter.id).exists()
        assert Message.objects.filter(conversation=matter).count() == 1


def test_nobody_answers_what_they_may_not_see(matter: Conversation, ada: Member, team: Team) -> None:
    other = Team.objects.create(name="HR", slug="hr", confidential=True)
    with scope.system():
        Conversation.objects.filter(id=matter.id).update(audience=[other.id])
    with pytest.raises(NotVisible):
        actions.reply(matter.id, ada, Answer("Hello."))
    with scope.system():
        assert not Delivery.objects.exists()


def bounced(delivery: Delivery, recipients: Sequence[BounceRecipient]) -> bool:
    mail = replace(
        parse_mail(PLAIN), kind="bounce", bounced_message_id=delivery.external_id, bounce=tuple(recipients)
    )
    with scope.system():
        return bounces.apply(said.of(mail, {}))


def test_a_bounced_answer_opens_the_matter_again(matter: Conversation, ada: Member) -> None:
    delivery = actions.reply(matter.id, ada, Answer("On its way.", resolve=True))
    with scope.system():
        Delivery.objects.filter(id=delivery.id).update(state=DeliveryState.SENT)
    assert fresh(matter).status == Status.RESOLVED
    assert bounced(delivery, [BounceRecipient("home@cust.example", "5.1.1", "userunknown", True, "no such user")])
    assert (fresh(matter).status, fresh(matter).awaiting_answer) == (Status.OPEN, True)


def test_a_report_of_success_changes_nothing(matter: Conversation, ada: Member) -> None:
    delivery = actions.reply(matter.id, ada, Answer("On its way.", resolve=True))
    with scope.system():
        Delivery.objects.filter(id=delivery.id).update(state=DeliveryState.SENT)
    assert bounced(delivery, [BounceRecipient("home@cust.example", "2.0.0", "delivered", False, "250 ok")])
    with scope.system():
        after = Delivery.objects.get(id=delivery.id)
        assert (after.state, after.error) == (DeliveryState.SENT, "")
        assert not Event.objects.filter(kind__in=["delivery.bounced", "delivery.delayed"]).exists()
    assert fresh(matter).status == Status.RESOLVED
