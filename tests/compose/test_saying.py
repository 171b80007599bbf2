"""Saying it: as one clean mail, now or later, not over an answer that came meanwhile, and never losing a word."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse

from rapport.channels.base import Account, File
from rapport.channels.base import Draft as Letter
from rapport.channels.kinds.email import compose, settings
from rapport.channels.models import Channel
from rapport.conversations.models import Attachment, Conversation, Direction, Draft, Message, Status
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.outbound import actions as outbox
from rapport.outbound import drafts, queue, scheduling, uploads
from rapport.outbound.drafts import Given, Place
from rapport.outbound.models import Delivery
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def say(sign_in: SignIn, cast: Cast, **given: str):  # type: ignore[no-untyped-def]
    data = {"kind": "reply", "to": "carla@shop.example", "html": "<div>Yes.</div>", "quote": "yes"} | given
    return sign_in(cast.agent).post(
        reverse("say", args=[cast.conversation.id]), data, headers={"HX-Request": "true"}
    )


def fresh_snippet(cast: Cast) -> str:
    with scope.system():
        return Conversation.objects.get(id=cast.conversation.id).snippet


def nothing_was_said() -> bool:
    with scope.system():
        return not Delivery.objects.exists() and not Message.objects.exclude(direction=Direction.IN).exists()


def test_a_reply_is_kept_as_html_and_text_and_ends_its_draft(cast: Cast, sign_in: SignIn) -> None:
    with scope.member(cast.agent.id):
        draft = drafts.save(cast.agent, Place("reply", cast.conversation.id), Given("<div>Yes</div>")).draft
        assert draft is not None
        shown = uploads.add(draft, "cat.png", PNG, inline=True)
        uploads.add(draft, "unused.png", PNG, inline=True)
        uploads.add(draft, "list.txt", b"abc")
    html = f'<div>Yes, <b>gladly</b>.</div><ul><li>one</li></ul><img src="/x" data-cid="{shown.content_id}" onerror=x>'
    page = say(sign_in, cast, html=html, revision="1").content.decode()
    assert "Goes out in" in page
    with scope.system():
        message = Message.objects.get(direction="out")
        assert message.text == "Yes, gladly.\n- one\n[image]"
        assert f'<img src="cid:{shown.content_id}" alt="">' in message.html
        assert sorted(Attachment.objects.values_list("filename", flat=True)) == ["cat.png", "list.txt"]
        assert not Draft.objects.exists()
        picture = Attachment.objects.get(filename="cat.png")
    client = sign_in(cast.lead)
    url = reverse("picture", args=[cast.conversation.id, picture.id])
    assert url in client.get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert client.get(url)["Content-Type"] == "image/png"


def test_the_mail_shows_its_pictures_and_carries_its_files() -> None:
    letter = Letter(
        new_id(), "m@company.example", "Ana", "Order", "Yes [cat]", now(), [("Carla", "carla@shop.example")],
        html='<div>Yes <img src="cid:u@rapport" alt="cat"></div>',
        files=[
            File("cat.png", "image/png", PNG, "u@rapport", inline=True),
            File("a.txt", "text/plain", b"abc"),
            File("other.png", "image/png", PNG, "gone@rapport", inline=True),
        ],
    )  # fmt: skip
    account = Account(new_id(), "Support", "email", "help@company.example", {})
    raw = compose.compose(account, settings.read({}, "help@company.example"), letter, "secret")
    mail = message_from_bytes(raw, policy=policy.default)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds[:6] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    picture = next(part for part in mail.walk() if part["Content-ID"])
    assert picture["Content-ID"] == "<u@rapport>"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["a.txt", "other.png"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"html": "<div><br></div>"}, "The answer is empty."),
        ({"html": "<script>alert(1)</script>"}, "The answer is empty."),
        ({"to": "nobody at all"}, "is no e-mail address"),
        ({"to": ""}, None),
        ({"html": "<div>Dear {{person.frist_name}}</div>"}, "still to be filled"),
        ({"later": "at", "later_at": "yesterday"}, "This is no time to send at."),
        ({"later": "at", "later_at": "2001-01-01T09:00"}, "That time has passed."),
        ({"later": "at", "later_at": "2999-01-01T09:00"}, "more than a year away"),
        ({"channel": "00000000-0000-0000-0000-00000000abcd"}, "There is no such channel."),
        ({"kind": "note", "html": "<div> </div>"}, "The note is empty."),
        ({"then": "snooze", "html": ""}, "The answer is empty."),
    ],
)
def test_what_cannot_be_sent_is_told_and_stays_in_the_box(
    cast: Cast, sign_in: SignIn, given: dict[str, str], words: str | None
) -> None:
    said = say(sign_in, cast, **{"html": "<div>Precious words</div>"} | given)
    if words is None:
        assert said.status_code == 200
        return
    assert said.status_code == 400
    page = said.content.decode()
    assert words in page
    if "html" not in given:
        assert "Precious words" in page
    assert nothing_was_said()


def test_an_answer_that_came_meanwhile_stops_mine_and_is_shown(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        seen = outbox.latest(cast.conversation.id)
    with scope.member(cast.lead.id):
        outbox.reply(cast.conversation.id, cast.lead, outbox.Answer(text="Lea was quicker."))
    stopped = say(sign_in, cast, seen=str(seen), html="<div>My own words</div>")
    assert stopped.status_code == 409
    page = stopped.content.decode()
    assert "Lea was quicker." in page
    assert "My own words" in page
    assert "Send anyway" in page
    with scope.system():
        assert Delivery.objects.count() == 1
    assert say(sign_in, cast, seen=str(seen), anyway="yes").status_code == 200
    with scope.system():
        assert Delivery.objects.count() == 2


def test_ones_own_answer_notes_and_what_was_taken_back_stop_nobody(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        seen = outbox.latest(cast.conversation.id)
    assert say(sign_in, cast, seen=str(seen)).status_code == 200
    with scope.member(cast.lead.id):
        sent = outbox.reply(cast.conversation.id, cast.lead, outbox.Answer(text="No, wait"))
        assert outbox.undo(cast.conversation.id, cast.lead, sent.id)
    assert say(sign_in, cast, seen=str(seen), html="<div>Once more</div>").status_code == 200
    assert say(sign_in, cast, seen="nonsense", html="<div>And more</div>").status_code == 200


def test_the_other_tabs_draft_is_shown_before_it_would_end(cast: Cast, sign_in: SignIn) -> None:
    with scope.member(cast.agent.id):
        place = Place("reply", cast.conversation.id)
        drafts.save(cast.agent, place, Given("<div>first</div>"))
        drafts.save(cast.agent, place, Given("<div>the other tab</div>", 1))
    stopped = say(sign_in, cast, revision="1", html="<div>this tab</div>")
    assert stopped.status_code == 409
    assert "the other tab" in stopped.content.decode()
    assert nothing_was_said()


@pytest.mark.parametrize("gone", [True, False])
def test_a_reply_to_a_channel_that_is_gone_or_paused_offers_another_and_keeps_the_words(
    cast: Cast, sign_in: SignIn, gone: bool
) -> None:
    other = Channel.objects.create(name="Second mailbox", kind="email", address="second@company.example")
    client = sign_in(cast.agent)
    with scope.member(cast.agent.id):
        drafts.save(cast.agent, Place("reply", cast.conversation.id), Given("<div>Kept words</div>"))
    if gone:
        with scope.system():
            Conversation.objects.filter(id=cast.conversation.id).update(channel=None)
    else:
        Channel.objects.filter(id=cast.channel.id).update(enabled=False)
    page = client.get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert ("is gone" if gone else "is paused") in page
    assert "Kept words" in page
    assert "Second mailbox" in page
    refused = say(sign_in, cast, html="<div>Kept words, more</div>", revision="1")
    assert refused.status_code == 400
    assert "Kept words, more" in refused.content.decode()
    assert nothing_was_said()
    assert say(sign_in, cast, html="<div>Kept words</div>", channel=str(other.id)).status_code == 200
    with scope.system():
        assert Delivery.objects.get().channel_id == other.id


def test_sending_later_waits_does_not_answer_yet_and_holds_up_nothing(cast: Cast, sign_in: SignIn) -> None:
    page = say(sign_in, cast, later="tomorrow", unless="yes").content.decode()
    assert "Goes out on" in page
    assert "unless they write first" in page
    with scope.system():
        later = Delivery.objects.get()
        waiting = Conversation.objects.get(id=cast.conversation.id)
        assert waiting.awaiting_answer
        assert waiting.first_answered_at is None
    assert say(sign_in, cast, html="<div>Quickly, for now</div>").status_code == 200
    with time_machine.travel(now() + timedelta(seconds=30), tick=True):
        assert [claim.delivery_id for claim in queue.claim(5)] != [later.id]
        assert len(queue.claim(5)) == 0
    with scope.system():
        Message.objects.create(
            conversation=cast.conversation, channel=cast.channel, direction="in", person=cast.customer, text="Found it!"
        )
    queue.claim(5)
    with scope.system():
        held = Delivery.objects.get(id=later.id)
        assert held.state == "cancelled"
        assert "They wrote before" in held.error
        assert Event.objects.filter(kind="delivery.held").count() == 1
    client = sign_in(cast.agent)
    client.post(reverse("undo", args=[cast.conversation.id, later.message_id]))
    with scope.system():
        assert Draft.objects.get().html == "<div>Yes.</div>"


def test_what_waits_can_be_sent_now_edited_or_left(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    for verb, state in (("send_now", "queued"), ("cancel", "cancelled"), ("undo", "cancelled")):
        say(sign_in, cast, later="hour", html=f"<div>{verb}</div>", seen="")
        with scope.system():
            delivery = Delivery.objects.order_by("-id").first()
        assert delivery is not None
        client.post(reverse(verb, args=[cast.conversation.id, delivery.message_id]))
        with scope.system():
            delivery.refresh_from_db()
            assert delivery.state == state
            assert Draft.objects.exists() == (verb == "undo")


def test_undoing_lets_the_promise_go_on_and_the_row_says_what_was_said_before(cast: Cast, sign_in: SignIn) -> None:
    before = fresh_snippet(cast)
    say(sign_in, cast)
    with scope.system():
        delivery = Delivery.objects.get()
        assert not Conversation.objects.get(id=cast.conversation.id).awaiting_answer
    assert fresh_snippet(cast) != before
    sign_in(cast.agent).post(reverse("undo", args=[cast.conversation.id, delivery.message_id]))
    with scope.system():
        again = Conversation.objects.get(id=cast.conversation.id)
        assert again.awaiting_answer
        assert again.first_answered_at is None
    assert fresh_snippet(cast) == "The parcel never arrived."


@pytest.mark.parametrize(
    ("then", "status", "snoozed"), [("resolve", Status.RESOLVED, False), ("snooze", Status.OPEN, True)]
)
def test_send_and_resolve_or_snooze(cast: Cast, sign_in: SignIn, then: str, status: str, snoozed: bool) -> None:
    assert say(sign_in, cast, then=then).status_code == 200
    with scope.system():
        found = Conversation.objects.get(id=cast.conversation.id)
        assert (found.status, found.snoozed) == (status, snoozed)
        message = Message.objects.get(direction="out")
    sign_in(cast.agent).post(reverse("undo", args=[cast.conversation.id, message.id]))
    with scope.system():
        again = Conversation.objects.get(id=cast.conversation.id)
        assert (again.status, again.snoozed, again.awaiting_answer) == (Status.OPEN, False, True)


def test_an_answer_goes_to_the_person_and_never_to_the_report_that_the_last_one_came_back(
    cast: Cast, sign_in: SignIn
) -> None:
    with scope.system():
        Message.objects.create(
            conversation=cast.conversation, channel=cast.channel, direction=Direction.IN, kind="bounce", at=now(),
            recipients={"from": [["Mail Delivery System", "mailer-daemon@mail.example"]]}, text="No such mailbox.",
        )  # fmt: skip
    page = sign_in(cast.agent).get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    field = page[page.index('id="composer-to"') :].split(">")[0]
    assert "carla@shop.example" in page[page.index('id="composer-to"') :][:300]
    assert "mailer-daemon" not in field


def test_times_are_offered_in_the_members_zone_and_survive_a_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    friday = datetime(2026, 3, 27, 22, 30, tzinfo=ZoneInfo("UTC"))
    found = {one.key: one.at for one in scheduling.choices(friday, berlin)}
    assert found["tomorrow"].isoformat() == "2026-03-28T09:00:00+01:00"
    assert found["monday"].isoformat() == "2026-03-30T09:00:00+02:00"
    skipped = scheduling.chosen("at", "2026-03-29T02:30", friday, berlin)
    assert skipped is not None
    assert skipped.isoformat() == "2026-03-29T03:30:00+02:00"
    with pytest.raises(Invalid):
        scheduling.chosen("at", "2026-03-27T23:00", friday, berlin)


def test_notes_mention_only_who_sees_them(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.hr)
    html = f'<div><span data-member="{cast.agent.id}">@Ana</span> look</div>'
    refused = client.post(reverse("say", args=[cast.secret.id]), {"kind": "note", "html": html})
    assert refused.status_code == 400
    assert "Ana Agent cannot see this conversation." in refused.content.decode()
    assert nothing_was_said()
    ref = f'<a data-conversation="{cast.secret.id}">#Zanzibar grievance</a>'
    team = f'<span data-team="{cast.service.id}">@Customer Service</span>'
    url = reverse("say", args=[cast.conversation.id])
    said = client.post(url, {"kind": "note", "html": f"<div>{team} {ref}</div>"})
    assert said.status_code == 302
    with scope.system():
        note = Message.objects.get(direction="note")
        assert "Zanzibar" not in note.html + note.text
        mentioned = set(Event.objects.get(kind="note.added").data["mentions"])
    assert mentioned == {str(m.id) for m in (cast.admin, cast.lead, cast.agent, cast.reader)}
    url = reverse("conversation", args=[cast.conversation.id])
    assert "Zanzibar" in client.get(url).content.decode()
    assert "Zanzibar" not in sign_in(cast.agent).get(url).content.decode()


def test_suggestions_offer_only_who_and_what_one_may_see(cast: Cast, sign_in: SignIn) -> None:
    hr, ana = sign_in(cast.hr), sign_in(cast.agent)
    within = hr.get(reverse("mention", args=[cast.secret.id]), {"sign": "@", "q": ""}).content.decode()
    assert "Hana Hartmann" in within
    assert "Ana Agent" not in within
    assert ana.get(reverse("mention", args=[cast.secret.id]), {"sign": "@"}).status_code == 404
    matters = ana.get(reverse("mention", args=[cast.conversation.id]), {"sign": "#", "q": "zanzibar"}).content.decode()
    assert "Zanzibar" not in matters
    with scope.system():
        second = make_conversation("Refund again", "Where is it?", cast.customer, cast.service, cast.channel)
    for query in ("Refund", "carla", ""):
        matters = ana.get(reverse("mention", args=[second.id]), {"sign": "#", "q": query}).content.decode()
        assert "Refund for order 1009" in matters, query
    people = ana.get(reverse("recipients"), {"q": "sigrid"}).content.decode()
    assert "Sigrid" not in people
    assert "carla@shop.example" in ana.get(reverse("recipients"), {"q": "CARLA"}).content.decode()


def test_a_new_conversation_offers_the_channel_of_the_team_first(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        other = Channel.objects.create(name="Analysts", kind="email", address="a@company.example")
        cast.channel.settings = other.settings = {"smtp_host": "mail.example"}
        cast.channel.save()
        other.save()
    page = sign_in(cast.agent).get(reverse("new")).content.decode()
    assert f'<option value="{other.id}">' in page
    assert f'<option value="{cast.channel.id}" selected>' in page


def test_a_new_conversation_belongs_to_the_team_and_the_member(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    given = {
        "to": "Nora New <nora@new.example>", "subject": " Your\norder ", "html": "<div>Hello</div>",
        "channel": str(cast.channel.id), "team": str(cast.service.id),
    }  # fmt: skip
    for wrong, words in (
        ({"to": ""}, "nobody to send this to"), ({"subject": " "}, "There is no subject."),
        ({"html": ""}, "The answer is empty."),
        ({"channel": ""}, "No channel was chosen."),
        ({"team": str(cast.people_team.id)}, "No team was chosen."),
    ):  # fmt: skip
        refused = client.post(reverse("new"), given | wrong)
        assert (refused.status_code, words in refused.content.decode()) == (400, True)
    with scope.system():
        assert Conversation.objects.count() == 2
    assert client.post(reverse("new"), given).status_code == 302
    with scope.system():
        made = Conversation.objects.get(subject="Your order")
        assert (made.owner_team, made.owner_member) == (cast.service, cast.agent)
        assert made.person is not None
        assert made.person.name == "Nora New"
        assert Delivery.objects.get(conversation=made).recipients["to"] == [["Nora New", "nora@new.example"]]
    assert sign_in(cast.reader).get(reverse("new")).status_code == 403
