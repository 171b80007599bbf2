"""The list: what each row says, in which order, what is kept by whom, and the palette over it all."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse

from rapport.conversations import actions, reading
from rapport.conversations.models import (
    Conversation,
    Direction,
    Draft,
    Interest,
    Message,
    Presence,
    Seen,
    Subscription,
)
from rapport.conversations.queries import SORTS, VIEWS, View, list_conversations
from rapport.core import scope
from rapport.core.clock import now
from rapport.staff.models import Member
from rapport.web.commands import COMMANDS, page
from rapport.web.rows import rank_of
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

ROOT = Path(__file__).parents[2]


def row_of(text: str, conversation: Conversation) -> str:
    found = re.search(f'<li class="row[^>]*id="c-{conversation.id}".*?</li>', text, re.DOTALL)
    return found.group(0) if found else ""


def test_a_row_says_why_how_long_who_is_here_and_whose_draft(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Presence.objects.create(conversation=cast.conversation, member=cast.lead, typing="reply", at=now())
        Presence.objects.create(conversation=cast.conversation, member=cast.admin, at=now() - timedelta(minutes=5))
        Draft.objects.create(conversation=cast.conversation, member=cast.lead, kind="reply", html="<p>Dear</p>")
    row = row_of(sign_in(cast.agent).get("/inbox/teams/").content.decode(), cast.conversation)
    assert "your team: Refunds" in row
    assert 'data-due="' in row
    assert "Lea Lead is writing" in row
    assert "Ada Admin" not in row
    assert "Draft of Lea Lead" in row
    assert "unread" in row


@pytest.mark.parametrize(
    ("owner", "involved", "interest", "said"),
    [("agent", False, "", "yours"), ("", True, "", "involved"), ("", False, "follow", "followed"),
     ("", False, "mute", "")],
)  # fmt: skip
def test_why_a_conversation_is_ones_own(
    owner: str, involved: bool, interest: str, said: str, cast: Cast, sign_in: SignIn
) -> None:
    with scope.system():
        one = make_conversation("Elsewhere", "x", cast.customer, cast.people_team, cast.channel)
        one.confidential, one.owner_team = False, None
        one.audience = cast.conversation.audience
        one.owner_member = cast.agent if owner else None
        one.involved = [cast.service.id] if involved else []
        one.save()
        if interest:
            Subscription.objects.create(conversation=one, member=cast.agent, interest=interest)
    row = row_of(sign_in(cast.agent).get("/inbox/all/").content.decode(), one)
    why = re.search(r'class="row-why[^>]*>([^<]*)<', row)
    assert (why.group(1) if why else "") == said


def test_a_mention_is_a_reason_before_the_team_is(cast: Cast, sign_in: SignIn) -> None:
    with scope.member(cast.lead.id):
        actions.note(cast.conversation.id, cast.lead, "Ana, please look.", mentions=[cast.agent.id])
    for member, said in ((cast.agent, "mentioned"), (cast.admin, "your team: Refunds")):
        row = row_of(sign_in(member).get("/inbox/all/").content.decode(), cast.conversation)
        assert re.search(r'class="row-why[^>]*>([^<]*)<', row).group(1) == said  # type: ignore[union-attr]


def test_read_is_per_member_and_what_comes_in_is_unread_again(cast: Cast, sign_in: SignIn) -> None:
    ids = [cast.conversation.id]
    with scope.member(cast.agent.id):
        assert reading.unread_ids(cast.agent, ids) == set(ids)
        reading.mark_seen(cast.conversation, cast.agent)
        assert reading.unread_ids(cast.agent, ids) == set()
    with scope.member(cast.lead.id):
        assert reading.unread_ids(cast.lead, ids) == set(ids)
    with scope.system():
        Seen.objects.update(at=now() - timedelta(seconds=5))
        Message.objects.create(conversation=cast.conversation, direction=Direction.NOTE, member=cast.agent, text="Me.")
    with scope.member(cast.agent.id):
        assert reading.unread_ids(cast.agent, ids) == set()
    with scope.system():
        Message.objects.create(conversation=cast.conversation, direction=Direction.NOTE, member=cast.lead, text="You.")
    with scope.member(cast.agent.id):
        assert reading.unread_ids(cast.agent, ids) == set(ids)


def test_nobody_marks_what_they_do_not_see(cast: Cast) -> None:
    with scope.member(cast.agent.id):
        reading.mark_seen(cast.secret.id, cast.agent)
        reading.mark_unread([cast.secret.id], cast.agent)
        assert reading.unread_ids(cast.agent, [cast.secret.id]) == set()
    with scope.system():
        assert not Seen.objects.exists()


def test_mine_leads_with_what_is_most_urgent_and_the_choice_is_remembered(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        for number, hours in enumerate((9, -2, 3)):
            one = make_conversation(f"Matter {number}", "x", cast.customer, cast.service, cast.channel)
            one.first_answer_due_at, one.owner_member = now() + timedelta(hours=hours), cast.agent
            one.save()
    client = sign_in(cast.agent)

    def order() -> list[str]:
        return re.findall(r"row-subject[^>]*>(Matter \d)", client.get("/inbox/mine/").content.decode())

    assert order() == ["Matter 1", "Matter 2", "Matter 0"]
    client.get("/inbox/mine/?sort=newest")
    assert order() == ["Matter 2", "Matter 1", "Matter 0"]
    client.get("/inbox/mine/?sort=nonsense")
    assert order() == ["Matter 2", "Matter 1", "Matter 0"]


@pytest.mark.parametrize("sort", SORTS)
def test_ranks_sort_as_the_list_does(sort: str, cast: Cast) -> None:
    with scope.system():
        for number in range(12):
            one = make_conversation(
                f"Matter {number}", "x", cast.customer, cast.service, cast.channel, minutes_ago=number * 7 % 5
            )
            one.first_answer_due_at = now() + timedelta(hours=number * 5 % 7 - 3) if number % 3 else None
            one.save()
    view = View(cast.agent, frozenset([cast.service.id]), "teams", sort=sort)
    with scope.member(cast.agent.id):
        ranks = [rank_of(view, one) for one in list_conversations(view).rows]
    assert ranks == sorted(ranks, reverse=True)


def test_views_of_ones_own_hold_what_one_follows_drafted_and_put_aside(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    for name in ("followed", "drafts", "snoozed"):
        said = client.get(f"/inbox/{name}/").content.decode()
        assert row_of(said, cast.conversation) == ""
    with scope.system():
        Subscription.objects.create(conversation=cast.conversation, member=cast.agent, interest=Interest.FOLLOW)
        Draft.objects.create(conversation=cast.conversation, member=cast.agent, kind="reply", html="<p>Dear</p>")
        Conversation.objects.filter(id=cast.conversation.id).update(snoozed=True)
    for name in ("followed", "drafts", "snoozed"):
        assert "until they answer" in row_of(client.get(f"/inbox/{name}/").content.decode(), cast.conversation)
        assert row_of(sign_in(cast.hr).get(f"/inbox/{name}/").content.decode(), cast.conversation) == ""
    assert row_of(client.get("/inbox/teams/").content.decode(), cast.conversation) == ""


def test_what_one_followed_before_it_became_confidential_is_gone_from_every_list(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Subscription.objects.create(conversation=cast.secret, member=cast.agent, interest=Interest.FOLLOW)
        Draft.objects.create(conversation=cast.secret, member=cast.agent, kind="note", html="<p>x</p>")
    client = sign_in(cast.agent)
    for name in VIEWS:
        for sort in SORTS:
            said = client.get(f"/inbox/{name}/?sort={sort}").content.decode()
            assert "Zanzibar" not in said and str(cast.secret.id) not in said  # noqa: PT018


def test_every_empty_view_says_what_to_do_next(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Conversation.objects.update(status="resolved")
    client = sign_in(cast.agent)
    said = {name: client.get(f"/inbox/{name}/").content.decode() for name in VIEWS}
    heads = {name: re.search(r'id="list-empty">.*?<h2>(.*?)</h2>', text, re.DOTALL) for name, text in said.items()}
    assert all(heads.values())
    assert len({head.group(1) for head in heads.values() if head}) >= 6


def test_density_is_kept_with_the_member(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    client.post(reverse("density"), {"density": "compact", "next": "/inbox/all/"})
    assert Member.objects.get(id=cast.agent.id).density == "compact"
    assert 'data-density="compact"' in client.get("/inbox/all/").content.decode()
    answer = client.post(reverse("density"), {"density": "huge", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"
    assert Member.objects.get(id=cast.agent.id).density == "compact"


def test_the_palette_has_places_people_conversations_and_acts(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    said = client.get(reverse("palette")).content.decode()
    for words in ("My teams", "Customer Service", "Assign to Lea Lead", "Topic: Refund", "Snooze: Tomorrow morning"):
        assert words in said
    for place in ("reports", "absences", "roles", "company", "notice_settings"):
        assert f'"{reverse(place)}"' in said
    found = client.get(reverse("palette_found") + "?q=carla").content.decode()
    assert "Carla Customer" in found
    assert "Refund for order 1009" in client.get(reverse("palette_found") + "?q=parcel").content.decode()


@pytest.mark.parametrize("typed", ["Zanzibar", "xylophone", "Sigrid", "is:confidential", "team:hr", "\0", "(" * 300])
def test_the_palette_finds_nothing_that_is_not_ones_own(typed: str, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    answer = client.get(reverse("palette_found"), {"q": typed})
    assert answer.status_code == 200
    text = answer.content.decode() + client.get(reverse("palette")).content.decode()
    for byte in ("Zanzibar", "xylophone", "Sigrid", str(cast.secret.id)):
        assert byte not in text


def test_a_reader_is_offered_no_change_in_the_palette(cast: Cast, sign_in: SignIn) -> None:
    said = sign_in(cast.reader).get(reverse("palette")).content.decode()
    assert 'data-verb="follow"' in said
    for verb in ("assign", "snooze", "topic", "priority", "resolve"):
        assert f'data-verb="{verb}"' not in said


def test_the_page_on_the_keyboard_is_written_from_the_commands() -> None:
    written = (ROOT / "docs" / "keyboard.md").read_text(encoding="utf-8")
    assert written == page(), "write it anew: its docstring says how"


def test_no_key_means_two_things_in_one_place() -> None:
    keys = [key for one in COMMANDS for key in one.keys if key != "Escape"]
    assert len(keys) == len(set(keys))
    assert len({one.run for one in COMMANDS}) == len(COMMANDS)


def test_every_command_of_the_script_is_done_by_the_script() -> None:
    script = (ROOT / "rapport/web/static/rapport/js/keys.js").read_text(encoding="utf-8")
    handled = set(re.findall(r'^  "?([a-z-]+)"?(?::|,)', script.partition("const DO = {")[2], re.MULTILINE))
    elsewhere = {"clear", "send", "leave"}
    assert {one.run for one in COMMANDS if not one.place} - elsewhere <= handled
