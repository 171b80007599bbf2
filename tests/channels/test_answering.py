"""Answering where they are: in public, in private, elsewhere if they agreed; and one conversation all along."""

import pytest
from django.test import Client
from django.urls import reverse

from rapport.channels.base import Incoming, Invalid, mail
from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Message, Thread
from rapport.core import scope
from rapport.core.models import Event
from rapport.inbound import intake, pipeline
from rapport.outbound import deliver
from rapport.outbound.models import Delivery
from tests.channels.parrot import Parrot, item
from tests.inbound.post import letter, the_conversation
from tests.web.cast import Cast
from tests.web.conftest import SignIn, cast, sign_in

__all__ = ["cast", "sign_in"]
pytestmark = pytest.mark.django_db


def take(channel: Channel, *items: Incoming) -> None:
    intake.accept(channel, items)
    pipeline.run_batch()


def say(client: Client, conversation: Conversation, **given: str) -> int:
    said = {"kind": "reply", "text": "We mend it.", **given}
    return client.post(reverse("say", args=[conversation.id]), said).status_code


def deliveries() -> list[Delivery]:
    with scope.system():
        return list(Delivery.objects.select_related("channel").order_by("id"))


@pytest.fixture
def complaint(perch: Channel, cast: Cast) -> Conversation:
    with scope.system():
        Conversation.objects.all().delete()
    take(perch, item("p1", "My cage is broken!", by="ann", name="Ann Berg", public=True, nest="oak"))
    return the_conversation()


def test_the_page_says_who_will_see_an_answer(complaint: Conversation, cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.admin).get(reverse("conversation", args=[complaint.id])).content.decode()
    assert "You are about to answer in public, as @us. Everybody can read it." in page
    assert "In private: Our parrot" in page
    assert 'data-limit="40"' in page
    assert 'data-unit="graphemes"' in page
    assert 'class="badge badge-info" dir="auto"' in page  # public


def test_an_answer_goes_where_they_wrote_in_public_or_in_private(
    complaint: Conversation, perch: Channel, cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.admin)
    assert say(client, complaint) == 302
    assert say(client, complaint, way=f"{perch.id}:private", text="And this between us.") == 302
    first, second = deliveries()
    assert (first.options["public"], second.options["public"]) == (True, False)
    assert first.recipients["to"] == [["Ann Berg", "ann"]]
    with scope.system():
        Delivery.objects.update(send_after=complaint.created_at)
    while deliver.run_batch():
        pass
    with scope.system():
        assert list(Message.objects.filter(direction="out").order_by("id").values_list("public", flat=True)) == [
            True, False,
        ]  # fmt: skip
    assert [spoken["text"] for spoken, _ in Parrot.spoken] == ["We mend it.", "And this between us."]
    assert {spoken["to"] for spoken, _ in Parrot.spoken} == {"oak"}


def test_it_goes_on_by_mail_only_where_they_agreed_and_stays_one_conversation(
    complaint: Conversation, cast: Cast, sign_in: SignIn
) -> None:
    client, way = sign_in(cast.admin), f"{cast.channel.id}:same"
    assert say(client, complaint, way=way, to="ann@berg.example") == 400
    assert deliveries() == []
    assert say(client, complaint, way=way, to="ann@berg.example", agreed="yes", text="Here we are.") == 302
    (delivery,) = deliveries()
    assert delivery.channel_id == cast.channel.id
    with scope.system():
        assert Thread.objects.filter(conversation=complaint).count() == 2
        event = Event.objects.get(kind="conversation.continued")
    assert event.data["agreed"] is True
    assert "text" not in event.data
    take(cast.channel, mail(letter("Thank you!", sender="Ann <ann@berg.example>", refs=[delivery.external_id])))
    with scope.system():
        assert Message.objects.filter(conversation=complaint).count() == 3
    page = client.get(reverse("conversation", args=[complaint.id])).content.decode()
    assert "By e-mail: " in page
    assert "In public: Our parrot" in page
    assert page.count('<span class="badge">Our parrot</span>') == 1  # each message says by which channel it came


def test_a_way_that_is_closed_meanwhile_is_refused_and_the_words_stay(
    complaint: Conversation, perch: Channel, cast: Cast, sign_in: SignIn
) -> None:
    Channel.objects.filter(id=perch.id).update(enabled=False)
    client = sign_in(cast.admin)
    answer = client.post(
        reverse("say", args=[complaint.id]), {"kind": "reply", "text": "My words", "way": f"{perch.id}:public"}
    )
    assert answer.status_code == 400
    assert "My words" in answer.content.decode()
    assert deliveries() == []


def test_what_the_channel_cannot_take_is_refused_before_it_is_written(
    complaint: Conversation, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise Invalid("It is too long for a parrot.", "Say less.")

    monkeypatch.setattr(Parrot, "prepare", refuse)
    assert say(sign_in(cast.admin), complaint) == 400
    assert deliveries() == []
    with scope.system():
        assert Message.objects.filter(conversation=complaint).count() == 1


def test_the_parts_of_an_answer_are_shown_before_it_goes(
    complaint: Conversation, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parrot, "parts", lambda self, account, draft: [draft.text[:4], f"<{draft.text[4:]}>"])
    page = sign_in(cast.admin).post(reverse("parts", args=[complaint.id]), {"text": "We mend"}).content.decode()
    assert "We m" in page
    assert "&lt;end&gt;" in page


def test_changed_and_deleted_messages_are_shown_as_such(
    complaint: Conversation, perch: Channel, cast: Cast, sign_in: SignIn
) -> None:
    url = "javascript:alert(1)"
    take(perch, item("p2", "Second", refs=["p1"], url=url, warning="Feathers"), item("p2", "2nd", **{"is": "edited"}))
    take(perch, item("p1", **{"is": "deleted"}), item("p2", by="ben", **{"is": "reaction", "sign": "❤"}))
    page = sign_in(cast.admin).get(reverse("conversation", args=[complaint.id])).content.decode()
    assert '<details class="item-before"><summary>What it said before</summary><ol><li dir="auto">Second</li>' in page
    for words in ("Deleted by its author", "Changed, ", "Feathers", "❤ 1", "item-gone"):
        assert words in page
    assert "javascript:" not in page
