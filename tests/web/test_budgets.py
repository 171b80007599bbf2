"""A page asks the database as often for forty rows as for one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from rapport.core import scope
from tests.web.cast import Cast, make_conversation, make_person
from tests.web.conftest import SignIn

#: Queries for a signed-in member: session, member, scope and the sidebar (teams, counts, views, notices) included.
BUDGETS = {
    "inbox": 17, "rows": 15, "counts": 12, "conversation": 41, "timeline": 26, "search": 32, "people": 20, "person": 33,
    "organizations": 21, "organization": 32, "custom_fields": 15, "people_bulk": 27,
    "policy": 24, "policy_overview": 24, "policy_learning": 28, "events": 18, "staff": 22, "channels": 18,
    "quarantine": 17,
}  # fmt: skip


def _url(name: str, cast: Cast) -> str:
    args: dict[str, list[Any]] = {
        "inbox": ["all"], "rows": ["all"], "conversation": [cast.conversation.id], "timeline": [cast.conversation.id],
        "person": [cast.customer.id], "organization": [cast.customer.organization_id],
    }  # fmt: skip
    extra = {"search": "?q=parcel", "rows": "?newest=1"}.get(name, "")
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
    client = sign_in(cast.admin)
    client.get("/counts/")
    with django_assert_max_num_queries(BUDGETS[name]):
        assert client.get(_url(name, cast)).status_code == 200
