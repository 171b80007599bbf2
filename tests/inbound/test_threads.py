"""Which conversation a mail comes to, in the real database."""

from datetime import timedelta
from uuid import UUID

import pytest

from rapport.channels.kinds.email import replyaddress
from rapport.channels.models import Channel
from rapport.conversations import actions
from rapport.conversations.models import Conversation, Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.core.options import options
from rapport.outbound import actions as outbound
from rapport.staff.models import Team
from tests.inbound.post import conversations, deliver, letter, make_member, the_conversation

pytestmark = pytest.mark.django_db


def answer(conversation: Conversation, teams: dict[str, Team], text: str = "We are on it.") -> str:
    """A member answers; the Message-ID of what they said."""
    member = make_member(f"agent-{new_id()}", *teams.values())
    delivery = outbound.reply(conversation.id, member, outbound.Answer(text))
    return delivery.external_id.strip("<>")


def note(conversation: Conversation, teams: dict[str, Team]) -> None:
    actions.note(conversation.id, make_member(f"agent-{new_id()}", *teams.values()), "Looking into it.")


def test_an_answer_comes_to_its_conversation(box: Channel) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter("Thanks.", sender="bob@other.example", id="two@x.example", refs=["one@x.example"]))
    assert the_conversation().message_count == 2
    assert the_conversation().snippet == "Thanks."


def test_an_answer_to_what_we_said_comes_to_its_conversation(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(id="one@x.example"))
    ours = answer(the_conversation(), teams)
    deliver(box, letter("Thanks.", sender="somebody@else.example", refs=[ours]))
    assert the_conversation().message_count == 3


def test_our_own_message_coming_back_is_a_duplicate(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(id="one@x.example"))
    ours = answer(the_conversation(), teams)
    done = deliver(box, letter("We are on it.", sender="support@rapport.example", id=ours, refs=["one@x.example"]))
    assert done.states == {"duplicate": 1}


@pytest.mark.parametrize("together", [True, False])
def test_a_mail_that_comes_before_its_parent_finds_it(box: Channel, together: bool) -> None:
    mails = [letter(id="two@x.example", refs=["one@x.example"]), letter(id="one@x.example")]
    for batch in [mails] if together else [[mail] for mail in mails]:
        deliver(box, *batch)
    assert the_conversation().message_count == 2


def test_two_answers_to_a_mail_that_never_came_are_one_conversation(box: Channel) -> None:
    deliver(box, letter(refs=["never@x.example"]))
    deliver(box, letter(refs=["never@x.example"]))
    assert the_conversation().message_count == 2


def test_a_late_link_makes_two_untouched_conversations_one(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter("First.", id="one@x.example"))
    deliver(box, letter("Second.", id="two@x.example", sender="bob@other.example"))
    first, second = conversations()
    assert deliver(box, letter("Both.", refs=["one@x.example", "two@x.example"])).conversations == 0
    assert the_conversation().id == first.id
    assert the_conversation().message_count == 3
    with scope.system():
        signpost = Conversation.objects.get(id=second.id)
        assert (signpost.status, signpost.merged_into) == ("merged", first.id)
        assert set(Message.objects.values_list("conversation_id", flat=True)) == {first.id}
        moved = Event.objects.get(kind="conversation.merged", conversation_id=first.id).data
        assert (moved["from"], len(moved["messages"])) == (str(second.id), 1)
    deliver(box, letter("Later.", refs=["two@x.example"]))
    assert the_conversation().message_count == 4


def test_the_conversation_that_people_worked_in_stays(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter(id="two@x.example"))
    worked_in = conversations()[1]
    note(worked_in, teams)
    deliver(box, letter(refs=["one@x.example", "two@x.example"]))
    assert the_conversation().id == worked_in.id


def test_two_conversations_that_people_worked_in_are_never_made_one(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter(id="two@x.example"))
    for one in conversations():
        note(one, teams)
    deliver(box, letter("To the nearest.", refs=["one@x.example", "two@x.example"]))
    first, second = conversations()
    assert (first.message_count, second.message_count) == (2, 3)


def test_a_confidential_conversation_is_never_made_one_with_another(box: Channel) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter(id="two@x.example", to="hr@rapport.example"))
    deliver(box, letter(refs=["two@x.example", "one@x.example"]))
    public, secret = conversations()
    assert (public.confidential or not public.owner_team, secret.owner_team and secret.owner_team.slug) == (False, "hr")
    assert (public.message_count, secret.message_count) == (2, 1)


def test_an_answer_to_a_signed_address_comes_to_its_conversation_without_any_reference(box: Channel) -> None:
    deliver(box, letter())
    deliver(box, letter("Unrelated.", sender="carl@third.example", to=signed(the_conversation().id)))
    assert the_conversation().message_count == 2


def test_a_signed_address_that_was_tampered_with_is_nobodys(box: Channel) -> None:
    deliver(box, letter())
    address = signed(the_conversation().id)
    at = address.index("+c-") + 5
    forged = address[:at] + ("a" if address[at] != "a" else "b") + address[at + 1 :]
    deliver(box, letter("Let me in.", sender="mallory@third.example", to=forged))
    assert len(conversations()) == 2


def test_a_signed_address_of_a_merged_conversation_leads_to_where_it_went(box: Channel) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter(id="two@x.example"))
    first, second = conversations()
    deliver(box, letter(refs=["one@x.example", "two@x.example"]))
    deliver(box, letter("Later.", to=signed(second.id)))
    assert the_conversation().id == first.id
    assert the_conversation().message_count == 4


def test_a_signed_address_of_a_conversation_that_is_no_more_starts_a_new_one(box: Channel) -> None:
    assert deliver(box, letter("Hello?", to=signed(new_id()))).states == {"stored": 1}
    assert the_conversation().message_count == 1


def signed(conversation_id: UUID) -> str:
    return replyaddress.sign("support@rapport.example", conversation_id, options().secret_key)


def test_an_answer_without_references_finds_the_one_conversation_of_that_subject_we_answered(
    box: Channel, teams: dict[str, Team]
) -> None:
    deliver(box, letter(subject="Order 7"))
    answer(the_conversation(), teams)
    deliver(box, letter("Thanks.", subject="AW: [ext] Order  7"))
    assert the_conversation().message_count == 3


@pytest.mark.parametrize(
    ("why", "subject", "sender", "refs"),
    [
        ("no prefix of a reply", "Order 7", "ann@berg.example", []),
        ("a forward", "Fwd: Order 7", "ann@berg.example", []),
        ("another subject", "Re: Order 8", "ann@berg.example", []),
        ("another person", "Re: Order 7", "eve@berg.example", []),
        ("it refers to something else", "Re: Order 7", "ann@berg.example", ["elsewhere@x.example"]),
        ("nothing but the prefix", "Re:", "ann@berg.example", []),
    ],
)
def test_the_subject_alone_is_not_enough(
    box: Channel, teams: dict[str, Team], why: str, subject: str, sender: str, refs: list[str]
) -> None:
    deliver(box, letter(subject="Order 7"))
    answer(the_conversation(), teams)
    deliver(box, letter("New.", subject=subject, sender=sender, refs=refs))
    assert len(conversations()) == 2, why


def test_the_subject_is_no_hint_where_we_never_answered(box: Channel) -> None:
    deliver(box, letter(subject="Order 7"))
    deliver(box, letter(subject="Re: Order 7"))
    assert len(conversations()) == 2


def test_the_subject_is_no_hint_where_two_conversations_have_it(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(subject="Order 7"), letter(subject="Order 7"))
    for one in conversations():
        answer(one, teams)
    deliver(box, letter(subject="Re: Order 7"))
    assert len(conversations()) == 3


def test_the_subject_is_no_hint_after_two_months(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(subject="Order 7"))
    answer(the_conversation(), teams)
    with scope.system():
        Conversation.objects.update(last_activity_at=now() - timedelta(days=61))
    deliver(box, letter(subject="Re: Order 7"))
    assert len(conversations()) == 2


def test_the_subject_leads_into_no_confidential_conversation(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(subject="Order 7"))
    answer(the_conversation(), teams)
    with scope.system():
        Conversation.objects.update(confidential=True)
    deliver(box, letter(subject="Re: Order 7"))
    assert len(conversations()) == 2


def test_an_answer_opens_a_resolved_conversation_again(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(id="one@x.example"))
    actions.resolve(the_conversation().id, make_member("agent", *teams.values()))
    assert the_conversation().resolved_at is not None
    deliver(box, letter("Still broken.", refs=["one@x.example"]))
    one = the_conversation()
    assert (one.status, one.resolved_at, one.awaiting_answer) == ("open", None, True)


@pytest.mark.parametrize("more", [["Auto-Submitted: auto-replied"], ["X-Autoreply: yes", "Precedence: auto_reply"]])
def test_an_automatic_answer_leaves_a_resolved_conversation_resolved(
    box: Channel, teams: dict[str, Team], more: list[str]
) -> None:
    deliver(box, letter(id="one@x.example"))
    actions.resolve(the_conversation().id, make_member("agent", *teams.values()))
    deliver(box, letter("I am away.", refs=["one@x.example"], more=more))
    one = the_conversation()
    assert (one.status, one.message_count, one.awaiting_answer) == ("resolved", 2, False)


def test_an_older_mail_does_not_bring_the_conversation_back_in_time(box: Channel) -> None:
    box.config = {"trust_date": True}
    box.save()
    deliver(box, letter("New.", id="one@x.example"))
    latest = the_conversation().last_activity_at
    old = letter("Old.", refs=["one@x.example"]).replace(b"Wed, 04 Mar 2026", b"Tue, 03 Mar 2026")
    deliver(box, old)
    one = the_conversation()
    assert (one.last_activity_at, one.snippet, one.message_count) == (latest, "New.", 2)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_a_chain_in_any_order_is_one_conversation(box: Channel, order: tuple[int, ...], together: bool) -> None:
    chain = [letter(id=f"{n}@x.example", refs=[f"{n - 1}@x.example"] if n else []) for n in range(3)]
    mails = [chain[n] for n in order]
    for batch in [mails] if together else [[mail] for mail in mails]:
        deliver(box, *batch)
    assert the_conversation().message_count == 3
