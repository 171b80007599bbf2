"""Saved views: kept, shared, put in order, counted, and honest about what is gone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from rapport.conversations import views as saving
from rapport.conversations.models import Conversation, SavedView, Topic
from rapport.core import scope
from rapport.core.clock import now
from rapport.staff.models import Member
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db


def save(sign_in: SignIn, member: Member, **given: str) -> SavedView:
    """A view saved on its page."""
    form = {"name": "A view", "query": "is:waiting", "sort": "activity", "shared": "me", **given}
    answer = sign_in(member).post("/views/new/", form)
    assert answer.status_code == 302, answer.content.decode()
    with scope.system():
        found = SavedView.objects.order_by("-created_at").first()
    assert found is not None
    return found


def names(sign_in: SignIn, member: Member) -> list[str]:
    """The views in a member's sidebar, in order."""
    with scope.member(member.id):
        return [view.name for view in saving.views_of(member)]


def test_a_view_is_saved_shown_changed_and_deleted(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    form = client.get("/views/new/?" + urlencode({"q": "is:waiting  team:me", "sort": "age"})).content.decode()
    assert 'value="is:waiting team:me"' in form
    view = save(sign_in, cast.agent, name="What waits", query="is:waiting  team:me", sort="age")
    assert (view.query, view.sort, view.position) == ("is:waiting team:me", "age", 0)
    page = client.get(f"/views/{view.id}/").content.decode()
    assert "What waits" in page
    assert "Refund for order 1009" in page
    assert f"/c/{cast.conversation.id}/?in=view-{view.id}" in page
    assert client.get(f"/c/{cast.conversation.id}/?in=view-{view.id}").status_code == 200
    changed = {"name": "Waiting", "query": "is:late", "sort": "promise", "shared": "me"}
    client.post(f"/views/{view.id}/change/", changed)
    assert "Refund for order 1009" not in client.get(f"/views/{view.id}/").content.decode()
    assert client.post(f"/views/{view.id}/delete/").status_code == 302
    assert client.get(f"/views/{view.id}/").status_code == 404


def test_whom_a_view_is_for_decides_who_has_it(cast: Cast, sign_in: SignIn) -> None:
    save(sign_in, cast.agent, name="Mine alone")
    save(sign_in, cast.agent, name="Of the team", shared=str(cast.service.id))
    save(sign_in, cast.lead, name="Of all", shared="all")
    assert names(sign_in, cast.agent) == ["Mine alone", "Of the team", "Of all"]
    assert names(sign_in, cast.lead) == ["Of the team", "Of all"]
    assert names(sign_in, cast.hr) == ["Of all"]


def test_only_whose_view_it_is_or_who_leads_changes_it(cast: Cast, sign_in: SignIn) -> None:
    own = save(sign_in, cast.agent, name="Mine alone")
    shared = save(sign_in, cast.agent, name="Of the team", shared=str(cast.service.id))
    form = {"name": "Stolen", "query": "", "sort": "activity", "shared": str(cast.service.id)}
    for member in (cast.reader, cast.hr, cast.lead):
        for view in (own, shared):
            answers = {
                sign_in(member).post(f"/views/{view.id}/{what}/", form).status_code for what in ("change", "move")
            }
            expected = {302} if member == cast.lead and view == shared else {403, 404} | {200}
            assert answers <= expected, (member.name, view.name)
    assert sign_in(cast.hr).post(f"/views/{shared.id}/delete/").status_code == 404
    assert sign_in(cast.reader).post(f"/views/{shared.id}/delete/").status_code == 403
    with scope.system():
        assert SavedView.objects.get(id=own.id).name == "Mine alone"
        assert SavedView.objects.get(id=shared.id).name == "Stolen"  # by the lead


def test_who_does_not_lead_cannot_share_with_everyone(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.agent).post("/views/new/", {"name": "x", "query": "", "sort": "activity", "shared": "all"})
    assert answer.status_code == 200
    with scope.system():
        assert not SavedView.objects.exists()


def test_views_are_put_in_order(cast: Cast, sign_in: SignIn) -> None:
    views = [save(sign_in, cast.agent, name=name) for name in ("One", "Two", "Three")]
    client = sign_in(cast.agent)
    client.post(f"/views/{views[2].id}/move/", {"step": "up"})
    assert names(sign_in, cast.agent) == ["One", "Three", "Two"]
    client.post(f"/views/{views[0].id}/move/", {"step": "down"})
    client.post(f"/views/{views[1].id}/move/", {"step": "down"})
    assert names(sign_in, cast.agent) == ["Three", "One", "Two"]


def test_a_view_on_what_was_deleted_says_so_and_shows_what_remains(cast: Cast, sign_in: SignIn) -> None:
    Topic.objects.create(name="Strikes", slug="strikes")
    view = save(sign_in, cast.agent, query="topic:strikes is:waiting team:dissolved")
    Topic.objects.filter(slug="strikes").delete()
    page = sign_in(cast.agent).get(f"/views/{view.id}/").content.decode()
    assert "topic:strikes" in page
    assert "There is no team:dissolved any more" in page
    assert "Refund for order 1009" in page


def test_views_are_counted_up_to_a_bound_and_only_what_one_may_see(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = save(sign_in, cast.lead, query="is:waiting", shared="all")
    words = save(sign_in, cast.lead, query="parcel", shared="all")
    assert sign_in(cast.agent).get("/views/counts/").json() == {str(waiting.id): "1"}
    with scope.system():
        for number in range(4):
            make_conversation(f"M{number}", "A parcel.", cast.customer, cast.service, cast.channel)
    monkeypatch.setattr(saving, "COUNTED_MAX", 3)
    monkeypatch.setattr("rapport.web.views.COUNTED_MAX", 3)
    assert sign_in(cast.agent).get("/views/counts/").json() == {str(waiting.id): "3+"}
    assert sign_in(cast.hr).get("/views/counts/").json() == {str(waiting.id): "3+"}
    assert words.id


def test_counting_that_takes_long_is_given_up_and_nothing_else(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sign_in, cast.agent)
    monkeypatch.setattr(saving, "page_statement", lambda *_: ("SELECT pg_sleep(5)", []))
    monkeypatch.setattr(saving, "_COUNTING_MS", 20)
    assert sign_in(cast.agent).get("/views/counts/").json() == {}


def test_a_view_of_snoozed_or_of_resolved_shows_these(cast: Cast, sign_in: SignIn) -> None:
    snoozed = save(sign_in, cast.agent, query="is:snoozed team:me")
    resolved = save(sign_in, cast.agent, query="status:resolved")
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(
            snoozed=True, snoozed_until=now() + timedelta(days=1)
        )
    client = sign_in(cast.agent)
    assert "Refund for order 1009" in client.get(f"/views/{snoozed.id}/").content.decode()
    assert "Refund for order 1009" not in client.get(f"/views/{resolved.id}/").content.decode()
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(snoozed=False, status="resolved")
    assert "Refund for order 1009" in client.get(f"/views/{resolved.id}/").content.decode()


@pytest.mark.parametrize("many", [1, 12])
def test_the_pages_of_views_and_search_keep_to_their_budget(
    many: int, cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with scope.system():
        for number in range(many):
            SavedView.objects.create(name=f"V{number}", query="is:late team:me topic:refund", member=cast.agent)
            make_conversation(f"M{number}", "A parcel.", cast.customer, cast.service, cast.channel, minutes_ago=number)
        view = SavedView.objects.create(name="Late", query="is:waiting topic:refund team:me", member=cast.agent)
    client = sign_in(cast.agent)
    client.get("/counts/")
    client.get("/search/?q=parcel")  # how common words are is asked once in ten minutes
    for url, budget in (("/views/", 16), (f"/views/{view.id}/", 26), ("/search/?q=parcel+topic:refund+from:carla", 36)):
        with django_assert_max_num_queries(budget):
            assert client.get(url).status_code == 200
