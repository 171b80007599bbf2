"""A policy shipped gradually: it is asked, kept, heeded for a share, put in force, and taken back."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.ownership import service, shadowing, trials
from rapport.ownership.facts import Facts
from rapport.ownership.lots import drawn
from rapport.ownership.models import Decision, PolicyVersion, Shadow, Trial
from rapport.ownership.problems import PolicyError
from rapport.ownership.simulate.doubt import paired, unpaired, wilson, within_lots
from rapport.staff.models import Member, Team

AT = datetime(2026, 3, 4, 15, tzinfo=UTC)
ALWAYS = {"always": True}


def test_a_share_is_drawn_once_and_for_all_and_grows_without_letting_go() -> None:
    trial, ids = UUID(int=7), [UUID(int=n) for n in range(4000)]
    shares = {percent: {id for id in ids if drawn(trial, id, percent)} for percent in (0, 10, 50, 100)}
    assert [len(shares[0]), len(shares[100])] == [0, 4000]
    assert 320 < len(shares[10]) < 480
    assert shares[10] < shares[50]
    assert shares[10] != {id for id in ids if drawn(UUID(int=8), id, 10)}


def test_a_difference_is_told_with_its_doubt() -> None:
    few, many = paired(4, 9, 100), paired(40, 90, 1000)
    assert not few.is_clear
    assert many.is_clear
    assert few.low < 0 < few.high
    assert 0 < many.low < 0.05 < many.high
    assert few.chance == pytest.approx(0.2668, abs=1e-4)
    assert paired(0, 0, 0).chance == paired(0, 0, 50).chance == 1.0
    assert paired(600, 700, 5000).chance == pytest.approx(0.0060, abs=5e-4)
    assert unpaired((0, 0), (1, 2)).low == -1
    assert unpaired((56, 70), (48, 80)).low == pytest.approx(-0.3339, abs=1e-3)
    assert wilson(0, 10)[1] == pytest.approx(0.2775, abs=1e-4)


@pytest.fixture
def _company(db: None) -> Iterator[None]:
    for slug in ("support", "product", "hr"):
        Team.objects.create(name=slug.title(), slug=slug, confidential=slug == "hr")
    save(owner="support")
    with scope.system():
        yield


def save(owner: str, **more: Any) -> PolicyVersion:
    return service.save_policy_dict(rules(owner, **more), service.SavedBy())


def rules(owner: str, **more: Any) -> dict[str, Any]:
    return {"triage": "support", "rules": [{"name": "All", "when": ALWAYS, "then": {"owner": owner, **more}}]}


def arrive(count: int = 1) -> list[service.Decided]:
    ids = [Conversation.objects.create(id=uuid4()).id for _ in range(count)]
    decided = service.decide_batch([(id, Facts(at=AT)) for id in ids])
    service.record_decisions(decided)
    return decided


def begin(mode: str = "shadow", share: int = 0, **given: Any) -> Trial:
    trial = trials.start(rules(given.pop("owner", "product"), **given), service.SavedBy())
    return trials.change(trial, mode, share, None)


@pytest.mark.usefixtures("_company")
def test_in_the_shadow_it_is_asked_and_kept_and_nothing_else() -> None:
    begin()
    (one,) = arrive()
    assert one.owner_team == Team.objects.get(slug="support")
    assert (one.policy_version, Decision.objects.get().policy_version) == (1, 1)
    kept = Shadow.objects.get()
    assert (kept.acted, kept.failed, kept.rule) == (False, False, 1)
    assert kept.team_id == Team.objects.get(slug="product").id
    assert kept.sentence == "Product owns this: the rule is for every message; rule 1"


@pytest.mark.usefixtures("_company")
def test_put_off_it_is_not_even_asked() -> None:
    begin("off")
    arrive()
    assert not Shadow.objects.exists()


@pytest.mark.usefixtures("_company")
def test_for_a_share_it_decides_and_the_decision_says_by_which_version() -> None:
    trial = begin("share", 50)
    arrive(200)
    acted = Counter(Shadow.objects.values_list("acted", flat=True))
    assert 60 < acted[True] < 140
    for kept in Shadow.objects.all():
        decision = Decision.objects.get(conversation_id=kept.conversation_id)
        assert kept.acted == drawn(trial.id, kept.conversation_id, 50)
        assert decision.policy_version == (2 if kept.acted else 1)
        assert decision.owner_team_id == (kept.team_id if kept.acted else kept.base_team_id)
        assert kept.sentence.startswith("Support" if kept.acted else "Product")
    assert service.explain(decision).rules[0].result.hit


@pytest.mark.usefixtures("_company")
def test_what_goes_wrong_with_it_never_touches_the_real_decision(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin("share", 100)

    def stumbles(*_: object) -> None:
        raise ZeroDivisionError("on trial")

    with monkeypatch.context() as patched:
        patched.setattr(shadowing, "decide", stumbles)
        (one,) = arrive()
    assert one.owner_team == Team.objects.get(slug="support")
    assert (Shadow.objects.get().failed, Shadow.objects.get().acted) == (True, False)
    assert "could not decide" in caplog.text

    def refuses(*_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(shadowing, "_insert", refuses)
    arrive()
    assert Decision.objects.count() == 2
    assert Shadow.objects.count() == 1


@pytest.mark.usefixtures("_company")
def test_a_version_on_trial_that_cannot_be_read_leaves_the_one_in_force_alone(caplog: pytest.LogCaptureFixture) -> None:
    trial = begin()
    PolicyVersion.objects.filter(number=trial.version).update(rules={"triage": 3})
    (one,) = arrive()
    assert one.owner_team == Team.objects.get(slug="support")
    assert Shadow.objects.get().failed
    assert "cannot be read" in caplog.text


@pytest.mark.usefixtures("_company")
def test_it_costs_a_statement_in_a_savepoint_a_batch_while_it_runs_and_none_when_it_does_not() -> None:
    def asked(count: int) -> int:
        ids = [Conversation.objects.create().id for _ in range(count)]
        with CaptureQueriesContext(connection) as queries:
            service.record_decisions(service.decide_batch([(id, Facts(at=AT)) for id in ids]))
        return len(queries)

    asked(1)
    without = asked(5)
    begin()
    asked(1)
    assert asked(5) == without + 2, "a savepoint; what is written inside goes past what counts here"
    assert asked(50) == without + 2


@pytest.mark.usefixtures("_company")
def test_while_none_runs_the_policy_is_one_statement_and_nothing_is_kept() -> None:
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            service.record_decisions(service.decide_batch([(Conversation.objects.create().id, Facts(at=AT))]))
        return [one["sql"] for one in queries if not one["sql"].startswith("INSERT")]

    asked_before = asked()
    assert len([sql for sql in asked_before if "ownership_policyversion" in sql]) == 1
    assert len(asked_before) == 6, "who may see is held; the policy, business hours, teams, topics, what was learned"
    trials.stop(begin(), None)
    assert asked() == asked_before
    assert not Shadow.objects.exists()


@pytest.mark.usefixtures("_company")
def test_only_one_is_on_trial_and_its_version_is_not_in_force() -> None:
    begin()
    with pytest.raises(Invalid, match="Another policy is on trial"):
        begin()
    version, policy = service.current_policy()
    assert version is not None
    assert (version.number, policy.rules[0].then.owner) == (1, "support")
    assert save("support", priority="high").number == 3
    assert PolicyVersion.objects.count() == 3, "the second trial saved nothing"


@pytest.mark.usefixtures("_company")
def test_turned_on_it_is_a_new_version_and_one_step_leads_back() -> None:
    trial = begin("share", 20)
    trials.turn_on(trial, None)
    assert trials.running() is None
    assert arrive()[0].owner_team == Team.objects.get(slug="product")
    assert not Shadow.objects.exists()
    back = trials.step_back(None)
    assert arrive()[0].owner_team == Team.objects.get(slug="support")
    assert (back.number, back.note) == (4, "Version 1 again")
    with pytest.raises(Invalid, match="percent"):
        trials.change(trial, "share", 101, None)


@pytest.mark.usefixtures("_company")
def test_it_does_not_come_into_force_over_a_version_saved_meanwhile() -> None:
    trial = begin()
    save("hr")
    with pytest.raises(Invalid, match="was saved while"):
        trials.turn_on(trial, None)
    assert arrive()[0].owner_team == Team.objects.get(slug="hr")
    assert trials.running() == trial


@pytest.mark.usefixtures("_company")
def test_the_way_back_ends_a_trial_that_decides_for_a_share() -> None:
    save("hr")
    begin("share", 100)
    assert arrive()[0].owner_team == Team.objects.get(slug="product")
    trials.go_back(1, None)
    assert arrive()[0].owner_team == Team.objects.get(slug="support")


@pytest.mark.usefixtures("_company")
def test_a_failing_example_stops_a_trial_from_starting_and_from_being_turned_on_but_not_the_way_back() -> None:
    example = {"name": "x", "message": {"text": "hello"}, "expect": {"owner": "support"}}
    with pytest.raises(PolicyError, match="product owns it"):
        trials.start(rules("product") | {"tests": [example]}, service.SavedBy())
    assert trials.running() is None
    service.save_policy_dict(rules("support") | {"tests": [example]}, service.SavedBy())
    save("hr")
    Team.objects.filter(slug="support").update(is_active=False)
    trials.step_back(None)
    assert service.current_policy()[1].tests[0].name == "x"


@pytest.mark.usefixtures("_company")
def test_side_by_side_it_counts_what_people_settled_and_only_what_one_may_see() -> None:
    trial = begin("share", 50, promise={"first_answer": "2h"})
    product, hr = Team.objects.get(slug="product"), Team.objects.get(slug="hr")
    from rapport.conversations.visibility import EVERYONE

    for one in arrive(60):
        assert one.owner_team
        Conversation.objects.filter(id=one.conversation_id).update(
            owner_team=product, audience=[EVERYONE], first_answered_at=AT
        )
        if one.owner_team != product:
            service.record_reassignment(
                service.Reassignment(one.conversation_id, None, product.id, from_team_id=one.owner_team.id)
            )
    (secret,) = arrive()
    Conversation.objects.filter(id=secret.conversation_id).update(audience=[hr.id], first_answered_at=AT)
    member = Member.objects.create_user("ann@example.org", name="Ann")
    with scope.member(member.id):
        seen = trials.figures(trial)
    assert (seen.seen, seen.settled, seen.differ, seen.base_right, seen.trial_right) == (60, 60, 60, 0, 60)
    assert seen.paired.is_clear
    assert seen.arms[0][0] == 0
    assert seen.arms[1][0] == seen.arms[1][1] > 10
    assert seen.moved.difference.is_clear
    assert (seen.kept, seen.base_kept, seen.both) == ((60, 60), (0, 0), 0)
    Shadow.objects.update(base_first_answer_due_at=AT - timedelta(hours=1))
    with scope.member(member.id):
        seen = trials.figures(trial)
    assert (seen.both, seen.base_kept, seen.in_time.share, seen.in_time.is_clear) == (60, (0, 60), 1, True)
    assert trials.figures(trial).seen == 61
    Shadow.objects.filter(acted=False).update(share=0)
    assert trials.figures(trial).arms[1] == (0, 0), "in the shadow, before, nothing was drawn"
    Shadow.objects.update(share=None)
    assert trials.figures(trial).arms[1][1] > 10, "kept before the share was"
    Shadow.objects.filter(acted=False).update(at=AT - timedelta(days=1))
    assert trials.figures(trial).arms[1] == (0, 0)


@pytest.mark.usefixtures("_company")
def test_that_other_days_had_other_shares_is_no_difference() -> None:
    trial, hr = begin("share", 10), Team.objects.get(slug="hr")
    # First little is drawn and little is moved; later much of both, of either policy alike.
    for share, count, every in ((10, 150, 10), (50, 100, 5), (90, 150, 2)):
        trials.change(trial, "share", share, None)
        places: Counter[bool] = Counter()
        arrive(count)
        for one in Shadow.objects.filter(share=share).order_by("conversation_id"):
            places[one.acted] += 1
            if places[one.acted] % every == 0:
                service.record_reassignment(service.Reassignment(one.conversation_id, None, hr.id, from_team_id=None))
    seen = trials.figures(trial)
    (moved, acted), (base_moved, beside) = seen.arms
    assert unpaired((base_moved, beside), (moved, acted)).is_clear, "all days together would say so"
    assert seen.drawn == 3
    assert not seen.moved.difference.is_clear
    assert abs(seen.moved.second - seen.moved.first) < 0.08
    trials.change(trial, "share", 100, None)
    arrive(20)
    assert trials.figures(trial).arms == seen.arms, "beside what it decided alone there is nothing"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)), max_size=6))
def test_a_difference_within_lots_lies_between_its_bounds_and_turns_with_its_sides(
    lots: list[tuple[int, int, int, int]],
) -> None:
    given_ = [((min(a, b), b), (min(c, d), d)) for a, b, c, d in lots]
    one, other = within_lots(given_), within_lots((b, a) for a, b in given_)
    found, turned = one.difference, other.difference
    assert -1 <= found.low <= found.share <= found.high <= 1
    assert (turned.share, turned.low, turned.high) == pytest.approx((-found.share, -found.high, -found.low))
    assert turned.chance == pytest.approx(found.chance)
    assert 0 <= found.chance <= 1
    lone = [lot for lot in given_ if lot[0][1] and lot[1][1]]
    if len(lone) == 1:
        assert found == unpaired(*lone[0])
