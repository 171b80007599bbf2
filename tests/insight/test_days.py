"""Days that are over are kept packed; a report says the same whether they are or not, whatever happened since."""

import random
from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from rapport.conversations import actions
from rapport.conversations.models import Conversation, Direction, Message
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.insight import days, promised
from rapport.insight.figures import Asked, Figure, Report, report
from rapport.insight.models import ClosedDay, Day, Promised, Said, TouchedDay, Turn
from rapport.insight.periods import Period, before, buckets
from rapport.insight.sources import NOBODY, Narrowing
from tests.insight.plainly import counted_plainly
from tests.insight.test_figures import PERIOD, START, asked, busy
from tests.web.cast import Cast, make_cast, make_conversation

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=16)
#: Its midnights are not those of UTC, nor is a quarter of an hour of them a whole hour.
FAR = Period(date(2026, 3, 22), date(2026, 4, 6), ZoneInfo("Asia/Kathmandu"))


@pytest.fixture
def cast(db: None) -> Cast:
    """The small company."""
    return make_cast()


def plain(found: Report) -> list[object]:
    """All of a report, to compare."""

    def figure(one: Figure) -> object:
        times = [tuple(round(x, 3) for x in (t.median, t.p90)) if t else None for t in (one.work, one.clock)]
        return (one.count, *times, one.promised, one.kept)

    parts = [found.total, found.before, *found.series, *(found.groups[key] for key in sorted(found.groups))]
    return [sorted(found.groups), *({name: figure(one) for name, one in sorted(part.items())} for part in parts)]


def close() -> int:
    """Close all that there is to close."""
    return days.close_some(budget_s=60)


def agree(cast: Cast, *wanted: Asked) -> None:
    """Everybody reads what plain statements over everything say."""
    for member, many in ((cast.agent, len(wanted)), (cast.hr, 2)):
        with scope.member(member.id):
            for one in wanted[:many]:
                assert plain(report(one)) == plain(counted_plainly(one)), (member.name, one.dimension)


def everything(cast: Cast) -> list[Asked]:
    return [
        asked(dimension="team"), asked(dimension="member", grain="week"), asked(dimension="channel"),
        asked(dimension="topic", team=cast.service.id), asked(dimension="channel", topic=NOBODY),
        Asked(FAR, buckets(FAR, "day"), Narrowing({"member": str(cast.agent.id)}), "team"),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", [11, 12])
def test_a_report_says_the_same_of_closed_days_of_open_ones_and_of_those_touched_since(seed: int, cast: Cast) -> None:
    chance = random.Random(seed)
    with scope.system():
        busy(cast, seed)
    with travel(LATER):
        agree(cast, *everything(cast))
        assert close() >= 15
        with scope.system():
            assert Day.objects.count() > 15
        agree(cast, *everything(cast))
        _change(cast, chance)
        agree(cast, *everything(cast))
        assert close() > 0
        with scope.system():
            assert not TouchedDay.objects.filter(day__in=ClosedDay.objects.values("day")).exists()
        agree(cast, *everything(cast))
        assert close() == 0


def _change(cast: Cast, chance: random.Random) -> None:
    """What can happen to conversations and messages that are there, of every kind."""
    with scope.system():
        own = list(Conversation.objects.filter(owner_team=cast.service).order_by("created_at"))
        chance.shuffle(own)
        moved, hidden, spam, topical, given, older, lost, answered = own[:8]
        Conversation.objects.filter(id=moved.id).update(owner_team=cast.people_team)
        actions.set_confidential(hidden.id, cast.agent, True)
        actions.mark_spam(spam.id, cast.agent)
        Conversation.objects.filter(id=topical.id).update(topic=None if topical.topic_id else cast.topic)
        Conversation.objects.filter(id=given.id).update(owner_member=cast.lead, channel=None)
        Conversation.objects.filter(id=older.id).update(created_at=older.created_at - timedelta(days=2))
        Conversation.objects.filter(id=answered.id).update(
            first_answered_at=answered.created_at + timedelta(days=1),
            first_answer_due_at=answered.created_at + timedelta(hours=5),
        )
        Message.objects.filter(conversation_id=lost.id).delete()
        Conversation.objects.filter(id=lost.id).delete()
        for one in Message.objects.order_by("id")[:4]:
            Message.objects.filter(pk=one.pk).update(at=one.at - timedelta(days=1))
        Message.objects.create(
            conversation=moved, channel=cast.channel, direction=Direction.OUT, member=cast.agent,
            at=START + timedelta(days=5), sent_at=START + timedelta(days=5),
        )  # fmt: skip


def test_what_is_closed_is_seen_by_whom_its_conversations_are_seen_by(cast: Cast) -> None:
    busy(cast, 5)
    with travel(LATER):
        close()
    seen = {}
    for member in (cast.agent, cast.hr, None):
        if member is None:
            seen[member] = set(Day.objects.values_list("id", flat=True))
            continue
        with scope.member(member.id):
            seen[member.id] = {tuple(one.audience) for one in Day.objects.all()}
    assert not seen[None]
    assert not any(cast.people_team.id in audience for audience in seen[cast.agent.id])
    assert any(cast.people_team.id in audience for audience in seen[cast.hr.id])


def test_today_is_never_closed_and_a_member_sees_at_once_what_they_did(cast: Cast) -> None:
    with travel(LATER), scope.system():
        make_conversation("A matter", "x", cast.customer, cast.service, cast.channel)
        close()
        today = LATER.date()
        assert not ClosedDay.objects.filter(day__gte=today).exists()
        period = Period(today, today, ZoneInfo("UTC"))
        assert report(Asked(period, buckets(period, "day"))).total["opened"].count == 1


def test_while_somebody_closes_days_nobody_else_does(cast: Cast) -> None:
    busy(cast, 6, days=3)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('rapport.insight.days'))")
            with travel(LATER):
                assert close() == 0
            assert not ClosedDay.objects.exists()
            cursor.execute("SELECT pg_advisory_unlock(hashtext('rapport.insight.days'))")
    finally:
        other.close()
    with travel(LATER):
        assert close() > 0


def test_what_closes_a_day_is_in_nobodys_way_and_loses_no_mark_made_meanwhile(cast: Cast) -> None:
    busy(cast, 6, days=3)
    other = connection.copy()
    try:
        with travel(LATER), scope.system(), other.cursor() as cursor:
            close()  # and all that it has locked still is: this transaction has not ended
            day = ClosedDay.objects.order_by("day").first()
            assert day
            cursor.execute("BEGIN; SET LOCAL lock_timeout = '1s'")
            cursor.execute("INSERT INTO insight_touchedday (day) VALUES (%s)", [day.day])
            cursor.execute("UPDATE insight_said SET at = at; UPDATE insight_turn SET at = at")
            cursor.execute("ROLLBACK")
    finally:
        other.close()


def test_a_day_that_cannot_be_closed_keeps_none_of_those_before_it_from_being_so(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(cast, 6, days=3)
    packed, some = days._packed, days.KINDS["received"]
    with travel(LATER), scope.system():
        stop = (LATER - timedelta(days=3)).date()

        def stopped(kind: days.Kind, when: str, by: list[str]) -> str:
            if kind is some and ClosedDay.objects.filter(day=stop).exists():
                raise RuntimeError("stopped")
            return packed(kind, when, by)

        monkeypatch.setattr(days, "_packed", stopped)
        with pytest.raises(RuntimeError):
            close()
        there = set(ClosedDay.objects.values_list("day", flat=True))
        assert there == {stop + timedelta(days=1), stop + timedelta(days=2)}, "the latest first"
        monkeypatch.setattr(days, "_packed", packed)
        assert close() > 10


def test_of_those_touched_and_those_never_closed_both_have_their_turn(cast: Cast) -> None:
    busy(cast, 6, days=10)
    with travel(LATER - timedelta(days=3)):
        close()
    with travel(LATER), scope.system():
        closed = sorted(ClosedDay.objects.values_list("day", flat=True))
        for day in (closed[-1], closed[2], closed[-1]):
            TouchedDay.objects.create(day=day)
        assert days.close_some(budget_s=0) == 2
        assert set(TouchedDay.objects.values_list("day", flat=True)) == {closed[-1]}, "left alone the longest first"
        assert ClosedDay.objects.count() == len(closed) + 1
        assert ClosedDay.objects.filter(day=LATER.date() - timedelta(days=1)).exists(), "the latest first"
        assert days.close_some(budget_s=0) == 2
        assert not TouchedDay.objects.exists()


def test_more_names_than_two_bytes_tell_apart_are_packed_in_four(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "_NARROW", 1)
    busy(cast, 14, days=12)
    with travel(LATER):
        close()
        with scope.system():
            found = list(Day.objects.exclude(kind="promised"))
        assert {len(one.member) // one.count for one in found} == {2, 4}
        assert all(len(one.team) == len(one.member) for one in found)
        agree(cast, asked(dimension="member"), asked(dimension="topic", team=cast.service.id))
        assert days.compare(60).wrong == []


def test_days_that_are_not_what_is_there_are_found_and_closed_anew(cast: Cast) -> None:
    with scope.system():
        busy(cast, 15)
        _promised(random.Random(15))
    with travel(LATER), scope.system():
        close()
        many = ClosedDay.objects.count()
        assert days.compare(60) == days.Compared(many, many, [])
        rows = list(Day.objects.filter(count__gt=1).order_by("day", "kind", "id"))
        spoilt: dict[date, Day] = {}
        for one in rows:
            spoilt.setdefault(one.day, one)
        wrong = list(spoilt.values())[:7]
        _spoil(wrong)
        dates = [one.day for one in wrong]
        assert days.compare(60).wrong == dates
        TouchedDay.objects.create(day=dates[0])
        assert days.compare(60) == days.Compared(many - 1, many - 1, dates[1:])
        assert days.compare(0).looked == 1
        days.reopen()
        assert days.compare() == days.Compared(0, 0, [])
        assert close() == many
        assert days.compare(60).wrong == []


def _spoil(rows: list[Day]) -> None:
    """Each in another way."""
    first, second, third, fourth, fifth, sixth, seventh = rows
    Day.objects.filter(id=first.id).delete()
    Day.objects.filter(id=second.id).update(count=1)
    Day.objects.filter(id=third.id).update(at=bytes(third.at[8:]) + bytes(8))
    Day.objects.filter(id=fourth.id).update(audience=[])
    Day.objects.filter(id=fifth.id).update(teams=f"{fifth.teams}0")
    Day.objects.filter(id=sixth.id).update(team=b"\x7f" * len(sixth.team))
    Day.objects.filter(id=seventh.id).update(count=0, at=b"", began=b"", mark=b"")


def test_reopened_days_are_counted_from_what_is_there_and_closed_anew(cast: Cast) -> None:
    busy(cast, 7, days=6)
    with travel(LATER):
        many = close()
        with scope.system():
            Day.objects.all().update(count=1)
        days.reopen()
        agree(cast, asked())
        assert close() == many
        agree(cast, asked())


def test_gaps_are_joined_where_they_are_many_and_nothing_is_counted_twice(cast: Cast) -> None:
    busy(cast, 8, days=40)
    with travel(START + timedelta(days=41)):
        close()
        with scope.system():
            for number in range(0, 40, 2):
                TouchedDay.objects.create(day=(START + timedelta(days=number)).date())
            found = days.days(START, now())
        assert 1 < len(found.open) <= 12
        assert found.closed
        for day in found.closed:
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            assert not any(a <= noon < b for a, b in found.open)
        agree(cast, Asked(FAR, buckets(FAR, "week"), Narrowing({}), "team"))


def test_a_change_touches_the_days_of_the_conversation_and_no_others(cast: Cast) -> None:
    busy(cast, 9, days=9)
    with travel(LATER), scope.system():
        close()
        one = Conversation.objects.filter(owner_team=cast.service).order_by("created_at").first()
        assert one
        theirs = {one.created_at.date(), *(said.at.date() for said in Said.objects.filter(conversation_id=one.id)),
                  *(turn.at.date() for turn in Turn.objects.filter(conversation=one))}  # fmt: skip
        Conversation.objects.filter(id=one.id).update(snippet="Another", priority=3)
        assert not TouchedDay.objects.exists()
        Conversation.objects.filter(id=one.id).update(owner_team=cast.people_team)
        touched = set(TouchedDay.objects.values_list("day", flat=True))
        assert touched >= theirs
        assert close() == len(touched)


def test_a_period_that_is_long_over_says_the_same(cast: Cast) -> None:
    busy(cast, 10)
    assert PERIOD.last < date(2026, 4, 5)
    with travel(LATER + timedelta(days=60)):
        close()
        agree(cast, asked())


def test_promises_are_the_same_of_closed_days_of_open_ones_and_of_those_touched_since(cast: Cast) -> None:
    chance = random.Random(13)
    with scope.system():
        busy(cast, 13)
        _promised(chance)
    wanted = [_of_promises(one) for one in ("team", "promise", "member")]
    wanted.append(_of_promises("topic", promise="first_answer|120|Office"))
    with travel(LATER):
        said = _said_of_promises(cast, wanted)
        assert any(one.total.kept and one.total.missed and one.groups for one in said[0].values())
        close()
        assert _said_of_promises(cast, wanted) == said
        with scope.system():
            one = Promised.objects.filter(stopped_at=None, at__lt=LATER).order_by("at").first()
            assert one
            Promised.objects.filter(pk=one.pk).update(stopped_at=LATER, steps=2)
            for gone in Promised.objects.filter(name="resolution").order_by("at")[:3]:
                Promised.objects.filter(pk=gone.pk).delete()
        changed = _said_of_promises(cast, wanted)
        assert changed != said
        close()
        assert _said_of_promises(cast, wanted) == changed


def _of_promises(dimension: str, **by: str) -> promised.Asked:
    before_ = buckets(before(PERIOD), "day")
    return promised.Asked(PERIOD, buckets(PERIOD, "day"), before_, Narrowing(by), dimension)


def _promised(chance: random.Random) -> None:
    """Two promises of each conversation: kept, missed, missed and still not done, standing, or running."""
    for one in Conversation.objects.all():
        for name, minutes, hours in (("first_answer", 120, "Office"), ("resolution", 960, "")):
            due = one.created_at + timedelta(minutes=minutes)
            stopped = chance.choice([None, due - timedelta(minutes=5), due + timedelta(hours=30)])
            halted = chance.choice([None, None, due - timedelta(minutes=1), due + timedelta(hours=3)])
            known = min(due, stopped) if stopped else None if halted and halted <= due else due
            Promised.objects.create(
                conversation=one, name=name, began_at=one.created_at, due_at=due, halted_at=halted, stopped_at=stopped,
                at=known, span_minutes=minutes, hours=hours, steps=chance.choice([0, 0, 2]),
                moves=chance.choice([0, 1]), audience=one.audience,
            )  # fmt: skip


def _said_of_promises(cast: Cast, wanted: list[promised.Asked]) -> list[dict[str, promised.OfClock]]:
    """What the report says, which is as many as the lists have; and the worst are the first of their list."""
    found = []
    for member in (cast.agent, cast.hr):
        with scope.member(member.id):
            for one in wanted:
                report_ = promised.report(one)
                found.append(report_)
                for name, clock in report_.items():
                    for state, count in (("kept", clock.total.kept), ("missed", clock.total.missed)):
                        narrowing = Narrowing({**one.narrowing.by, "clock": name})
                        rows = promised.Wanted(state, PERIOD.start, PERIOD.end, narrowing)
                        assert promised.count(rows)[0] == count
                    missed = [row.late or 0 for row in promised.page(rows, limit=1000)[0]]
                    assert not missed or clock.total.median == pytest.approx(median(missed), abs=1e-3)
                listed, _more = promised.page(
                    promised.Wanted("missed", PERIOD.start, PERIOD.end, one.narrowing), by_late=True, limit=10
                )
                assert sorted(round(row.late or 0, 2) for row in promised.worst(one, report_)) == sorted(
                    round(row.late or 0, 2) for row in listed
                )
    return found
