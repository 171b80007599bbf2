"""Mentions are read in volume and made conversations one by one; calls are written down in ten seconds."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Mention, Message
from rapport.core import scope
from rapport.core.models import Event
from rapport.inbound import intake, pipeline
from tests.channels.parrot import item
from tests.web.cast import Cast
from tests.web.conftest import SignIn, cast, sign_in

__all__ = ["cast", "sign_in"]
pytestmark = pytest.mark.django_db
FOUND = {"origin": "search", "found_by": "#cages", "public": True}


@pytest.fixture
def found(perch: Channel, cast: Cast) -> Channel:
    posts = [
        item(f"s{n}", f"Cages, {n} of them", by=f"kim{n}", at=f"2026-03-04T09:00:{n:02}+00:00", reach=n * 500, **FOUND)
        for n in range(60)
    ]
    url = "javascript:alert(1)"
    posts.append(item("x", "<script>alert(1)</script>", by="eve", url=url, **{**FOUND, "found_by": "brand"}))
    intake.accept(perch, posts)
    pipeline.run_batch()
    return perch


def test_they_are_listed_newest_first_by_words_search_and_reach(found: Channel, cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), reverse("mentions")
    page = client.get(url).content.decode()
    assert page.count('class="card mention') == 50
    assert page.index("Cages, 59 of them") < page.index("Cages, 58 of them")
    following = page.partition("before=")[2].partition('"')[0]
    rest = client.get(f"{url}?before={following}").content.decode()
    assert rest.count('class="card mention') == 11
    assert "&lt;script&gt;" in rest
    assert "javascript:" not in rest
    assert client.get(url, {"q": "59 of"}).content.decode().count('class="card mention') == 1
    assert client.get(url, {"by": "brand"}).content.decode().count('class="card mention') == 1
    assert client.get(url, {"reach": "29000"}).content.decode().count('class="card mention') == 2
    assert client.get(url, {"channel": "nonsense"}).status_code == 400
    assert client.get(url, {"before": "nonsense"}).status_code == 400


def test_one_is_made_a_conversation_once(found: Channel, cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        mention = Mention.objects.get(external_id="s7")
        before = Conversation.objects.count()
    client, url = sign_in(cast.agent), reverse("mention_take", args=[mention.channel_id, mention.id])
    first, second = client.post(url), client.post(url)
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    with scope.system():
        assert Conversation.objects.count() == before + 1
        mention = Mention.objects.get(external_id="s7")
        message = Message.objects.get(conversation_id=mention.taken_into)
        assert Event.objects.filter(kind="mention.taken").count() == 1
    assert (message.text, message.public) == ("Cages, 7 of them", True)
    assert client.get(first["Location"]).status_code == 200
    answer = item("a1", "More of it", by="kim7", refs=["s7"])
    intake.accept(found, [answer])
    pipeline.run_batch()
    with scope.system():
        assert Message.objects.filter(conversation_id=mention.taken_into).count() == 2


def test_a_reader_reads_and_takes_nothing(found: Channel, cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        mention = Mention.objects.get(external_id="s7")
    client = sign_in(cast.reader)
    assert client.get(reverse("mentions")).status_code == 200
    assert client.post(reverse("mention_take", args=[mention.channel_id, mention.id])).status_code == 403
    with scope.system():
        assert Mention.objects.filter(taken_into=None).count() == 61


def test_a_deleted_post_is_shown_as_such(found: Channel, cast: Cast, sign_in: SignIn) -> None:
    intake.accept(found, [item("s59", **{"is": "deleted"}), item("s58", "Cages, none", **{"is": "edited"} | FOUND)])
    pipeline.run_batch()
    page = sign_in(cast.agent).get(reverse("mentions")).content.decode()
    assert "mention-gone" in page
    assert "Cages, none" in page


def test_a_call_is_written_into_a_conversation_and_answers_it(cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.agent), f"{reverse('call_new')}?conversation={cast.conversation.id}"
    assert client.get(url).status_code == 200
    assert client.post(url, {"text": "They are happy now.", "who": "we", "minutes": "4"}).status_code == 302
    with scope.system():
        call = Message.objects.get(kind="call")
        conversation = Conversation.objects.get(id=cast.conversation.id)
    assert (call.direction, call.member_id, call.about) == ("out", cast.agent.id, {"minutes": 4})
    assert not conversation.awaiting_answer
    assert conversation.first_answered_at
    page = client.get(reverse("conversation", args=[conversation.id])).content.decode()
    assert "They are happy now." in page


def test_a_call_begins_a_conversation_of_the_members_team(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    given = {"text": "Asked for a price.", "who": "they", "team": str(cast.service.id), "subject": "Prices"}
    answer = client.post(f"{reverse('call_new')}?person={cast.customer.id}", given)
    assert answer.status_code == 302
    with scope.system():
        made = Conversation.objects.get(subject="Prices")
    assert (made.owner_team_id, made.owner_member_id, made.person_id) == (
        cast.service.id, cast.agent.id, cast.customer.id,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""}, {"text": " "}, {"minutes": "-1"}, {"minutes": "9999"}, {"who": "nobody"},
        {"at": (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")}, {"team": "nonsense"},
    ],
)  # fmt: skip
def test_a_call_that_makes_no_sense_is_refused_and_nothing_is_written(
    wrong: dict[str, str], cast: Cast, sign_in: SignIn
) -> None:
    given = {"text": "Hello", "who": "they", "minutes": "1", "team": str(cast.service.id), **wrong}
    assert sign_in(cast.agent).post(reverse("call_new"), given).status_code == 200
    with scope.system():
        assert not Message.objects.filter(kind="call").exists()


def test_a_mention_that_went_into_confidence_is_there_for_nobody_else(
    found: Channel, cast: Cast, sign_in: SignIn
) -> None:
    with scope.system():
        mention = Mention.objects.get(external_id="s59")
    url = reverse("mention_take", args=[mention.channel_id, mention.id])
    sign_in(cast.agent).post(url)
    with scope.system():
        taken = Mention.objects.get(external_id="s59").taken_into
        Conversation.objects.filter(id=taken).update(
            confidential=True, owner_team=cast.people_team, audience=[cast.people_team.id]
        )
        events = Event.objects.count()
    outside = sign_in(cast.agent)
    page = outside.get(reverse("mentions")).content.decode()
    assert "Cages, 59 of them" not in page
    assert str(taken) not in page
    assert outside.post(url).status_code == 404
    with scope.system():
        assert Event.objects.count() == events
    assert "Cages, 59 of them" in sign_in(cast.hr).get(reverse("mentions")).content.decode()
