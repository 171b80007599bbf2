"""The conversation's page: what is done with a whole matter, who is here, and what is taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from rapport.conversations import following, presence, reading
from rapport.conversations.models import Conversation, Direction, Link, Message, Presence, Subscription, Watch
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def fresh(one: Conversation) -> Conversation:
    with scope.system():
        return Conversation.objects.get(id=one.id)


def second(cast: Cast) -> Conversation:
    with scope.system():
        return make_conversation("Refund again", "Where is it?", cast.customer, cast.service, cast.channel)


def say_more(one: Conversation) -> Message:
    with scope.system():
        return Message.objects.create(
            conversation=one, channel=one.channel, direction=Direction.IN, person=one.person, text="More.", at=now()
        )


def do(client: Any, one: Conversation, verb: str, **given: Any) -> Any:
    return client.post(reverse("act", args=[one.id, verb]), given, headers=HTMX)


def test_snoozed_until_they_answer_and_undone_from_the_toast(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    page = do(client, cast.conversation, "snooze", until="answer").content.decode()
    assert fresh(cast.conversation).snoozed
    assert "Snoozed until they answer" in page
    assert "Back into the lists now" in page
    with scope.system():
        batch = Event.objects.get(kind="conversation.snoozed").data["batch"]
    undo_url = reverse("undo_act", args=[cast.conversation.id, batch])
    assert undo_url in page
    client.post(undo_url, headers=HTMX)
    assert not fresh(cast.conversation).snoozed


@pytest.mark.parametrize("until", ["", "yesterday", "2020-01-01T09:00", "2999-01-01T09:00"])
def test_a_time_that_is_none_changes_nothing_and_says_so(cast: Cast, sign_in: SignIn, until: str) -> None:
    answer = do(sign_in(cast.agent), cast.conversation, "snooze", until=until)
    assert answer.status_code == 200
    assert "toast" in answer.content.decode()
    assert not fresh(cast.conversation).snoozed


def test_an_event_is_undone_from_the_timeline_and_from_the_log(cast: Cast, sign_in: SignIn) -> None:
    client, one = sign_in(cast.agent), cast.conversation
    do(client, one, "priority", priority="3")
    with scope.system():
        event = Event.objects.get(kind="conversation.priority")
    undo_url = reverse("undo_event", args=[event.id])
    assert undo_url in client.get(reverse("conversation", args=[one.id])).content.decode()
    log = reverse("events")
    assert undo_url in client.get(log).content.decode()
    assert client.post(undo_url, {"next": log}).url == log
    assert fresh(one).priority == 1
    page = client.get(reverse("conversation", args=[one.id])).content.decode()
    assert undo_url not in page
    assert "undid:" in page
    assert client.post(undo_url, {"next": "https://elsewhere.example/"}).url == log


def test_merging_shows_its_effect_first_and_is_undone(cast: Cast, sign_in: SignIn) -> None:
    client, one, other = sign_in(cast.agent), cast.conversation, second(cast)
    choose = reverse("other", args=[one.id, "merge"])
    assert other.subject in client.get(choose, headers=HTMX).content.decode()
    shown = client.get(f"{choose}?other={other.id}", headers=HTMX).content.decode()
    assert "Keep this one" in shown
    assert "1 message of" in shown
    assert fresh(other).merged_into is None
    do(client, one, "merge", other=other.id, into=one.id)
    assert fresh(other).merged_into == one.id
    assert client.get(reverse("conversation", args=[other.id])).url == reverse("conversation", args=[one.id])
    with scope.system():
        event = Event.objects.get(kind="conversation.merged")
    client.post(reverse("undo_event", args=[event.id]), headers=HTMX)
    assert fresh(other).merged_into is None


def test_the_other_one_may_stay_instead(cast: Cast, sign_in: SignIn) -> None:
    client, one, other = sign_in(cast.agent), cast.conversation, second(cast)
    page = do(client, one, "merge", other=other.id, into=other.id)
    assert fresh(one).merged_into == other.id
    assert str(other.id) in page.content.decode()


def test_messages_are_split_off_and_moved(cast: Cast, sign_in: SignIn) -> None:
    client, one, other = sign_in(cast.agent), cast.conversation, second(cast)
    first, then = say_more(one), say_more(one)
    do(client, one, "split", messages=[first.id])
    with scope.system():
        made = Message.objects.get(id=first.id).conversation
    assert made.id not in (one.id, other.id)
    shown = client.get(reverse("other", args=[one.id, "move"]) + f"?messages={then.id}", headers=HTMX)
    assert str(then.id) in shown.content.decode()
    do(client, one, "move", messages=[then.id], other=other.id)
    with scope.system():
        assert Message.objects.get(id=then.id).conversation_id == other.id
    do(client, one, "split", messages=["rubbish"])
    with scope.system():
        assert Conversation.objects.count() == 4


def test_a_link_shows_beside_and_only_to_those_who_see_both(cast: Cast, sign_in: SignIn) -> None:
    client, one, other = sign_in(cast.agent), cast.conversation, second(cast)
    do(client, one, "link", other=other.id)
    assert "Linked" in client.get(reverse("conversation", args=[other.id])).content.decode()
    do(client, one, "unlink", other=other.id)
    assert do(client, one, "link", other=cast.secret.id).status_code == 404
    with scope.system():
        assert Event.objects.filter(kind="conversation.linked").count() == 2
    assert "grievance" not in client.get(reverse("other", args=[one.id, "link"]) + "?q=Zanzibar").content.decode()


@pytest.mark.parametrize("verb", ["snooze", "wake", "merge", "split", "move", "link", "unlink"])
def test_outsiders_and_readers_do_nothing(cast: Cast, sign_in: SignIn, verb: str) -> None:
    given = {"until": "answer", "other": str(second(cast).id), "messages": str(cast.conversation.id)}
    assert sign_in(cast.agent).post(reverse("act", args=[cast.secret.id, verb]), given).status_code == 404
    assert sign_in(cast.reader).post(reverse("act", args=[cast.conversation.id, verb]), given).status_code == 403
    with scope.system():
        assert not Event.objects.filter(actor_id__isnull=False, conversation_id__isnull=False).exists()


def test_each_member_follows_mutes_and_watches_for_themselves(cast: Cast, sign_in: SignIn) -> None:
    client, one = sign_in(cast.reader), cast.conversation
    for interest in ("follow", "mute", "mute"):
        client.post(reverse("interest", args=[one.id]), {"interest": interest}, headers=HTMX)
    with scope.system():
        assert [(s.member_id, s.interest) for s in Subscription.objects.all()] == [(cast.reader.id, "mute")]
    with scope.member(cast.agent.id):
        assert not Subscription.objects.exists()
    client.post(reverse("interest", args=[one.id]), {"interest": "none"}, headers=HTMX)
    assert client.post(reverse("interest", args=[cast.secret.id]), {"interest": "mute"}).status_code == 404
    person = reverse("watch_person", args=[cast.customer.id])
    client.post(person, {"watch": "yes"})
    client.post(person, {"watch": "yes"})
    client.post(reverse("watch_organization", args=[cast.customer.organization_id]), {"watch": "yes"})
    assert client.post(reverse("watch_person", args=[cast.secretive.id]), {"watch": "yes"}).status_code == 404
    with scope.system():
        assert not Subscription.objects.exists()
        assert Watch.objects.count() == 2
    client.post(person, {"watch": "no"})
    with scope.system():
        assert Watch.objects.count() == 1
        assert not Event.objects.filter(actor_id=cast.reader.id, conversation_id__isnull=False).exists()


def test_who_is_here_is_shown_to_others_and_outsiders_see_nothing(cast: Cast, sign_in: SignIn) -> None:
    here = reverse("here", args=[cast.conversation.id])
    sign_in(cast.reader).post(here, {"typing": ""})
    client = sign_in(cast.agent)
    assert "Rex Reader is here" in client.post(here, {"typing": "reply"}).content.decode()
    assert "Ana Agent is typing a reply" in sign_in(cast.lead).get(here).content.decode()
    assert "Ana Agent" not in client.get(here).content.decode()
    secret = reverse("here", args=[cast.secret.id])
    assert sign_in(cast.hr).post(secret, {"typing": "note"}).status_code == 200
    assert client.post(secret, {"typing": "note"}).status_code == 404
    assert "Hana" not in client.get(secret).content.decode()
    client.post(here, {"leave": "1"})
    with scope.system():
        assert set(Presence.objects.values_list("member__name", flat=True)) == {"Rex Reader", "Hana Hartmann"}


def test_a_word_of_presence_is_sent_only_when_something_changed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(presence.notify, "changed", lambda *change: told.append(change))
    with scope.member(cast.hr.id):
        for typing in ("", "", "reply", "reply", "nonsense"):
            with django_assert_max_num_queries(2):
                presence.enter(cast.secret.id, cast.hr, typing)
    assert told == [("presence", cast.secret.id, [cast.people_team.id])] * 3


def test_opening_it_marks_it_as_read_and_what_is_muted_is_never_unread(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        type(cast.agent).objects.update(joined_at="2020-01-01T00:00:00Z")
    cast.agent.refresh_from_db()
    say_more(cast.conversation)
    with scope.member(cast.agent.id):
        assert reading.unread_ids(cast.agent, [cast.conversation.id])
        following.mute(cast.conversation.id, cast.agent)
        assert not reading.unread_ids(cast.agent, [cast.conversation.id])
        following.unfollow(cast.conversation.id, cast.agent)
    assert sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).status_code == 200
    with scope.member(cast.agent.id):
        assert not reading.unread_ids(cast.agent, [cast.conversation.id])


def test_what_came_by_a_clock_ahead_of_ours_is_read_when_it_was_looked_at(cast: Cast, sign_in: SignIn) -> None:
    soon = new_id(int((now() + timedelta(minutes=2)).timestamp() * 1000))
    with scope.system():
        ahead = Message.objects.create(
            id=soon, conversation=cast.conversation, direction=Direction.IN, text="Soon.", at=now()
        )
    sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id]))
    with scope.member(cast.agent.id):
        assert not reading.unread_ids(cast.agent, [ahead.conversation_id])
        reading.mark_unread([ahead.conversation_id], cast.agent)
        assert reading.unread_ids(cast.agent, [ahead.conversation_id])


def test_a_note_that_names_a_conversation_links_it(cast: Cast, sign_in: SignIn) -> None:
    one, other = cast.conversation, second(cast)
    links = [f'<a data-conversation="{id}" href="/c/{id}/">#That</a>' for id in (other.id, cast.secret.id)]
    html = f"<p>As in {links[0]} and {links[1]}</p>"
    sign_in(cast.agent).post(reverse("say", args=[one.id]), {"kind": "note", "html": html}, headers=HTMX)
    with scope.system():
        assert [{link.low_id, link.high_id} for link in Link.objects.all()] == [{one.id, other.id}]
