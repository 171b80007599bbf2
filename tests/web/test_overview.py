"""The page of ownership: what it counts is what stands behind it, for everybody, whatever people did since."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from rapport.conversations.models import Conversation, Direction, Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.insight import routing, rows
from rapport.insight.models import Routed
from rapport.insight.periods import Period, latest
from rapport.insight.sources import NOBODY, Narrowing
from rapport.insight.typical import typical
from rapport.ownership import actions
from rapport.ownership.models import Decision, LearnedModel, PolicyDraft
from rapport.ownership.service import SavedBy, current_policy, save_policy_dict
from rapport.staff.models import Member, Membership, Team
from tests.web.cast import Cast, make_conversation, make_person
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
RULES = [
    {"name": "Money back", "when": {"topic": "refund"}, "then": {"owner": "customer-service"}},
    {"name": "As before", "when": {"earlier_owner": "any"}, "then": {"owner": "@earlier"}},
    {"name": "Who knows them", "when": {"held": True}, "then": {"owner": "@holder"}},
    {"name": "Nobody asks for this", "when": {"words": ["zebra"]}, "then": {"owner": "product"}},
    {"name": "Urgent", "when": {"words": ["fire"]}, "then": {"priority": "urgent"}},
]


@dataclass
class Scene:
    """What came in, by what became of it."""

    product: Team
    by_name: dict[str, Conversation]


@pytest.fixture
def scene(cast: Cast) -> Scene:
    """Ten conversations, each of which came to its team in another way; two were moved on, one is spam."""
    product = Team.objects.create(name="Product", slug="product")
    Membership.objects.create(team=product, member=cast.lead)
    save_policy_dict({"format": 1, "triage": "customer-service", "rules": RULES}, SavedBy(None, "Two"))
    told: dict[str, tuple[int | None, dict[str, Any] | None]] = {
        "kept": (1, None), "moved": (1, None), "moved too": (1, None), "earlier": (2, None), "holder": (3, None),
        "learned": (None, _said("customer-service", 0.97, acted=True)),
        "accepted": (None, _said("product", 0.8)), "otherwise": (None, _said("product", 0.72)),
        "untouched": (None, _said("product", 0.4)), "spam": (1, None),
    }  # fmt: skip
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(status="merged")
        by_name = {}
        for place, (name, (rule, said)) in enumerate(told.items()):
            person = make_person(f"P {place}", f"p{place}@shop.example", cast.conversation.audience)
            one = make_conversation(f"Matter {name}", "x", person, cast.service, cast.channel, minutes_ago=place)
            Decision.objects.filter(conversation=one).delete()
            Routed.objects.filter(conversation_id=one.id).delete()
            Decision.objects.create(conversation=one, source="policy", policy_version=2, rule=rule, suggestion=said,
                                    owner_team=cast.service, sentence="Because", trace=[])  # fmt: skip
            by_name[name] = one
    for name in ("moved", "moved too", "accepted"):
        actions.assign(by_name[name].id, cast.agent, product)
    actions.mark_spam(by_name["spam"].id, cast.agent)
    with scope.system():
        Conversation.objects.filter(id=by_name["otherwise"].id).update(first_answered_at=now())
    return Scene(product, by_name)


def _said(team: str, probability: float, *, acted: bool = False) -> dict[str, Any]:
    return {"team": team, "probability": probability, "sure": probability, "model": "x", "acted": acted}


def page(sign_in: SignIn, member: Member, query: str = "") -> str:
    return str(sign_in(member).get(reverse("policy_overview") + query).content.decode())


def behind(url: str, zone: str) -> int:
    """How many rows the list behind an address has."""
    given = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    if "days" in given:
        here = ZoneInfo(zone)
        period = latest(int(given.pop("days")), now().astimezone(here).date(), here)
        start, end = period.start, period.end
    else:
        start, end = (datetime.fromisoformat(given.pop(name)) for name in ("start", "end"))
    return rows.count(rows.Wanted("routed", start, end, Narrowing(given, zone)))[0]


LINK = re.compile(r'<a href="(/reports/rows/routed/[^"]+)"[^>]*>([^<]*)<')


FOLDED = ("channel", "way", "heat", "teams")


@pytest.mark.parametrize("query", ["", "?team=product&days=7", "?team=customer-service&days=90"])
def test_every_figure_on_the_page_leads_to_exactly_what_it_counts(
    query: str, cast: Cast, scene: Scene, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rapport.web.overview_show.TEAMS_SHOWN", 1)
    shown = page(sign_in, cast.agent, query)
    opened = [unescape(url) for url in re.findall(r'hx-get="(/policy/figures/[^"]+)"', shown)]
    assert {urlsplit(url).path.split("/")[3] for url in opened} == set(FOLDED if not query else FOLDED[:3])
    shown += "".join(sign_in(cast.agent).get(url).content.decode() for url in opened)
    found = sorted(set(LINK.findall(shown)))
    assert len(found) > 12
    checked = 0
    with scope.member(cast.agent.id):
        for url, words in found:
            count = behind(unescape(url), cast.agent.time_zone)
            number = re.fullmatch(r"(?:[^:]+: )?(\d+)", words)
            checked += bool(number)
            assert count == int(number[1]) if number else count > 0, (url, words)
    assert checked > 7


def test_each_way_is_told_apart_and_what_was_moved_on_names_rule_and_teams(
    cast: Cast, scene: Scene, sign_in: SignIn
) -> None:
    text = page(sign_in, cast.agent)
    with scope.member(cast.agent.id):
        today = now().date()
        counted = routing.counted(routing.Asked(Period(today - timedelta(days=6), today, ZoneInfo("UTC"))))
    told: dict[str, int] = {}
    for (_owner, way), count in counted.ways.items():
        told[way] = told.get(way, 0) + count
    assert told == {
        "rule": 3, "@earlier": 1, "@holder": 1, "learned": 1, "suggested": 1, "sorted": 1, "untouched": 1
    }  # fmt: skip
    assert counted.first == {(str(cast.service.id), False): 4, (str(cast.service.id), True): 2}
    assert counted.fired == {"Money back", "As before", "Who knows them"}
    assert counted.likely == {(8, True): 1, (7, False): 1}, "what nobody dealt with says nothing about how sure it was"
    for words in ("Earlier owner", "Relationship", "By itself", "As suggested", "Sorted by people", "Not sorted yet"):
        assert words in text, words
    assert re.search(r"Money back</bdi>.*Customer Service.*Product.*2 of 3", text, re.DOTALL)


def test_a_rule_that_decided_nothing_is_named_but_none_that_only_adds(
    cast: Cast, scene: Scene, sign_in: SignIn
) -> None:
    silent = page(sign_in, cast.agent).partition('id="o-silent"')[2]
    assert "Nobody asks for this" in silent
    assert "Urgent" not in silent
    assert "Money back" not in silent


def test_a_rule_in_confidence_is_not_called_useless_to_who_may_not_see_what_it_decides(
    cast: Cast, scene: Scene, sign_in: SignIn
) -> None:
    then = {"owner": "hr", "confidential": True}
    rules = [{"name": "For HR alone", "when": {"words": ["zebra"]}, "then": then}, *RULES]
    save_policy_dict({"format": 1, "triage": "customer-service", "rules": rules}, SavedBy(None, "Three"))
    assert "For HR alone" not in page(sign_in, cast.lead).partition('id="o-silent"')[2]
    assert "Nobody asks for this" in page(sign_in, cast.lead).partition('id="o-silent"')[2]
    assert "For HR alone" in page(sign_in, cast.hr).partition('id="o-silent"')[2]


def test_each_share_says_of_how_many_and_what_people_moved_is_drawn_from_team_to_team(
    cast: Cast, scene: Scene, sign_in: SignIn
) -> None:
    shown = page(sign_in, cast.agent)
    tiles = shown.partition('<dl class="tiles">')[2].partition("</dl>")[0]
    assert "<span>5 of 9</span>" in tiles
    assert ">Customer Service to Product: 2</a>" in tiles
    assert 'id="o-moved-title"' not in shown, "a single line is no picture"
    with scope.system():
        Routed.objects.filter(conversation_id=scene.by_name["kept"].id).update(
            owner_team_id=cast.people_team.id, moved=True
        )  # fmt: skip
    assert 'id="o-moved-title"' in page(sign_in, cast.agent)


def test_what_is_in_confidence_counts_for_its_team_only(cast: Cast, sign_in: SignIn) -> None:
    # Between tags: a token may have any two letters in it.
    shown = re.sub(r"<select.*?</select>", "", page(sign_in, cast.agent), flags=re.DOTALL)
    assert "HR" not in re.sub(r"<[^>]*>", " ", shown)
    with scope.member(cast.agent.id):
        assert Routed.objects.count() == 1
    with scope.member(cast.hr.id):
        assert Routed.objects.count() == 2
    theirs = page(sign_in, cast.hr, "?team=hr")
    assert re.search(r"Came in</dt>.*?>1<", theirs, re.DOTALL)
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(audience=[cast.people_team.id])
    with scope.member(cast.agent.id):
        assert not Routed.objects.exists()


def test_what_was_moved_on_shows_examples_and_becomes_a_rule_before_the_one_that_erred(
    cast: Cast, scene: Scene, sign_in: SignIn
) -> None:
    with scope.system():
        moved = [scene.by_name["moved"], scene.by_name["moved too"]]
        person = make_person("P third", "third@shop.example", cast.conversation.audience)
        third = make_conversation("A third", "x", person, cast.service, cast.channel)
        Routed.objects.filter(conversation_id=third.id).update(version=2, rule=1)
        theirs = Message.objects.filter(conversation__in=[*moved, third], direction=Direction.IN)
        theirs.update(text="The app is broken")
    actions.assign(third.id, cast.agent, scene.product)
    url = re.search(r'hx-get="(/policy/overruled/[^"]+)"', page(sign_in, cast.lead))
    assert url is not None
    asked = unescape(url[1])
    fragment = sign_in(cast.lead).get(asked).content.decode()
    assert "Matter moved" in fragment
    for word in ("app", "broken"):
        assert f'dir="auto">{word}</span>' in fragment
    assert "Make a rule" not in sign_in(cast.agent).get(asked).content.decode()

    offered = unescape(re.search(r'href="(/policy/rules/new/[^"]+)"', fragment)[1])  # type: ignore[index]
    client = sign_in(cast.lead)
    form = client.get(offered).content.decode()
    assert re.search(r"app, broken|broken, app", form)
    assert "before rule 1" in form
    given = {"name": "The app is for Product", "when_words": "app", "then_owner": "product"}
    assert client.post(offered, given).status_code == 302
    with scope.system():
        written = PolicyDraft.objects.get(member=cast.lead).plain["rules"]
    assert [one["name"] for one in written][:2] == [given["name"], "Money back"]
    assert current_policy()[1].rules[0].name == "Money back", "nothing is in force before it is saved"


@pytest.mark.parametrize("team", ["", "?team=customer-service", "?team=product"])
def test_of_what_was_moved_on_the_share_of_all_that_was_given_is_told_whoever_is_looked_at(
    team: str, cast: Cast, scene: Scene, sign_in: SignIn
) -> None:
    assert "2 of 3 · 67%" in page(sign_in, cast.lead, team)


def test_of_what_is_in_confidence_no_word_is_typical(cast: Cast, scene: Scene) -> None:
    wanted = rows.Wanted("routed", now() - timedelta(days=7), now() + timedelta(days=1), Narrowing({"first": NOBODY}))
    with scope.system():
        Routed.objects.update(team_id=None)
        Conversation.objects.update(confidential=True)
        assert rows.count(wanted)[0] > 5
        assert rows.texts(wanted, 60) == []


def test_words_are_typical_when_several_people_say_them_and_others_do_not() -> None:
    these = [(1, "The app, please!"), (2, "app 2026 please"), (3, "APP"), (4, "my zip app please"), (4, "zip zip")]
    others = [(5, "please help"), (6, "Please!")]
    assert typical(these, others) == ["app"]
    assert typical(these[:2], others) == []
    assert typical([], []) == []
    assert typical(these, others, [(7, "which app"), (8, "no app")]) == [], "others say it as often"


def test_nothing_yet_says_what_to_do_and_a_team_that_is_none_is_refused(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Routed.objects.all().delete()
    assert "As soon as a channel brings messages" in page(sign_in, cast.agent)
    assert sign_in(cast.agent).get(reverse("policy_overview") + "?team=nobody").status_code == 400
    assert sign_in(cast.agent).get(reverse("policy_figures", args=["secrets"])).status_code == 404
    assert "<td" in sign_in(cast.agent).get(reverse("policy_figures", args=["heat"])).content.decode()
    assert sign_in(cast.agent).get("/policy/?from=201").headers["Location"] == "/policy/rules/?from=201"


@pytest.mark.parametrize(("zone", "step"), [("UTC", 3600), ("Asia/Kolkata", 1800), ("Asia/Kathmandu", 900)])
def test_hours_are_those_of_the_reader_also_where_the_clock_differs_by_parts_of_one(zone: str, step: int) -> None:
    today = now().date()
    assert routing._step(Period(today, today, ZoneInfo(zone))) == step
    at = datetime.fromisoformat("2026-03-02T20:45+00:00")
    local = at.astimezone(ZoneInfo(zone))
    assert routing.by_hour([(at, False, 3)], ZoneInfo(zone)) == {(local.isoweekday(), local.hour): 3}


def test_the_why_of_a_conversation_opens_to_what_hit_with_its_promise_and_the_misses(
    cast: Cast, sign_in: SignIn
) -> None:
    page = sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    told, _, missed = page.partition('id="why"')[2].partition("</details>")[0].partition("why-missed")
    assert re.search(r"decided</span>\s*<span class=\"strong\">Refunds", told)
    assert "So: Customer Service owns it; promise: standard." in re.sub(r"\s+", " ", told)
    assert "Employees" not in told
    assert "1 rule missed" in missed
    assert "The sender is not an employee." in missed


def test_a_lead_sees_how_sure_it_is_with_a_table_that_says_the_same(cast: Cast, sign_in: SignIn) -> None:
    curve = [[0.2, 1.0, 0.99], [0.6, 0.97, 0.9], [1.0, 0.8, 0.4]]
    with scope.system():
        LearnedModel.objects.create(kind="team", audience=[], data=b"", figures={"curve": curve})
    shown = page(sign_in, cast.lead)
    assert "How sure we are" in shown
    figure = shown.partition('id="o-sure"')[2].partition("</figure>")[0]
    assert 'points="200,0 600,12 1000,80"' in figure
    assert "<title" in figure
    assert "97%" in figure.partition("<table")[2]
    assert "How sure we are" not in page(sign_in, cast.agent)
