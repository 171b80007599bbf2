"""Who may know of the people that mails bring."""

import pytest

from rapport.channels.models import Channel
from rapport.conversations import actions
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.people.models import Handle, Organization, Person
from rapport.staff.models import Team
from tests.inbound.post import conversations, deliver, letter, make_member, the_conversation

pytestmark = pytest.mark.django_db


def audience(address: str) -> list[object]:
    with scope.system():
        return list(Person.objects.get(handles__value=address).audience)


def test_one_person_for_one_address_however_it_is_written(box: Channel) -> None:
    deliver(box, letter(sender="Ann Berg <Ann@Berg.Example>"), letter(sender="ann@berg.example"))
    with scope.system():
        assert Person.objects.get().name == "Ann Berg"
        assert Handle.objects.get().value == "ann@berg.example"


def test_an_organization_is_made_of_a_domain_that_is_nobodys_free_mail(box: Channel) -> None:
    deliver(box, letter(sender="ann@mail.berg.com"), letter(sender="bob@gmail.com"), letter(sender="carl@berg.com"))
    assert not Organization.objects.exists()
    with scope.system():
        assert list(Organization.objects.values_list("domain", flat=True)) == ["berg.com"]
        assert Person.objects.filter(organization__domain="berg.com").count() == 2


def test_whoever_writes_openly_is_known_to_everyone(box: Channel) -> None:
    deliver(box, letter())
    assert audience("ann@berg.example") == [EVERYONE]


def test_whoever_writes_in_confidence_is_known_to_that_team_alone(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(to="hr@rapport.example"))
    assert audience("ann@berg.example") == [teams["hr"].id]
    with scope.member(make_member("outsider", teams["support"]).id):
        assert not Person.objects.exists()
        assert not Handle.objects.exists()
    with scope.member(make_member("insider", teams["hr"]).id):
        assert Person.objects.get().name == "Ann Berg"


def test_and_to_everyone_once_they_write_openly(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(to="hr@rapport.example"))
    deliver(box, letter())
    assert audience("ann@berg.example") == [EVERYONE]


def test_and_stays_known_to_everyone_who_wrote_openly_before(box: Channel) -> None:
    deliver(box, letter())
    deliver(box, letter(to="hr@rapport.example"))
    assert audience("ann@berg.example") == [EVERYONE]


def test_openly_and_in_confidence_in_one_batch_is_openly(box: Channel) -> None:
    deliver(box, letter(to="hr@rapport.example"), letter())
    assert audience("ann@berg.example") == [EVERYONE]


def test_a_third_person_in_a_confidential_conversation_is_known_to_that_team_alone(
    box: Channel, teams: dict[str, Team]
) -> None:
    deliver(box, letter(to="hr@rapport.example", id="one@x.example"))
    deliver(box, letter("I saw it.", sender="witness@berg.example", refs=["one@x.example"]))
    assert the_conversation().message_count == 2
    assert audience("witness@berg.example") == [teams["hr"].id]


def test_whoever_joins_an_open_conversation_later_is_known_to_everyone(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(sender="bob@x.example", id="one@x.example"))
    deliver(box, letter(to="hr@rapport.example"))
    deliver(box, letter("Me too.", refs=["one@x.example"]))
    assert audience("ann@berg.example") == [EVERYONE]


def test_a_conversation_that_is_opened_to_others_opens_its_people_too(box: Channel, teams: dict[str, Team]) -> None:
    deliver(box, letter(to="hr@rapport.example"))
    teams["hr"].confidential = False
    teams["hr"].save()
    insider = make_member("insider", teams["hr"])
    actions.set_confidential(conversations()[0].id, insider, True)
    actions.set_confidential(conversations()[0].id, insider, False)
    assert the_conversation().audience == [EVERYONE]
    assert audience("ann@berg.example") == [EVERYONE]
