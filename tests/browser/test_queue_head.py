"""Above the list of a team: how many wait stays a line of its own, however long it is said when the next will."""

import pytest

from rapport.core import scope
from rapport.staff.models import Member, Team
from tests.browser.conftest import PHONE, Place
from tests.web.cast import make_conversation

pytestmark = pytest.mark.browser
_LINES = """([line, said]) => {
  line.querySelector(".faint").textContent = said;
  const words = document.createRange();
  words.selectNodeContents(line.querySelector(".grow"));
  return new Set([...words.getClientRects()].map((one) => Math.round(one.top))).size;
}"""
_LONG = "Between Mon 30 Nov, 09:00 and Tue 1 Dec, 08:40"


def test_how_many_wait_is_one_line_beside_a_long_expectation(place: Place) -> None:
    Team.objects.filter(id=place.cast.service.id).update(taken_by="handed")
    Member.objects.update(capacity=0)
    with scope.system():
        make_conversation("Matter", "A parcel.", place.cast.customer, place.cast.service, place.cast.channel)
    page = place.page(place.cast.agent)
    page.goto("/teams/customer-service/")
    line = page.locator(".queue-head").element_handle()
    assert page.evaluate(_LINES, [line, _LONG]) == 1
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate(_LINES, [line, _LONG]) == 1
