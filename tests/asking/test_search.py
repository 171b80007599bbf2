"""Search finds what was said, in any language, newest first; and for an outsider nothing of what is confidential."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection

from rapport.conversations.asking.frequency import Frequencies
from rapport.conversations.asking.index import reindex
from rapport.conversations.asking.language import read
from rapport.conversations.asking.names import organizations_named, people_named
from rapport.conversations.asking.resolve import Looker, resolve
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Topic
from rapport.conversations.search import Found, Search, find, narrowing, unfinished_word
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.people.models import Person
from rapport.staff.models import Member, Team
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db


def ask(member: Member, text: str, typing: bool = False) -> tuple[Found, list[str]]:
    """What a member finds, and the codes of all problems."""
    with scope.member(member.id):
        asked = read(text)
        teams = frozenset(member.memberships.values_list("team_id", flat=True))
        looker = Looker(member.id, teams, now().date())
        names = resolve(asked, looker)
        search = Search(asked, names, looker, member, unfinished=unfinished_word(asked, text) if typing else "")
        problems = [problem.code for problem in (*asked.problems, *names.problems)]
        return find(search), problems


def subjects(member: Member, text: str, typing: bool = False) -> list[str]:
    """The subjects found, in order."""
    found, _ = ask(member, text, typing)
    with scope.member(member.id):
        rows = Conversation.objects.in_bulk(found.ids)
    return [rows[one].subject for one in found.ids]


def say(cast: Cast, subject: str, text: str, **more: Any) -> Conversation:
    """One more conversation of the open team."""
    with scope.system():
        return make_conversation(subject, text, more.pop("person", cast.customer), cast.service, cast.channel, **more)


def test_words_are_found_in_texts_subjects_and_names_newest_first(cast: Cast) -> None:
    say(cast, "Older", "A parcel, long ago.", minutes_ago=60 * 24 * 900)
    say(cast, "Last month", "Another parcel.", minutes_ago=60 * 24 * 45)
    assert subjects(cast.agent, "parcel") == ["Refund for order 1009", "Last month", "Older"]
    assert subjects(cast.agent, "PARCEL arrived") == ["Refund for order 1009"]
    assert subjects(cast.agent, "1009") == ["Refund for order 1009"]
    assert subjects(cast.agent, "carla parcel another") == ["Last month"]
    assert subjects(cast.agent, "parcel -another -ago") == ["Refund for order 1009"]
    assert subjects(cast.agent, "elephant") == []


def test_phrases_are_words_in_their_order(cast: Cast) -> None:
    say(cast, "Other", "It arrived. Never a parcel was better.")
    assert subjects(cast.agent, '"parcel never arrived"') == ["Refund for order 1009"]
    assert subjects(cast.agent, '"never arrived" parcel') == ["Refund for order 1009"]
    assert subjects(cast.agent, '"parcel never  arrived') == ["Refund for order 1009"]


def test_the_last_word_is_found_by_its_beginning_while_one_types(cast: Cast) -> None:
    assert subjects(cast.agent, "parc", typing=True) == ["Refund for order 1009"]
    assert subjects(cast.agent, "parc") == []
    assert subjects(cast.agent, "parc ", typing=True) == []


def test_of_very_many_words_with_this_beginning_the_commonest_are_tried(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Frequencies({"parcel": 0.5, "parrot": 0.4}, 5_000_000, now())
    monkeypatch.setattr("rapport.conversations.asking.frequency._kept", kept)
    assert subjects(cast.agent, "par", typing=True) == ["Refund for order 1009"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("注文した商品を返品したいです。", "返品"),
        ("注文した商品を返品したいです。", "商品を返品"),
        ("我想退款，谢谢。", "退款"),
        ("我想退款，谢谢。", "款"),
        ("ขอคืนเงินสำหรับคำสั่งซื้อ", "คืนเงิน"),
        ("환불을 요청합니다", "환불"),
        ("أريد استرداد المبلغ", "استرداد"),
        ("Верните ДЕНЬГИ", "деньги"),
        ("Grüße, ÄRGER", "ärger"),
    ],
)
def test_languages_without_spaces_and_other_scripts_are_found(cast: Cast, text: str, query: str) -> None:
    say(cast, "In another script", text)
    assert subjects(cast.agent, query) == ["In another script"]


def test_letters_far_from_each_other_are_no_word(cast: Cast) -> None:
    say(cast, "Pairs only", "返品。品物")
    assert subjects(cast.agent, "返品物") == []


def test_operators_narrow_by_what_the_conversation_is(cast: Cast) -> None:
    other = say(cast, "Parcel two", "A parcel as well.")
    both = ["Refund for order 1009", "Parcel two"]
    with scope.system():
        Conversation.objects.filter(id=other.id).update(
            status="resolved", priority=3, language="de", owner_member=cast.agent, first_answered_at=now()
        )
        message = Message.objects.get(conversation=other)
        Attachment.objects.create(
            conversation=other, message_id=message.id, filename="a", content_type="text/plain", size=1
        )
        Message.objects.create(conversation=other, direction=Direction.NOTE, text="see https://wiki.example/x")
    first, second = ["Refund for order 1009"], ["Parcel two"]
    for query, expected in {
        "parcel status:open": first,
        "parcel -status:open": second,
        "parcel status:open,resolved": both,
        "parcel priority:urgent": second,
        "parcel lang:de": second,
        "parcel owner:me": second,
        "parcel owner:nobody": first,
        "parcel owner:ana": second,
        "parcel topic:refund": first,
        "parcel topic:none": second,
        "has:attachment": second,
        "has:note": second,
        "has:link": second,
        "-has:link status:open": first,
        "is:waiting": first,
        "parcel is:late": [],
        "is:unowned": first,
        'team:"customer service"': both,
        "team:me": both,
        "parcel channel:support": both,
        "parcel kind:email": both,
        "kind:email -lang:de": first,
        "subject:refund": first,
        "to:help@company.example parcel": both,
        "to:press": [],
        "from:carla parcel": both,
        "from:carla@shop": both,
        "org:shop": both,
        "parcel before:2020": [],
        "parcel after:7d": both,
        "date:yesterday..today": both,
        "involved:none": both,
        "is:snoozed": [],
        "is:unread": both,
        "has:draft": [],
        "is:confidential": [],
        "is:due-today -status:resolved": None,
    }.items():
        found = subjects(cast.agent, query)
        assert expected is None or sorted(found) == sorted(expected), query


def test_names_are_forgiven_their_typos(cast: Cast) -> None:
    with scope.member(cast.agent.id):
        for typed in ("carla", "Carla Customer", "carla customr", "Karla Customer", "cust", "carla@shop.example"):
            assert cast.customer.id in people_named(typed, 5), typed
        assert organizations_named("shop", 5) == [cast.customer.organization_id]
        assert organizations_named("shopp", 5) == [cast.customer.organization_id]
        assert people_named("", 5) == people_named("%_'\\", 5) == []
    assert subjects(cast.agent, "from:karla") == ["Refund for order 1009"]
    Person.objects.filter(id=cast.customer.id).update(name="nobody may")  # outside every scope: nothing happens
    with scope.system():
        Person.objects.filter(id=cast.customer.id).update(name="Dagmar Customer")
    with scope.member(cast.agent.id):
        assert people_named("dagmar", 5) == [cast.customer.id]
        assert people_named("carla", 5) == [cast.customer.id]  # by the address


def test_the_page_of_people_finds_beginnings_parts_typos_and_addresses(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    for typed in ("carl", "CUSTOMER", "ustom", "carla customr", "carla@shop.example", "shop.example"):
        assert f"/people/{cast.customer.id}/" in client.get("/people/", {"q": typed}).content.decode(), typed
    for nothing in ("zzz", "%", "_", "'", "sigrid", "\0"):
        said = client.get("/people/", {"q": nothing}).content.decode()
        assert str(cast.secretive.id) not in said, nothing
    assert "Nobody fits" in client.get("/people/", {"q": "sigrid"}).content.decode()


def test_names_that_mean_nothing_any_more_are_said_and_left_out(cast: Cast) -> None:
    Topic.objects.create(name="Gone", slug="gone")
    Topic.objects.filter(slug="gone").delete()
    found, problems = ask(cast.agent, "parcel topic:gone team:dissolved")
    assert found.ids == [cast.conversation.id]
    assert problems == ["gone", "gone"]
    found, problems = ask(cast.agent, "parcel from:unheard-of")
    assert (found.ids, problems) == ([], ["nobody"])


@pytest.mark.parametrize(
    "text", ["🙂", "…", "''", "\\", "a:b:c", "-parcel", '"', "%", "& | ! <-> :*", "(parcel", "x" * 5000, "\ud800"]
)
def test_signs_are_no_error(cast: Cast, text: str) -> None:
    ask(cast.agent, text)
    ask(cast.agent, text, typing=True)


def test_what_is_changed_moved_and_deleted_is_found_where_it_is(cast: Cast) -> None:
    other = say(cast, "Other", "Nothing of note.")
    with scope.system():
        Message.objects.filter(conversation=cast.conversation).update(text="A zeppelin.")
    assert subjects(cast.agent, "zeppelin") == ["Refund for order 1009"]
    assert subjects(cast.agent, "arrived") == []
    with scope.system():
        Message.objects.filter(conversation=cast.conversation).update(conversation=other)
    assert subjects(cast.agent, "zeppelin") == ["Other"]
    with scope.system():
        Message.objects.filter(conversation=other).delete()
    assert subjects(cast.agent, "zeppelin") == []


def test_the_index_can_be_written_anew(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE search_message, search_name")
    assert subjects(cast.agent, "parcel") == []
    reindex()
    assert subjects(cast.agent, "parcel") == ["Refund for order 1009"]
    with scope.member(cast.agent.id):
        assert people_named("carla", 5) == [cast.customer.id]


def test_more_than_can_be_counted_is_said(cast: Cast) -> None:
    with scope.system():
        for number in range(6):
            make_conversation(
                f"M{number}", "Again a parcel.", cast.customer, cast.service, cast.channel, minutes_ago=number
            )
    with scope.member(cast.agent.id):
        asked = read("parcel")
        looker = Looker(cast.agent.id, frozenset(), now().date())
        found = find(Search(asked, resolve(asked, looker), looker, cast.agent), limit=3)
    assert (len(found.ids), found.more) == (3, True)


# What is confidential


def _outsiders(cast: Cast) -> list[Member]:
    return [cast.admin, cast.lead, cast.agent, cast.reader]


def test_an_outsider_finds_nothing_by_words_subject_person_or_operator(cast: Cast) -> None:
    queries = [
        "xylophone",
        "zanzibar",
        '"xylophone incident"',
        "xyl",
        "sigrid",
        "from:sigrid",
        "to:help grievance",
        "subject:zanzibar",
        "org:company",
        "is:confidential",
        "-parcel",
        "team:hr",
    ]
    for query in queries:
        for typing in (False, True):
            # A word that is not whole finds nothing until somebody is typing it.
            assert (cast.secret.id in ask(cast.hr, query, typing)[0].ids) == (query != "xyl" or typing), query
            for member in _outsiders(cast):
                assert cast.secret.id not in ask(member, query, typing)[0].ids, (query, member.name)
    for member in _outsiders(cast):
        with scope.member(member.id):
            assert people_named("sigrid", 5) == people_named("sigrit secretive", 5) == []
            assert organizations_named("company", 5) == []


def test_an_outsider_s_answer_is_the_same_as_if_it_were_not_there(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        for number in range(5):
            make_conversation(
                f"Parcel grievance {number}", "xylophone parcel", cast.secretive, cast.people_team, cast.channel
            )
    queries = [
        "parcel",
        "xylophone",
        "xyloph",
        "sigrid",
        "grievance -refund",
        "is:confidential",
        "from:sigrid",
        "team:hr",
        "has:attachment",
        "status:open",
    ]
    client = sign_in(cast.agent)

    def pages() -> list[str]:
        answers = [client.get("/search/?" + urlencode({"q": one}), headers={"HX-Request": "true"}) for one in queries]
        lists = [client.get("/rows/all/?" + urlencode({"q": one, "newest": 1})) for one in queries]
        return [answer.content.decode() for answer in (*answers, *lists)]

    with travel(now()):
        before = pages()
        with scope.system():
            Message.objects.filter(conversation__owner_team=cast.people_team).delete()
            Conversation.objects.filter(owner_team=cast.people_team).delete()
            Person.objects.filter(id=cast.secretive.id).delete()
        after = pages()
    for one, other in zip(before, after, strict=True):
        assert other == one


def test_a_list_narrowed_by_words_shows_an_outsider_no_more(cast: Cast) -> None:
    with scope.member(cast.agent.id):
        asked = read("xylophone")
        looker = Looker(cast.agent.id, frozenset(), now().date())
        _condition, params = narrowing(Search(asked, resolve(asked, looker), looker, cast.agent)).where()
        assert params == [[]]


# The page


def test_the_page_shows_passages_marked_and_escaped(cast: Cast, sign_in: SignIn) -> None:
    say(cast, "A <b>bold</b> offer", "before <script>alert(1)</script> wombat & more " + "x " * 300)
    page = sign_in(cast.agent).get("/search/?q=wombat").content.decode()
    assert "<mark>wombat</mark> &amp; more" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "A &lt;b&gt;bold&lt;/b&gt; offer" in page


def test_facets_add_filters_and_chips_take_them_away(cast: Cast, sign_in: SignIn) -> None:
    press = Team.objects.create(name="Press & Media", slug="press", is_open=True)
    with scope.system():
        make_conversation("For the press", "A parcel.", cast.customer, press, cast.channel)
    client = sign_in(cast.agent)
    page = client.get("/search/?q=parcel").content.decode()
    assert 'href="?q=parcel+team%3A%22Press+%26+Media%22"' in page
    page = client.get("/search/?" + urlencode({"q": 'parcel team:"Press & Media"'})).content.decode()
    assert "For the press" in page
    assert "Refund for order" not in page
    assert 'href="?q=parcel"' in page


@pytest.mark.parametrize(
    "query",
    ["x" * 5000, "tema:x", 'a "b', "-", "is:lte", "after:never", "team:gone", "🙂", "\0", "‮abc", "team:hr -team:hr"],
)
def test_odd_queries_are_answered_in_words(cast: Cast, sign_in: SignIn, query: str) -> None:
    client = sign_in(cast.agent)
    for url in ("/search/", "/inbox/all/", "/rows/all/", "/views/new/"):
        answer = client.get(f"{url}?" + urlencode({"q": query}))
        assert answer.status_code == 200, url
    page = client.get("/search/?" + urlencode({"q": query})).content.decode()
    assert ("query-problems" in page) == (query not in ("🙂", "‮abc"))


def test_a_list_is_narrowed_and_says_by_what(cast: Cast, sign_in: SignIn) -> None:
    second = say(cast, "Second", "No word of it.")
    client = sign_in(cast.agent)
    page = client.get("/inbox/all/?q=parcel+status:open").content.decode()
    assert "Refund for order" in page
    assert "Second" not in page
    assert "status:open" in page
    beside = client.get(f"/c/{cast.conversation.id}/?in=all&q=parcel").content.decode()
    assert f'id="c-{second.id}"' not in beside
    assert f'id="c-{cast.conversation.id}"' in beside


def test_the_help_and_the_problems_have_words_for_everything() -> None:
    from rapport.conversations.asking.operators import OPERATORS
    from rapport.conversations.asking.words import MEANINGS, help_lines

    assert list(MEANINGS) == list(OPERATORS)
    assert all(read(line.example).filters and not read(line.example).problems for line in help_lines())


def test_dates_are_the_days_of_the_reader(cast: Cast) -> None:
    yesterday = now() - timedelta(days=1)
    say(cast, "Yesterday", "A parcel.", minutes_ago=24 * 60)
    assert "Yesterday" in subjects(cast.agent, f"parcel date:{yesterday:%Y-%m-%d}")
