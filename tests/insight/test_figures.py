"""A figure is as many rows as the list behind it has, for everybody, whatever happened."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.conversations import actions
from rapport.conversations.models import Conversation, Direction, Message
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.core.errors import Invalid
from rapport.insight import rows
from rapport.insight.figures import Asked, Report, report
from rapport.insight.measures import MEASURES
from rapport.insight.models import Said, Turn
from rapport.insight.periods import Bucket, Period, before, buckets, custom
from rapport.insight.sources import NOBODY, SOURCES, Narrowing
from rapport.staff.hours import business_elapsed, make_hours
from rapport.staff.models import Member
from tests.web.cast import Cast, make_cast, make_conversation

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 20, 8, tzinfo=UTC)
PERIOD = Period(date(2026, 3, 24), date(2026, 3, 31), ZONE)


def busy(cast: Cast, seed: int, days: int = 16) -> None:
    """Some weeks of work: things arrive, are answered, resolved, opened again, moved and thrown away."""
    chance = random.Random(seed)
    at = START
    with scope.system():
        known: list[Conversation] = []
        while at < START + timedelta(days=days):
            at += timedelta(minutes=chance.randrange(20, 900))
            with travel(at):
                if not known or chance.random() < 0.4:
                    secret = chance.random() < 0.2
                    person, team = (cast.secretive, cast.people_team) if secret else (cast.customer, cast.service)
                    topic = chance.choice([cast.topic, None])
                    known.append(make_conversation("A matter", "x", person, team, cast.channel, topic=topic))
                else:
                    _something(cast, chance, chance.choice(known))


def _something(cast: Cast, chance: random.Random, one: Conversation) -> None:
    actor: Member = cast.hr if one.owner_team_id == cast.people_team.id else chance.choice([cast.agent, cast.lead])
    what = chance.choice(["say", "say", "resolve", "resolve", "reopen", "spam", "hear"])
    if what == "say":
        Message.objects.create(
            conversation=one, channel=cast.channel, direction=Direction.OUT, member=actor, at=now(), sent_at=now()
        )
        fields = {"awaiting_answer": False, "owner_member": actor}
        Conversation.objects.filter(id=one.id).update(**fields)
        Conversation.objects.filter(id=one.id, first_answered_at=None).update(first_answered_at=now())
    elif what == "hear":
        Message.objects.create(
            conversation=one, channel=cast.channel, direction=Direction.IN, at=now(),
            kind=chance.choice(["message", "auto"]),
        )  # fmt: skip
    elif what == "spam" and chance.random() < 0.7:
        return
    else:
        {"resolve": actions.resolve, "reopen": actions.reopen, "spam": actions.mark_spam}[what](one.id, actor)


def asked(period: Period = PERIOD, dimension: str = "team", grain: str = "day", **by: object) -> Asked:
    return Asked(period, buckets(period, grain), Narrowing({k: str(v) for k, v in by.items()}), dimension)


def behind(source: str, start: datetime, end: datetime, **by: object) -> int:
    """How many rows the list has, paged through to its end."""
    wanted = rows.Wanted(source, start, end, Narrowing({k: str(v) for k, v in by.items()}))
    found, cursor = 0, ""
    while True:
        page = rows.page(wanted, cursor, limit=7)
        found += len(page.rows)
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    assert rows.count(wanted)[0] == found
    return found


def check(found: Report, wanted: Asked) -> None:
    """Every figure against its list."""
    by = dict(wanted.narrowing.by)
    earlier = before(wanted.period)
    for source in ("received", "sent", "opened", "answered", "resolved", "reopened", "backlog"):
        spans = [
            (found.total, wanted.period.start, wanted.period.end, by), (found.before, earlier.start, earlier.end, by),
            *((one, b.start, b.end, by) for one, b in zip(found.series, wanted.buckets, strict=True)),
            *((one, wanted.period.start, wanted.period.end, {**by, wanted.dimension: key})
              for key, one in found.groups.items()),
        ]  # fmt: skip
        for figures, start, end, narrowed in spans:
            count = figures[source].count if source in figures else 0
            assert count == behind(source, start, end, **narrowed), (source, start, end, narrowed)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("dimension", ["team", "topic", "channel", "member"])
def test_every_figure_has_exactly_its_rows(seed: int, dimension: str, cast: Cast) -> None:
    busy(cast, seed)
    with travel(START + timedelta(days=16)), scope.member(cast.agent.id):
        wanted = asked(dimension=dimension)
        check(report(wanted), wanted)
        if dimension == "team":
            narrowed = asked(dimension="topic", team=cast.service.id, topic=NOBODY)
            check(report(narrowed), narrowed)


def test_kept_and_broken_promises_add_up_and_have_their_rows(cast: Cast) -> None:
    busy(cast, 3)
    with travel(START + timedelta(days=16)), scope.member(cast.agent.id):
        answered = report(asked()).total["answered"]
        span = (PERIOD.start, PERIOD.end)
        assert answered.promised == behind("promised", *span) > 0
        assert answered.kept == behind("kept", *span)
        assert answered.promised - answered.kept == behind("broken", *span)


def test_times_are_those_of_the_rows_in_business_hours_and_by_the_clock(cast: Cast) -> None:
    busy(cast, 4)
    hours = make_hours("Europe/Berlin", cast.service.hours.blocks)  # type: ignore[union-attr]
    with travel(START + timedelta(days=16)), scope.member(cast.agent.id):
        total = report(asked(team=cast.service.id)).total["answered"]
        found = Conversation.objects.filter(
            owner_team=cast.service, first_answered_at__gte=PERIOD.start, first_answered_at__lt=PERIOD.end
        ).exclude(status="spam")
        pairs = list(found.values_list("created_at", "first_answered_at"))
    assert total.count == len(pairs) >= 3
    assert total.clock
    assert total.work
    assert total.clock.median == pytest.approx(median((b - a).total_seconds() for a, b in pairs))
    worked = [business_elapsed(a, b, hours).total_seconds() for a, b in pairs]
    assert total.work.median == pytest.approx(median(worked), abs=1)


def test_figures_of_a_confidential_team_are_for_that_team_only(cast: Cast) -> None:
    busy(cast, 5)
    with travel(START + timedelta(days=16)):
        with scope.member(cast.admin.id):
            outside = report(asked())
            assert behind("opened", PERIOD.start, PERIOD.end, team=cast.people_team.id) == 0
        with scope.member(cast.hr.id):
            inside = report(asked())
        with scope.system():
            pass
        nobody = report(asked())
    assert set(outside.groups) == {str(cast.service.id)}
    assert set(inside.groups) == {str(cast.service.id), str(cast.people_team.id)}
    assert inside.total["opened"].count > outside.total["opened"].count
    assert nobody.total == {"backlog": nobody.total["backlog"]}
    assert nobody.total["backlog"].count == 0


def test_turns_are_a_chain_and_go_where_their_conversation_goes(cast: Cast) -> None:
    busy(cast, 6)
    with scope.system():
        turns: dict[UUID, list[Turn]] = {}
        for turn in Turn.objects.order_by("conversation_id", "at"):
            turns.setdefault(turn.conversation_id, []).append(turn)
        assert len(turns) > 3
        for one in Conversation.objects.all():
            status = "open"
            for turn in turns.get(one.id, []):
                assert turn.from_status == status
                assert turn.at >= one.created_at
                status = turn.to_status
            assert status == one.status
        moved = next(c for c in Conversation.objects.filter(owner_team=cast.service) if c.id in turns)
        actions.set_confidential(moved.id, cast.agent, True)
        assert {tuple(t.audience) for t in Turn.objects.filter(conversation=moved)} == {(cast.service.id,)}
        assert {tuple(s.audience) for s in Said.objects.filter(conversation_id=moved.id)} == {(cast.service.id,)}
    with scope.member(cast.hr.id):
        assert not Turn.objects.filter(conversation=moved).exists()
        assert not Said.objects.filter(conversation_id=moved.id).exists()


def test_what_was_said_follows_its_message(cast: Cast) -> None:
    with scope.system():
        said = Said.objects.filter(conversation_id=cast.conversation.id)
        assert said.count() == 1
        waiting = Message.objects.create(
            conversation=cast.conversation, direction=Direction.OUT, member=cast.agent, at=now()
        )
        Message.objects.create(conversation=cast.conversation, direction=Direction.NOTE, member=cast.agent, at=now())
        assert said.count() == 1
        Message.objects.filter(pk=waiting.pk).update(sent_at=now())
        assert said.get(direction="out").member_id == cast.agent.id
        Message.objects.filter(pk=waiting.pk).update(conversation=cast.secret)
        assert said.count() == 1
        moved = Said.objects.get(conversation_id=cast.secret.id, direction="out")
        assert moved.audience == [cast.people_team.id]
        Message.objects.filter(conversation=cast.secret).delete()
        assert not Said.objects.filter(conversation_id=cast.secret.id).exists()


def test_nothing_is_asked_that_is_not_counted() -> None:
    assert {measure.source for measure in MEASURES} <= set(SOURCES)


@given(
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)), days=st.integers(1, 400),
    zone=st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia"]),
    grain=st.sampled_from(["day", "week", "month"]),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_moment_lies_in_exactly_one_bucket(first: date, days: int, zone: str, grain: str) -> None:
    period = Period(first, first + timedelta(days=days - 1), ZoneInfo(zone))
    found: list[Bucket] = buckets(period, grain)
    assert found[0].start == period.start
    assert found[-1].end == period.end
    assert all(a.end == b.start and a.start < a.end for a, b in pairwise(found))


def test_the_night_of_the_clock_change_makes_a_day_of_23_hours() -> None:
    period = Period(date(2026, 3, 28), date(2026, 3, 30), ZONE)
    assert [(b.end - b.start) // timedelta(hours=1) for b in buckets(period, "day")] == [24, 23, 24]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ((date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 2, 1), date(2026, 2, 28))),
        ((date(2026, 3, 10), date(2026, 3, 16)), (date(2026, 3, 3), date(2026, 3, 9))),
        ((date(2026, 1, 1), date(2026, 1, 1)), (date(2025, 12, 31), date(2025, 12, 31))),
    ],
)
def test_compares_with_the_month_or_the_days_before(
    period: tuple[date, date], expected: tuple[date, date]
) -> None:
    found = before(Period(*period, ZONE))
    assert (found.first, found.last) == expected


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(1, 1, 1), date(1, 1, 2)), (date(1899, 12, 31), date(1900, 1, 1)), (date(2999, 12, 31), date(3000, 1, 1)),
        (date(9999, 12, 1), date.max),
    ],
)  # fmt: skip
def test_a_period_at_an_end_of_the_calendar_is_refused(first: date, last: date) -> None:
    with pytest.raises(Invalid):
        custom(first, last, ZONE)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2999, 12, 31)])
def test_the_farthest_periods_have_buckets_and_a_period_before(day: date, zone: str) -> None:
    period = custom(day, day, ZoneInfo(zone))
    for grain in ("day", "week", "month"):
        assert [len(buckets(one, grain)) for one in (period, before(period))] == [1, 1]


@pytest.fixture
def cast(db: None) -> Cast:
    """The small company."""
    return make_cast()
