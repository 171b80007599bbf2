"""Lists and counters against the plainest way to ask: every row looked at, one by one."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from rapport.conversations import tallying
from rapport.conversations.models import Conversation, Status, Tally
from rapport.conversations.queries import SORTS, View, count_open, list_conversations, rows_of
from rapport.conversations.visibility import EVERYONE, audience_of
from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.staff.models import Member, Membership, Team

START = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("mine", "teams", "unowned", "snoozed", "all")


@dataclass
class Company:
    """Open, closed and confidential teams, and members of none, one and several of them."""

    teams: list[Team]
    members: list[Member]
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def teams_of(self, member: Member) -> frozenset[UUID]:
        return frozenset(member.memberships.values_list("team_id", flat=True))

    def some(self, many: int) -> list[Conversation]:
        """Conversations of every sort, with many equal times."""
        return Conversation.objects.bulk_create(self._one() for _ in range(many))

    def _one(self) -> Conversation:
        chance = self.chance
        team = chance.choice([*self.teams, None])
        involved = [one.id for one in chance.sample(self.teams, chance.choice([0, 0, 1, 2]))]
        confidential = chance.random() < 0.1
        at = START + timedelta(hours=chance.randrange(40))
        return Conversation(
            status=chance.choice(["open", "open", "open", "resolved", "spam"]), owner_team=team,
            owner_member=chance.choice([*self.members, None, None]), involved=involved, confidential=confidential,
            audience=audience_of(team, involved, confidential), snoozed=chance.random() < 0.2,
            last_activity_at=at, created_at=START - timedelta(hours=chance.randrange(40)),
            first_answer_due_at=chance.choice([None, None, at + timedelta(hours=chance.randrange(4))]),
        )  # fmt: skip


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    kinds = [("Open", True, False), ("Wide", True, False), ("Closed", False, False), ("Sales", False, False),
             ("Secret", False, True)]  # fmt: skip
    teams = [Team.objects.create(name=n, slug=n.lower(), is_open=o, confidential=c) for n, o, c in kinds]
    members = [Member.objects.create(email=f"m{n}@company.example", name=f"M{n}") for n in range(5)]
    for member, own in zip(members, [[], [0], [2], [0, 3, 4], [0, 1, 2, 3, 4]], strict=True):
        for number in own:
            Membership.objects.create(member=member, team=teams[number])
    with scope.system():
        yield Company(teams, members)


def _plain(view: View) -> list[Conversation]:
    """What should be listed, by looking at every conversation."""
    mine = {EVERYONE, *view.team_ids}
    found = [one for one in Conversation.objects.all() if mine & set(one.audience) and _belongs(view, one)]
    far, sort = datetime.max.replace(tzinfo=UTC), view.sort
    if sort == "promise" and view.status == "open":
        return sorted(found, key=lambda c: (c.due_at or far, -c.last_activity_at.timestamp(), -c.id.int))
    if sort == "age":
        return sorted(found, key=lambda c: (c.created_at, c.id.int))
    if sort == "newest":
        return sorted(found, key=lambda c: (c.created_at, c.id.int), reverse=True)
    return sorted(found, key=lambda c: (c.last_activity_at, c.id.int), reverse=True)


def _belongs(view: View, one: Conversation) -> bool:
    ours, me = one.owner_team_id in view.team_ids, one.owner_member_id == view.member.id
    if view.name == "snoozed":
        return one.status == "open" and one.snoozed and (ours or me)
    if one.status != view.status or (one.status == "open" and one.snoozed):
        return False
    if view.team_id:
        return one.owner_team_id == view.team_id
    free = one.owner_member_id is None and (ours or one.owner_team_id is None)
    return {"mine": me, "teams": ours, "unowned": free, "all": True}[view.name]


def _paged(view: View, size: int) -> list[UUID]:
    """Every page of the view, one after the other."""
    ids: list[UUID] = []
    cursor = ""
    while True:
        page = list_conversations(view, cursor, size)
        assert len(page.rows) <= size
        ids += [row.id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            return ids


def _views(company: Company, member: Member) -> Iterator[View]:
    view = View(member, company.teams_of(member))
    for status in ("open", "resolved"):
        for sort in SORTS:
            yield from (replace(view, name=name, status=status, sort=sort) for name in NAMES)
            yield from (
                replace(view, name="team", team_id=team.id, status=status, sort=sort) for team in company.teams
            )


@pytest.mark.parametrize("number", range(5))
def test_every_view_sort_and_page_lists_exactly_what_the_member_may_see(company: Company, number: int) -> None:
    company.some(150)
    member = company.members[number]
    everything = list(Conversation.objects.values_list("id", flat=True))
    for view in _views(company, member):
        expected = [one.id for one in _plain(view)]
        with scope.member(member.id):
            assert _paged(view, 9) == expected, view
            assert [row.id for row in rows_of(view, everything[:100])] == [
                id for id in expected if id in everything[:100]
            ]


def test_a_member_of_no_team_still_sees_what_is_open_to_everyone(company: Company) -> None:
    company.some(60)
    view = View(company.members[0], frozenset())
    with scope.member(view.member.id):
        assert [row.id for row in list_conversations(view).rows] == [one.id for one in _plain(view)][:40]


class _Waiting:
    """A filter that keeps what is of high priority."""

    def where(self) -> tuple[str, list[Any]]:
        return "conversations_conversation.priority = %s OR false", [3]


def test_a_filter_narrows_every_view(company: Company) -> None:
    made = company.some(80)
    high = [one.id for one in made[::3]]
    Conversation.objects.filter(id__in=high).update(priority=3)
    member = company.members[4]
    for view in _views(company, member):
        with scope.member(member.id):
            assert _paged(replace(view, filter=_Waiting()), 7) == [one.id for one in _plain(view) if one.id in high]


@pytest.mark.parametrize("cursor", ["x", "bm90aGluZw==", "YWdlfHx8fA=="])
def test_a_page_that_is_none_is_refused(company: Company, cursor: str) -> None:
    with pytest.raises(Invalid):
        list_conversations(View(company.members[1], frozenset()), cursor)


def test_a_cursor_of_another_sort_is_refused(company: Company) -> None:
    company.some(60)
    view = View(company.members[4], company.teams_of(company.members[4]))
    cursor = list_conversations(view, "", 5).next_cursor
    with pytest.raises(Invalid):
        list_conversations(replace(view, sort="age"), cursor)


def _tally_is_right(company: Company) -> None:
    """The counters say what counting every conversation says, for every member, with one statement."""
    assert tallying.discrepancies() == 0
    for member in company.members:
        view = View(member, company.teams_of(member))
        with scope.member(member.id):
            counts = count_open(member, view.team_ids)
        for name in NAMES:
            assert getattr(counts, name) == len(_plain(replace(view, name=name))), name
        by_team = Counter(one.owner_team_id for one in _plain(view) if one.owner_team_id)
        assert counts.by_team == dict(by_team)


def _anything(company: Company) -> None:
    """One change of any sort, by one row or many."""
    chance = company.chance
    ids = list(Conversation.objects.values_list("id", flat=True))
    rows = Conversation.objects.filter(id__in=chance.sample(ids, min(len(ids), chance.choice([1, 1, 5, 40]))))
    team, member = chance.choice([*company.teams, None]), chance.choice([*company.members, None])
    changes: dict[str, dict[str, Any]] = {
        "assign": {"owner_team": team, "owner_member": member, "audience": audience_of(team, [], False)},
        "status": {"status": chance.choice(Status.values)},
        "merge": {"status": "merged", "merged_into": uuid4()},
        "audience": {"audience": [one.id for one in chance.sample(company.teams, 2)]},
        "snooze": {"snoozed": chance.random() < 0.5},
        "nothing": {"snippet": "again"},
    }
    verb = chance.choice([*changes, "insert", "delete", "fold"])
    if verb in changes:
        rows.update(**changes[verb])
    elif verb == "insert":
        company.some(chance.choice([1, 3, 30]))
    elif verb == "delete":
        rows.delete()
    else:
        tallying.fold()


@pytest.mark.parametrize("seed", range(4))
def test_counters_are_right_after_anything_that_may_happen(company: Company, seed: int) -> None:
    company.chance.seed(seed)
    company.some(30)
    for step in range(60):
        _anything(company)
        assert tallying.discrepancies() == 0
        if step % 20 == 19:
            _tally_is_right(company)


def test_a_change_that_moves_nothing_writes_no_counter(company: Company) -> None:
    company.some(20)
    before = set(Tally.objects.values_list("id", flat=True))
    Conversation.objects.update(snippet="again", last_activity_at=START)
    assert set(Tally.objects.values_list("id", flat=True)) == before


def test_a_member_who_changes_something_may_have_it_counted(company: Company) -> None:
    team = company.teams[2]
    one = Conversation.objects.create(owner_team=team, audience=[team.id])
    member = company.members[2]
    with scope.member(member.id):
        Conversation.objects.filter(id=one.id).update(snoozed=True)
        assert connection.cursor().execute("SELECT current_setting('rapport.scope')").fetchone()[0] == "member"
    _tally_is_right(company)


def test_folding_leaves_one_row_a_figure_and_changes_none(company: Company) -> None:
    for _ in range(10):
        company.some(10)
    assert tallying.fold() > 0
    rows = Tally.objects.values_list("owner_team_id", "owner_member_id", "snoozed", "audience")
    assert len({(*row[:3], tuple(row[3])) for row in rows}) == len(rows)
    assert tallying.fold() == 0
    _tally_is_right(company)


def test_counters_of_a_confidential_team_are_seen_by_it_alone(company: Company) -> None:
    secret = company.teams[4]
    Conversation.objects.create(owner_team=secret, confidential=True, audience=[secret.id])
    with scope.member(company.members[2].id):
        assert not Tally.objects.exists()
        assert count_open(company.members[2], company.teams_of(company.members[2])).all == 0
    with scope.member(company.members[3].id):
        assert Tally.objects.count() == 1


def test_counting_anew_mends_what_is_wrong(company: Company) -> None:
    company.some(20)
    Tally.objects.create(owner_team_id=company.teams[0].id, audience=[EVERYONE], count=3)
    assert tallying.discrepancies() > 0
    tallying.recount()
    _tally_is_right(company)
