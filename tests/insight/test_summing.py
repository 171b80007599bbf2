"""The sums of closed days and what changed since, together, are what counting every row gives: for everybody."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.conversations import actions as verbs
from rapport.conversations import merging, undoing
from rapport.conversations.models import Conversation
from rapport.conversations.visibility import audience_of
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import RapportError
from rapport.core.models import Event
from rapport.insight import routing, summing
from rapport.insight.covering import DAYS, Block, closed, cover
from rapport.insight.models import Amended, Routed, RuleName, Summed
from rapport.insight.periods import Period, latest
from rapport.ownership import actions
from rapport.ownership.models import Decision
from rapport.ownership.service import SavedBy, save_policy_dict
from rapport.staff.models import Member, Membership, Team
from tests.web.cast import Cast, make_conversation, make_person

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 900), st.integers(0, 900), st.sets(st.tuples(st.sampled_from(DAYS), st.integers(0, 40))))
def test_a_cover_is_the_span_itself_without_gaps_and_nothing_twice(
    first: int, hours: int, chosen: set[tuple[int, int]]
) -> None:
    start = EPOCH + timedelta(hours=first)
    end = start + timedelta(hours=hours)
    there = [Block(days, EPOCH + timedelta(days=days * number)) for days, number in chosen]
    found = cover(start, end, there)
    pieces = sorted([(one.starts, one.ends) for one in found.blocks] + found.gaps)
    assert [piece[0] for piece in pieces] == ([start, *[piece[1] for piece in pieces[:-1]]] if pieces else [])
    assert (pieces[-1][1] if pieces else start) == end
    assert set(found.blocks) <= set(there)
    for gap_start, gap_end in found.gaps:
        assert not [one for one in there if one.starts >= gap_start and one.ends <= gap_end], "no sum is left unused"


def test_blocks_begin_at_multiples_of_their_days_and_have_ended() -> None:
    since, until = EPOCH + timedelta(days=3, hours=1), EPOCH + timedelta(days=12, hours=23)
    assert [one.starts.day for one in closed(4, since, until)] == [5, 9]
    assert [one.starts.day for one in closed(1, since, until)] == [5, 6, 7, 8, 9, 10, 11, 12]
    assert closed(16, since, until) == []


class Company:
    """A company in which anything may happen to conversations of the last weeks."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.chance = cast, random.Random(seed)
        self.product = Team.objects.create(name="Product", slug="product")
        self.both = Member.objects.create(email="both@example.org", name="Both", time_zone="Asia/Kolkata")
        for team in (self.product, cast.people_team):
            Membership.objects.create(team=team, member=self.both)
        self.teams = [cast.service, self.product, cast.people_team, None]
        rules = [
            {"name": "Money", "when": {"words": ["money"]}, "then": {"owner": "product"}},
            {"name": "Before", "when": {"earlier_owner": "any"}, "then": {"owner": "@earlier"}},
            {"name": "Known", "when": {"held": True}, "then": {"owner": "@holder"}},
        ]
        for number in (2, 3):  # the same rules in another order: known by their names
            save_policy_dict({"format": 1, "triage": "customer-service", "rules": rules}, SavedBy(None, str(number)))
            rules.reverse()
        with scope.system():
            self.ids = [self.make(place) for place in range(24)]

    def make(self, place: int) -> UUID:
        """One that came at some time, decided in some way."""
        cast, chance = self.cast, self.chance
        team = chance.choice(self.teams[:3])
        assert team is not None
        person = make_person(f"P {place}", f"p{place}@shop.example", audience_of(team, [], team.confidential))
        made = make_conversation("x", "x", person, team, cast.channel, minutes_ago=chance.randrange(60 * 24 * 30))
        rule = chance.choice([None, None, 1, 2, 3])
        likely = chance.choice([None, 0.31, 0.97])
        said = {"team": chance.choice(["product", "customer-service"]), "probability": likely, "acted": rule is None and
                likely == 0.97} if likely else None  # fmt: skip
        Decision.objects.filter(conversation=made).delete()
        Routed.objects.filter(conversation_id=made.id).delete()
        Decision.objects.create(conversation=made, source="policy", policy_version=chance.choice([2, 3]), rule=rule,
                                suggestion=said, owner_team=team, sentence="x", trace=[])  # fmt: skip
        return made.id

    def act(self) -> None:
        """Something that a member does, or is done to the rows; what is not possible is not done."""
        cast, chance = self.cast, self.chance
        one, other = chance.sample(self.ids, 2)
        by = chance.choice([cast.agent, cast.hr, self.both])
        doing: list[Callable[[], Any]] = [
            lambda: actions.assign(one, by, chance.choice(self.teams)), lambda: actions.resolve(one, by),
            lambda: actions.reopen(one, by), lambda: actions.mark_spam(one, by),
            lambda: verbs.set_confidential(one, by, chance.choice([True, False])),
            lambda: verbs.involve(one, by, self.product), lambda: merging.merge(one, [other], by),
            lambda: actions.set_topic(one, by, chance.choice([cast.topic, None])), lambda: self.undo(by),
            lambda: self.undo(by), lambda: self.rows(one),
        ]  # fmt: skip
        with suppress(RapportError), scope.member(by.id):
            chance.choice(doing)()

    def undo(self, by: Member) -> None:
        """One of the last acts is taken back."""
        events = Event.objects.filter(actor_id=by.id).order_by("-id")[:4]
        if events:
            undoing.undo(self.chance.choice(list(events)).id, by)

    def rows(self, id: UUID) -> None:
        """What erasing, splitting and imports do: rows go, are backdated, and come."""
        with scope.system():
            if self.chance.random() < 0.4:
                Routed.objects.filter(conversation_id=id).delete()
            elif self.chance.random() < 0.5:
                at = now() - timedelta(minutes=self.chance.randrange(60 * 24 * 30))
                Conversation.objects.filter(id=id).update(created_at=at)
            else:
                self.ids.append(self.make(len(self.ids)))


def truth(period: Period, team: UUID | None = None) -> dict[str, Counter[Any]]:
    """What the page tells, of all or of one team, counted from every row that the member sees, by plain Python."""
    found: dict[str, Counter[Any]] = {
        name: Counter()
        for name in ("ways", "first", "moved", "given", "fired", "channels", "topics", "hours", "likely")
    }
    names: dict[tuple[int | None, int | None], RuleName] = {
        (one.version, one.rule): one for one in RuleName.objects.all()
    }
    for row in Routed.objects.filter(counted=True, at__gte=period.start, at__lt=period.end):
        rule = names.get((row.version, row.rule))
        owner = str(row.owner_team_id) if row.owner_team_id else None
        first = str(row.team_id) if row.team_id else None
        decided = row.rule is not None or row.acted
        agreed = row.said_team_id == row.owner_team_id and row.owner_team_id is not None
        way = (routing.WAYS[rule.told if rule else 0] if row.rule is not None else "learned" if row.acted
               else "untouched" if not (row.dealt or row.moved) else "suggested" if agreed else "sorted")  # fmt: skip
        overruled = row.moved and row.owner_team_id != row.team_id and decided
        own, was_first = team in (None, row.owner_team_id), team in (None, row.team_id)
        found["ways"][owner, way] += own
        found["channels"][owner, str(row.channel_id)] += own
        found["topics"][owner, str(row.topic_id) if row.topic_id else None] += own
        found["hours"][row.at.astimezone(period.zone).strftime("%u %H"), not decided] += own
        if decided:
            found["first"][first, overruled] += was_first
            found["given"][rule.name if rule else "", way, first] += 1
        if rule:
            found["fired"][rule.name] += was_first
        if overruled:
            found["moved"][rule.name if rule else "", way, first, owner] += own or was_first
        if row.likely is not None and (row.dealt or row.moved):
            found["likely"][min(9, int(row.likely * 10)), agreed] += own
    return {name: Counter({key: n for key, n in counts.items() if n}) for name, counts in found.items()}


def compare(member: Member, zone: str, *teams: Team) -> None:
    """What the page counts for the member, of all and of these teams, is what is there, with sums and without."""
    here = ZoneInfo(zone)
    with scope.member(member.id):
        for days, team in ((7, None), (28, None), (90, None), *((28, one.id) for one in teams)):
            period = latest(days, now().astimezone(here).date(), here)
            wanted = truth(period, team)
            for sums in (True, False):
                counted = routing.counted(routing.Asked(period, team), sums=sums)
                hours: Counter[Any] = Counter()
                for at, triaged, count in counted.times:
                    hours[at.astimezone(here).strftime("%u %H"), triaged] += count
                assert counted.ways == wanted["ways"], (days, team, sums)
                assert counted.first == wanted["first"]
                assert counted.fired == set(wanted["fired"])
                assert (counted.channels, counted.topics) == (wanted["channels"], wanted["topics"])
                assert (hours, counted.likely) == (wanted["hours"], wanted["likely"])
                moved = sorted(wanted["moved"].values(), reverse=True)[: routing.TOP]
                assert sorted((one.many for one in counted.moved), reverse=True) == moved
                assert all(wanted["moved"][one[:4]] == one.many for one in counted.moved)
                assert all(wanted["given"][one[:3]] == one.of for one in counted.moved)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_to_what_was_summed_everybody_counts_what_is_there(cast: Cast, seed: int) -> None:
    company = Company(cast, seed)
    summing.keep(1)
    assert summing.keep(1) == 0, "what was summed stays so"
    with scope.system():
        assert Summed.objects.filter(days=16).exists()
    for _round in range(3):
        for _ in range(12):
            company.act()
        assert summing.discrepancies() == 0
        compare(cast.agent, "Europe/Berlin", cast.service)
        compare(cast.hr, "UTC", cast.people_team)
        compare(company.both, "Asia/Kolkata", company.product)
        with scope.system():
            assert Amended.objects.exists(), "what changed stands beside the sums"
    summing.recount(1)
    with scope.system():
        assert not Amended.objects.exists()
    assert summing.discrepancies() == 0
    compare(cast.hr, "Asia/Kathmandu", cast.service)


@pytest.mark.django_db
def test_sums_of_what_is_in_confidence_are_seen_by_its_team_only_also_after_it_became_so(cast: Cast) -> None:
    company = Company(cast, 4)
    summing.keep(1)
    with scope.member(cast.agent.id):
        audiences = {team for one in Summed.objects.all() for team in one.audience}
        assert cast.people_team.id not in audiences
        assert audiences
    for id in company.ids:
        with scope.system():
            Conversation.objects.filter(id=id).update(audience=[cast.people_team.id])
    with scope.member(cast.agent.id):
        assert not Amended.objects.filter(sign=1).exists()
        period = latest(90, now().date(), ZoneInfo("UTC"))
        counted = routing.counted(routing.Asked(period))
        assert sum(counted.ways.values()) == Routed.objects.filter(counted=True).count() <= 1


@pytest.mark.django_db
def test_what_is_owed_much_is_summed_anew_and_what_is_just_over_is_not(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company(cast, 5)
    summing.keep(1)
    with scope.system():
        Conversation.objects.filter(id__in=company.ids).update(status="spam")
        assert Amended.objects.exists()
    assert summing.keep(1) == 0
    monkeypatch.setattr(summing, "_OWED_MAX", 0)
    assert summing.keep(1) > 0
    assert summing.discrepancies() == 0
    with scope.system():
        assert not Amended.objects.exists()
        assert Summed.objects.count() <= len(DAYS) * 10, "of the one that is no spam"
        fresh = make_conversation("x", "x", make_person("N", "n@shop.example", []), cast.service, cast.channel)
        Conversation.objects.filter(id=fresh.id).update(status="resolved")
        assert not Amended.objects.exists(), "what is an hour old or less pays nothing"


@pytest.mark.django_db
def test_nothing_is_summed_while_somebody_may_write_who_began_before_it_would_be_noted() -> None:
    other = connection.copy()
    try:
        with other.cursor() as theirs, connection.cursor() as cursor:
            theirs.execute("BEGIN; SELECT now()")  # it has written nothing yet, and could
            cursor.execute("SELECT pg_stat_clear_snapshot(), clock_timestamp()")
            at = cursor.fetchone()[1]
            for moment, busy in ((at, True), (at - timedelta(hours=12), False)):
                cursor.execute(summing._BUSY, [moment])
                assert cursor.fetchone()[0] is busy
            theirs.execute("ROLLBACK")
    finally:
        other.close()


@pytest.mark.django_db
def test_the_ledger_of_promises_and_the_sums_can_be_migrated_back_and_forth() -> None:
    before = _made()
    executor = MigrationExecutor(connection)
    executor.migrate([("insight", "0003_routed")])
    gone = before - _made()
    assert {"insight_promised", "insight_summed", "insight_promise_at", "insight_amended_new"} <= gone
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("insight"))
    assert _made() == before


def _made() -> set[str]:
    """Names of the tables, triggers, functions and indexes that insight has."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname FROM pg_class WHERE relname LIKE 'insight%' UNION SELECT tgname FROM pg_trigger
            WHERE tgname LIKE 'insight%' UNION SELECT proname FROM pg_proc WHERE proname LIKE 'insight%'"""
        )
        return {name for (name,) in cursor.fetchall()}
