"""No page and no state of one breaks a rule of accessibility that a machine can find, or is wider than its window.

`make test` looks at the places where people work all day, in all four looks (light or dark, desk or phone);
`make looks`, as .ci/run does, at every page and state in all four, and at some in high contrast and in Arabic.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rapport.conversations import actions
from rapport.conversations.desk import SavedView, Template
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.options import options
from rapport.notices.models import Notice
from rapport.ownership.forms import policy_to_dict
from rapport.ownership.handing import turns
from rapport.ownership.models import WhatIf
from rapport.ownership.service import current_policy
from rapport.ownership.simulate import jobs
from rapport.people.models import CustomField, Segment
from rapport.staff.models import Company
from tests.browser.conftest import DESK, PHONE, Place
from tests.web.cast import Cast, make_conversation

RULES = {
    # What passes is not worked out to the last element: that was most of the time.
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}
LOOKS = [(DESK, "light"), (PHONE, "dark"), (DESK, "dark"), (PHONE, "light")]
_OUTSIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 4).map((one) => one.outerHTML.slice(0, 90))"""
_STILL = """() => Promise.all(document.getAnimations()
  .filter((one) => one.effect.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => 0)))"""
# What is fetched where it is folded out is asked for by then.
_OPEN = """async (selector) => {
  document.querySelectorAll(selector).forEach((one) => (one.open = true));
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
}"""

State = tuple[str, Callable[[Page], None]]


def _covered(violation: dict[str, Any]) -> bool:
    """Whether it only says that an open menu lies over what is behind it, as it should."""
    reasons = [one for node in violation["nodes"] for one in node["any"] if one["id"] == "target-size"]
    covers = [other["html"] for one in reasons for other in one["relatedNodes"]]
    obscured = all((one["data"] or {}).get("messageKey") == "partiallyObscured" for one in reasons)
    return bool(covers) and obscured and all('class="menu-item' in html for html in covers)


def _check(page: Page, what: str) -> list[str]:
    # What is still coming would change under the eyes of whoever looks.
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.evaluate(_STILL)
    found = [one for one in Axe().run(page, options=RULES).response["violations"] if not _covered(one)]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth")
    lines = [
        f"{what}: {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found
    ]
    return [*lines, f"{what}: wider than the window: {page.evaluate(_OUTSIDE)}"] if wide else lines


def _opened(selector: str) -> Callable[[Page], None]:
    """Fold out what is folded in."""
    return lambda page: page.evaluate(_OPEN, selector)


def _dialog(page: Page, key: str) -> None:
    page.locator("body").press(key)
    expect(page.locator("dialog[open] button").first).to_be_visible()


def _palette(page: Page) -> None:
    _dialog(page, "Control+k")
    expect(page.locator("#palette-list [role=option]").first).to_be_visible()


def _select(page: Page) -> None:
    page.locator(".row-link").first.focus()
    page.keyboard.press("x")
    expect(page.locator(".bulk")).to_be_visible()


def _write(page: Page) -> None:
    page.locator("#composer .editor").click()
    page.keyboard.type("Dear Carla,")
    _opened(".composer-copies, .send-menu")(page)
    expect(page.locator("#composer [data-tools]")).to_be_visible()


def _note(page: Page) -> None:
    page.locator("body").press("n")
    page.keyboard.type("Ask @")
    expect(page.locator("[role=option]").first).to_be_visible()


def _choose(page: Page) -> None:
    page.locator("body").press("s")
    expect(page.locator(".choosing-bar")).to_be_visible()


def _take_out(page: Page) -> None:
    page.locator("[name=teams]:checked").uncheck()
    page.locator("main form .form-actions .button-primary").first.click()
    expect(page.locator("h1")).to_contain_text("Who goes on with")


def _nothing(page: Page) -> None:
    """The page as it opens."""


def _states(place: Place) -> list[State]:
    """What one can open on the pages, as an address and how."""
    talk = f"/c/{place.cast.conversation.id}/"
    return [
        (talk, _opened("#why")),
        (talk, _opened("#assign-menu")),
        (talk, _opened("#snooze-menu")),
        (talk, _opened("#interest-menu")),
        (talk, _opened(".conversation-actions details:last-of-type")),
        (talk, lambda page: _dialog(page, "m")),
        (talk, lambda page: _dialog(page, "?")),
        (talk, _write),
        (talk, _note),
        (talk, _choose),
        (f"{talk}#person", _nothing),
        ("/inbox/all/", _palette),
        ("/inbox/all/", _select),
        # One after the other: a menu that opens closes those that stand open.
        ("/inbox/all/", _opened("#sort-menu")),
        ("/inbox/all/", _opened(".thumbbar .menu")),
        ("/inbox/all/", _opened(".side-foot .menu")),
        ("/search/?q=parcel", _opened(".query-help, .facets")),
        ("/reports/", _opened(".chart-table")),
        ("/people/", _select),
        (f"/people/{place.cast.customer.id}/", _opened("#relations details, .directory-filters")),
        (f"/people/{place.cast.customer.id}/", _opened("#addresses details, #merged details, #rights details")),
        ("/people/", _opened(".bar .menu")),
    ]


def _pages(place: Place) -> list[str]:
    cast = place.cast
    rows = "/reports/rows/opened/?start=2020-01-01T00:00Z&end=2100-01-01T00:00Z"
    with scope.system():
        template, view, tried = Template.objects.get(), SavedView.objects.get(), WhatIf.objects.get()
        gathered = Notice.objects.get(conversation=None)
    return [
        "/inbox/mine/", "/inbox/snoozed/", "/inbox/followed/", "/inbox/drafts/", f"/views/{view.id}/", "/views/",
        "/views/new/", f"/views/{view.id}/change/", "/notices/", "/notices/settings/",
        f"/notices/rounds/{gathered.id}/", "/inbox/watched/", "/new/", "/templates/",
        "/templates/new/", f"/templates/{template.id}/", "/search/", "/search/?q=parcel", "/search/?q=from:(((",
        "/people/duplicates/",
        "/people/", f"/people/{cast.customer.id}/", f"/organizations/{cast.customer.organization_id}/",
        "/organizations/", "/organizations/new/",
        "/fields/", f"/people/{cast.customer.id}/edit/",
        "/people/bulk/?relation=customer",
        "/people/import/", "/directories/new/", "/privacy/",
        f"/people/{cast.customer.id}/merge/", f"/people/{cast.customer.id}/erase/", "/policy/", "/policy/rules/",
        "/policy/rules/1/", "/policy/promise/", "/policy/versions/1/", "/policy/import/", "/policy/tests/",
        "/policy/try/", f"/policy/try/{tried.id}/", "/policy/trial/", "/policy/learning/",
        "/policy/learning/second/", "/log/", "/reports/", rows,
        "/leads/customer-service/", "/leads/customer-service/on-call/",
        f"/leads/customer-service/share/{cast.agent.id}/", "/absences/", "/absences/new/",
        "/teams/customer-service/queue/", "/handover/",
        "/company/", "/staff/", "/staff/invite/", f"/staff/members/{cast.agent.id}/", "/roles/", "/signin/",
        f"/staff/members/{cast.agent.id}/close/",
        "/signin/providers/new/oidc/", f"/staff/teams/{cast.service.id}/", "/staff/hours/new/", "/channels/",
        "/channels/new/", "/channels/new/email/", "/channels/new/webhook/", "/mentions/", "/calls/new/",
        "/quarantine/", "/profile/", "/security/",
        "/account/password/change/",
        "/styleguide/",
        f"/c/{cast.conversation.id}/other/merge/", "/nothing-here/",
    ]  # fmt: skip


def _furnish(place: Place) -> None:
    """A notice, a template, a view and a note, so that no page is empty that need not be."""
    cast = place.cast
    actions.note(cast.conversation.id, cast.lead, "I called her.")
    _try_on_the_past(cast)
    with scope.system():
        turns.waits(cast.conversation, "nobody of the team is present")
        held = make_conversation("Where is it?", "Lost.", cast.customer, cast.service, cast.channel)
        Conversation.objects.filter(id=held.id).update(owner_member=cast.agent)
        Template.objects.create(name="Thanks", shortcut="thanks", html="Thank you, {{person.first_name|there}}.")
        SavedView.objects.create(name="Refunds", query="topic:refund", member=cast.admin)
        CustomField.objects.create(key="tier", label="Tier", kind="choice", choices=["Gold", "Silver"])
        Segment.objects.create(name="Customers", query={"relation": "customer"}, member=cast.admin)
        Notice.objects.create(
            member=cast.admin, cause=new_id(), reason="mentioned", conversation=cast.conversation, who="Lea Lead"
        )
        Notice.objects.create(member=cast.admin, cause=new_id(), reason="involved", team=cast.service, until=1)


def _try_on_the_past(cast: Cast) -> None:
    """A what-if in which something moves, somebody is given something, and something else is otherwise."""
    Company.objects.update_or_create(id=1, defaults={"individual_figures": True})
    base = policy_to_dict(current_policy()[1])
    then = {"owner": cast.people_team.slug, "assign": "load", "priority": "urgent"}
    draft = base | {"rules": [{"name": "Parcels", "when": {"words": "parcel"}, "then": then}, *base["rules"]]}
    jobs.ask(cast.admin, (base, draft), {"base": 1, "draft": None}, (now() - timedelta(days=30), now()))
    assert jobs.run_next()
    with scope.system():
        assert WhatIf.objects.filter(story__moved__gt=0).exists()


def _walk(page: Page, wanted: list[State], look: str) -> list[str]:
    found: list[str] = []
    page.set_default_timeout(60000)
    for address, state in wanted:
        page.goto("about:blank")
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok or address == "/nothing-here/", f"{address}: {answer.status}"
        if page.locator("[data-composer]").count():
            expect(page.locator("[data-composer] .editor")).to_be_attached()
        state(page)
        found += _check(page, f"{address} {getattr(state, '__name__', '')} {look}")
    return found


@pytest.fixture
def furnished(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place with something on every page; the style guide is shown."""
    monkeypatch.setattr("rapport.web.looks.options", lambda: replace(options(), demo=True))
    _furnish(place)
    return place


each_look = pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[1]}-{look[0][0]}")


def _says(look: tuple[tuple[int, int], str]) -> str:
    return f"{look[1]} {look[0][0]}"


@each_look
def test_where_people_work_all_day_there_is_no_axe_violation(
    furnished: Place, look: tuple[tuple[int, int], str]
) -> None:
    always: list[State] = [("/inbox/all/", _nothing), (f"/c/{furnished.cast.conversation.id}/", _nothing)]
    found = _walk(furnished.page(furnished.cast.admin, *look), always, _says(look))
    strange: list[State] = [("/account/login/", _nothing), ("/account/password/reset/", _nothing)]
    found += _walk(furnished.page(None, *look), strange, _says(look))
    assert not found, "\n".join(found)


@pytest.mark.looks
@each_look
def test_no_page_has_an_axe_violation(furnished: Place, look: tuple[tuple[int, int], str]) -> None:
    pages: list[State] = [(address, _nothing) for address in _pages(furnished)]
    pages.append((f"/staff/members/{furnished.cast.agent.id}/", _take_out))
    found = _walk(furnished.page(furnished.cast.admin, *look), pages, _says(look))
    assert not found, "\n".join(found)


@pytest.mark.looks
@each_look
def test_no_state_of_a_page_has_an_axe_violation(furnished: Place, look: tuple[tuple[int, int], str]) -> None:
    page = furnished.page(furnished.cast.lead, *look)
    found = _walk(page, _states(furnished), _says(look))
    assert not found, "\n".join(found)


@pytest.mark.looks
def test_high_contrast_and_arabic_have_no_axe_violation(furnished: Place) -> None:
    admin = furnished.cast.admin
    states = _states(furnished)
    pages: list[State] = [("/inbox/all/", _nothing), *((address, _nothing) for address in _pages(furnished)[::5])]
    found: list[str] = []
    admin.contrast = True
    admin.save(update_fields=["contrast"])
    for size, scheme in LOOKS[:2]:
        found += _walk(furnished.page(admin, size, scheme), [*pages[::2], *states[::5]], f"contrast {scheme}")
    admin.contrast, admin.language = False, "ar"
    admin.save(update_fields=["contrast", "language"])
    for size, scheme in LOOKS[:2]:
        page = furnished.page(admin, size, scheme)
        found += _walk(page, [*pages[1::2], *states[1::5]], f"Arabic {scheme}")
        assert page.locator("html").get_attribute("dir") == "rtl"
    assert not found, "\n".join(found)
