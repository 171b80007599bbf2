"""A decision keeps why what was learned suggested nothing, or did not act: as it was found then, in a few letters."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.conversations.models import Conversation, Message, Topic
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership import learned, refitting, service, suggesting, teaching
from rapport.ownership.engine import TeamEntry, Verdict
from rapport.ownership.facts import Facts
from rapport.ownership.kinds import KINDS, TEAM, Slot
from rapport.ownership.learned import Suggestion
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.values import Prediction
from rapport.ownership.models import Burst, Decision, LearnedModel
from rapport.ownership.teaching import Said
from rapport.ownership.unsaid import (
    ALL,
    APART,
    EMPTY,
    FAILED,
    GONE,
    MANY,
    NEW,
    NONE,
    UNLIKE,
    UNSURE,
    Silence,
    pack,
    unpack,
)
from rapport.staff.models import Member, Team
from tests.ownership.learning.makers import message

AT = datetime(2026, 3, 4, 15, tzinfo=UTC)
SLUGS = ("support", "billing", "jobs")
ODD = "zwölf Boxkämpfer jagen Viktor quer über den Deich"


@pytest.fixture(autouse=True)
def _company(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four open teams and one in confidence, three topics, and words alone to learn by."""
    monkeypatch.setattr(refitting, "encoders", tuple)
    for slug in SLUGS:
        Team.objects.create(name=slug.title(), slug=slug)
        Topic.objects.create(name=slug.title(), slug=slug, words=["zzz" + slug])
    Team.objects.create(name="Sorting", slug="sorting")
    Team.objects.create(name="HR", slug="hr", confidential=True)
    rules = [
        {"name": "Secrets", "when": {"words": ["secret"]}, "then": {"owner": "hr"}},
        {"name": "Hushed", "when": {"words": ["hush"]}, "then": {"confidential": True}},
    ]
    service.save_policy_dict({"triage": "sorting", "rules": rules}, service.SavedBy())
    with scope.system():
        yield


@pytest.fixture
def ann() -> Member:
    return Member.objects.create(email="ann@example.org", name="Ann")


def decided(count: int, ann: Member) -> None:
    """So many of each team, topic and priority, as people would; and models of them."""
    sorting = Team.objects.get(slug="sorting")
    for number in range(count):
        for slug in SLUGS:
            one = Conversation.objects.create(owner_team=sorting, audience=[EVERYONE])
            Message.objects.create(conversation=one, direction="in", text=message(slug, number))
            teaching.teach(one, slug, ann)
            teaching.teach(one, Said(slug, "topic"), ann)
            teaching.teach(one, Said("urgent" if slug == "billing" else "normal", "priority"), ann)
    for kind in KINDS:
        refitting.refit(Slot(kind))


def arrive(*texts: str, **more: Any) -> list[Decision]:
    found = [(Conversation.objects.create().id, Facts(at=AT, text=text, **more)) for text in texts]
    service.record_decisions(service.decide_batch(found))
    kept = {one.conversation_id: one for one in Decision.objects.all()}
    return [kept[id] for id, _ in found]


def whys(one: Decision) -> dict[str, str]:
    return {kind: said.why for kind, said in unpack(one.unsaid).items()}


SILENCES = st.dictionaries(
    st.sampled_from([ALL, *KINDS]),
    st.builds(Silence, st.sampled_from([NEW, MANY, FAILED, EMPTY, GONE, APART]))
    | st.builds(Silence, st.just(NONE), percent=st.integers(0, 100))
    | st.builds(Silence, st.sampled_from([UNSURE, UNLIKE]), st.from_regex(r"[-a-z0-9_]{1,80}", fullmatch=True),
                st.integers(0, 100)),
)  # fmt: skip


@given(SILENCES)
def test_what_is_kept_is_read_back_as_it_was_given(silences: dict[str, Silence]) -> None:
    assert unpack(pack(silences)) == silences


@given(st.text())
def test_whatever_stands_there_is_read_without_a_fuss(packed: str) -> None:
    assert isinstance(unpack(packed), dict)


def test_that_all_three_were_unsure_takes_some_forty_bytes_and_that_nothing_is_unsaid_none() -> None:
    labels = dict(zip(KINDS, ("product", "refund", "high"), strict=True))
    assert len(pack({kind: Silence(UNSURE, label, 22) for kind, label in labels.items()})) <= 40
    assert pack({}) == ""


def test_before_anything_is_learned_that_is_what_it_says() -> None:
    (one,) = arrive(message("billing", 1))
    assert whys(one) == dict.fromkeys(KINDS, NEW)
    assert (one.suggestion, one.guesses) == (None, None), "nobody was asked"


def test_what_nobody_ever_wrote_like_is_said_to_be_unlike_with_the_likeliest_and_how_likely(ann: Member) -> None:
    decided(16, ann)
    known, odd, silent = arrive(message("billing", 500), ODD, "")
    assert TEAM not in whys(known)
    told = unpack(odd.unsaid)[TEAM]
    assert told.why in (UNLIKE, UNSURE)
    assert told.label in SLUGS
    assert told.percent is not None
    assert told.percent < 30
    assert odd.suggestion == {}, "it was asked, and had nothing to suggest"
    assert whys(silent)[TEAM] == EMPTY


@pytest.mark.parametrize(("close", "why"), [(0.01, UNLIKE), (0.9, UNSURE)])
def test_unlike_is_what_lies_further_from_all_that_was_decided_than_nearly_all_of_it_lies_from_the_rest(
    ann: Member, monkeypatch: pytest.MonkeyPatch, close: float, why: str
) -> None:
    decided(16, ann)
    found = learned.state()
    assert found is not None
    learner = learned.ready(Slot(TEAM), found)
    assert learner.model is not None
    assert 0 < learner.model.judge.unlike_at < 0.9
    said = learner.predict([ODD])[0]
    assert said.unlike == (said.seen < learner.model.judge.unlike_at)
    prediction = Prediction("billing", 0.2, unlike=close < learner.model.judge.unlike_at)
    monkeypatch.setattr(Learner, "predict", lambda *_: [prediction])
    assert whys(arrive(ODD)[0])[TEAM] == why


def test_what_it_refuses_and_what_is_not_sure_enough_are_told_with_their_figures(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(16, ann)
    teaching.want("team", "billing", 97, ann)
    none = Prediction("billing", 0.4, none=0.819, is_none=True)
    monkeypatch.setattr(Learner, "predict", lambda *_: [none])
    (refused,) = arrive(ODD)
    assert unpack(refused.unsaid)[TEAM] == Silence(NONE, percent=81)
    monkeypatch.setattr(Learner, "predict", lambda *_: [Prediction("billing", 0.8, promised=True)])
    (unsure,) = arrive(ODD)
    assert unsure.suggestion is not None
    assert (unsure.suggestion["held"], unsure.suggestion["wanted"]) == (learned.PROMISE, 97)


def test_what_is_too_much_at_once_or_fails_says_so_and_is_not_counted_as_asked(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(16, ann)
    monkeypatch.setattr(learned, "ASKED_MAX", 1)
    first, second = arrive(message("billing", 500), message("billing", 501))
    assert TEAM not in whys(first)
    assert (whys(second)[TEAM], second.suggestion) == (MANY, None)
    LearnedModel.objects.update(data=b"nothing")
    learned._loaded.clear()
    (third,) = arrive(message("billing", 502))
    assert (whys(third)[TEAM], third.suggestion) == (FAILED, None)


def test_what_is_not_asked_at_all_says_why_once(ann: Member) -> None:
    decided(16, ann)
    (automatic,) = arrive(message("billing", 1), kind="auto_reply")
    assert automatic.unsaid == "aa"
    (hushed,) = arrive("hush " + message("billing", 1))
    assert hushed.unsaid == "ah"
    (ruled,) = arrive("secret " + message("billing", 1), kind="auto_reply")
    assert ruled.unsaid is None, "a rule said whose it is"
    (ours,) = arrive("secret " + message("billing", 1))
    assert whys(ours) == {"topic": APART, "priority": APART}, "what only HR may know of its models is not told"


def test_what_is_gone_or_came_to_be_confidential_is_not_named(ann: Member) -> None:
    decided(16, ann)
    for team, topic, label in (("gone", "gone", "support"), ("confidential", "topic", "billing")):
        Topic.objects.filter(slug=label).update(is_active=False)
        Team.objects.filter(slug=label).update(**({"is_active": False} if team == "gone" else {"confidential": True}))
        (one,) = arrive(message(label, 500))
        assert unpack(one.unsaid)[TEAM] == Silence(GONE), (team, topic)
        assert unpack(one.unsaid)["topic"] == Silence(GONE)
    teams = {"hr": TeamEntry(uuid4(), "hr", "HR", confidential=True)}
    done = suggesting.sort(Verdict("sorting", "", ()), {TEAM: Silence(UNSURE, "hr", 20)}, teams, {}, lambda _: 1.0)
    assert done.unsaid == {TEAM: Silence(GONE)}


def test_of_a_topic_that_its_words_found_nothing_is_left_unsaid(ann: Member) -> None:
    (one,) = arrive("zzzjobs " + message("billing", 1))
    assert set(whys(one)) == {TEAM, "priority"}


def test_where_a_rule_says_whose_it_is_that_nothing_was_learned_yet_explains_nothing() -> None:
    ruled = {"topic": Silence(UNSURE, "jobs", 30), "priority": Silence(NEW)}
    topics = {"jobs": uuid4()}
    done = suggesting.sort(Verdict("sorting", "", (), rule=1), ruled, {}, topics, lambda _: 1.0)
    assert set(done.unsaid) == {"topic"}
    open_ = ruled | {TEAM: Silence(NEW)}
    done = suggesting.sort(Verdict("sorting", "", ()), open_, {}, topics, lambda _: 1.0)
    assert set(done.unsaid) == {TEAM, "topic", "priority"}


def held(one: Decision) -> dict[str, str]:
    return {kind: told.get("held", "") for kind, told in {TEAM: one.suggestion, **(one.guesses or {})}.items() if told}


def test_what_is_suggested_and_not_done_says_what_held_it(ann: Member) -> None:
    decided(4, ann)
    (early,) = arrive(message("billing", 500))
    assert held(early)[TEAM] == learned.UNPROMISED
    decided(16, ann)
    (off,) = arrive(message("billing", 501))
    assert held(off) == {TEAM: learned.OFF, "topic": learned.OFF, "priority": learned.OFF}
    for kind in KINDS:
        teaching.switch(True, ann, kind)
    (done,) = arrive(message("billing", 502))
    assert held(done) == dict.fromkeys(KINDS, "")
    for kind in KINDS:
        Burst.objects.create(kind=kind, member=ann, since=now(), until=now(), count=16, against=16)
    (doubted,) = arrive(message("billing", 505))
    assert held(doubted) == dict.fromkeys(KINDS, learned.BURST)


def test_what_was_so_already_or_found_by_words_says_that() -> None:
    sure = {label: Suggestion(label, 0.99, 0.99, uuid4(), certain=True, acts=True) for label in ("jobs", "normal")}
    topics = {"jobs": uuid4(), "support": uuid4()}
    for topic, why in (("jobs", suggesting.SAME), ("support", suggesting.WORD)):
        verdict = Verdict("sorting", "", (), topic=topic)
        done = suggesting.sort(verdict, {"topic": sure["jobs"], "priority": sure["normal"]}, {}, topics, lambda _: 1.0)
        assert done.verdict is verdict
        assert {kind: told["held"] for kind, told in (done.guesses or {}).items()} == {
            "topic": why, "priority": suggesting.SAME
        }  # fmt: skip


def test_what_is_less_sure_than_promised_says_how_much_was_promised_then() -> None:
    said = learned.Suggestion("billing", 0.8, 0.8, uuid4(), held=learned.PROMISE, wanted=97)
    teams = {slug: TeamEntry(uuid4(), slug, slug.title()) for slug in ("sorting", "billing")}
    done = suggesting.sort(Verdict("sorting", "", ()), {TEAM: said}, teams, {}, lambda _: 1.0)
    assert done.suggestion is not None
    assert (done.suggestion["held"], done.suggestion["wanted"], done.suggestion["acted"]) == ("promise", 97, False)
    assert done.verdict.owner == "sorting"
    sure = Suggestion("billing", 0.99, 0.99, uuid4(), certain=True, acts=True, wanted=97)
    done = suggesting.sort(Verdict("sorting", "", ()), {TEAM: sure}, teams, {}, lambda _: 1.0)
    assert done.verdict.owner == "billing"
    assert not {"held", "wanted"} & set(done.suggestion or {})
