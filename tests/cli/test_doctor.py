"""`rapport doctor`: what it sees in a sick installation, and what it says about it."""

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from rapport.channels.base import Incoming, mail
from rapport.channels.models import Channel, ChannelState
from rapport.cli import diagnosis, doctor
from rapport.cli.diagnosis import Grade
from rapport.conversations.models import Tally
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.core.options import options
from rapport.inbound import intake, signs
from rapport.inbound.models import RawItem
from rapport.insight import days
from rapport.insight.models import ClosedDay, Day
from tests.cli.conftest import Run, Site

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
WELL = diagnosis.Server(160004, "UTF8", False, False, True)


def findings(run: Run, code: int = 0) -> dict[str, dict[str, Any]]:
    done = run("doctor", "--json")
    assert done.exit_code == code, done.output
    told = json.loads(done.stdout)
    assert told["ok"] is (code == 0)
    return {check["name"]: check for check in told["checks"]}


def test_a_healthy_installation_has_nothing_to_mend(run: Run) -> None:
    Channel.objects.create(name="Mailbox", kind="email", address="a@rapport.example", state=ChannelState.OK)
    signs.sign(signs.needed())
    found = findings(run)
    assert {check["grade"] for check in found.values()} == {"ok"}
    assert not any(check["advice"] for check in found.values())


def test_a_part_of_the_worker_that_runs_nowhere_is_named_with_what_to_start(run: Run) -> None:
    found = findings(run)["worker"]
    assert (found["grade"], found["found"]) == ("warn", "none was ever seen")
    assert found["advice"] == "Start it: `rapport up`, or `rapport worker`."
    signs.sign([part for part in signs.needed() if part != "promises"])
    with connection.cursor() as cursor:
        old = "UPDATE inbound_part SET seen_at = now() - interval '3 hours', host = 'a' WHERE name = 'handing'"
        cursor.execute(old)
    found = findings(run)["worker"]
    said = "these parts run nowhere: promises (never seen), handing (for 3 hours, last on a)"
    assert (found["grade"], found["found"]) == ("warn", said)
    assert "`rapport worker --only promises,handing`" in found["advice"]


def test_a_part_that_runs_but_fails_again_and_again_is_named_with_since_when_and_of_what(run: Run) -> None:
    signs.sign(signs.needed())
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE inbound_part SET failing_since = now() - interval '2 hours', failed_at = now(), failures = 1700,
            fault = 'KeyError in rapport.people.suggesting.match_new', failed_host = 'a' WHERE name = 'matching'"""
        )
        cursor.execute("SELECT failing_since, failed_at FROM inbound_part WHERE name = 'matching'")
        since, at = cursor.fetchone()
    found = findings(run)
    assert found["worker"]["grade"] == "ok", "it runs"
    said = f"matching (since {since:%Y-%m-%d %H:%M}, 1,700 times, last at {at:%H:%M:%S} on a: KeyError in "
    assert found["worker faults"]["grade"] == "warn"
    assert f"{said}rapport.people.suggesting.match_new)" in found["worker faults"]["found"]
    assert "log" in found["worker faults"]["advice"]


def test_everything_that_is_not_well_comes_with_advice(run: Run) -> None:
    Channel.objects.create(name="Wrong", kind="email", state=ChannelState.STOPPED, error="LOGIN failed")
    box = Channel.objects.create(name="Slow", kind="email", state=ChannelState.FAILING, error="timed out")
    Channel.objects.create(name="Sealed", kind="email", secrets=b"with another key")
    intake.accept(box, [Incoming("a", b"x", trouble="It is too odd."), mail(b"waiting")])
    with scope.system():
        earlier = int((now() - timedelta(hours=2)).timestamp() * 1000)
        RawItem.objects.filter(state="received").update(id=new_id(earlier))
    found = findings(run, code=1)
    assert (found["channel Wrong"]["grade"], found["channel Wrong"]["found"]) == ("fail", "LOGIN failed")
    assert found["channel Slow"]["grade"] == "warn"
    assert "another one" in found["channel Sealed"]["found"]
    assert (found["queue in"]["grade"], "2 hours" in found["queue in"]["found"]) == ("fail", True)
    assert "It is too odd." in found["quarantine"]["found"]
    assert all(check["advice"] for check in found.values() if check["grade"] != "ok")


def test_without_a_channel_it_says_how_to_connect_one(run: Run) -> None:
    assert "rapport channel add" in findings(run)["channels"]["advice"]


def test_a_table_without_its_wall_is_seen(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE conversations_message NO FORCE ROW LEVEL SECURITY")
        cursor.execute("ALTER TABLE inbound_rawitem DISABLE ROW LEVEL SECURITY")
    found = findings(run, code=1)["walls"]
    assert found["found"] == "row-level security is off for conversations_message, inbound_rawitem"


def test_a_day_of_reports_that_is_not_what_is_there_is_named_and_counted_anew(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "compare", partial(days.compare, budget_s=60))  # of all of them, on a busy machine too
    with scope.system():
        ClosedDay.objects.bulk_create(ClosedDay(day=date(2026, 3, day)) for day in (1, 2, 3))
        Day.objects.create(kind="opened", day=date(2026, 3, 2), audience=[], count=1, at=bytes(8), teams="none")
    found = findings(run)["days of reports"]
    assert found["grade"] == "warn"
    assert found["found"] == "3 of 3 closed days were compared, 1 of them not what is there: 2026-03-02"
    assert "rapport doctor --recount" in found["advice"]
    assert run("doctor", "--recount").exit_code == 0
    assert days.close_some(budget_s=60) == 3
    assert findings(run)["days of reports"]["grade"] == "ok"


def test_a_key_that_others_may_read_is_seen(run: Run) -> None:
    path = options().home / "secret_key"
    path.chmod(0o644)
    try:
        assert "chmod 600" in findings(run, code=1)["secret key"]["advice"]
    finally:
        path.chmod(0o600)


def test_a_database_that_does_not_answer_is_one_of_the_findings(make_site: Any) -> None:
    site = Site("postgresql://nobody@127.0.0.1:1/nothing", make_site(empty=True).home)
    told = json.loads(site.run("doctor", "--json", code=1).stdout)
    found = {check["name"]: check for check in told["checks"]}
    assert "does not answer" in found["database"]["found"]
    assert "DATABASE_URL" in found["database"]["advice"]
    assert "disk (home)" in found


def test_an_empty_database_wants_to_be_migrated(make_site: Any) -> None:
    done = make_site(empty=True).run("doctor", code=1)
    assert "Run `rapport migrate`." in done.stdout


@pytest.mark.parametrize(
    ("server", "name"),
    [
        (diagnosis.Server(140010, "UTF8", False, False, True), "database"),
        (diagnosis.Server(160004, "SQL_ASCII", False, False, True), "database encoding"),
        (diagnosis.Server(160004, "UTF8", True, False, True), "database role"),
        (diagnosis.Server(160004, "UTF8", False, True, True), "database role"),
        (diagnosis.Server(160004, "UTF8", False, False, False), "pg_trgm"),
        (diagnosis.Server(160004, "UTF8", False, False, True, ["core.0002_more"]), "migrations"),
    ],
)
def test_a_server_that_cannot_be_used_fails_in_one_point(server: diagnosis.Server, name: str) -> None:
    assert [check.name for check in diagnosis.of_server(server) if check.grade is Grade.FAIL] == [name]
    assert all(check.grade is Grade.OK for check in diagnosis.of_server(WELL))


@pytest.mark.parametrize(
    ("heard", "collects", "grade"),
    [
        (NOW - timedelta(minutes=5), True, Grade.OK),
        (NOW - timedelta(hours=3), True, Grade.WARN),
        (None, True, Grade.WARN),
        (None, False, Grade.OK),
    ],
)
def test_a_mailbox_that_fell_silent_is_a_warning(
    heard: datetime | None, collects: bool, grade: Grade
) -> None:
    line = diagnosis.Line("Box", "ok", "", True, collects, heard, True)
    assert [check.grade for check in diagnosis.of_channels([line], NOW)] == [grade]


@pytest.mark.parametrize(("seconds", "grade"), [(0.3, "ok"), (-10, "warn"), (90, "fail"), (-90, "fail")])
def test_clocks_that_differ_matter_by_how_much(seconds: float, grade: str) -> None:
    assert diagnosis.of_clock(timedelta(seconds=seconds)).grade == grade


@pytest.mark.parametrize(("free", "grade"), [(50 * 10**9, "ok"), (10**9, "warn"), (10**8, "fail")])
def test_a_disk_is_judged_by_what_is_free(free: int, grade: str) -> None:
    assert diagnosis.of_disk("home", free, 10**12).grade == grade


def test_the_age_of_an_item_is_in_its_id() -> None:
    at = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    made = UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)
    assert doctor._made_at(made) == at


def test_a_counter_that_went_wrong_is_a_warning_and_can_be_counted_anew(run: Run) -> None:
    with scope.system():
        Tally.objects.create(count=3)
    found = findings(run)["counters"]
    assert (found["grade"], "--recount" in found["advice"]) == ("warn", True)
    done = run("doctor", "--recount", "--json")
    assert "are right" in next(one["found"] for one in json.loads(done.stdout)["checks"] if one["name"] == "counters")
    assert findings(run)["counters"]["grade"] == "ok"
