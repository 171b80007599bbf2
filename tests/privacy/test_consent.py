"""Whether somebody may be written to, and that nothing goes out where they may not."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast as cast_to

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.inbound import withdrawing
from rapport.inbound.arrival import Arrival
from rapport.outbound import actions, opening, reachable
from rapport.outbound.models import Delivery
from rapport.people import consenting
from rapport.people.arrivals import Speaker
from rapport.people.consent import CONSENT, NO_OBJECTION, NOTHING, Said, is_stop, may_write
from rapport.people.consenting import Statement
from rapport.people.models import Consent, Person
from tests.web.cast import Cast
from tests.web.conftest import SignIn

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def said(*lines: str) -> list[Said]:
    """ "email yes" after one another, a day apart; "all" for all channels."""
    split = (line.split() for line in lines)
    return [
        Said("events", "" if channel == "all" else channel, word == "yes", _FIRST + timedelta(days=day))
        for day, (channel, word) in enumerate(split)
    ]


@pytest.mark.parametrize(
    ("needs", "channel", "lines", "why"),
    [
        (NOTHING, "email", [], "asked"),
        (NO_OBJECTION, "email", [], "not_objected"),
        (CONSENT, "email", [], "never_given"),
        (CONSENT, "email", ["email yes"], "given"),
        (CONSENT, "email", ["all yes"], "given"),
        (CONSENT, "phone", ["email yes"], "never_given"),
        (CONSENT, "email", ["all yes", "email no"], "refused"),
        (CONSENT, "phone", ["all yes", "email no"], "given"),
        (CONSENT, "email", ["email no", "all yes"], "refused"),
        (CONSENT, "email", ["email no", "email yes"], "given"),
        (CONSENT, "email", ["email yes", "all no"], "refused"),
        (NO_OBJECTION, "email", ["all no"], "refused"),
        (NOTHING, "phone", ["phone no"], "refused"),
    ],
)
def test_the_last_word_counts_and_a_no_on_a_channel_holds_there(
    needs: str, channel: str, lines: list[str], why: str
) -> None:
    verdict = may_write("events", needs, channel, said(*lines), do_not_contact=False)
    assert verdict.why == why
    assert verdict.allowed == (why in ("asked", "not_objected", "given"))


_LINES = st.lists(st.sampled_from(["email yes", "email no", "all yes", "all no", "phone no", "phone yes"]))


@given(_LINES, st.sampled_from([NOTHING, NO_OBJECTION, CONSENT]))
def test_do_not_contact_beats_everything_and_a_last_no_is_never_overheard(lines: list[str], needs: str) -> None:
    assert not may_write("events", needs, "email", said(*lines), do_not_contact=True).allowed
    for no in ("email no", "all no"):
        assert not may_write("events", needs, "email", said(*lines, no), do_not_contact=False).allowed


def test_of_two_words_at_one_moment_the_no_counts() -> None:
    both = [Said("events", "", True, _FIRST), Said("events", "", False, _FIRST)]
    assert not may_write("events", CONSENT, "email", both, do_not_contact=False).allowed


@pytest.mark.parametrize(
    ("text", "stops"),
    [("STOP", True), (" Stop. ", True), ("unsubscribe", True), ("Please stop the delivery", False), ("", False)],
)
def test_a_whole_message_that_says_stop_is_one(text: str, stops: bool) -> None:
    assert is_stop(text) is stops


def test_what_was_said_holds_for_all_rows_of_a_person_and_has_its_proof(cast: Cast) -> None:
    with scope.system():
        row = Person.objects.create(name="Carla C.", audience=cast.customer.audience)
        Person.objects.filter(id=row.id).update(merged_into=cast.customer.id, top=cast.customer.id)
        proof = {"what": "form", "where": "Trade fair, sheet 4"}
        consenting.record_consent(row.id, Statement("events", True, proof=proof), cast.agent)
        assert consenting.may(cast.customer.id, "events", "email").allowed
        assert not consenting.may(cast.customer.id, "announcements", "email").allowed
        one = consenting.history(cast.customer.id)[0]
        assert (one.proof, one.member, one.source) == (proof, cast.agent, "hand")
        consenting.record_consent(cast.customer.id, Statement("events", False, "email"), cast.agent)
        assert not consenting.may(row.id, "events", "email").allowed
        assert consenting.may(row.id, "events", "phone").allowed
        (event,) = Event.objects.filter(kind="consent.withdrawn")
        assert set(event.data) == {"person", "purpose", "channel", "consent"}


def test_a_statement_about_nothing_or_from_tomorrow_is_refused(cast: Cast) -> None:
    with scope.system():
        for wrong in (Statement("world peace", True), Statement("events", True, at=now() + timedelta(days=2))):
            with pytest.raises(Invalid):
                consenting.record_consent(cast.customer.id, wrong, None)
        assert not Consent.objects.exists()


def silence(cast: Cast) -> None:
    with scope.system():
        assert consenting.set_do_not_contact(cast.customer.id, True, {"what": "spoken"}, cast.agent)
        assert not consenting.set_do_not_contact(cast.customer.id, True, {}, cast.agent), "it stands so already"


def test_nobody_begins_a_conversation_with_who_asked_not_to_be_contacted(cast: Cast) -> None:
    silence(cast)
    with scope.system():
        row = Person.objects.create(name="Carla C.", audience=cast.customer.audience)
        Person.objects.filter(id=cast.customer.id).update(merged_into=row.id, top=row.id)
    beginning = opening.Beginning(cast.channel, cast.service, "News")
    ways = [{"to": [("", "Carla@Shop.example")]}, {"to": [("", "b@c.example")], "bcc": [("", "carla@shop.example")]}]
    for to in ways:
        with scope.member(cast.agent.id), pytest.raises(reachable.NotReachable, match=r"(?i)shop\.example"):
            opening.begin(cast.agent, beginning, actions.Answer("Hello", confirmed=True, **to))
    with scope.system():
        assert not Delivery.objects.exists()


def test_an_answer_to_them_goes_once_a_member_confirms_it_and_the_log_keeps_that(cast: Cast, sign_in: SignIn) -> None:
    silence(cast)
    client, url = sign_in(cast.agent), f"/c/{cast.conversation.id}/"
    assert "They asked not to be contacted." in client.get(url).content.decode()
    form = {"kind": "reply", "to": "carla@shop.example", "text": "Your parcel comes."}
    refused = client.post(f"{url}do/say/", form)
    assert refused.status_code == 400
    assert "Your parcel comes." in refused.content.decode()
    with scope.system():
        assert not Delivery.objects.exists()
        assert not Event.objects.filter(kind__in=["message.written", "contact.confirmed"]).exists()
    assert client.post(f"{url}do/say/", form | {"confirmed": "yes"}).status_code == 302
    with scope.system():
        assert Delivery.objects.get().options["confirmed"] is True
        assert Event.objects.get(kind="contact.confirmed").actor_id == cast.agent.id


def test_what_was_written_before_they_asked_does_not_leave(cast: Cast) -> None:
    with scope.member(cast.agent.id):
        actions.reply(cast.conversation.id, cast.agent, actions.Answer("Soon."))
    with scope.system():
        delivery = Delivery.objects.get()
        assert not reachable.refused_at_last(delivery, cast.customer.id)
        silence(cast)
        assert reachable.refused_at_last(delivery, cast.customer.id)
        delivery.options["confirmed"] = True
        assert not reachable.refused_at_last(delivery, cast.customer.id)


def test_stop_by_text_message_withdraws_there_and_keeps_the_message_as_proof(cast: Cast) -> None:
    with scope.system():
        person = {
            ("phone", "+491"): Speaker(cast.customer.id, cast.customer.root),
            ("email", "a@b.example"): Speaker(cast.secretive.id, cast.secretive.root),
        }
        arrivals = [
            arrival(("phone", "+491"), "Stop"), arrival(("email", "a@b.example"), "stop"), arrival(None, "stop")
        ]  # fmt: skip
        assert withdrawing.withdraw(arrivals, person) == 1
        said = {one.purpose: (one.given, one.channel, one.proof["where"]) for one in Consent.objects.all()}
        assert set(said) == {"announcements", "surveys", "events"}
        assert set(said.values()) == {(False, "phone", str(arrivals[0].message_id))}
        assert not consenting.may(cast.customer.id, "surveys", "phone").allowed
        assert consenting.may(cast.customer.id, "surveys", "email").allowed


def arrival(sender: tuple[str, str] | None, text: str) -> Arrival:
    """Something that came in, as far as it matters here."""
    found = SimpleNamespace(sender=sender, said=SimpleNamespace(text=text), message_id=new_id(), at=now())
    return cast_to(Arrival, found)
