"""What a draft promises of what was learned becomes the threshold of then, by what had come of suggestions by then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from rapport.conversations.models import Conversation, Message
from rapport.conversations.visibility import EVERYONE
from rapport.core import clock, scope
from rapport.ownership import refitting, service, teaching
from rapport.ownership.facts import Facts
from rapport.ownership.learning.learner import Learner
from rapport.ownership.models import Decision, Example, Wish
from rapport.ownership.outcomes import outcomes
from rapport.ownership.simulate.kept_of_late import Came, KeptOfLate
from rapport.ownership.simulate.past import Asked
from rapport.ownership.simulate.run import what_if
from rapport.ownership.simulate.suggested import came, over_time
from rapport.staff.models import Member, Team
from tests.ownership.learning.makers import message

AT = datetime(2026, 3, 4, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLUGS = ("support", "billing", "jobs")
POLICY = {"triage": "sorting", "rules": []}


def test_the_threshold_is_the_one_that_live_would_be_read_from_the_same_outcomes() -> None:
    random, learner, known = Random(3), Learner(), []
    for place in range(900):
        label, sure = random.choice(["a", "a", "a", "b"]), random.random()
        right = random.random() < (sure if label == "a" else 0.3 + 0.7 * sure)
        known.append(Came(AT + place * HOUR, place, label, sure, right))
    late = KeptOfLate(known)
    for upto in (40, 59, 200, 899):
        learner = Learner()
        for one in known[: upto + 1][-600:]:
            learner.saw(one.label, one.sure, bool(one.right))
        for label, promised in (("a", 80), ("b", 90), ("c", 60)):
            live = next((w for w in (learner.windows.get(label), learner.window) if w and w.enough), None)
            at = AT + upto * HOUR
            assert KeptOfLate(known).threshold(label, promised, at) == (live and live.trade(promised / 100).threshold)
            near = late.threshold(label, promised, at)
            assert (near is None) == (live is None), "asked in order it may lag behind, as live"
    assert late.threshold("a", 80, AT) is None, "and time may go back"


def test_what_people_did_is_known_from_then_on_and_until_it_was_set_aside() -> None:
    first, second = (AT, AT + 2 * HOUR, True), (AT + HOUR, None, False)
    assert list(over_time([first, second], (None, True))) == [(AT, True), (AT + HOUR, False)]
    assert list(over_time([(AT, AT + HOUR, True)], (None, True))) == [(AT, True), (AT + HOUR, None)]
    assert list(over_time([], (AT, False))) == [(AT, False)]
    assert list(over_time([(AT + HOUR, None, True)], (AT, True))) == [(AT, True)], "the same once more is no news"
    assert list(over_time([], (None, True))) == []


def test_what_is_known_no_more_does_not_count() -> None:
    known = [Came(AT, place, "a", 0.9, True) for place in range(60)] + [Came(AT + HOUR, 7, "a", 0.9, None)]
    late = KeptOfLate(known)
    assert [late.threshold("a", 80, AT + n * HOUR) for n in (0, 1, 0)] == [0.9, None, 0.9]


@pytest.fixture
def ann(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Member]:
    monkeypatch.setattr(refitting, "encoders", tuple)
    for slug in (*SLUGS, "sorting"):
        Team.objects.create(name=slug.title(), slug=slug)
    service.save_policy_dict(POLICY, service.SavedBy())
    with scope.system():
        yield Member.objects.create(email="ann@example.org", name="Ann")


def said(text: str) -> Conversation:
    found = Conversation.objects.create(
        owner_team=Team.objects.get(slug="sorting"), audience=[EVERYONE], created_at=clock.now()
    )
    Message.objects.create(conversation=found, direction="in", text=text, at=clock.now())
    return found


def arrive(*texts: str) -> list[Conversation]:
    found = [said(text) for text in texts]
    done = service.decide_batch([(c.id, Facts(at=clock.now(), text=t)) for c, t in zip(found, texts, strict=True)])
    service.record_decisions(done)
    return found


def test_by_the_promise_that_was_in_force_the_past_comes_out_as_it_was_recorded(ann: Member) -> None:
    random = Random(5)
    with clock.travel(AT), scope.system():
        for number in range(12):
            for slug in SLUGS:
                teaching.teach(said(message(slug, number)), slug, ann)
        refitting.refit()
    with clock.travel(AT + HOUR), scope.system():
        texts = [f"{message(slug, n)} {message(random.choice(SLUGS), n)}" for n in range(25) for slug in SLUGS]
        for one in [*arrive(*texts[:40]), *arrive(*texts[40:])]:
            told = Decision.objects.get(conversation=one).suggestion or {"team": "jobs", "sure": 0}
            teaching.teach(one, told["team"] if random.random() < told["sure"] + 0.15 else "sorting", ann)
    with clock.travel(AT + 3 * HOUR), scope.system():
        refitting.refit()
        teaching.switch(True, ann)
        Wish.objects.create(kind="team", precision=75)
        Wish.objects.create(kind="team", label="billing", precision=97)
        new = arrive(*(f"{message(slug, n)} {message(slug if n % 2 else 'jobs', n)}" for n in range(60, 72)
                       for slug in SLUGS))  # fmt: skip
        Wish.objects.all().delete()
    acted = Decision.objects.filter(conversation__in=new, suggestion__acted=True).count()
    assert 0 < acted < len(new)
    with clock.travel(AT + 4 * HOUR), scope.system():
        assert [(one.label, one.sure, one.right) for one in outcomes("team")] == [
            (one.label, one.sure, one.right) for one in came("team", (AT, AT + 9 * HOUR))
        ]
        for one in new:
            teaching.teach(one, "sorting", ann)
        Example.objects.filter(at__lt=AT + 2 * HOUR).update(set_aside=AT + 4 * HOUR)

    def moved(**promised: object) -> tuple[int, int]:
        span = AT + 2 * HOUR, AT + 5 * HOUR
        told = what_if(Asked(POLICY, POLICY, *span, 1, None, {"learned": {"team": promised}}))
        assert told["recorded"] == [len(new), len(new)]
        return told["moved"], told["unpromised"]

    assert moved(precision=75, labels={"billing": 97}) == (0, 0)
    assert moved(precision=75, labels={"billing": 50})[0] > 0
    with scope.system():
        Example.objects.all().delete()
    assert moved(precision=99) == (0, len(new)), "nothing is known of then: what was certain acts"
