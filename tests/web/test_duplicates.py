"""The review page and the person's page: decided with one key, told what it does, never by mistake."""

import pytest
from django.test import Client
from django.urls import reverse

from rapport.conversations.models import Conversation, Message
from rapport.core import scope
from rapport.people.models import Consent, Handle, Merge, Pair, Person
from tests.people.folk import FAKE, PHONE, pair, person, root_of, state_of
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn


@pytest.fixture
def ann(cast: Cast) -> Person:
    return person("Ann Ex", "email:ann@example.org", how="dmarc")


@pytest.fixture
def account(cast: Cast) -> Person:
    return person("ann ex", "fediverse:ann@social.example")


def _decide(client: Client, one: Pair, verb: str, **more: str) -> str:
    given = {"low": str(one.low_id), "high": str(one.high_id), "verb": verb} | more
    answer = client.post(reverse("duplicate_decide"), given, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_unfolds_the_evidence_and_says_what_joining_does(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    with scope.system():
        Consent.objects.create(person=ann, purpose="news", given=True)
        Consent.objects.create(person=account, purpose="news", given=False)
        Person.objects.filter(id=account.id).update(language="de")
        make_conversation("A matter", "x", ann, cast.service, cast.channel)
    pair(
        ann, account, 0.92, {"what": "rare_surname", "sign": "+", "points": 5, "a": "Ex"}, PHONE, {"what": "new_thing"},
        {"what": "same_language", "sign": "+", "points": 1, "a": "de"},
    )
    page = sign_in(cast.agent).get(reverse("duplicates")).content.decode()
    for words in (
        "rare surname: Ex",
        "different verified phone: +49301 / +49302",
        "new thing",
        "92%",
        "1 to go",
        "our mail server checked the sender",
        "Filled from the other: Language",
        "the stricter counts",
        "<dt>Language</dt><dd>German</dd>",
        "same language: German",
    ):
        assert words in page, words
    assert 'aria-hidden="true">++</span>' in page
    assert 'aria-hidden="true">−−</span>' in page


def test_after_each_decision_the_next_is_there_and_undo_goes_back_step_by_step(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    pairs = [pair(person(f"Ann {n}"), person(f"Ann {n}."), 0.9 - n / 10) for n in range(3)]
    assert "Ann 1" in _decide(client, pairs[0], "join")
    assert "Ann 2" in _decide(client, pairs[1], "apart")
    assert "No possible duplicates" in _decide(client, pairs[2], "join")
    assert [state_of(one) for one in pairs] == ["joined", "refused", "joined"]
    for number in (2, 1, 0):
        page = client.post(reverse("duplicate_undo"), headers={"HX-Request": "true"}).content.decode()
        assert f"Ann {number}" in page
    assert [state_of(one) for one in pairs] == ["open"] * 3
    assert "nothing to take back" in client.post(
        reverse("duplicate_undo"), headers={"HX-Request": "true"}
    ).content.decode()  # fmt: skip


def test_of_two_members_the_second_is_told_and_sees_the_next(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    one = pair(ann, account)
    _decide(sign_in(cast.lead), one, "apart")
    page = _decide(sign_in(cast.agent), one, "join")
    assert "Lea Lead has decided already" in page
    assert "No possible duplicates" in page
    assert root_of(account) == account.id


def test_an_impersonator_is_flagged_in_words_and_takes_a_second_step(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    client, one = sign_in(cast.agent), pair(ann, account, 0.98, FAKE, flags=["impersonation"])
    page = client.get(reverse("duplicates")).content.decode()
    assert "Possibly an impersonator." in page
    assert '<summary class="button button-danger" data-twin="y">' in page
    assert "only took the name" in _decide(client, one, "join")
    assert (state_of(one), root_of(account)) == ("open", account.id)
    shown = client.get(reverse("person", args=[ann.id])).content.decode()
    assert "Possibly an impersonator" in shown
    assert 'value="join"' not in shown
    _decide(client, one, "join", knowingly="yes")
    assert root_of(account) == ann.id


def test_swapping_lets_the_other_stay(cast: Cast, ann: Person, account: Person, sign_in: SignIn) -> None:
    client, one = sign_in(cast.agent), pair(ann, account)
    page = client.get(reverse("duplicates"), {"into": str(account.id)}).content.decode()
    assert f'name="into" value="{account.id}"' in page
    _decide(client, one, "join", into=str(account.id))
    assert root_of(ann) == account.id


def test_who_stands_under_somebody_unseen_stays_and_nothing_is_said_of_them(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    hidden = person("Sigrid Secretive", audience=[cast.people_team.id])
    with scope.system():
        Person.objects.filter(id=account.id).update(merged_into=hidden.id, top=hidden.id)
    one = pair(ann, account)
    page = sign_in(cast.agent).get(reverse("duplicates"), {"into": str(ann.id)}).content.decode()
    assert f'name="into" value="{account.id}"' in page
    assert "ann ex stays, with the addresses" in page
    assert "Sigrid" not in page
    assert "sees more" not in page
    _decide(sign_in(cast.agent), one, "join", into=str(ann.id))
    with scope.system():
        assert Person.objects.get(id=ann.id).merged_into == account.id


def test_a_reader_looks_and_decides_nothing(cast: Cast, ann: Person, account: Person, sign_in: SignIn) -> None:
    one = pair(ann, account)
    client = sign_in(cast.reader)
    page = client.get(reverse("duplicates")).content.decode()
    assert "Ann Ex" in page
    assert 'data-twin="y"' not in page
    given = {"low": str(one.low_id), "high": str(one.high_id), "verb": "join"}
    assert client.post(reverse("duplicate_decide"), given).status_code == 403
    assert state_of(one) == "open"


def test_a_suggestion_about_somebody_unseen_is_not_there(cast: Cast, ann: Person, sign_in: SignIn) -> None:
    hidden = person("Sigrid Secretive", "email:sigrid@home.example", audience=[cast.people_team.id])
    one = pair(ann, hidden)
    client = sign_in(cast.agent)
    assert "Sigrid" not in client.get(reverse("duplicates")).content.decode()
    assert "Sigrid" not in client.get(reverse("person", args=[ann.id])).content.decode()
    given = {"low": str(one.low_id), "high": str(one.high_id), "verb": "apart"}
    assert client.post(reverse("duplicate_decide"), given).status_code == 404
    assert state_of(one) == "open"


def test_from_a_persons_page_one_decides_and_stays_there(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    client, one = sign_in(cast.agent), pair(ann, account)
    page = client.get(reverse("person", args=[ann.id])).content.decode()
    assert "Perhaps the same as" in page
    assert "/ask/?kind=fediverse" in page
    given = {"low": str(one.low_id), "high": str(one.high_id), "verb": "join", "into": str(ann.id), "next": "person"}
    answer = client.post(reverse("duplicate_decide"), given)
    assert (answer.status_code, answer["Location"]) == (302, reverse("person", args=[ann.id]))
    assert root_of(account) == ann.id


def test_a_familys_address_is_suggested_as_shared_and_stands_for_nobody_then(cast: Cast, sign_in: SignIn) -> None:
    client, ex = sign_in(cast.agent), person("Ann Ex", "email:ex@example.org")
    with scope.system():
        for number, name in enumerate(["Ann Ex", "Bob Ex", "Ann Ex", "Bob Ex"]):
            made: Conversation = make_conversation(f"Matter {number}", "x", ex, cast.service, cast.channel)
            Message.objects.filter(conversation=made).update(recipients={"from": [[name, "ex@example.org"]]})
    url = reverse("person", args=[ex.id])
    assert "signs with several names: Ann Ex, Bob Ex" in client.get(url).content.decode()
    one = pair(ex, person("Ann Ex", "email:ann@home.example"))
    given = {"kind": "email", "value": "ex@example.org", "shared": "yes"}
    client.post(reverse("handle_share", args=[ex.id]), given)
    with scope.system():
        assert Person.objects.get(id=ex.id).shared
    assert "No possible duplicates" in client.get(reverse("duplicates")).content.decode()
    client.post(reverse("handle_share", args=[ex.id]), given | {"shared": "no"})
    with scope.system():
        assert not Person.objects.get(id=ex.id).shared
    assert state_of(one) == "open"


def test_an_address_of_somebody_else_never_moves_and_both_are_suggested(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    client = sign_in(cast.agent)
    url = reverse("handle_add", args=[account.id])
    page = client.post(url, {"kind": "email", "value": "Ann@Example.org"}, follow=True).content.decode()
    assert "This address is already that of Ann" in page
    with scope.system():
        assert Handle.objects.get(value="ann@example.org").person_id == ann.id
        assert Pair.objects.get().evidence[0]["what"] == "same_record"
        assert not Merge.objects.exists()
    client.post(url, {"kind": "phone", "value": "+49 30 1234567"})
    with scope.system():
        assert Handle.objects.get(kind="phone").person_id == account.id
    for kind, value in (("phone", "12"), ("email", "no address"), ("reddit", "ann"), ("email", "\0"), ("", "")):
        assert client.post(url, {"kind": kind, "value": value}).status_code == 302
    with scope.system():
        assert Handle.objects.filter(person=account).count() == 2


def test_what_is_joined_with_others_is_taken_apart_before_it_is_shared(
    cast: Cast, ann: Person, account: Person, sign_in: SignIn
) -> None:
    client, one = sign_in(cast.agent), pair(ann, account)
    _decide(client, one, "join")
    given = {"kind": "email", "value": "ann@example.org", "shared": "yes"}
    page = client.post(reverse("handle_share", args=[ann.id]), given, follow=True).content.decode()
    assert "Take them apart first" in page
    with scope.system():
        assert not Person.objects.get(id=ann.id).shared
