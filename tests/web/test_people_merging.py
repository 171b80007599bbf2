"""Putting people together on the pages: chosen, shown before, done, taken apart; and every page shows them as one."""

import pytest
from django.test import Client
from django.urls import reverse

from rapport.conversations import following
from rapport.conversations.asking.names import people_named
from rapport.conversations.listing import View
from rapport.conversations.models import Conversation, ThreadRef, Watch
from rapport.conversations.queries import earlier_of, list_conversations
from rapport.core import scope
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.notices.matters import matters, staff
from rapport.people import merging
from rapport.people.models import Consent, Handle, Merge, Pair, PairState, Person, Relationship, Release
from tests.web.cast import Cast, make_conversation, make_person
from tests.web.conftest import SignIn


@pytest.fixture
def twin(cast: Cast) -> Person:
    """Carla again, by her private address, with a conversation of her own."""
    with scope.system():
        made = make_person("C. Customer", "carla@home.example", list(cast.customer.audience))
        Person.objects.filter(id=made.id).update(language="de", organization=None)
        Relationship.objects.create(person=made, kind="partner")
        make_conversation("A private question", "Are you open on Sunday?", made, cast.service, cast.channel)
    return made


def merged(cast: Cast, twin: Person) -> Merge:
    with scope.member(cast.agent.id):
        return merging.merge(cast.customer, twin, cast.agent)


def text_of(client: Client, url: str) -> str:
    response = client.get(url, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_one_chooses_whom_sees_what_it_does_and_does_it(cast: Cast, twin: Person, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), reverse("person_merge", args=[cast.customer.id])
    assert "carla@home.example" in text_of(client, f"{url}?q=carla")
    shown = text_of(client, f"{url}?other={twin.id}")
    assert "carla@shop.example" in shown
    assert "carla@home.example" in shown
    assert "Language, so far not said, comes from C. Customer: German" in shown
    assert "Merge under Carla Customer" in shown
    assert "Merge under C. Customer" in shown
    response = client.post(url, {"other": twin.id, "into": cast.customer.id})
    assert response["Location"] == reverse("person", args=[cast.customer.id])
    with scope.system():
        assert Person.objects.get(id=twin.id).merged_into == cast.customer.id
        assert Person.objects.get(id=cast.customer.id).language == "de"


def test_nothing_is_done_where_the_two_were_kept_apart_unless_one_says_so(
    cast: Cast, twin: Person, sign_in: SignIn
) -> None:
    low, high = sorted((cast.customer.id, twin.id))
    with scope.system():
        Pair.objects.create(low_id=low, high_id=high, probability=0.9, state=PairState.REFUSED)
    client, url = sign_in(cast.agent), reverse("person_merge", args=[cast.customer.id])
    assert "I know, and they are one person all the same" in text_of(client, f"{url}?other={twin.id}")
    assert client.post(url, {"other": twin.id}).status_code == 400
    with scope.system():
        assert not Merge.objects.exists()
    client.post(url, {"other": twin.id, "although_refused": "yes"})
    with scope.system():
        assert Merge.objects.get().although_refused


def test_every_page_shows_the_two_as_one(cast: Cast, twin: Person, sign_in: SignIn) -> None:
    merged(cast, twin)
    client = sign_in(cast.agent)
    assert client.get(reverse("person", args=[twin.id]))["Location"] == reverse("person", args=[cast.customer.id])
    page = text_of(client, reverse("person", args=[twin.id]))
    for said in ("carla@shop.example", "carla@home.example", "A private question", "Refund for order 1009", "Partner"):
        assert said in page
    with scope.system():
        second = Conversation.objects.get(subject="A private question")
    pane = text_of(client, reverse("conversation", args=[second.id]))
    assert "Refund for order 1009" in pane
    assert "carla@shop.example" in pane
    assert "Carla Customer" in text_of(client, reverse("inbox", args=["all"]) + "?q=")
    people = text_of(client, reverse("people"))
    assert people.count(f'href="{reverse("person", args=[cast.customer.id])}"') == 1
    assert reverse("person", args=[twin.id]) not in people
    assert "C. Customer" not in text_of(client, reverse("inbox", args=["all"]))
    assert "A private question" in text_of(client, reverse("search") + "?q=from:carla")
    log = text_of(client, reverse("events") + f"?person={cast.customer.id}")
    assert "A private question" in log


def test_whoever_is_found_by_two_addresses_is_found_once(cast: Cast, twin: Person) -> None:
    merged(cast, twin)
    with scope.member(cast.agent.id):
        assert people_named("carla", 10) == [cast.customer.id]
        assert people_named("carla@home.example", 10) == [cast.customer.id]
        assert {one.subject for one in earlier_of(twin.id)} == {"A private question", "Refund for order 1009"}
        rows = list_conversations(View(cast.agent, frozenset([cast.service.id]))).rows
        assert {one.person for one in rows} == {"Carla Customer"}


def test_consent_and_relationships_follow_and_come_back_apart(cast: Cast, twin: Person, sign_in: SignIn) -> None:
    with scope.system():
        Consent.objects.create(person=twin, purpose="news", given=True)
        before = list(Relationship.objects.order_by("id").values()), list(Consent.objects.values())
    made = merged(cast, twin)
    client = sign_in(cast.agent)
    page = text_of(client, reverse("person", args=[cast.customer.id]))
    assert "Put together from" in page
    assert "C. Customer" in page
    assert "Language comes from here: German" in page
    client.post(reverse("person_unmerge", args=[made.id]), {"apart": "yes"})
    with scope.system():
        assert (list(Relationship.objects.order_by("id").values()), list(Consent.objects.values())) == before
        assert Person.objects.get(id=twin.id).root == twin.id
        assert Pair.objects.get().state == PairState.REFUSED
    assert "carla@home.example" not in text_of(client, reverse("person", args=[cast.customer.id]))


def test_whoever_watches_one_address_hears_of_the_other(cast: Cast, twin: Person) -> None:
    with scope.member(cast.reader.id):
        following.watch_person(twin.id, cast.reader)
    merged(cast, twin)
    with scope.system():
        event = Event.objects.get(conversation_id=cast.conversation.id, kind="conversation.opened")
        matter = matters([event], staff())[cast.conversation.id]
        assert cast.reader.id in matter.watchers
    with scope.member(cast.reader.id):
        assert following.watches_person(cast.customer, cast.reader)
        following.unwatch_person(cast.customer.id, cast.reader)
    with scope.system():
        assert not Watch.objects.exists()


def test_a_secret_one_put_under_a_public_one_tells_others_nothing(cast: Cast, twin: Person, sign_in: SignIn) -> None:
    urls = [
        reverse("person", args=[cast.customer.id]), reverse("people"), reverse("people") + "?q=sigrid",
        reverse("search") + "?q=sigrid", reverse("search") + "?q=from:carla", reverse("inbox", args=["all"]),
        reverse("conversation", args=[cast.conversation.id]), reverse("recipients") + "?q=carla",
        reverse("palette_found") + "?q=carla", reverse("person_merge", args=[cast.customer.id]),
    ]  # fmt: skip
    client = sign_in(cast.agent)
    with scope.system():
        merging.merge(cast.customer, cast.secretive, cast.hr)
    for url in urls:
        page = text_of(client, url)
        for word in ("Secretive", "sigrid@company.example", "Zanzibar", str(cast.secretive.id)):
            assert word.lower() not in page.lower().replace("q=sigrid", "").replace('value="sigrid"', ""), (url, word)
    # Counts too: of the two conversations the page of the merge tells of one.
    shown = text_of(client, reverse("person_merge", args=[cast.customer.id]) + f"?other={twin.id}")
    assert "Carla Customer: 1 conversation<" in shown


def test_an_address_is_let_go_and_given_back(cast: Cast, sign_in: SignIn) -> None:
    client, person = sign_in(cast.agent), reverse("person", args=[cast.customer.id])
    url = reverse("handle_release", args=[cast.customer.id])
    assert client.post(url, {"handle": "email nobody@else.example"}).status_code == 400
    client.post(url, {"handle": "email carla@shop.example"})
    assert "no longer theirs" in text_of(client, person)
    with scope.system():
        assert not Handle.objects.filter(person=cast.customer).exists()
        made = Release.objects.get()
    with scope.member(cast.agent.id):
        assert not people_named("carla@shop.example", 5)
    client.post(reverse("handle_return", args=[made.id]))
    with scope.system():
        assert Handle.objects.get(value="carla@shop.example").person_id == cast.customer.id


def test_a_chat_is_not_carried_on_by_the_next_owner_of_its_number(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        cast.channel.kind = "whatsapp"
        cast.channel.save()
        Handle.objects.create(kind="phone", value="+4930123456", person=cast.customer)
        room, said = new_id(), new_id()
        ThreadRef.objects.create(ref=room, conversation_id=cast.conversation.id)
        ThreadRef.objects.create(ref=said, conversation_id=cast.conversation.id, digest=new_id())
    client = sign_in(cast.agent)
    client.post(reverse("handle_release", args=[cast.customer.id]), {"handle": "phone +4930123456"})
    with scope.system():
        assert list(ThreadRef.objects.values_list("ref", flat=True)) == [said]
        made = Release.objects.get()
    client.post(reverse("handle_return", args=[made.id]))
    with scope.system():
        assert set(ThreadRef.objects.values_list("ref", flat=True)) == {room, said}


def test_a_reader_is_offered_nothing_and_may_do_nothing(cast: Cast, twin: Person, sign_in: SignIn) -> None:
    client, url = sign_in(cast.reader), reverse("person_merge", args=[cast.customer.id])
    assert url not in text_of(client, reverse("person", args=[cast.customer.id]))
    assert client.post(url, {"other": twin.id}).status_code == 403
    with scope.system():
        assert not Merge.objects.exists()
