"""What members do from the page of a conversation."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from rapport.conversations.models import Conversation, Message
from rapport.core import scope
from rapport.outbound.models import Delivery
from rapport.web.composer import addresses_of, written
from tests.web.cast import Cast
from tests.web.conftest import SignIn


def _now(cast: Cast) -> Conversation:
    with scope.system():
        return Conversation.objects.select_related("owner_member", "owner_team", "topic").get(id=cast.conversation.id)


def _act(cast: Cast, verb: str) -> str:
    return reverse("act", args=[cast.conversation.id, verb])


def test_reply_is_queued_with_its_file_and_can_be_taken_back(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    said = {"kind": "reply", "to": "Carla <carla@shop.example>", "cc": "", "text": "On its way.", "quote": "yes"}
    page = client.post(
        _act(cast, "say"), said | {"files": SimpleUploadedFile("a.txt", b"abc")}, headers={"HX-Request": "true"}
    )
    assert "On its way." in page.content.decode()
    assert "Goes out in" in page.content.decode()
    with scope.system():
        delivery = Delivery.objects.get(conversation=cast.conversation)
        assert delivery.recipients["to"] == [["Carla", "carla@shop.example"]]
    undone = client.post(
        reverse("undo", args=[cast.conversation.id, delivery.message_id]), headers={"HX-Request": "true"}
    )
    assert "Your words are in the box again" in undone.content.decode()
    assert ">On its way.</textarea>" in undone.content.decode()
    with scope.system():
        assert Delivery.objects.get(conversation=cast.conversation).state == "cancelled"


def test_reply_to_a_wrong_address_says_so_and_loses_no_word(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.agent).post(_act(cast, "say"), {"kind": "reply", "to": "not an address", "text": "Dear Carla"})
    assert page.status_code == 400
    assert ">Dear Carla</textarea>" in page.content.decode()
    assert "is no e-mail address" in page.content.decode()
    with scope.system():
        assert not Delivery.objects.exists()


def test_note_is_added_and_sent_to_nobody(cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.agent).post(_act(cast, "say"), {"kind": "note", "text": "She called, too."})
    with scope.system():
        assert Message.objects.get(conversation=cast.conversation, direction="note").text == "She called, too."
        assert not Delivery.objects.exists()


def test_conversation_is_assigned_resolved_reopened_and_given_a_priority_and_topic(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    client.post(_act(cast, "assign"), {"to": f"member:{cast.lead.id}"})
    client.post(_act(cast, "priority"), {"priority": "3"})
    client.post(_act(cast, "topic"), {"topic": ""})
    client.post(_act(cast, "status"), {"status": "resolved"})
    after = _now(cast)
    assert (after.owner_member, after.priority, after.topic, after.status) == (cast.lead, 3, None, "resolved")
    client.post(_act(cast, "reopen"))
    assert _now(cast).status == "open"


def test_giving_it_to_a_team_one_does_not_see_leads_back_to_the_list(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.agent).post(_act(cast, "assign"), {"to": f"team:{cast.people_team.id}"})
    assert response.status_code == 302
    assert response["Location"] == "/inbox/all/"
    assert _now(cast).confidential


def test_nonsense_is_refused_with_words(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    for verb, data in (
        ("assign", {"to": "member:nobody"}),
        ("priority", {"priority": "9"}),
        ("topic", {"topic": "x"}),
        ("status", {"status": "x"}),
    ):
        page = client.post(_act(cast, verb), data, follow=True)
        assert page.status_code == 200
        assert "toast" in page.content.decode()
    assert client.post(_act(cast, "explode")).status_code == 404


def test_relationship_is_added_and_ended_by_hand(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    added = client.post(
        reverse("relationship_add", args=[cast.customer.id]), {"kind": "journalist"}, headers={"HX-Request": "true"}
    )
    assert "Journalist" in added.content.decode()
    with scope.system():
        one = cast.customer.relationships.get(kind="journalist")
    client.post(reverse("relationship_end", args=[cast.customer.id, one.id]))
    with scope.system():
        assert cast.customer.relationships.get(kind="journalist").until is not None


def test_addresses_are_written_as_people_read_them_and_read_back_as_they_were() -> None:
    given = [("Mareike Tönnsen", "m@shop.example"), ("Doe, Jane", "j@shop.example"), ("", "x@shop.example")]
    assert written(given) == 'Mareike Tönnsen <m@shop.example>, "Doe, Jane" <j@shop.example>, x@shop.example'
    assert addresses_of(written(given), "To") == given
