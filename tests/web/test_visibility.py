"""Nothing of a confidential conversation reaches anybody who may not see it, by any address."""


from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from rapport.conversations import spreading
from rapport.conversations.models import Conversation
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.people.models import Person
from rapport.staff.models import Team
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn


def test_its_own_team_sees_it(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.hr).get(reverse("conversation", args=[cast.secret.id])).content.decode()
    assert "Zanzibar grievance" in page
    assert "xylophone" in page


def test_who_is_in_a_conversation_one_may_not_see_is_no_question_one_can_ask(cast: Cast, sign_in: SignIn) -> None:
    here = reverse("here", args=[cast.secret.id])
    assert sign_in(cast.agent).get(here).status_code == 404
    assert sign_in(cast.hr).get(here).status_code == 200


@pytest.mark.parametrize(
    "verb", ["say", "status", "assign", "priority", "topic", "confidential", "involve", "uninvolve", "reopen"]
)
def test_acting_on_what_one_may_not_see_is_404_and_on_what_a_reader_sees_403(
    verb: str, cast: Cast, sign_in: SignIn
) -> None:
    hidden = reverse("act", args=[cast.secret.id, verb])
    assert sign_in(cast.agent).post(hidden, {"status": "resolved"}).status_code == 404
    seen = reverse("act", args=[cast.conversation.id, verb])
    assert sign_in(cast.reader).post(seen, {"status": "resolved"}).status_code == 403
    with scope.system():
        assert type(cast.secret).objects.get(id=cast.secret.id).status == "open"
        assert type(cast.conversation).objects.get(id=cast.conversation.id).status == "open"


def test_all_conversations_of_a_team_follow_what_the_team_becomes(
    cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with scope.system():
        for number in range(12):
            make_conversation(f"Matter {number}", "A parcel.", cast.customer, cast.service, cast.channel)
    client = sign_in(cast.admin)
    given = {"name": cast.service.name, "taken_by": cast.service.taken_by, "is_active": "on"}
    given |= {"hand_over": cast.service.hand_over, "at_once": cast.service.at_once or ""}
    client.get("/counts/")
    with django_assert_max_num_queries(40):
        assert client.post(reverse("team", args=[cast.service.id]), given).status_code == 302
    with scope.system():
        audiences = Conversation.objects.filter(owner_team=cast.service).values_list("audience", flat=True)
        assert len(audiences) == 13
        assert all(found == [cast.service.id] for found in audiences)


def test_what_was_decided_as_a_team_was_changed_follows_as_soon_as_that_is_committed(
    cast: Cast, sign_in: SignIn, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    given = {"name": cast.service.name, "taken_by": cast.service.taken_by, "is_active": "on", "confidential": "on"}
    given |= {"hand_over": cast.service.hand_over, "at_once": cast.service.at_once}
    with django_capture_on_commit_callbacks(execute=True):
        assert sign_in(cast.admin).post(reverse("team", args=[cast.service.id]), given).status_code == 302
        with scope.system():
            Conversation.objects.filter(id=cast.conversation.id).update(audience=[EVERYONE])
    with scope.system():
        assert Conversation.objects.get(id=cast.conversation.id).audience == [cast.service.id]


def test_who_sees_more_conversations_of_a_team_knows_of_the_people_in_them_too(cast: Cast) -> None:
    with scope.system():
        Team.objects.filter(id=cast.service.id).update(is_open=False)
        cast.service.refresh_from_db()
        spreading.spread(cast.service)
        Person.objects.filter(id=cast.customer.id).update(audience=[cast.service.id])
        Team.objects.filter(id=cast.service.id).update(is_open=True)
    # By whatever way it was changed; twice is once.
    assert (spreading.catch_up() > 0, spreading.catch_up()) == (True, 0)
    with scope.system():
        assert Conversation.objects.get(id=cast.conversation.id).audience == [EVERYONE]
        assert Person.objects.get(id=cast.customer.id).audience == [EVERYONE]


def test_a_mail_that_was_decided_while_its_team_became_confidential_is_found_and_kept_to_it(cast: Cast) -> None:
    with scope.system():
        Team.objects.filter(id=cast.service.id).update(is_open=False, confidential=True)
        Conversation.objects.filter(id=cast.conversation.id).update(audience=[EVERYONE])
        spreading.catch_up()
        assert Conversation.objects.get(id=cast.conversation.id).audience == [cast.service.id]
