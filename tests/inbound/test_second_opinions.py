"""An endpoint elsewhere is asked about what nobody decided, redacted, within a budget; off, it is sent nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection

from rapport.channels import outgoing
from rapport.conversations.models import Conversation
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.core.errors import Invalid
from rapport.core.models import Event
from rapport.inbound import second_opinions
from rapport.ownership import teaching
from rapport.ownership.second import asking, calibrating, keeping, outcomes, queue
from rapport.ownership.second.keeping import Given
from rapport.ownership.second.models import AskedDay, Endpoint, Opinion
from rapport.people.models import Handle, Person
from rapport.staff.models import Member, Team
from tests.inbound import endpoint as played
from tests.inbound.endpoint import completion
from tests.inbound.opinions import ann, arrive, opinion, wake, work

KEY = "sk-secret-0123"


@pytest.fixture
def elsewhere() -> Iterator[played.Endpoint]:
    with played.playing() as found:
        yield found


@pytest.fixture(autouse=True)
def ada(db: None) -> Member:
    for name, about in (("Billing", "Money"), ("Product", "Defects"), ("Sorting", "")):
        Team.objects.create(name=name, slug=name.lower(), description=about)
    Team.objects.create(name="HR", slug="hr", confidential=True, description="grievances")
    return Member.objects.create(email="ada@company.example", name="Ada", role="admin")


@pytest.fixture
def on(elsewhere: played.Endpoint, ada: Member) -> played.Endpoint:
    keeping.save(given(elsewhere), ada.id)
    keeping.switch(True, ada.id)
    elsewhere.answers = [completion({"team": 2, "team_sure": 80})]
    return elsewhere


def given(elsewhere: played.Endpoint, **more: Any) -> Given:
    return replace(Given(elsewhere.url, "small", KEY, ["team"], 100, 100_000), **more)


def here() -> Endpoint:
    return keeping.here()


def test_what_nobody_decided_is_asked_about_once_and_becomes_a_suggestion(on: played.Endpoint) -> None:
    found = arrive(subject="Broken")
    assert work() == 1
    assert work() == 0
    kept = opinion(found)
    assert kept is not None
    assert (kept.stage, kept.model, kept.host, kept.attempts) == ("answered", "small", "127.0.0.1", 1)
    assert kept.said == {"team": {"label": "product", "sure": 0.8, "probability": None}}
    (asked,) = on.asked
    assert (asked["path"], asked["model"], asked["temperature"]) == ("/v1/chat/completions", "small", 0)
    assert asked["response_format"]["type"] == "json_schema"
    assert on.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert orjson.loads(asked["messages"][1]["content"]) == {"subject": "Broken", "text": "The kettle is broken"}
    with scope.system():
        assert not Conversation.objects.exclude(owner_team__slug="sorting").exists(), "it only suggests"
        event = Event.objects.get(kind=keeping.ASKED)
        assert event.conversation_id == found.id
        assert event.data == {"characters": AskedDay.objects.get().characters, "host": "127.0.0.1", "model": "small"}
        assert AskedDay.objects.get().tokens == 42


def test_while_it_is_off_nothing_is_sent_and_nothing_from_before_is_sent_later(
    elsewhere: played.Endpoint, ada: Member
) -> None:
    before = arrive()
    assert work() == 0
    keeping.save(given(elsewhere), ada.id)
    assert work() == 0
    keeping.switch(True, ada.id)
    with scope.system():
        # A clock apart: the moment it was switched on lies behind what came before it.
        Endpoint.objects.update(since=now() + timedelta(seconds=1), looked_at=None)
    assert work() == 0
    keeping.switch(False, ada.id)
    arrive()
    assert work() == 0
    assert elsewhere.asked == []
    assert opinion(before) is None
    with scope.system():
        assert not Event.objects.filter(kind=keeping.ASKED).exists()
        assert [one.data["on"] for one in Event.objects.filter(kind=keeping.SWITCHED).order_by("id")] == [True, False]


def test_switched_off_what_waits_is_not_sent_and_what_is_answered_is_not_kept(
    on: played.Endpoint, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = arrive(), arrive()
    after = outgoing.ask

    def ask(*args: Any, **more: Any) -> outgoing.Answer:
        answer = after(*args, **more)
        keeping.switch(False, ada.id)
        return answer

    monkeypatch.setattr(outgoing, "ask", ask)
    assert work() == 1
    assert len(on.asked) == 1
    assert {one.stage for one in (opinion(first), opinion(second)) if one} == {"none"}
    keeping.switch(True, ada.id)
    assert work() == 0


def test_what_becomes_confidential_in_the_last_moment_is_not_sent(
    on: played.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, after = arrive(), asking.ask

    def ask(*args: Any) -> asking.Reply:
        with scope.system():
            Conversation.objects.update(confidential=True)
        return after(*args)

    monkeypatch.setattr(asking, "ask", ask)
    work()
    assert on.asked == []
    assert opinion(found).stage == "none"  # type: ignore[union-attr]
    with scope.system():
        assert not Event.objects.filter(kind=keeping.ASKED).exists()


def test_never_about_what_is_not_everybodys(on: played.Endpoint, ada: Member) -> None:
    hr = Team.objects.get(slug="hr")
    arrive(confidential=True, audience=[hr.id], owner_team=hr)
    arrive(confidential=True)
    arrive(audience=[hr.id])
    arrive(said={"direction": "out", "member": ada})
    arrive(person=ann(audience=[hr.id]))
    arrive(said={"kind": "auto_reply"})
    arrive(said={"deleted_at": now()})
    arrive(status="spam")
    arrive(said={"text": ""})
    with scope.system():
        own = Person.objects.create(name="Ada", audience=[EVERYONE])
        Handle.objects.create(kind="email", value="ada@company.example", person=own)
        known = Person.objects.create(name="Anne", audience=[EVERYONE])
        Person.objects.create(name="A. S.", audience=[hr.id], top=known.id, merged_into=known.id)
    arrive(person=own)
    arrive(person=known)
    assert work() == 0
    assert on.asked == []
    with scope.system():
        assert not AskedDay.objects.exists()


def test_never_about_what_a_rule_or_the_learner_or_somebody_decided(on: played.Endpoint, ada: Member) -> None:
    arrive(decided={"rule": 1, "suggestion": None})
    arrive(decided={"suggestion": {"team": "product", "probability": 0.9, "sure": 0.9}})
    arrive(decided={"source": "member", "actor": ada})
    said = arrive()
    with scope.system():
        teaching.teach(said, "billing", ada)
    assert work() == 0
    assert on.asked == []


def test_what_became_confidential_while_it_waited_is_not_sent(on: played.Endpoint) -> None:
    found = arrive()
    with scope.system():
        assert queue.look(here()) == 1
        Conversation.objects.update(confidential=True)
    assert work() == 0
    assert on.asked == []
    assert opinion(found).stage == "none"  # type: ignore[union-attr]


def test_what_waited_for_a_day_is_not_asked_about_any_more(on: played.Endpoint) -> None:
    found = arrive()
    with scope.system():
        assert queue.look(here()) == 1
    with travel(now() + timedelta(hours=25)):
        assert work() == 0
    assert on.asked == []
    assert opinion(found).stage == "failed"  # type: ignore[union-attr]


def test_names_addresses_and_numbers_of_whoever_wrote_stay_here(on: played.Endpoint) -> None:
    arrive(
        "Ann of Acme Kettles here, ann@acme.example, +49 30 901820, DE89370400440532013000, card 4111 1111 1111 1111.\n"
        "See https://acme.example/reset?token=hush. A. Smythe\n> Dear quoted\n-- \nsigned off",
        subject="From Smith at acme.example", person=ann(),
        said={"recipients": {"from": [["A. Smythe", "ann@acme.example"]]}},
    )  # fmt: skip
    assert work() == 1
    sent = on.told.lower()
    for word in ("ann", "smith", "smythe", "acme", "901820", "de89", "4111", "hush", "quoted", "signed", KEY):
        assert word not in sent
    assert "hr" not in sent.split(), "and of no confidential team"
    assert "grievances" not in sent


def test_the_budget_is_kept_and_what_was_not_asked_is_counted(on: played.Endpoint, ada: Member) -> None:
    keeping.save(given(on, requests_a_day=2, key=""), ada.id)
    found = [arrive() for _ in range(4)]
    work()
    assert len(on.asked) == 2
    assert sorted(opinion(one).stage for one in found) == ["answered", "answered", "unasked", "unasked"]  # type: ignore[union-attr]
    day = keeping.spent()
    assert (day.requests, day.unasked) == (2, 2)
    keeping.save(given(on, characters_a_day=day.characters + 10, key=""), ada.id)
    arrive()
    work()
    assert len(on.asked) == 2
    with scope.system():
        AskedDay.objects.update(day=keeping.today() - timedelta(days=1))
    arrive()
    work()
    assert len(on.asked) == 3, "another day"


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "text/html"}, b"<html>hello</html>"),
        (200, {}, b"x" * 50_000_000),
        (200, {}, b'{"choices": []}'),
        completion("I am sorry, Dave."),
        completion({"team": 99, "team_sure": 100}),
        completion({"team": "hr"}),
        completion({"team": 0}),
    ],
    ids=["a page", "50 MB", "no choice", "words", "no such label", "a name", "none fits"],
)
def test_an_answer_that_is_none_of_the_labels_is_no_opinion(on: played.Endpoint, answer: played.Answer) -> None:
    on.answers = [answer]
    found = arrive()
    assert work() == 1
    kept = opinion(found)
    assert kept is not None
    assert (kept.stage, kept.said) == ("none", {})
    wake()
    assert work() == 0


def test_an_endpoint_without_json_schemas_is_asked_without_them_from_then_on(on: played.Endpoint) -> None:
    on.answers = [(400, {}, b'{"error": "response_format"}'), completion('```json\n{"team": 2, "team_sure": 60}\n```')]
    arrive(), arrive()
    assert work() == 2
    assert ["response_format" in one for one in on.asked] == [True, False, False]
    assert keeping.spent().requests == 3
    assert here().plain


def test_it_waits_as_long_as_it_is_asked_to(on: played.Endpoint) -> None:
    on.answers = [(429, {"Retry-After": "600"}, b""), completion({"team": 1})]
    found = arrive()
    work()
    assert len(on.asked) == 1
    rests = here().rest_until
    assert rests is not None
    assert timedelta(minutes=9) < rests - now() <= timedelta(minutes=10)
    assert work() == 0
    assert len(on.asked) == 1
    wake()
    assert work() == 1
    assert opinion(found).said["team"]["label"] == "billing"  # type: ignore[union-attr]
    assert opinion(found).attempts == 1  # type: ignore[union-attr]


def test_after_several_failures_it_rests_and_recovers(on: played.Endpoint) -> None:
    on.answers = [(503, {}, b"")]
    found = arrive()
    for number in range(second_opinions.FAILURES_MAX):
        assert here().rest_until is None, number
        assert work() == 1
        with scope.system():
            Opinion.objects.update(due_at=now())
    assert here().rest_until is not None
    assert "503" in here().problem
    assert work() == 0
    assert len(on.asked) == second_opinions.FAILURES_MAX
    on.answers = [completion({"team": 1})]
    wake()
    assert work() == 1
    assert (here().failures, here().problem, here().rest_until) == (0, "", None)
    assert opinion(found).stage == "answered"  # type: ignore[union-attr]


def test_it_gives_up_after_some_attempts_and_a_day(on: played.Endpoint) -> None:
    on.answers = [(503, {}, b"")]
    found = arrive()
    for _ in range(queue.ATTEMPTS_MAX + 2):
        work()
        wake()
    assert len(on.asked) == queue.ATTEMPTS_MAX
    assert opinion(found).stage == "failed"  # type: ignore[union-attr]


def test_a_key_that_is_refused_rests_an_hour_and_says_so_and_a_new_one_goes_on_at_once(
    on: played.Endpoint, ada: Member
) -> None:
    on.answers = [(401, {}, b""), completion({"team": 1})]
    arrive()
    work()
    assert "does not accept the key" in here().problem
    assert here().rest_until is not None
    keeping.save(given(on, key="sk-new"), ada.id)
    with scope.system():
        Opinion.objects.update(due_at=now())
    assert work() == 1
    assert on.headers[-1]["Authorization"] == "Bearer sk-new"


def test_it_follows_no_redirect(on: played.Endpoint) -> None:
    on.answers = [(307, {"Location": f"{on.url}/elsewhere"}, b"")]
    arrive()
    work()
    assert [one["path"] for one in on.asked] == ["/v1/chat/completions"]
    assert "has moved" in here().problem


def test_the_stored_key_goes_to_no_other_address_and_is_not_readable(on: played.Endpoint, ada: Member) -> None:
    with pytest.raises(Invalid, match="enter the key again"):
        keeping.save(given(on, url="https://other.example/v1", key=""), ada.id)
    others = ("http://other.example/v1", "ftp://x", "https://", "https://u:p@x.example", "no", "https://x.example/?a=b")
    for url in others:
        with pytest.raises(Invalid):
            keeping.checked_url(url)
    with pytest.raises(Invalid):
        keeping.checked_key("two words")
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM ownership_endpoint e")
        assert KEY not in cursor.fetchone()[0]
    with scope.system():
        assert KEY not in str(list(Event.objects.values_list("data", flat=True)))


def test_two_workers_do_not_ask_about_the_same(on: played.Endpoint) -> None:
    arrive()
    with scope.system():
        queue.look(here())
        assert queue.take() is not None
        assert queue.take() is None
    assert work() == 0
    assert on.asked == []


def test_probabilities_come_from_what_people_chose(on: played.Endpoint, ada: Member) -> None:
    for number in range(calibrating.LEAST):
        found = arrive()
        with scope.system():
            said = {"team": {"label": "product", "sure": 0.9, "probability": None}}
            Opinion.objects.create(conversation=found, stage="answered", kinds=["team"], said=said, asked_at=now())
            # What a team resolves as its own, for want of a rule, says as much as what somebody gave to it.
            said_of = teaching.Said("product", implied=number % 4 == 1)
            teaching.teach(found, said_of if number % 2 else "billing", ada)
    later = arrive()
    assert work() == 1
    kept = opinion(later)
    assert kept is not None
    assert kept.said["team"]["probability"] == pytest.approx(0.5, abs=0.1)
    with scope.system():
        came = outcomes.came("team")
        assert (len(came), sum(one.right for one in came)) == (calibrating.LEAST, calibrating.LEAST // 2)
        assert outcomes.tally("team") == (calibrating.LEAST + 1, calibrating.LEAST + 1)
