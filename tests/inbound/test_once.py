"""Nothing lost, nothing twice."""

import pytest

from rapport.channels.base import mail
from rapport.channels.models import Channel, Cursor
from rapport.conversations.models import Attachment, Blob, Message
from rapport.core import scope
from rapport.core.models import Event
from rapport.inbound import intake, pipeline
from rapport.inbound.models import RawItem, RawState
from tests.inbound.post import accept, conversations, deliver, letter, the_conversation

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    with scope.system():
        return list(RawItem.objects.order_by("id").values_list("state", flat=True))


def texts() -> list[str]:
    with scope.system():
        return sorted(Message.objects.values_list("text", flat=True))


def test_a_mail_becomes_a_conversation_with_its_decision_event_and_person(box: Channel) -> None:
    done = deliver(box, letter("My order is late.", subject="Order 7"))
    assert (done.states, done.conversations) == ({"stored": 1}, 1)
    with scope.system():
        one = the_conversation()
        assert (one.subject, one.snippet, one.status) == ("Order 7", "My order is late.", "open")
        assert (one.message_count, one.awaiting_answer) == (1, True)
        assert one.last_activity_at == one.last_inbound_at == one.created_at
        assert one.owner_team is not None
        assert one.owner_team.slug == "support"
        assert one.person is not None
        assert (one.person.name, one.person.handles.get().value) == ("Ann Berg", "ann@berg.example")
        assert one.person.organization is None or one.person.organization.domain == "berg.example"
        assert one.decisions.get().policy_version == 1
        assert Event.objects.get(conversation_id=one.id).kind == "conversation.opened"
        assert RawItem.objects.get().conversation_id == one.id


def test_the_same_bytes_again_are_a_duplicate_and_change_nothing(box: Channel) -> None:
    body = letter()
    deliver(box, body)
    again = accept(box, body, body)
    assert (again.received, again.duplicate) == (2, 2)
    assert pipeline.run_batch().handled == 0
    assert len(texts()) == 1


def test_the_same_bytes_twice_in_one_batch_are_taken_once(box: Channel) -> None:
    body = letter()
    assert accept(box, body, body).duplicate == 1
    assert pipeline.run_batch().states == {"stored": 1}


def test_the_same_message_by_another_channel_is_a_duplicate(box: Channel, other_box: Channel) -> None:
    deliver(box, letter("Same.", id="same@berg.example", more=["Received: by one"]))
    done = deliver(other_box, letter("Same.", id="same@berg.example", more=["Received: by two"]))
    assert (done.states, done.conversations) == ({"duplicate": 1}, 0)
    assert texts() == ["Same."]
    assert the_conversation().message_count == 1


def test_the_same_message_twice_in_one_batch_is_stored_once(box: Channel) -> None:
    twice = [letter("Same.", id="same@berg.example", more=[f"Received: by {n}"]) for n in range(2)]
    assert deliver(box, *twice).states == {"stored": 1, "duplicate": 1}


def test_different_mails_with_one_message_id_are_both_kept(box: Channel) -> None:
    deliver(box, letter("One thing.", id="same@berg.example"))
    deliver(box, letter("Another thing.", id="same@berg.example"))
    assert texts() == ["Another thing.", "One thing."]
    assert the_conversation().message_count == 2


def test_mails_without_a_message_id_are_not_taken_for_one(box: Channel) -> None:
    deliver(box, letter("One.", id=""), letter("Two.", id=""))
    assert len(conversations()) == 2


def test_a_cursor_is_stored_with_the_items_or_not_at_all(box: Channel) -> None:
    intake.accept(box, [mail(letter())], {"INBOX": {"uid": 7}})
    assert Cursor.objects.get(channel=box, name="INBOX").value == {"uid": 7}
    with pytest.raises(TypeError):
        intake.accept(box, [mail(letter())], {"INBOX": {"uid": object()}})
    assert Cursor.objects.get(channel=box, name="INBOX").value == {"uid": 7}
    assert states() == ["received"]


def test_an_attachment_that_comes_twice_is_kept_once(box: Channel) -> None:
    deliver(box, with_file("a.txt"), with_file("b.txt"))
    with scope.system():
        assert Blob.objects.count() == 1
        assert sorted(Attachment.objects.values_list("filename", flat=True)) == ["a.txt", "b.txt"]
        assert bytes(Blob.objects.get().data) == b"the file"


def test_a_replayed_item_is_the_message_that_is_there_already(box: Channel) -> None:
    deliver(box, letter(id="one@berg.example"))
    with scope.system():
        RawItem.objects.update(state=RawState.RECEIVED)
    assert pipeline.run_batch().states == {"duplicate": 1}
    assert the_conversation().message_count == 1


def with_file(name: str) -> bytes:
    return (
        f"From: ann@berg.example\r\nTo: support@rapport.example\r\nMessage-ID: <{name}@berg.example>\r\n"
        'Subject: File\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\n"
        f'See {name}.\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n'
        "the file\r\n--b--\r\n"
    ).encode()
