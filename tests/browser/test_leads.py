"""Team load in a real browser: handed over by drag, by keyboard and by touch, taken back, and kept true live."""

from playwright.sync_api import expect

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.ownership.actions import assign
from tests.browser.conftest import PHONE, Place
from tests.web.cast import make_conversation


def _owner(one: Conversation) -> object:
    with scope.system():
        return Conversation.objects.get(id=one.id).owner_member_id


def test_work_is_handed_over_by_drag_and_by_keyboard_and_taken_back(place: Place) -> None:
    cast = place.cast
    with scope.system():
        made = [
            make_conversation(f"Matter {n}", "x", cast.customer, cast.service, cast.channel, minutes_ago=300 - n)
            for n in range(3)
        ]
    page = place.page(cast.lead)
    page.goto("/leads/customer-service/")
    expect(page.locator("[data-state=live]").first).to_be_attached()
    first = page.locator(f'[data-card="{made[0].id}"]')
    ana, lea = page.locator(f'[data-lane="{cast.agent.id}"]'), page.locator(f'[data-lane="{cast.lead.id}"]')

    first.drag_to(ana)
    expect(ana.locator(f'[data-card="{made[0].id}"]')).to_be_visible()
    assert _owner(made[0]) == cast.agent.id
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f'[data-lane="nobody"] [data-card="{made[0].id}"]')).to_be_visible()
    assert _owner(made[0]) is None

    page.locator(f"#card-{made[1].id}").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-chosen]")).to_have_text("Chosen: 1")
    page.keyboard.press("m")
    page.keyboard.type("Lea")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(lea.locator(f'[data-card="{made[1].id}"]')).to_be_visible()
    assert _owner(made[1]) == cast.lead.id

    page.locator(f"#card-{made[0].id}").check()
    assign(made[2].id, cast.admin, cast.service, cast.agent)
    expect(ana.locator(f'[data-card="{made[2].id}"]')).to_be_visible()
    expect(page.locator(f"#card-{made[0].id}")).to_be_checked()

    phone = place.page(cast.lead, PHONE)
    phone.goto("/leads/customer-service/")
    phone.locator(f"#card-{made[0].id}").check()
    phone.get_by_label("Move the chosen to").select_option(label="Ana Agent")
    phone.get_by_role("button", name="Move", exact=True).click()
    expect(phone.locator(f'[data-lane="{cast.agent.id}"] [data-card="{made[0].id}"]')).to_be_visible()
    assert _owner(made[0]) == cast.agent.id
