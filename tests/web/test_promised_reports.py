"""Reports of promises: by clock as the conversations' own clocks say, each figure as many rows as it counts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse

from rapport.conversations import actions, clocks, merging, undoing
from rapport.conversations.models import Clock, Conversation
from rapport.core import scope
from rapport.core.models import Event
from rapport.insight import promised
from rapport.insight.models import Promised
from rapport.insight.sources import Narrowing
from rapport.staff.clocks import CLOCKS, Phase, Run, Terms, begun, read
from rapport.staff.hours import Hours
from rapport.staff.models import Company, Member, Membership
from rapport.staff.opening import business_hours
from rapport.web.promised_show import MEANS
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
_LINK = re.compile(r'<a href="(/reports/promises/[^"]+)"[^>]*>([^<]+)</a>')
#: A Monday, nine o'clock in Berlin; the hours of the cast are Mondays from nine to five.
_NINE = datetime(2026, 3, 2, 8, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@pytest.fixture
def at_work(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """A clock that the test turns; five members in the team, so that how it keeps promises is shown."""
    turned = [_NINE]
    for module in ("conversations.clocks", "conversations.actions", "insight.promised", "insight.figures"):
        monkeypatch.setattr(f"rapport.{module}.now", lambda: turned[0])
    member = Member.objects.create_user("fifth@company.example", None, name="Fay Fifth", role="agent")
    Membership.objects.create(team=cast.service, member=member)
    with scope.system():
        yield turned


def _promise(cast: Cast, turned: list[datetime]) -> Conversation:
    """A conversation of now: an answer within two hours, each next one within one, resolved within four, paused while
    they are to answer.
    """
    one = make_conversation("A parcel", "Where?", cast.customer, cast.service, cast.channel)
    Conversation.objects.filter(id=one.id).update(
        created_at=turned[0], last_inbound_at=turned[0], last_activity_at=turned[0], promised=True
    )
    hours = business_hours()["Office"]
    steps = [(-30, "tell", "owner"), (0, "tell", "owner")]
    for name, length in zip(CLOCKS, (2, 1, 4), strict=True):
        terms = Terms(name, length * _HOUR, hours, frozenset({"waiting"} if name == "resolution" else ()))
        run = Run() if name == "next_answer" else begun(terms, turned[0])
        clocks.give([clocks.Given(one.id, terms, "Office", steps, run)])
    clocks.settle([one.id])
    return one


def _said(one: Conversation, turned: list[datetime], *, ours: bool) -> None:
    at = turned[0]
    fresh = Conversation.objects.get(id=one.id)
    Conversation.objects.filter(id=one.id).update(
        awaiting_answer=not ours, last_activity_at=at,
        **({"first_answered_at": fresh.first_answered_at or at} if ours else {"last_inbound_at": at}),
    )  # fmt: skip
    clocks.settle([one.id], {} if ours else {one.id: at})


def _lived(cast: Cast, turned: list[datetime]) -> tuple[Conversation, Conversation, Conversation]:
    """One answered in time and asked twice more, one answered late, one not at all."""
    kept, late, silent = (_promise(cast, turned) for _ in range(3))
    turned[0] = _NINE + _HOUR
    _said(kept, turned, ours=True)
    turned[0] = _NINE + 2 * _HOUR
    _said(kept, turned, ours=False)  # the resolution stood for an hour
    turned[0] = _NINE + 2.5 * _HOUR
    _said(kept, turned, ours=True)
    _said(late, turned, ours=True)
    turned[0] = _NINE + 3 * _HOUR
    _said(kept, turned, ours=False)
    turned[0] = _NINE + 5 * _HOUR
    _said(kept, turned, ours=True)
    actions.resolve(kept.id, cast.agent)
    turned[0] = _NINE + 6 * _HOUR
    return kept, late, silent


def _page(cast: Cast, sign_in: SignIn, query: str = "") -> str:
    url = f"{reverse('promise_report')}?period=custom&from=2026-03-02&to=2026-03-02{query}"
    return unescape(sign_in(cast.lead).get(url).content.decode())


def test_each_run_of_a_clock_is_kept_as_the_clock_says(cast: Cast, at_work: list[datetime]) -> None:
    kept, late, silent = _lived(cast, at_work)
    hours: dict[str, Hours] = business_hours()
    for row in Clock.objects.values(*clocks.FIELDS):
        found = clocks.kept_of(row, hours)
        reading = read(found.terms, found.run, at_work[0])
        ledger = Promised.objects.filter(conversation_id=found.conversation_id, name=found.terms.name).order_by("at")
        if reading.phase is Phase.IDLE:
            assert not ledger
            continue
        last = list(ledger)[-1]
        assert (last.began_at, last.due_at, last.stopped_at) == (found.run.began, found.run.due, found.run.stopped)
        assert (last.at is None) == (reading.phase is Phase.PAUSED)
        if last.at is not None and last.at <= at_work[0]:
            assert (reading.phase is Phase.KEPT) == (last.stopped_at is not None and last.stopped_at <= last.due_at)
    nexts = Promised.objects.filter(conversation_id=kept.id, name="next_answer").order_by("began_at")
    assert [one.stopped_at <= one.due_at for one in nexts if one.stopped_at] == [True, False]
    assert Promised.objects.get(conversation_id=late.id, name="resolution").at is None
    assert Promised.objects.get(conversation_id=silent.id, name="first_answer").steps == 0


def test_an_answer_at_the_very_moment_a_promise_ends_is_in_time(cast: Cast, at_work: list[datetime]) -> None:
    punctual, late = _promise(cast, at_work), _promise(cast, at_work)
    at_work[0] = _NINE + 2 * _HOUR
    _said(punctual, at_work, ours=True)
    at_work[0] += timedelta(seconds=1)
    _said(late, at_work, ours=True)
    running = _promise(cast, at_work)  # it ends within the span, and has not ended yet
    for state, one, seconds in (
        (promised.KEPT, punctual, None), (promised.MISSED, late, 1), (promised.RUNNING, running, None),
    ):  # fmt: skip
        wanted = promised.Wanted(state, _NINE, _NINE + 8 * _HOUR, Narrowing({"clock": "first_answer"}))
        assert [(row.conversation_id, row.late) for row in promised.page(wanted)[0]] == [(one.id, seconds)]
        assert promised.count(wanted) == (1, 1)


def test_every_figure_leads_to_as_many_rows_and_each_clock_is_told(
    cast: Cast, at_work: list[datetime], sign_in: SignIn
) -> None:
    _lived(cast, at_work)
    page = _page(cast, sign_in)
    for said in ("First answer", "Next answer", "Resolution", "33%", "50%", "100%", "Late by, median"):
        assert said in page
    links = {url: words for url, words in _LINK.findall(page) if "export" not in url}
    client, counted = sign_in(cast.lead), 0
    for url, words in links.items():
        found = client.get(url).content.decode()
        (said,) = re.findall(r"([\d,.]+) counted", found)
        assert int(said) == found.count("<tr>") - 1 > 0, url
        if words.isdecimal():
            counted += 1
            assert words == said, url
    assert counted > 8
    assert "style=" not in page


def test_the_latest_stands_first_with_how_late_it_is_in_open_time(
    cast: Cast, at_work: list[datetime], sign_in: SignIn
) -> None:
    _kept, late, silent = _lived(cast, at_work)
    at_work[0] += timedelta(days=2)  # closed at five: the silent one is six hours late
    worst = _page(cast, sign_in).partition("The latest of all")[2]
    assert worst.index(str(silent.id)) < worst.index(str(late.id))
    first = worst[worst.index(str(silent.id)) :].partition("</tr>")[0]
    assert "6 hrs" in first
    assert "not done yet" in first
    url = reverse("promise_rows", args=["missed"]) + "?start=2026-03-01T00:00:00Z&end=2026-03-08T00:00:00Z&sort=late"
    told = sign_in(cast.lead).get(url.replace("missed/", "missed/export.csv")).content.decode().splitlines()
    assert told[1].split(",")[7] == str(6 * 3600)


def test_by_promise_names_what_was_promised_and_the_period_before_stands_beside(
    cast: Cast, at_work: list[datetime], sign_in: SignIn
) -> None:
    _lived(cast, at_work)
    page = _page(cast, sign_in, "&by=promise")
    assert "First answer, 2 hrs (Office)" in page
    assert "Resolution, 4 hrs (Office)" in page
    next_week = f"{reverse('promise_report')}?period=custom&from=2026-03-03&to=2026-03-04"
    page = unescape(sign_in(cast.lead).get(next_week).content.decode())
    assert "The period before" in page
    assert "33%" in page


def test_how_a_small_team_keeps_its_promises_is_hidden_also_in_the_list_and_the_file(
    cast: Cast, at_work: list[datetime], sign_in: SignIn
) -> None:
    _lived(cast, at_work)
    Membership.objects.filter(team=cast.service, member__name="Fay Fifth").delete()
    team = f"&team={cast.service.id}"
    page = _page(cast, sign_in, team)
    assert "at least five" in page
    assert "33%" not in page
    assert "Running now" in page
    client, span = sign_in(cast.lead), "?start=2026-03-01T00:00:00Z&end=2026-03-08T00:00:00Z"
    assert client.get(reverse("promise_rows", args=["missed"]) + span + team).status_code == 403
    assert client.get(reverse("promise_rows", args=["running"]) + span + team).status_code == 200
    export = client.get(f"{reverse('promise_report_export')}?period=custom&from=2026-03-02&to=2026-03-02{team}")
    assert len(export.content.decode().splitlines()) == 1
    assert client.get(reverse("promise_report") + f"?member={cast.agent.id}").status_code == 403
    Company.objects.update_or_create(id=1, defaults={"individual_figures": True})
    assert "33%" in _page(cast, sign_in, team)
    assert "33%" in _page(cast, sign_in, "&by=member")


def test_what_is_in_confidence_is_in_nobody_elses_figures(
    cast: Cast, at_work: list[datetime], sign_in: SignIn
) -> None:
    one = _promise(cast, at_work)
    Conversation.objects.filter(id=one.id).update(audience=[cast.people_team.id])
    assert all(found == [cast.people_team.id] for found in Promised.objects.values_list("audience", flat=True))
    assert "Nothing was promised" in _page(cast, sign_in)


def test_a_run_that_is_taken_back_was_none(cast: Cast, at_work: list[datetime]) -> None:
    one = _promise(cast, at_work)
    at_work[0] += _HOUR
    _said(one, at_work, ours=True)
    _said(one, at_work, ours=False)
    assert Promised.objects.filter(conversation_id=one.id, name="next_answer").count() == 1
    Conversation.objects.filter(id=one.id).update(first_answered_at=None, awaiting_answer=True)
    clocks.settle([one.id])
    assert not Promised.objects.filter(conversation_id=one.id, name="next_answer").exists()
    assert Promised.objects.get(conversation_id=one.id, name="first_answer").stopped_at is None


@pytest.mark.parametrize("earlier", [timedelta(0), _HOUR], ids=["as it began", "it began later"])
def test_what_was_done_of_its_steps_outlives_a_merge_that_is_taken_back(
    cast: Cast, at_work: list[datetime], earlier: timedelta
) -> None:
    loser = _promise(cast, at_work)
    at_work[0] += earlier
    winner = _promise(cast, at_work)
    Clock.objects.filter(name="first_answer").update(step=2)
    Clock.objects.filter(name="first_answer", conversation_id=loser.id).update(step=1)
    merging.merge(winner.id, [loser.id], cast.lead)
    if earlier:  # what the other had done before is not told twice
        assert Promised.objects.get(conversation=winner, name="first_answer").steps == 0
    undoing.undo(Event.objects.filter(kind="conversation.merged").latest("id").id, cast.lead)
    assert [Promised.objects.get(conversation=one, name="first_answer").steps for one in (winner, loser)] == [2, 1]


def test_each_question_counts_its_own_steps(cast: Cast, at_work: list[datetime]) -> None:
    one = _promise(cast, at_work)
    _said(one, at_work, ours=True)
    for minutes in (5, 10):
        at_work[0] += timedelta(minutes=minutes)
        _said(one, at_work, ours=False)
        if minutes == 5:
            Clock.objects.filter(name="next_answer").update(step=1, skipped=1, moves=3)
            Clock.objects.filter(name="next_answer").update(step=2)
            _said(one, at_work, ours=True)
    Clock.objects.filter(name="next_answer").update(step=2)
    rounds = Promised.objects.filter(conversation=one, name="next_answer").order_by("began_at")
    assert list(rounds.values_list("steps", "moves")) == [(1, 3), (2, 0)]


def test_a_promise_that_an_address_makes_up_is_no_longer_there(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.lead)
    span = "start=2026-03-01T00:00:00Z&end=2026-03-08T00:00:00Z"
    for made_up in (f"first_answer|{'9' * 5000}|", f"first_answer|{'9' * 400}|", "first_answer|x|", "%00", "||||"):
        for page in (reverse("promise_report") + "?", reverse("promise_rows", args=["missed"]) + f"?{span}&"):
            assert client.get(f"{page}promise={made_up}").status_code == 200


def test_the_document_says_what_the_page_says() -> None:
    written = Path("docs/reports.md").read_text(encoding="utf-8")
    assert [words for words in MEANS.values() if str(words) not in written] == [MEANS["decided"]]
