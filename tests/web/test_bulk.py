"""One act on many: done by the verb for one, told as it is, taken back as one, and never more than the member may."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from rapport.conversations import reading
from rapport.conversations.models import Conversation, Interest, Message, Seen, Subscription
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.models import Event
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

FIELDS = (
    "status", "owner_team_id", "owner_member_id", "topic_id", "priority", "snoozed", "snoozed_until", "merged_into",
    "audience", "awaiting_answer", "resolved_at", "confidential", "message_count",
)  # fmt: skip

NOBODY = "019b0000-0000-7000-8000-000000000000"


@pytest.fixture
def three(cast: Cast) -> list[Conversation]:
    """Three open conversations of the service team."""
    with scope.system():
        more = [
            make_conversation(f"Matter {n}", "A parcel.", cast.customer, cast.service, cast.channel) for n in (1, 2)
        ]
    return [cast.conversation, *more]


def do(client: Client, verb: str, ids: list[UUID], value: str = "") -> HttpResponse:
    given = {"verb": verb, "value": value, "ids": ",".join(map(str, ids))}
    answer: Any = client.post(reverse("bulk"), given, headers={"HX-Request": "true"})
    return answer  # type: ignore[no-any-return]


def undo_of(answer: HttpResponse) -> str:
    found = re.search(r'action="(/bulk/undo/[^"]+)"', answer.content.decode())
    assert found, answer.content.decode()
    return found.group(1)


def state(ids: list[UUID]) -> list[dict[str, Any]]:
    with scope.system():
        return list(Conversation.objects.filter(id__in=ids).order_by("id").values("id", *FIELDS))


def counted() -> tuple[int, int, int, int]:
    with scope.system():
        return Event.objects.count(), Seen.objects.count(), Subscription.objects.count(), Message.objects.count()


def _values(cast: Cast) -> dict[str, str]:
    return {
        "assign": f"member:{cast.lead.id}", "topic": str(cast.topic.id), "priority": "3", "snooze": "answer",
    }  # fmt: skip


CHANGES: dict[str, Callable[[Conversation, Cast], bool]] = {
    "resolve": lambda c, cast: c.status == "resolved",
    "spam": lambda c, cast: c.status == "spam",
    "assign": lambda c, cast: c.owner_member_id == cast.lead.id,
    "priority": lambda c, cast: c.priority == 3,
    "snooze": lambda c, cast: c.snoozed,
    "topic": lambda c, cast: c.topic_id == cast.topic.id,
}


@pytest.mark.parametrize("verb", CHANGES)
def test_every_verb_is_done_to_all_and_undone_to_exactly_what_was(
    verb: str, cast: Cast, three: list[Conversation], sign_in: SignIn
) -> None:
    client, ids = sign_in(cast.agent), [one.id for one in three]
    before = state(ids)
    answer = do(client, verb, ids, _values(cast).get(verb, ""))
    assert answer.status_code == 200
    with scope.system():
        assert all(CHANGES[verb](one, cast) for one in Conversation.objects.filter(id__in=ids))
        batches = Event.objects.filter(data__has_key="batch").values_list("data__batch", flat=True)
        assert len(set(batches)) == 1
    undone = client.post(undo_of(answer), headers={"HX-Request": "true"})
    assert undone.status_code == 200
    assert state(ids) == before


def test_reopening_and_waking_are_undone_too(cast: Cast, three: list[Conversation], sign_in: SignIn) -> None:
    client, ids = sign_in(cast.agent), [one.id for one in three]
    for first, then in (("resolve", "reopen"), ("snooze", "wake")):
        do(client, first, ids, "answer")
        before = state(ids)
        answer = do(client, then, ids)
        assert state(ids) != before
        client.post(undo_of(answer), headers={"HX-Request": "true"})
        assert state(ids) == before
        do(client, "reopen", ids)


def test_merging_makes_one_of_all_and_is_undone(cast: Cast, three: list[Conversation], sign_in: SignIn) -> None:
    client, ids = sign_in(cast.agent), [one.id for one in three]
    before = state(ids)
    answer = do(client, "merge", ids)
    assert "3 conversations are one now." in answer.content.decode()
    with scope.system():
        assert Conversation.objects.filter(id__in=ids, merged_into__isnull=False).count() == 2
    client.post(undo_of(answer), headers={"HX-Request": "true"})
    assert state(ids) == before


def test_marks_of_ones_own_are_undone_to_what_each_was(cast: Cast, three: list[Conversation], sign_in: SignIn) -> None:
    client, ids = sign_in(cast.reader), [one.id for one in three]
    at = now() - timedelta(days=2)
    with scope.system():
        Seen.objects.create(conversation=three[0], member=cast.reader, at=at)
        Subscription.objects.create(conversation=three[1], member=cast.reader, interest=Interest.MUTE)
    seen, wishes = _seen(cast), _wishes(cast)
    # One is muted: what one wants to hear nothing of is never unread.
    for verb, expected in (("read", 0), ("unread", 2)):
        answer = do(client, verb, ids)
        with scope.member(cast.reader.id):
            assert len(reading.unread_ids(cast.reader, ids)) == expected
        client.post(undo_of(answer), headers={"HX-Request": "true"})
        assert _seen(cast) == seen
    for verb, expected in (("follow", 3), ("unfollow", 0)):
        answer = do(client, verb, ids)
        assert list(_wishes(cast).values()).count("follow") == expected
        client.post(undo_of(answer), headers={"HX-Request": "true"})
        assert _wishes(cast) == wishes


def _seen(cast: Cast) -> dict[UUID, Any]:
    with scope.system():
        return dict(Seen.objects.filter(member=cast.reader).values_list("conversation_id", "at"))


def _wishes(cast: Cast) -> dict[UUID, str]:
    with scope.system():
        return dict(Subscription.objects.filter(member=cast.reader).values_list("conversation_id", "interest"))


@pytest.mark.parametrize("verb", [*CHANGES, "reopen", "wake", "merge", "read", "unread", "follow", "unfollow"])
def test_what_one_may_not_see_could_not_and_not_a_byte_of_it_is_told(
    verb: str, cast: Cast, three: list[Conversation], sign_in: SignIn
) -> None:
    """An outsider's act on a confidential conversation beside one's own, and beside one that does not exist."""
    value = _values(cast).get(verb, "")
    before = state([cast.secret.id])
    client = sign_in(cast.agent)
    answer = do(client, verb, [cast.secret.id, new_id()], value)
    text = answer.content.decode()
    told = "Only one was selected" if verb == "merge" else "There is no such conversation."
    assert told in text
    for byte in ("Zanzibar", "xylophone", "Sigrid", str(cast.secret.id)):
        assert byte not in text
    assert state([cast.secret.id]) == before
    with scope.system():
        assert not Event.objects.filter(conversation_id=cast.secret.id).exclude(kind="conversation.opened").exists()
        assert not Seen.objects.filter(conversation=cast.secret).exists()
        assert not Subscription.objects.filter(conversation=cast.secret).exists()


def test_a_partial_failure_is_told_and_the_others_are_done(
    cast: Cast, three: list[Conversation], sign_in: SignIn
) -> None:
    answer = do(sign_in(cast.agent), "resolve", [three[0].id, cast.secret.id, three[1].id])
    text = answer.content.decode()
    assert "2 conversations resolved." in text
    assert "1 of 3 could not: There is no such conversation." in text
    assert [row["status"] for row in state([cast.secret.id])] == ["open"]
    assert {row["status"] for row in state([three[0].id, three[1].id])} == {"resolved"}


@pytest.mark.parametrize("verb", [*CHANGES, "reopen", "wake", "merge"])
def test_a_reader_changes_nothing(verb: str, cast: Cast, three: list[Conversation], sign_in: SignIn) -> None:
    ids = [one.id for one in three]
    before, counts = state(ids), counted()
    assert do(sign_in(cast.reader), verb, ids, _values(cast).get(verb, "")).status_code == 403
    assert (state(ids), counted()) == (before, counts)


@pytest.mark.parametrize(
    ("verb", "value"),
    [("assign", "member:nobody"), ("assign", ""), ("assign", f"team:{NOBODY}"), ("topic", NOBODY),
     ("snooze", "someday"), ("priority", "9"), ("no-such", ""), ("snooze", "1999-01-01T00:00")],
)  # fmt: skip
def test_nonsense_changes_nothing(
    verb: str, value: str, cast: Cast, three: list[Conversation], sign_in: SignIn
) -> None:
    ids = [one.id for one in three]
    before, counts = state(ids), counted()
    answer = do(sign_in(cast.agent), verb, ids, value)
    said = answer.content.decode()
    assert answer.status_code in (400, 404) or ("3 of 3 could not" in said and "3 conversations" not in said)
    assert (state(ids), counted()) == (before, counts)


def test_too_many_and_none_are_refused_whole(cast: Cast, sign_in: SignIn) -> None:
    client, before = sign_in(cast.agent), counted()
    assert do(client, "resolve", [cast.conversation.id, *(new_id() for _ in range(500))]).status_code == 400
    assert do(client, "resolve", []).status_code == 400
    assert state([cast.conversation.id])[0]["status"] == "open"
    assert counted() == before


def test_nobody_undoes_what_another_did(cast: Cast, three: list[Conversation], sign_in: SignIn) -> None:
    ids = [one.id for one in three]
    url = undo_of(do(sign_in(cast.agent), "resolve", ids))
    before = state(ids)
    for other in (cast.lead, cast.hr, cast.reader):
        assert sign_in(other).post(url, headers={"HX-Request": "true"}).status_code in (403, 404)
    assert state(ids) == before


def test_what_changed_since_is_told_and_left_alone(cast: Cast, three: list[Conversation], sign_in: SignIn) -> None:
    client, ids = sign_in(cast.agent), [one.id for one in three]
    url = undo_of(do(client, "resolve", ids))
    do(sign_in(cast.lead), "reopen", ids[:1])
    do(sign_in(cast.lead), "spam", ids[:1])
    text = client.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "1 of 3 could not be undone" in text
    statuses = {row["id"]: row["status"] for row in state(ids)}
    assert statuses == {ids[0]: "spam", ids[1]: "open", ids[2]: "open"}


def test_giving_away_to_a_confidential_team_is_undone_by_who_did_it(
    cast: Cast, three: list[Conversation], sign_in: SignIn
) -> None:
    client, ids = sign_in(cast.agent), [one.id for one in three]
    before = state(ids)
    answer = do(client, "assign", ids, f"team:{cast.people_team.id}")
    assert client.get(reverse("conversation", args=[ids[0]])).status_code == 404
    client.post(undo_of(answer), headers={"HX-Request": "true"})
    assert state(ids) == before


def test_without_script_the_form_leads_back_to_the_list(cast: Cast, three: list[Conversation], sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    answer = client.post(f"{reverse('bulk')}?in=teams", {"verb": "resolve", "ids": [str(one.id) for one in three]})
    assert answer.status_code == 302
    assert answer["Location"] == "/inbox/teams/"
    assert "3 conversations resolved." in client.get("/inbox/teams/").content.decode()


def test_menus_of_the_bar_offer_colleagues_times_and_topics(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    urls = {what: reverse("bulk_choices", args=[what]) for what in ("assign", "snooze", "more")}
    said = {what: client.get(url).content.decode() for what, url in urls.items()}
    assert "Lea Lead" in said["assign"]
    assert "Rex Reader" not in said["assign"]
    assert "Tomorrow morning" in said["snooze"]
    assert "Refund" in said["more"]
    assert "Urgent" in said["more"]
    assert client.get(reverse("bulk_choices", args=["secrets"])).status_code == 404
    assert "Urgent" not in sign_in(cast.reader).get(reverse("bulk_choices", args=["more"])).content.decode()
