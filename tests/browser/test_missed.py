"""What changes while a page, a conversation or an answer is on its way is shown without another change."""

from playwright.sync_api import expect

from rapport.conversations import actions
from rapport.core import scope
from rapport.ownership.actions import assign
from tests.browser.conftest import Place
from tests.browser.held import Held
from tests.web.cast import make_conversation


def test_what_changes_between_a_pages_making_and_its_live_connection_is_shown(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.agent)
    page.goto("/inbox/all/")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    live = Held(page, "**/live?*")
    page.goto(f"/c/{cast.conversation.id}/?in=all")
    place.until(page, lambda: live.kept, "the page to listen")
    actions.note(cast.conversation.id, cast.lead, "I called her.")
    assert page.locator(".item-note").count() == 0
    live.let_go()
    expect(page.locator(".item-note")).to_contain_text("I called her.")
    # Only what changed, by the position that the page brought: nobody had to ask for everything.
    assert not [url for url in asked if "newest=1" in url]


def test_what_changes_while_a_conversation_is_on_its_way_is_shown_in_it(place: Place) -> None:
    cast = place.cast
    with scope.system():
        other = make_conversation("Another", "x", cast.customer, cast.service, cast.channel, minutes_ago=90)
    page = place.page(cast.agent)
    page.goto(f"/c/{cast.conversation.id}/?in=all")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    coming = Held(page, f"**/c/{other.id}/*", answered=True)
    page.locator(f"#c-{other.id} .row-link").click()
    place.until(page, lambda: coming.kept, "the conversation to be made")
    with page.expect_response(lambda answer: f"ids={other.id}" in answer.url):
        actions.note(other.id, cast.lead, "I called her.")
    coming.let_go()
    expect(page.locator(f'[data-conversation="{other.id}"]')).to_be_visible()
    expect(page.locator(".item-note")).to_contain_text("I called her.")


def test_a_page_that_was_cut_off_asks_for_all_that_it_shows(place: Place) -> None:
    cast = place.cast
    page = place.page(cast.lead)
    page.route("**/live?*", lambda route: route.abort())
    again = Held(page, "**/live-token/")
    page.goto("/leads/customer-service/")
    place.until(page, lambda: again.kept, "the page to listen again")
    page.unroute("**/live?*")
    assign(cast.conversation.id, cast.admin, cast.service, cast.agent)
    again.let_go()
    mine = page.locator(f'[data-lane="{cast.agent.id}"] [data-card="{cast.conversation.id}"]')
    expect(mine).to_be_visible()


def test_what_others_move_while_ones_own_move_is_on_its_way_stands_where_it_belongs(place: Place) -> None:
    cast = place.cast
    with scope.system():
        one, two = (
            make_conversation(f"Matter {n}", "x", cast.customer, cast.service, cast.channel, minutes_ago=300 - n)
            for n in range(2)
        )
    page = place.page(cast.lead)
    page.goto("/leads/customer-service/")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    moving = Held(page, "**/move/", answered=True)
    page.locator(f"#card-{one.id}").check()
    page.get_by_label("Move the chosen to").select_option(label="Ana Agent")
    page.get_by_role("button", name="Move", exact=True).click()
    place.until(page, lambda: moving.kept, "it to be moved")
    assign(two.id, cast.admin, cast.service, cast.agent)
    # Long enough for the news of it to be there, and for what they ask for.
    page.wait_for_timeout(2000)
    moving.let_go()
    for moved in (one, two):
        expect(page.locator(f'[data-lane="{cast.agent.id}"] [data-card="{moved.id}"]')).to_be_visible()
