"""What was learned from people suggests an owner where no rule decides, and assigns only where a lead wants it to."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.conversations.models import Conversation, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership import learned, refitting, service, teaching, trials
from rapport.ownership.facts import Facts
from rapport.ownership.kinds import Slot
from rapport.ownership.learning.encoders import Floats
from rapport.ownership.models import Decision, Example, LearnedModel, Shadow
from rapport.staff.models import Member, Team
from tests.ownership.learning.makers import message

AT = datetime(2026, 3, 4, 15, tzinfo=UTC)
SLUGS = ("support", "billing", "jobs")


@pytest.fixture(autouse=True)
def _company(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four teams, a policy without rules, and words alone to learn by."""
    monkeypatch.setattr(refitting, "encoders", tuple)
    told = {"support": "broken kettles, repair", "billing": "invoices, refunds, money", "jobs": "vitae, interviews"}
    for slug in SLUGS:
        Team.objects.create(name=slug.title(), slug=slug, description=told[slug])
    Team.objects.create(name="Sorting", slug="sorting")
    Team.objects.create(name="HR", slug="hr", confidential=True, description="grievances")
    rules = [{"name": "Secrets", "when": {"words": ["secret"]}, "then": {"owner": "hr"}}]
    service.save_policy_dict({"triage": "sorting", "rules": rules}, service.SavedBy())
    with scope.system():
        yield


@pytest.fixture
def ann() -> Member:
    return Member.objects.create(email="ann@example.org", name="Ann")


def said(text: str, team: str = "sorting", **more: Any) -> Conversation:
    owner = Team.objects.get(slug=team)
    audience = [owner.id] if owner.confidential else [EVERYONE]
    more = {"owner_team": owner, "audience": audience, "confidential": owner.confidential} | more
    found = Conversation.objects.create(**more)
    Message.objects.create(conversation=found, direction="in", text=text)
    return found


def decided(count: int, ann: Member) -> None:
    """So many of each label, as people would."""
    for number in range(count):
        for slug in SLUGS:
            teaching.teach(said(message(slug, number), slug), slug, ann)


def arrive(*texts: str, **more: Any) -> list[service.Decided]:
    found = [(Conversation.objects.create().id, Facts(at=AT, text=text, **more)) for text in texts]
    done = service.decide_batch(found)
    service.record_decisions(done)
    return done


def suggestion(one: service.Decided) -> dict[str, Any] | None:
    return Decision.objects.get(conversation_id=one.conversation_id).suggestion


def test_on_the_first_day_it_suggests_by_the_names_of_the_teams_and_assigns_nothing(ann: Member) -> None:
    teaching.switch(True, ann)
    assert refitting.is_due()
    refitting.refit()
    (one,) = arrive("There is a mistake in your invoices, I want my money")
    assert one.verdict.owner == "sorting"
    told = suggestion(one)
    assert told is not None
    assert told["team"] == "billing"
    assert not told["acted"]
    assert not refitting.is_due()


def test_what_people_decided_is_suggested_and_nothing_is_assigned_while_that_is_off(ann: Member) -> None:
    decided(16, ann)
    refitting.refit()
    found = arrive(*(message(slug, 500) for slug in SLUGS))
    assert [one.verdict.owner for one in found] == ["sorting"] * 3
    assert [(suggestion(one) or {})["team"] for one in found] == list(SLUGS)
    assert all(one.verdict.sentence.startswith("Sorting owns this: no rule matched") for one in found)


def test_where_a_lead_wants_it_what_is_certain_is_assigned_and_says_so(ann: Member) -> None:
    decided(16, ann)
    teaching.switch(True, ann)
    refitting.refit()
    (one,) = arrive(message("billing", 500))
    assert one.owner_team_id == Team.objects.get(slug="billing").id
    assert one.verdict.sentence.startswith("Billing owns this: in ")
    assert (suggestion(one) or {})["acted"] is True
    (odd,) = arrive("zwölf Boxkämpfer jagen Viktor quer über den Deich")
    assert odd.verdict.owner == "sorting"


@pytest.mark.parametrize("mode", ["shadow", "share"])
def test_what_a_trial_keeps_has_what_was_learned_for_both_policies(ann: Member, mode: str) -> None:
    decided(16, ann)
    teaching.switch(True, ann)
    refitting.refit()
    to_jobs = {"name": "Jobs", "when": {"words": ["badge"]}, "then": {"owner": "jobs"}}
    trial = trials.start({"triage": "sorting", "rules": [to_jobs]}, service.SavedBy())
    trials.change(trial, mode, 100 if mode == "share" else 0, None)
    (learned_by_both, ruled_on_trial) = arrive(message("billing", 500), f"badge {message('billing', 501)}")
    found = {one.conversation_id: one for one in Shadow.objects.all()}
    team = dict(Team.objects.values_list("slug", "id"))
    both, ruled = found[learned_by_both.conversation_id], found[ruled_on_trial.conversation_id]
    assert (both.team_id, both.base_team_id) == (team["billing"], team["billing"])
    assert (ruled.team_id, ruled.rule, ruled.base_team_id) == (team["jobs"], 1, team["billing"])
    assert ruled_on_trial.owner_team_id == team["jobs" if mode == "share" else "billing"]
    assert ruled.sentence.startswith("Billing owns this: in " if mode == "share" else "Jobs owns this: it says")
    assert bool(suggestion(ruled_on_trial)) == (mode == "shadow"), "what only the other policy asks is not suggested"


def test_a_rule_that_is_certain_is_never_asked_about(ann: Member) -> None:
    decided(16, ann)
    teaching.switch(True, ann)
    refitting.refit()
    secret, bounced = arrive("secret: " + message("billing", 1))[0], arrive(message("billing", 1), kind="bounce")[0]
    assert (secret.verdict.owner, suggestion(secret)) == ("hr", None)
    assert (bounced.verdict.owner, suggestion(bounced)) == ("sorting", None)


def test_nothing_in_confidence_is_learned_from_nor_suggested(ann: Member) -> None:
    decided(8, ann)
    for number in range(30):
        teaching.teach(said(f"the xylophone incident {number}", "hr"), "hr", ann)
    closed = Team.objects.get(slug="jobs")
    later = said("a marimba accident", "jobs")
    teaching.teach(later, "jobs", ann)
    Conversation.objects.filter(id=later.id).update(confidential=True, audience=[closed.id])
    assert learned_from() == 24
    assert learned_labels() == sorted([*SLUGS, "sorting"])
    assert "hr" not in str([suggestion(one) for one in arrive("the xylophone incident 3", "a grievance")])


def learned_from() -> int:
    made = refitting.refit()
    assert made is not None
    return int(made.figures["examples"])


def learned_labels() -> list[str]:
    from rapport.ownership.learning.storing import from_bytes

    return list(from_bytes(bytes(LearnedModel.objects.get().data)).labels)


def test_a_correction_shows_in_the_next_suggestion_and_is_gone_when_taken_back(ann: Member) -> None:
    decided(8, ann)
    refitting.refit()
    text = "the gramophone crackles"
    before = suggestion(arrive(text)[0])
    ids = [teaching.teach(said(text, "jobs"), "jobs", ann) for _ in range(3)]
    assert (suggestion(arrive(text)[0]) or {})["team"] == "jobs"
    Example.objects.filter(id__in=ids).delete()
    assert suggestion(arrive(text)[0]) == before


def test_a_model_that_cannot_be_asked_leads_to_triage_and_is_counted(ann: Member) -> None:
    teaching.switch(True, ann)
    LearnedModel.objects.create(data=b"no model")
    (one,) = arrive(message("billing", 1))
    assert (one.verdict.owner, suggestion(one)) == ("sorting", None)
    assert LearnedModel.objects.get().failed == 1


class _Newer:
    """An encoder that came with an update."""

    id, version, size = "newer", "2", 3

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.array([[len(text), text.count("e"), 1] for text in texts], np.float32)


def test_after_an_update_of_the_encoders_all_is_learned_anew_and_until_then_triage_decides(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(8, ann)
    refitting.refit()
    newer = (_Newer(),)
    monkeypatch.setattr(refitting, "encoders", lambda: newer)
    (one,) = arrive(message("billing", 500))
    assert (one.verdict.owner, suggestion(one)) == ("sorting", None)
    assert refitting.is_due()
    refitting.refit()
    assert LearnedModel.objects.get().encoders == {"newer": "2"}
    assert not refitting.is_due()
    assert suggestion(arrive(message("billing", 500))[0]) is not None


def test_a_refit_is_due_only_when_enough_is_new(ann: Member) -> None:
    refitting.refit()
    decided(1, ann)
    LearnedModel.objects.update(made_at=now() - timedelta(minutes=11))
    assert not refitting.is_due(), "three examples are too few"
    decided(1, ann)
    assert refitting.is_due()
    LearnedModel.objects.update(made_at=now() - timedelta(minutes=9))
    assert not refitting.is_due(), "not every minute"
    decided(5, ann)
    refitting.refit()
    Example.objects.update(at=now() - timedelta(minutes=15))
    LearnedModel.objects.update(made_at=now() - timedelta(minutes=11))
    decided(1, ann)
    assert not refitting.is_due(), "of twenty-four three are new: less than a third"
    decided(3, ann)
    LearnedModel.objects.update(made_at=now() - timedelta(minutes=11), stale=False)
    Example.objects.update(at=now() - timedelta(minutes=5))
    assert refitting.is_due()
    LearnedModel.objects.update(made_at=now(), stale=True)
    assert refitting.is_due(), "something must be forgotten"


def test_what_was_set_aside_is_out_of_the_next_model(ann: Member) -> None:
    decided(8, ann)
    assert learned_from() == 24
    teaching.set_aside(teaching.Span(member_id=ann.id), ann)
    assert refitting.is_due()
    assert learned_from() == 0
    assert LearnedModel.objects.count() == 1


def test_a_team_that_is_gone_is_not_suggested(ann: Member) -> None:
    decided(8, ann)
    refitting.refit()
    Team.objects.filter(slug="billing").update(is_active=False)
    assert (suggestion(arrive(message("billing", 500))[0]) or {}).get("team") != "billing"


def test_asking_costs_as_many_statements_for_forty_as_for_one(ann: Member) -> None:
    decided(8, ann)
    refitting.refit()
    arrive(message("billing", 1))
    asked = []
    for count in (1, 40):
        batch = [(Conversation.objects.create().id, Facts(at=AT, text=message("jobs", n))) for n in range(count)]
        with CaptureQueriesContext(connection) as seen:
            service.decide_batch(batch)
        asked.append(len(seen))
    assert asked[0] == asked[1]


def test_why_it_says_so_is_told_by_words_and_past_conversations(ann: Member) -> None:
    decided(8, ann)
    refitting.refit()
    told = learned.explained(said("please refund my money").id, Slot("team"))
    assert told is not None
    assert told.prediction.label == "billing"
    assert {one.what for one in told.pieces if one.said > 0} & {"refund", "money", "my"}
    assert {one.label for one in told.neighbours[:2]} == {"billing"}
