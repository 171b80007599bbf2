"""A month of the company's own past: what each answer really cost, whom one sees, and the command over a file."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from rapport.channels.models import Channel
from rapport.cli.bench import bench
from rapport.conversations.models import Conversation, Direction, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import clock, scope
from rapport.ownership.models import Decision, Source
from rapport.ownership.simulate import former
from rapport.ownership.simulate.within.clock import Clock
from rapport.ownership.simulate.within.history import recorded
from rapport.ownership.simulate.within.month import Arrival, Desk, Month, Worker, simulate
from rapport.ownership.simulate.within.recorded import month_of, plain_of
from rapport.ownership.simulate.within.telling import within
from rapport.people.models import Person
from rapport.staff.models import Absence, BusinessHours, Member, Membership, Team

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = MONDAY - HOUR, MONDAY + timedelta(days=7)


@pytest.fixture(autouse=True)
def _company() -> Iterator[None]:
    office = BusinessHours.objects.create(name="Office", blocks=[[day, "09:00", "17:00"] for day in range(5)])
    for slug in ("support", "hr"):
        Team.objects.create(name=slug.title(), slug=slug, confidential=slug == "hr", is_open=slug != "hr", hours=office)
    for name, slug in (("Ann", "support"), ("Ben", "support"), ("Hana", "hr")):
        member = Member.objects.create_user(f"{name.lower()}@example.com", name=name, role="lead")
        Membership.objects.create(member=member, team=Team.objects.get(slug=slug))
    Channel.objects.create(name="Mailbox", kind="email", address="help@example.com", state="ok")
    with scope.system():
        yield


def ann() -> Member:
    return Member.objects.get(name="Ann")


def came(at: datetime, *, answered: datetime | None = None, given: datetime | None = None, **more: Any) -> Conversation:
    """A conversation of support, given to Ann at `given` and answered by her."""
    team = Team.objects.get(slug=more.pop("slug", "support"))
    found = Conversation.objects.create(
        owner_team=team, confidential=team.confidential, audience=[team.id] if team.confidential else [EVERYONE],
        created_at=at, last_activity_at=at, first_answered_at=answered, awaiting_answer=answered is None,
        first_answer_due_at=at + 4 * HOUR, channel=Channel.objects.get(), **more,
    )  # fmt: skip
    if given:
        Decision.objects.create(conversation=found, source=Source.MEMBER, owner_team=team, owner_member=ann(), at=given)
    if answered:
        Message.objects.create(
            conversation=found, channel=found.channel, direction=Direction.OUT, member=ann(), at=answered,
            message_id=f"<{found.id}@example.com>",
        )  # fmt: skip
    return found


def works(member: Member | None = None) -> list[float]:
    return [one.work / 60 for one in recorded(*SPAN, member.id if member else None).month.arrivals]


def test_an_answer_costs_from_when_somebody_had_it_in_their_open_time() -> None:
    came(MONDAY, given=MONDAY + HOUR, answered=MONDAY + 1.5 * HOUR)
    came(MONDAY + 7 * HOUR, given=MONDAY + 7.5 * HOUR, answered=MONDAY + 24.25 * HOUR)  # over the night
    assert works() == [30, 45]


def test_what_waited_while_another_was_answered_costs_from_that_answer_on() -> None:
    came(MONDAY, given=MONDAY, answered=MONDAY + HOUR)
    came(MONDAY + HOUR / 60, given=MONDAY + HOUR / 60, answered=MONDAY + 1.25 * HOUR)
    assert works() == [60, 15]


def test_time_away_costs_nothing_and_what_nobody_can_tell_costs_what_is_usual() -> None:
    Absence.objects.create(member=ann(), starts_at=MONDAY + HOUR, ends_at=MONDAY + 3 * HOUR)
    came(MONDAY, given=MONDAY, answered=MONDAY + 3.5 * HOUR)
    came(MONDAY + HOUR)
    assert works() == [90, 90]


def test_what_was_settled_without_an_answer_or_is_spam_is_left_out() -> None:
    came(MONDAY, status="resolved", resolved_at=MONDAY + HOUR)
    came(MONDAY, status="spam")
    assert works() == []
    assert within(*SPAN, None) == {}


def test_one_sees_of_it_what_one_may_see() -> None:
    came(MONDAY, given=MONDAY, answered=MONDAY + HOUR)
    came(MONDAY, slug="hr")
    assert len(works(Member.objects.get(name="Hana"))) == 2
    assert len(works(ann())) == 1
    assert within(*SPAN, ann().id)["arrivals"] == 1


def test_what_really_was_stands_beside_every_way() -> None:
    who = Person.objects.create(audience=[EVERYONE])
    Person.objects.filter(id=who.id).update(root=who.id)
    came(MONDAY - 30 * 24 * HOUR, answered=MONDAY - 29 * 24 * HOUR, person=who)
    came(MONDAY, given=MONDAY, answered=MONDAY + HOUR, person=who)
    came(MONDAY + HOUR, given=MONDAY + HOUR, answered=MONDAY + 7 * HOUR, resolved_at=MONDAY + 8 * HOUR)
    told = within(*SPAN, None)
    really = told["ways"]["really"]
    assert really["kept"][0] == 0.5
    assert really["continuity"][0] == 1.0
    assert really["p90"][0] == 6.0
    assert {"round_robin", "least_loaded", "by_room", "really"} <= set(told["ways"])
    assert {one["name"] for one in told["members"]} == {"Ann", "Ben"}, "of HR nothing came"
    kept = month_of(orjson.loads(orjson.dumps(plain_of(recorded(*SPAN, None).month))))
    assert len(kept.arrivals) == 2


def test_a_kept_month_names_no_person_not_even_by_the_id_that_leads_to_them() -> None:
    people = [Person.objects.create(name="Gil Fox"), Person.objects.create(name="Una Elm")]
    early = came(MONDAY - HOUR * 24, answered=MONDAY - HOUR * 23, person=people[0])
    Message.objects.create(
        conversation=early, direction=Direction.OUT, member=ann(), at=MONDAY - HOUR * 23, text="Hello"
    )
    for place, person in enumerate([people[0], people[1], people[0]]):
        came(MONDAY + HOUR * place, person=person)
    month = recorded(*SPAN, None).month
    assert month.known
    plain = plain_of(month)
    assert not any(str(one.id) in orjson.dumps(plain).decode() for one in people)
    assert [one["person"] for one in plain["arrivals"]] == ["1", "2", "1"]
    assert set(plain["known"]) == {"1"}


def test_the_command_tells_every_way_of_a_recorded_month(tmp_path: Path) -> None:
    worker = Worker(ann().id, "Ann", Clock([(0.0, 1e6)]), 2)
    arrivals = [Arrival(at * 600.0, "a", 300, due=at * 600.0 + 900) for at in range(20)]
    file = tmp_path / "month.json"
    file.write_bytes(
        orjson.dumps(plain_of(Month({worker.id: worker}, {"a": Desk(worker.clock, (worker.id,))}, arrivals)))
    )
    done = CliRunner().invoke(bench, ["within", "--recorded", str(file)])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output.splitlines()[-1])
    assert (told["arrivals"], told["members"], told["teams"]) == (20, 1, 1)
    for way in told["ways"].values():
        assert way["kept"] == [1.0, 1.0, 1.0]
        assert way["longest"] < inf
    file.write_text("{}")
    assert "has no 'workers'" in str(CliRunner().invoke(bench, ["within", "--recorded", str(file)]).exception)


def test_who_joined_or_left_in_the_month_sat_where_they_sat_and_the_holder_is_that_of_then() -> None:
    who = Person.objects.create(audience=[EVERYONE], holder=ann())
    former.begin()
    tuesday = MONDAY + 24 * HOUR
    with clock.travel(tuesday), scope.system():
        bo = Member.objects.create_user("bo@example.com", name="Bo")
        Membership.objects.create(member=bo, team=Team.objects.get(slug="support"))
        Membership.objects.filter(member=ann()).delete()
        Person.objects.filter(id=who.id).update(holder=bo)
        BusinessHours.objects.update(blocks=[[day, "12:00", "17:00"] for day in range(5)])
    for at in (MONDAY + HOUR, MONDAY + 30 * HOUR):
        came(at, person=who)
    month = recorded(*SPAN, bo.id).month
    assert [one.holder for one in month.arrivals] == ["ann@example.com", "bo@example.com"]
    moments = [(MONDAY + n * HOUR).timestamp() for n in (1, 25, 30)]
    there = {one.name: [one.clock.is_open(at) for at in moments] for one in month.workers.values()}
    assert there == {"Ann": [True, False, False], "Ben": [True, False, True], "Bo": [False, False, True]}
    desk = month.desks["support"]
    assert {month.workers[id].name: [desk.has(id, at) for at in moments] for id in desk.members} == {
        "Ann": [True, False, False], "Ben": [True, True, True], "Bo": [False, True, True],
    }  # fmt: skip
    assert month_of(json.loads(orjson.dumps(plain_of(month)))).desks["support"].sat == desk.sat
    given = [one.member for one in simulate(month, lambda team, _asked: team[-1].worker.id)]
    assert given == [Member.objects.get(name="Ben").id, bo.id], "the last by id of those who were of the team then"
