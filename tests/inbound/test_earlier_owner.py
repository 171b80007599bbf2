"""Whose a person's latest conversation was."""

import pytest

from rapport.conversations.models import Conversation
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.inbound import deciding
from rapport.people.models import Person
from tests.inbound.post import make_team


@pytest.mark.django_db
@pytest.mark.parametrize("first", [0, 1])
def test_of_two_of_the_same_moment_it_is_the_one_that_began_later_whichever_was_written_first(first: int) -> None:
    at, ids = now(), sorted([new_id(), new_id()])
    teams = [make_team("sales"), make_team("service")]
    with scope.system():
        who = Person.objects.create(name="Cleo", audience=[EVERYONE])
        for number in (first, 1 - first):
            Conversation.objects.create(
                id=ids[number], person=who, owner_team=teams[number], audience=[EVERYONE], last_activity_at=at
            )
        assert deciding._earlier_owners([who.root]) == {who.root: "service"}
