"""The directory by keyboard: from the list to a person, changing what is known of them, and back; several at once."""

import pytest
from playwright.sync_api import expect

from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.people.models import Person
from tests.browser.conftest import Place
from tests.web.cast import make_person

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_the_list_to_a_person_and_back_by_keyboard(place: Place) -> None:
    with scope.system():
        ann = make_person("Ann Example", "ann@example.org", [EVERYONE])
    page = place.page(place.cast.agent)
    page.goto("/people/")
    page.keyboard.press("/")
    page.keyboard.type("ann ex")
    expect(page.locator("#rows .row")).to_have_count(1)
    expect(page).to_have_url(f"{place.url}/people/?q=ann+ex")
    page.keyboard.press("Escape")
    expect(page.locator("#people-q")).to_have_value("ann ex")
    page.keyboard.press("j")
    expect(page.locator(".row-link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Ann Example")
    page.wait_for_load_state()
    page.keyboard.press("e")
    expect(page.locator("#id_name")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Ann Changed")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#details .person-top")).to_contain_text("Ann Changed")
    page.keyboard.press("e")
    expect(page.locator("#id_name")).to_be_focused()
    page.keyboard.type("never mind")
    page.keyboard.press("Escape")
    expect(page.locator("#id_name")).to_have_count(0)
    expect(page.locator("#details .person-top")).to_contain_text("Ann Changed")
    page.keyboard.press("Backspace")
    expect(page).to_have_url(f"{place.url}/people/?q=ann+ex")
    with scope.system():
        assert Person.objects.get(id=ann.id).name == "Ann Changed"


def test_several_are_changed_by_keyboard_and_it_is_undone(place: Place) -> None:
    with scope.system():
        ann = make_person("Ann Example", "ann@example.org", [EVERYONE])
    page = place.page(place.cast.agent)
    page.goto("/people/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".bulk-count")).to_have_text("1 selected")
    page.locator("#bulk [data-choices*=more] > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#bulk [value='stop=1']").press("Enter")
    expect(page.locator(f"#c-{ann.id}")).to_contain_text("Do not contact")
    page.keyboard.press("Control+z")
    expect(page.locator(f"#c-{ann.id}")).not_to_contain_text("Do not contact")
    assert not place.problems


def test_a_change_to_all_that_match_is_undone_where_it_is_told(place: Place) -> None:
    with scope.system():
        ann = make_person("Ann Example", "ann@example.org", [EVERYONE])
    page = place.page(place.cast.agent)
    page.goto("/people/bulk/?q=ann")
    page.locator("[name=verb][value=stop]").click()
    expect(page.locator(f"#c-{ann.id}")).to_contain_text("Do not contact")
    page.wait_for_load_state()
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    expect(page.locator(f"#c-{ann.id}")).not_to_contain_text("Do not contact")
    assert not place.problems
