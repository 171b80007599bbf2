"""What the house does with what any kind of channel says: places, changes, keeps apart, and names what was sent."""

from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from rapport.channels.base import Incoming, OutcomeUnknown, TooFast
from rapport.channels.models import Channel
from rapport.conversations import merging
from rapport.conversations.models import Conversation, Mention, Message, Revision, ThreadRef
from rapport.core import scope
from rapport.core.clock import now
from rapport.inbound import intake, pipeline
from rapport.inbound.models import RawItem
from rapport.outbound import deliver
from rapport.outbound.actions import Answer, reply
from rapport.outbound.models import Delivery
from rapport.ownership import service
from rapport.people.models import Handle, Person
from rapport.staff.models import Team
from tests.channels.parrot import Parrot, item
from tests.inbound.post import conversations, make_member, the_conversation

pytestmark = pytest.mark.django_db


def take(channel: Channel, *items: Incoming) -> dict[str, int]:
    intake.accept(channel, items)
    return dict(pipeline.run_batch().states)


def said() -> list[Message]:
    with scope.system():
        return list(Message.objects.order_by("at", "id"))


def test_a_public_post_is_a_conversation_with_its_author_and_what_an_answer_needs(perch: Channel) -> None:
    url = "https://parrots.example/1"
    post = item("p1", "My cage is broken!", by="ann", name="Ann Berg", public=True, url=url, reach=1200)
    assert take(perch, post) == {"stored": 1}
    conversation, (message,) = the_conversation(), said()
    assert conversation.subject == "My cage is broken!"
    assert conversation.awaiting_answer
    assert message.public
    assert message.about == {"url": url, "answer": {"nest": "n"}, "reach": 1200}
    with scope.system():
        handle = Handle.objects.get(kind="parrot")
        assert (handle.value, handle.written, handle.person.name) == ("ann", "@ann", "Ann Berg")
        assert conversation.person_id == handle.person_id


def test_answers_come_to_the_conversation_they_refer_to_in_whatever_order(perch: Channel) -> None:
    post, answer, third = item("p1", "One"), item("p2", "Two", refs=["p1"]), item("p3", "Three", refs=["p1", "p2"])
    for order in permutations([post, answer, third]):
        take(perch, *order)
        take(perch, *order)
    assert the_conversation().message_count == 3
    assert {m.text for m in said()} == {"One", "Two", "Three"}


def test_what_came_before_is_a_duplicate_also_under_another_name(perch: Channel) -> None:
    take(perch, item("p1", "Hello"))
    other = Incoming("delivered again", item("p1", "Hello").body)
    assert take(perch, other) == {"duplicate": 1}
    assert the_conversation().message_count == 1


def test_an_edit_changes_the_message_and_keeps_what_it_said(perch: Channel) -> None:
    take(perch, item("p1", "The cage is read"))
    edited = {"is": "edited", "at": "2026-03-04T10:00:00+00:00"}
    assert take(perch, item("p1", "The cage is red", **edited)) == {"stored": 1}
    (message,) = said()
    assert message.text == "The cage is red"
    assert message.edited_at
    assert the_conversation().snippet == "The cage is red"
    with scope.system():
        assert [r.text for r in Revision.objects.all()] == ["The cage is read"]
    take(perch, item("p1", "Older", **{"is": "edited", "at": "2026-03-04T09:30:00+00:00"}))
    assert said()[0].text == "The cage is red"


def test_an_edit_of_what_never_came_is_its_first_form(perch: Channel) -> None:
    take(perch, item("p1", "As it is now", **{"is": "edited"}))
    assert take(perch, item("p1", "As it was")) == {"duplicate": 1}
    (message,) = said()
    assert (message.text, bool(message.edited_at)) == ("As it is now", True)


def test_of_two_edits_of_what_never_came_the_later_stands_whichever_is_first(perch: Channel) -> None:
    early = item("p1", "First change", **{"is": "edited", "at": "2026-03-04T10:00:00+00:00"})
    late = item("p1", "Last change", **{"is": "edited", "at": "2026-03-04T11:00:00+00:00"})
    other = [item("p2", "First", **{"is": "edited", "at": "2026-03-04T10:00:00+00:00"}),
             item("p2", "Last", **{"is": "edited", "at": "2026-03-04T11:00:00+00:00"})]  # fmt: skip
    take(perch, late, early, *other)
    take(perch, item("p1", "As it was"))
    assert sorted(m.text for m in said()) == ["Last", "Last change"]


def test_a_deletion_that_came_first_holds_also_for_what_comes_twice_in_one_batch(perch: Channel) -> None:
    take(perch, item("p1", **{"is": "deleted"}))
    post = item("p1", "Gone")
    take(perch, post, Incoming("again", post.body))
    assert [bool(m.deleted_at) for m in said()] == [True]


def test_what_was_said_before_goes_along_when_conversations_are_merged(perch: Channel) -> None:
    take(perch, item("p1", "The cage is read"), item("q1", "Another matter", by="ben"))
    take(perch, item("p1", "The cage is red", **{"is": "edited"}))
    one, other = sorted(conversations(), key=lambda c: c.subject)
    with scope.system():
        merging.absorb(other.id, one.id)
        revision = Revision.objects.get()
        assert Message.objects.filter(conversation_id=revision.conversation_id, id=revision.message_id).exists()


def test_a_post_of_ours_without_words_is_no_echo_of_an_answer(perch: Channel) -> None:
    take(perch, item("p1", "Broken!"))
    answered(perch)
    assert take(perch, item("o1", "", by="us", origin="own", refs=["p1"])) == {"stored": 1}


def test_a_deleted_message_is_shown_as_such_also_when_the_deletion_came_first(perch: Channel) -> None:
    take(perch, item("p1", "I take this back"), item("p1", **{"is": "deleted"}))
    assert said()[0].deleted_at
    assert take(perch, item("p2", **{"is": "deleted"})) == {"ignored": 1}
    take(perch, item("p2", "And this", refs=["p1"]))
    assert [bool(m.deleted_at) for m in said()] == [True, True]
    assert [m.text for m in said()] == ["I take this back", "And this"]


def test_reactions_are_kept_on_the_message_each_once(perch: Channel) -> None:
    take(perch, item("p1", "Hello"))
    like = {"is": "reaction", "sign": "❤"}
    take(perch, item("p1", "a", by="ann", **like), item("p1", "b", by="ann", **like), item("p1", "c", by="ben", **like))
    assert said()[0].about["reactions"] == [["❤", "Ann"], ["❤", "Ben"]]
    take(perch, item("p1", "d", by="ann", removed=True, **like))
    assert said()[0].about["reactions"] == [["❤", "Ben"]]
    assert the_conversation().message_count == 1


def test_what_says_nothing_is_set_aside_with_its_reason_and_what_is_unreadable_quarantined(perch: Channel) -> None:
    done = take(perch, item("p1", **{"is": "nothing"}), Incoming("x", b"<html>"), item("p2", "Hello"))
    assert done == {"ignored": 1, "quarantined": 1, "stored": 1}
    with scope.system():
        reasons = set(RawItem.objects.exclude(reason="").values_list("reason", flat=True))
    assert "It only preens." in reasons
    assert any(reason.startswith("It could not be read: no parrot") for reason in reasons)


def test_an_item_may_say_several_things(perch: Channel) -> None:
    body = b'[{"id": "p1", "text": "One"}, {"id": "p2", "text": "Two", "refs": ["p1"]}]'
    assert take(perch, Incoming("both", body)) == {"stored": 1}
    assert the_conversation().message_count == 2


def test_found_posts_are_mentions_and_make_nobody(perch: Channel) -> None:
    found = {"origin": "search", "found_by": "#cages", "public": True, "reach": 50}
    assert take(perch, item("s1", "Cages are bad", by="kim", **found)) == {"mention": 1}
    assert take(perch, Incoming("again", item("s1", "Cages are bad", by="kim", **found).body)) == {"duplicate": 1}
    assert conversations() == []
    with scope.system():
        assert not Person.objects.exists()
        assert not ThreadRef.objects.exists()
        (mention,) = Mention.objects.all()
    assert (mention.text, mention.found_by) == ("Cages are bad", "#cages")
    assert (mention.author_name, mention.reach) == ("Kim", 50)


def test_what_changes_a_mention_changes_it_and_belongs_to_no_conversation(perch: Channel) -> None:
    found = {"origin": "search", "public": True}
    take(perch, item("s1", "Cages are bad", by="kim", **found))
    assert take(perch, item("s1", "Cages are good", by="kim", **{"is": "edited"}, **found)) == {"mention": 1}
    assert take(perch, item("s1", **{"is": "deleted"})) == {"mention": 1}
    with scope.system():
        (mention,) = Mention.objects.all()
        assert (mention.text, bool(mention.deleted_at)) == ("Cages are good", True)
        assert not RawItem.objects.exclude(conversation_id=None).exists()
    assert conversations() == []


def test_a_rule_that_speaks_of_found_posts_makes_them_conversations(perch: Channel) -> None:
    when = {"all": [{"mention": ["search", "feed"]}, {"reach": 1000}]}
    rules = [{"name": "Loud", "when": when, "then": {"owner": "pr"}}]
    service.save_policy_dict({"triage": "support", "rules": rules}, service.SavedBy())
    found = {"origin": "search", "found_by": "#cages", "public": True}
    assert take(perch, item("s1", "Quiet", reach=10, **found), item("s2", "Loud", reach=5000, **found)) == {
        "mention": 1, "stored": 1,
    }  # fmt: skip
    conversation = the_conversation()
    assert conversation.subject == "Loud"
    assert conversation.owner_team is not None
    assert conversation.owner_team.slug == "pr"


def test_a_found_post_that_answers_what_is_here_belongs_to_it(perch: Channel) -> None:
    take(perch, item("p1", "Hello"))
    assert take(perch, item("s1", "Me too", by="kim", refs=["p1"], origin="search")) == {"stored": 1}
    assert the_conversation().message_count == 2


def answered(perch: Channel, text: str = "We mend it.") -> Delivery:
    member = make_member("mara", Team.objects.get(slug="support"))
    with scope.member(member.id):
        delivery = reply(the_conversation().id, member, Answer(text))
    with scope.system():
        Delivery.objects.update(send_after=delivery.created_at)
    assert deliver.run_batch() == 1
    with scope.system():
        return Delivery.objects.get()


def test_an_answer_gets_the_name_its_service_gives_it_and_is_known_by_it(perch: Channel) -> None:
    take(perch, item("p1", "Broken!", nest="oak"))
    delivery = answered(perch)
    assert delivery.state == "sent"
    assert Parrot.spoken[0][0] == {"text": "We mend it.", "to": "oak", "key": str(delivery.id)}
    assert delivery.external_id == f"parrot:{delivery.id}"
    ours = next(m for m in said() if m.direction == "out")
    assert ours.message_id == delivery.external_id
    assert ours.about == {"url": f"https://parrots.example/{delivery.id}", "answer": {"nest": "own"}}
    take(perch, item("p2", "Thanks", refs=[delivery.external_id]))
    assert (the_conversation().message_count, len(said())) == (3, 3)


def test_our_own_answer_seen_again_is_no_news(perch: Channel) -> None:
    take(perch, item("p1", "Broken!"))
    delivery = answered(perch)
    seen = item(delivery.external_id, "We mend it. ^M", by="us", origin="own", refs=["p1"])
    assert take(perch, seen) == {"duplicate": 1}
    early = item("not yet known", "@polly We mend it.", by="us", origin="own", refs=["p1"])
    assert take(perch, early) == {"ignored": 1}
    assert len(said()) == 2


def test_what_our_account_says_elsewhere_answers_too(perch: Channel) -> None:
    take(perch, item("p1", "Broken!"))
    assert take(perch, item("o1", "Mended by phone", by="us", origin="own", refs=["p1"])) == {"stored": 1}
    assert take(perch, item("o2", "Good morning all", by="us", origin="own")) == {"ignored": 1}
    conversation = the_conversation()
    assert not conversation.awaiting_answer
    assert conversation.first_answered_at
    assert [m.direction for m in said()] == ["in", "out"]
    with scope.system():
        assert Person.objects.count() == 1


def test_receipts_are_written_on_the_delivery_the_furthest_wins(perch: Channel) -> None:
    take(perch, item("p1", "Broken!"))
    name = answered(perch).external_id
    for state in ("read", "delivered"):
        take(perch, item(name, **{"is": "receipt", "state": state}))
    with scope.system():
        assert Delivery.objects.get().options["receipt"] == "read"
    assert take(perch, item("nobody's", **{"is": "receipt", "state": "read"})) == {"ignored": 1}


def test_a_message_that_failed_after_all_brings_its_conversation_back(perch: Channel) -> None:
    take(perch, item("p1", "Broken!"))
    name = answered(perch).external_id
    assert not the_conversation().awaiting_answer
    take(perch, item(name, **{"is": "receipt", "state": "failed", "words": "No such number."}))
    with scope.system():
        delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == ("bounced", "No such number.")
    assert the_conversation().awaiting_answer


def test_a_channel_whose_kind_is_gone_quarantines_what_it_had(perch: Channel) -> None:
    Channel.objects.filter(id=perch.id).update(kind="dodo")
    assert take(perch, item("p1", "Hello")) == {"quarantined": 1}
    with scope.system():
        assert "no kind of channel called 'dodo'" in RawItem.objects.get().reason
    assert isinstance(perch.id, UUID)
    assert not Conversation.objects.exists()


def test_a_send_that_was_cut_off_is_repeated_where_the_service_knows_it_again(perch: Channel) -> None:
    take(perch, item("p1", "Broken!"))
    Parrot.error = OutcomeUnknown("The line broke.", permanent=False)
    assert answered(perch).state == "retry"
    Parrot.error = TooFast("Slow down.", retry_after=1200)
    with scope.system():
        Delivery.objects.update(send_after=now())
    deliver.run_batch()
    with scope.system():
        delivery = Delivery.objects.get()
    assert delivery.state == "retry"
    assert delivery.send_after > now() + timedelta(seconds=1100)
    with scope.system():
        Delivery.objects.update(state="sending", claimed_until=now() - timedelta(seconds=1), send_after=now())
    Parrot.error = None
    deliver.run_batch()
    with scope.system():
        assert Delivery.objects.get().state == "sent"
    assert len(Parrot.spoken) == 1


def test_a_name_turns_nothing_around_and_an_emoji_of_twelve_code_points_stays_whole(perch: Channel) -> None:
    family = "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fb"
    name = f"\u202egnp.exe\u202c {family}\n\u2066Ann\u2069"
    take(perch, item("p1", f"Hello \u202eolleh {family}", by="ann", name=name))
    take(perch, item("s1", "Found", by="kim", name=name, origin="search"))
    with scope.system():
        assert Person.objects.get().name == f"gnp.exe {family} Ann"
        assert Mention.objects.get().author_name == f"gnp.exe {family} Ann"
    assert said()[0].text.endswith(family)
