""" "Is this you?": asked by mail through the outbox, answered once by whoever holds the link, and by nobody else."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import time_machine
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse

from rapport.conversations.models import Message
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.models import Event
from rapport.outbound.drafting import draft_of
from rapport.outbound.models import Delivery
from rapport.people import merging, pairing, questions
from rapport.people.models import Handle, Merge, Pair, Person, Question
from tests.inbound.post import deliver, letter
from tests.people.folk import pair, person, root_of
from tests.web.cast import Cast
from tests.web.conftest import SignIn

ACCOUNT = ("fediverse", "ann@social.example")


@pytest.fixture
def ann(cast: Cast) -> Person:
    """Somebody who writes by mail, in German."""
    cast.channel.config = {"smtp": {"host": "localhost", "security": "none"}}
    cast.channel.save()
    return person("Ann Ex", "email:ann@example.org", language="de")


@pytest.fixture
def account(cast: Cast) -> Person:
    """A public account that proves nothing."""
    return person("Ann Ex", ":".join(ACCOUNT))


def _question(cast: Cast, ann: Person) -> Question:
    with scope.member(cast.agent.id):
        return questions.ask(ann.id, "ann@example.org", ACCOUNT, cast.agent)


def _path(one: Question) -> str:
    return questions.link(one.id).partition("/is-this-you/")[1] + questions.link(one.id).partition("/is-this-you/")[2]


def _nothing_happened(*people: Person) -> None:
    with scope.system():
        assert not Merge.objects.exists()
        assert not Pair.objects.exists()
        assert not Handle.objects.filter(verified_how=questions.HOW).exists()
        assert not Event.objects.filter(kind="question.answered").exists()
        assert not Question.objects.exclude(answer="").exists()
    assert [root_of(one) for one in people] == [one.id for one in people]


def test_the_question_goes_out_by_the_outbox_under_a_members_name_and_only_what_is_sent_has_the_link(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    client = sign_in(cast.agent)
    url = f"{reverse('question_ask', args=[ann.id])}?kind={ACCOUNT[0]}&value={ACCOUNT[1]}"
    page = client.get(url).content.decode()
    assert "ann@social.example" in page
    given = {"address": "ann@example.org", "channel": str(cast.channel.id), "team": str(cast.service.id)}
    assert client.post(url, given).status_code == 302
    with scope.system():
        delivery, question = Delivery.objects.get(), Question.objects.get()
        sent = draft_of(delivery)
    assert delivery.recipients["to"] == [["Ann Ex", "ann@example.org"]]
    assert (sent.author, question.member_id, question.language) == ("Ana Agent", cast.agent.id, "de")
    assert questions.link(question.id) in sent.text
    assert "ann@social.example" in sent.text
    assert question.conversation_id == delivery.conversation_id
    shown = client.get(reverse("conversation", args=[delivery.conversation_id])).content.decode()
    assert "is-this-you" not in shown
    assert questions.PLACE in shown
    assert "asked by mail" in client.get(reverse("person", args=[ann.id])).content.decode()


@pytest.mark.parametrize(
    ("kind", "way"),
    [("plain", "<{}>"), ("plain", "> http://localhost/is-this-you/\r\n> {secret}/"),
     ("plain", "https://safe.example/?url={quoted}&data=1"), ("html", '<p>Is it?</p><a href="{}">{}</a>'),
     ("html", '<p>Is it?</p><a href="https://safe.example/?url={quoted}">{}</a>')],
)  # fmt: skip
def test_a_link_that_comes_back_in_a_quote_or_a_returned_mail_is_shown_to_no_member(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn, kind: str, way: str
) -> None:
    link = questions.link(_question(cast, ann).id)
    secret = link.rstrip("/").rpartition("/")[2]
    words = way.format(link, link, secret=secret, quoted=quote(link, safe=""))
    mail = letter(words, sender="Ann Ex <ann@example.org>").replace(b"text/plain", f"text/{kind}".encode())
    deliver(cast.channel, mail)
    with scope.system():
        stored = Message.objects.latest("id")
    client = sign_in(cast.agent)
    at = [stored.conversation_id, stored.id]
    pages = [reverse("conversation", args=at[:1]), reverse("whole", args=at), reverse("frame", args=at)]
    shown = [client.get(page).content.decode() for page in pages] + [stored.text]
    assert all(secret.partition("~")[2] not in page for page in shown)
    assert questions.PLACE in "".join(shown)
    assert questions.by_secret(secret), "who was asked can still answer"


def test_opening_the_link_changes_nothing_and_tells_the_handle_alone(
    cast: Cast, ann: Person, account: Person, client: Client
) -> None:
    one = _question(cast, ann)
    for method in (client.get, client.head):
        answer = method(f"/{_path(one).lstrip('/')}")
        assert answer.status_code == 200
    page = client.get(_path(one)).content.decode()
    assert "ann@social.example" in page
    assert 'lang="de"' in page
    for secret in ("Ann Ex", "ann@example.org", "Ana", str(ann.id), str(account.id)):
        assert secret not in page
    assert client.post(_path(one)).status_code == 200
    assert client.post(_path(one), {"answer": "perhaps"}).status_code == 200
    _nothing_happened(ann, account)


def test_with_a_yes_both_are_verified_and_one_person_and_it_can_be_taken_back(
    cast: Cast, ann: Person, account: Person, client: Client
) -> None:
    one = _question(cast, ann)
    assert client.post(_path(one), {"answer": "yes"}).status_code == 200
    with scope.system():
        hows = dict(Handle.objects.filter(person__in=[ann, account]).values_list("kind", "verified_how"))
        made = Merge.objects.get()
        assert Event.objects.filter(kind="question.answered").count() == 1
    assert hows == {"email": questions.HOW, "fediverse": questions.HOW}
    assert (made.how, made.member_id, made.evidence[0]["what"]) == ("proof", None, questions.HOW)
    assert root_of(account) == ann.id
    merging.unmerge(made.id, cast.agent)
    assert root_of(account) == account.id


def test_with_a_no_they_are_kept_apart_for_good(cast: Cast, ann: Person, account: Person, client: Client) -> None:
    suggested = pair(ann, account)
    client.post(_path(_question(cast, ann)), {"answer": "no"})
    with scope.system():
        suggested.refresh_from_db()
        assert (suggested.state, suggested.decided_by_id) == ("refused", None)
        assert Handle.objects.get(kind="fediverse").verified_at is None
    with pytest.raises(Invalid, match="two people"):
        _question(cast, ann)
    assert root_of(account) == account.id


def test_a_link_works_once(cast: Cast, ann: Person, account: Person, client: Client) -> None:
    one = _question(cast, ann)
    client.post(_path(one), {"answer": "no"})
    again = client.post(_path(one), {"answer": "yes"})
    assert again.status_code == 404
    assert b"does not hold any more" in again.content
    with scope.system():
        assert not Merge.objects.exists()


def test_what_is_forged_too_old_or_another_questions_is_refused_and_nothing_happens(
    cast: Cast, ann: Person, account: Person, client: Client
) -> None:
    one = _question(cast, ann)
    good = _path(one).strip("/").partition("/")[2]
    forged = [
        "x", one.id.hex, f"{one.id.hex}~x", good[:-1], good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.replace(one.id.hex, UUID(int=one.id.int + 1).hex), Signer(salt="other", sep="~").sign(one.id.hex),
        Signer(key="another key", salt="rapport.people.questions", sep="~").sign(one.id.hex),
        Signer(salt="rapport.people.questions", sep="~").sign(UUID(int=7).hex),
        Signer(salt="rapport.people.questions", sep="~").sign("no id"),
    ]  # fmt: skip
    for secret in forged:
        for method in (client.get, client.post):
            answer = method(f"/is-this-you/{secret}/", {"answer": "yes"})
            assert answer.status_code == 404, secret
    with time_machine.travel(now() + timedelta(days=7, minutes=1)):
        assert client.get(_path(one)).status_code == 404
        assert client.post(_path(one), {"answer": "yes"}).status_code == 404
    _nothing_happened(ann, account)


def test_a_member_cannot_answer_for_them(cast: Cast, ann: Person, account: Person, sign_in: SignIn) -> None:
    one, client = _question(cast, ann), sign_in(cast.agent)
    assert 'name="answer"' not in client.get(_path(one)).content.decode()
    assert client.post(_path(one), {"answer": "yes"}).status_code == 403
    _nothing_happened(ann, account)


def test_a_form_of_another_site_cannot_answer(cast: Cast, ann: Person, account: Person) -> None:
    one = _question(cast, ann)
    assert Client(enforce_csrf_checks=True).post(_path(one), {"answer": "yes"}).status_code == 403
    _nothing_happened(ann, account)


@pytest.mark.usefixtures("one_minute")
def test_who_asks_too_often_waits(cast: Cast, client: Client) -> None:
    answers = [client.get("/is-this-you/x/").status_code for _ in range(22)]
    assert (answers[0], answers[-1]) == (404, 429)


def test_a_handle_that_another_has_proved_does_not_move(
    cast: Cast, ann: Person, account: Person, client: Client
) -> None:
    other = person("Ann Ex", "email:ann@other.example", how="dmarc")
    merging.merge(other, account, cast.agent)
    client.post(_path(_question(cast, ann)), {"answer": "yes"})
    assert (root_of(account), root_of(ann)) == (other.id, ann.id)
    with scope.system():
        assert Question.objects.get().outcome == "claimed"
        assert Handle.objects.get(kind="fediverse").verified_at is None
        assert Pair.objects.get().evidence[0]["what"] == questions.HOW


def test_kept_apart_while_the_mail_was_under_way_they_stay_apart(
    cast: Cast, ann: Person, account: Person, client: Client
) -> None:
    one = _question(cast, ann)
    pairing.refuse(pair(ann, account), cast.agent)
    client.post(_path(one), {"answer": "yes"})
    assert root_of(account) == account.id
    with scope.system():
        assert Question.objects.get().outcome == "apart"


def test_nobody_is_asked_who_wants_no_mail_twice_at_once_or_at_a_shared_address(
    cast: Cast, ann: Person, account: Person
) -> None:
    with scope.system():
        Person.objects.filter(id=ann.id).update(do_not_contact=True)
    with pytest.raises(Invalid, match="asked not to be written to"):
        _question(cast, ann)
    with scope.system():
        Person.objects.filter(id=ann.id).update(do_not_contact=False)
        Handle.objects.filter(kind="email", person=ann).update(shared=True)
    with pytest.raises(Invalid, match="Several people"):
        _question(cast, ann)
    with scope.system():
        assert not Question.objects.exists()
        Handle.objects.filter(kind="email", person=ann).update(shared=False)
    _question(cast, ann)
    with pytest.raises(Invalid, match="asked already"):
        _question(cast, ann)


def test_a_handle_one_may_not_see_cannot_be_asked_about(cast: Cast, ann: Person, sign_in: SignIn) -> None:
    person("Ann Ex", ":".join(ACCOUNT), audience=[cast.people_team.id])
    url = f"{reverse('question_ask', args=[ann.id])}?kind={ACCOUNT[0]}&value={ACCOUNT[1]}"
    for method in ("get", "post"):
        given: Any = {"address": "ann@example.org", "channel": str(cast.channel.id), "team": str(cast.service.id)}
        assert getattr(sign_in(cast.agent), method)(url, given if method == "post" else None).status_code == 404
    with scope.system():
        assert not Question.objects.exists()
        assert not Delivery.objects.filter(recipients__icontains="ann@example.org").exists()
