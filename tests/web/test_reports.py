"""Reports on their pages: every figure leads to what it counts, in one language of figures, and to nobody else's."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse

from rapport.conversations import actions
from rapport.conversations.models import Conversation, Direction, Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.insight.export import as_csv
from rapport.insight.measures import EVERYWHERE, MEASURES
from rapport.staff.models import Company, Member, Membership
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
_LINK = re.compile(r'<a href="(/reports/rows/[^"]+)"[^>]*>([^<]+)</a>')


def _work(cast: Cast) -> None:
    """Some things of the last hours, the first answer among them."""
    with scope.system():
        for number in range(6):
            one = make_conversation(
                "=cmd|' /C calc'!A0", "x", cast.customer, cast.service, cast.channel, minutes_ago=60 * 20 * number + 90
            )
            at = one.created_at + timedelta(minutes=60)
            Message.objects.create(
                conversation=one, channel=cast.channel, direction=Direction.OUT, member=cast.agent, at=at, sent_at=at
            )
            Conversation.objects.filter(id=one.id).update(first_answered_at=at)
        actions.resolve(one.id, cast.agent)
        actions.reopen(one.id, cast.agent)


def test_every_figure_on_the_page_leads_to_as_many_rows(cast: Cast, sign_in: SignIn) -> None:
    _work(cast)
    client = sign_in(cast.agent)
    page = client.get(reverse("reports")).content.decode()
    links = {unescape(url): words for url, words in _LINK.findall(page)}
    assert len(links) > 15
    counted = 0
    for url, words in links.items():
        found = client.get(url)
        assert found.status_code == 200, url
        (said,) = re.findall(r"([\d,.]+) counted", found.content.decode())
        shown = found.content.decode().count("<tr>") - 1
        assert int(said) == shown > 0, url
        if words.isdecimal():
            counted += 1
            assert int(words) == shown, (url, words)
    assert counted > 10


def test_the_page_says_what_is_counted_and_compares_with_the_period_before(cast: Cast, sign_in: SignIn) -> None:
    _work(cast)
    page = unescape(sign_in(cast.reader).get(f"{reverse('reports')}?period=last-7&grain=day").content.decode())
    for measure in MEASURES:
        assert str(measure.label) in page
        assert str(measure.counts) in page
    assert "compared with" in page
    assert page.count('<svg class="plot-field"') == 4
    assert "style=" not in page
    assert (
        "Nothing happened"
        in sign_in(cast.agent).get(f"{reverse('reports')}?period=custom&from=2001-01-01&to=2001-01-05").content.decode()
    )


@pytest.mark.parametrize(
    "query",
    ["period=never", "period=custom", "period=custom&from=2026-02-01&to=2026-01-01", "team=none-such",
     "period=custom&from=1900-01-01&to=2030-01-01"],
)  # fmt: skip
def test_a_period_or_filter_that_makes_no_sense_is_answered_clearly(query: str, cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.agent).get(f"{reverse('reports')}?{query}")
    assert answer.status_code == 400
    rows = sign_in(cast.agent).get(f"{reverse('report_rows', args=['opened'])}?start=x&end=y")
    assert rows.status_code == 400
    assert sign_in(cast.agent).get(reverse("report_rows", args=["salaries"])).status_code == 404


def test_no_figure_on_individuals_unless_the_company_allows_it_and_then_for_leads_only(
    cast: Cast, sign_in: SignIn
) -> None:
    _work(cast)
    asked = f"{reverse('reports')}?by=member"
    narrowed = f"{reverse('reports')}?member={cast.agent.id}"
    for who in (cast.admin, cast.lead, cast.agent):
        assert 'id="r-member"' not in sign_in(who).get(asked).content.decode()
        assert "Ana Agent</th>" not in sign_in(who).get(asked).content.decode()
        assert sign_in(who).get(narrowed).status_code == 403
    Company.objects.create(individual_figures=True)
    assert "Ana Agent</th>" in sign_in(cast.lead).get(asked).content.decode()
    assert sign_in(cast.lead).get(narrowed).status_code == 200
    assert "Ana Agent</th>" not in sign_in(cast.agent).get(asked).content.decode()
    assert sign_in(cast.agent).get(narrowed).status_code == 403


def test_how_fast_a_small_team_works_is_not_shown(cast: Cast, sign_in: SignIn) -> None:
    _work(cast)
    asked = f"{reverse('reports')}?team={cast.service.id}"
    assert "teams of at least five" in sign_in(cast.lead).get(asked).content.decode()
    ever = "start=2000-01-01T00:00Z&end=2100-01-01T00:00Z"
    rows = f"{reverse('report_rows', args=['answered'])}?{ever}&team={cast.service.id}"
    assert "Took" not in sign_in(cast.lead).get(rows).content.decode()
    fifth = Member.objects.create_user("five@company.example", None, name="Fifth")
    Membership.objects.create(member=fifth, team=cast.service)
    assert "teams of at least five" not in sign_in(cast.lead).get(asked).content.decode()
    assert "Took" in sign_in(cast.lead).get(rows).content.decode()


def test_files_are_safe_to_open_and_written_into_the_log(cast: Cast, sign_in: SignIn) -> None:
    _work(cast)
    client = sign_in(cast.agent)
    tomorrow = f"{now() + timedelta(days=1):%Y-%m-%d}"
    url = f"{reverse('report_rows_export', args=['opened'])}?start=2000-01-01T00:00Z&end={tomorrow}T00:00Z"
    answer = client.get(url)
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == 8
    assert {line[1] for line in lines[1:]} == {"'=cmd|' /C calc'!A0", "Refund for order 1009"}
    assert client.get(reverse("report_export")).status_code == 200
    made = Event.objects.filter(kind="export.made", actor_id=cast.agent.id)
    with scope.member(cast.agent.id):
        assert {event.data["what"] for event in made} == {"report", "rows of opened"}
        assert made.get(data__what="rows of opened").data["lines"] == 7


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "%0A"])
def test_no_cell_begins_a_formula(text: str) -> None:
    (_head, (cell,)) = csv.reader(io.StringIO(as_csv(["x"], [[text]]).lstrip("\ufeff"), newline=""))
    assert cell.startswith("'")
    assert as_csv(["x"], [[-5]]).endswith("-5\r\n")


def test_the_settings_of_the_company_are_changed_by_administrators_and_seen_by_all(cast: Cast, sign_in: SignIn) -> None:
    given = {"name": "Tarnholt", "individual_figures": "on"}
    assert sign_in(cast.lead).post(reverse("company"), given).status_code == 403
    assert not Company.here().individual_figures
    assert sign_in(cast.admin).post(reverse("company"), given).status_code == 302
    assert Company.here().individual_figures
    with scope.system():
        event = Event.objects.get(kind="company.changed")
    assert event.data["after"] == {"name": "Tarnholt", "individual_figures": True}
    page = sign_in(cast.agent).get(reverse("company")).content.decode()
    assert "Allowed, for leads and administrators" in page
    assert "figures on individuals" in page
    assert '<form method="post" class="card"' not in page
    sign_in(cast.admin).post(reverse("company"), given)
    with scope.system():
        assert Event.objects.filter(kind="company.changed").count() == 1


def test_docs_say_what_the_measures_say() -> None:
    written = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    for measure in MEASURES:
        assert f"| {measure.label} | {measure.counts} |" in written
    for sentence in EVERYWHERE:
        assert f"- {sentence}" in written
