"""A page asks the database as often for forty rows as for one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.notices.models import Happening, Notice
from rapport.ownership.service import current_policy
from rapport.staff.models import Membership, Team
from tests.web.cast import Cast, make_conversation, make_person
from tests.web.conftest import SignIn

#: Queries for a signed-in member: session, member, scope and the sidebar (teams, counts, views, notices) included.
BUDGETS = {
    "inbox": 17, "rows": 15, "counts": 12, "conversation": 41, "timeline": 26, "search": 32, "people": 20, "person": 33,
    "organizations": 21, "organization": 32, "custom_fields": 15, "people_bulk": 27,
    "policy": 25, "policy_overview": 25, "policy_figures": 12, "policy_learning": 28,
    "events": 18, "staff": 22, "channels": 18,
    "quarantine": 17, "policy_overruled": 11, "policy_promise": 19, "on_call": 19, "best_now": 23,
    "notice_round": 17, "promise_report": 22, "promise_rows": 20,
}  # fmt: skip


_ROUND = UUID(int=1)


def _watched(cast: Cast) -> None:
    """What everybody's team watches has news, told to the admin in one round."""
    team = Team.objects.create(name="Watching", slug="watching")
    Membership.objects.create(member=cast.admin, team=team)
    Conversation.objects.update(involved=[team.id])
    Happening.objects.bulk_create(
        Happening(team=team, conversation=one, event_id=new_id(), what="said", at=now())
        for one in Conversation.objects.filter(confidential=False)
    )
    last = Happening.objects.order_by("-id").values_list("id", flat=True).first() or 0
    Notice.objects.create(id=_ROUND, member=cast.admin, cause=new_id(), reason="involved", team=team, until=last)


def _url(name: str, cast: Cast) -> str:
    args: dict[str, list[Any]] = {
        "inbox": ["all"], "rows": ["all"], "conversation": [cast.conversation.id], "timeline": [cast.conversation.id],
        "person": [cast.customer.id], "organization": [cast.customer.organization_id], "on_call": ["customer-service"],
        "best_now": [cast.conversation.id], "promise_rows": ["missed"], "notice_round": [_ROUND],
        "policy_figures": ["teams"],
    }  # fmt: skip
    extra = {"search": "?q=parcel", "rows": "?newest=1", "policy_overruled": "?days=28",
             "promise_rows": "?start=2026-01-01T00:00:00Z&end=2099-01-01T00:00:00Z"}.get(name, "")
    return reverse(name, args=args.get(name, [])) + extra


@pytest.mark.parametrize("name", BUDGETS)
def test_page_keeps_to_its_budget_with_many_rows(
    name: str, cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with scope.system():
        for number in range(25):
            person = make_person(f"Person {number}", f"p{number}@shop{number}.example", cast.conversation.audience)
            make_conversation(
                f"Matter {number}", "A parcel again.", person, cast.service, cast.channel, minutes_ago=number
            )
            make_conversation(
                f"Again {number}", "A parcel.", cast.customer, cast.service, cast.channel, minutes_ago=number
            )
        _watched(cast)
    client = sign_in(cast.admin)
    client.get("/counts/")
    # A process reads each version of the policy once: it has, whichever test came first.
    current_policy()
    with django_assert_max_num_queries(BUDGETS[name]):
        assert client.get(_url(name, cast)).status_code == 200
