"""Leads hear of a burst of decisions against the past once; nobody else does, nor who made it."""

from datetime import timedelta

from rapport.core import scope
from rapport.core.clock import now
from rapport.notices import doubts
from rapport.notices.models import Notice
from rapport.notices.words import line_of
from rapport.ownership.models import Burst
from tests.web.cast import Cast


def test_leads_are_told_once_of_decisions_against_the_past_and_where_to_look(cast: Cast) -> None:
    with scope.system():
        burst = Burst.objects.create(
            member=cast.lead, since=now() - timedelta(hours=1), until=now(), count=20, against=19,
            conversation=cast.conversation,
        )  # fmt: skip
    assert doubts.run() == 1
    assert doubts.run() == 0
    with scope.system():
        told = Notice.objects.select_related("conversation", "member").get()
        assert (told.member, told.reason, told.cause) == (cast.admin, "contradicted", burst.id)
        line = line_of(told, told.conversation)
        assert line.what.startswith("Lea Lead decided much against")
        assert line.url == "/policy/learning/"
        Burst.objects.update(settled="right", member=cast.agent)
        Burst.objects.create(member=cast.agent, since=now(), until=now(), count=20, against=19)
    assert doubts.run() == 0, "one is settled, of the other the conversation is gone"
