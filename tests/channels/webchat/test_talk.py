"""Both ways through a chat: what a visitor writes is a conversation, what a member answers is on the visitor's page."""

from datetime import timedelta

import jwt
import orjson
import pytest

from rapport.conversations import actions, splitting
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Status
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.outbound import deliver
from rapport.outbound.actions import Answer, Upload, reply
from rapport.outbound.models import Delivery
from rapport.people.models import Handle
from tests.channels.webchat.conftest import SECRET, Page, answer, conversation_of, raw_items, understand
from tests.web.cast import Cast

pytestmark = pytest.mark.django_db


def token(**claims: object) -> str:
    usual = {"email": "bob@example.org", "name": "Bob", "exp": (now() + timedelta(minutes=5)).timestamp()}
    return jwt.encode(usual | claims, SECRET, algorithm="HS256")


def test_what_a_visitor_writes_is_a_conversation_and_the_answer_is_on_their_page(page: Page, cast: Cast) -> None:
    assert page.say("Where is my parcel?", name="Ann", email="ann@example.org").json()["fresh"]
    assert understand() == {"stored": 1}
    conversation = conversation_of(page.channel)
    assert conversation.subject == "Where is my parcel?"
    assert conversation.awaiting_answer
    with scope.system():
        assert conversation.person is not None
        assert conversation.person.name == "Ann"
        assert Handle.objects.get(person=conversation.person).kind == "visitor"
    answer(conversation, cast.agent, "It is on its way.")
    asked, told = page.look()["messages"]
    assert (asked["ours"], asked["text"]) == (False, "Where is my parcel?")
    assert (told["ours"], told["name"], told["text"]) == (True, "Ana Agent", "It is on its way.")


def test_an_answer_is_not_shown_before_it_was_sent(page: Page, cast: Cast) -> None:
    page.say("Hello?")
    understand()
    with scope.member(cast.agent.id):
        reply(conversation_of(page.channel).id, cast.agent, Answer(text="Not yet."))
    assert page.texts() == ["Hello?"]
    assert deliver.run_batch() == 1
    assert page.texts() == ["Hello?", "Not yet."]


def test_notes_and_what_others_wrote_in_the_same_conversation_stay_inside(page: Page, cast: Cast) -> None:
    page.say("Hello from Ann")
    other = Page(page.channel)
    other.say("Hello from Bob")
    understand()
    with scope.system():
        mine, others = Conversation.objects.filter(channel=page.channel).order_by("created_at", "id")
    actions.note(mine.id, cast.agent, "A note about Ann.")
    with scope.system():
        from rapport.conversations import merging

        merging.absorb(others.id, mine.id)
    answer(mine, cast.agent, "Dear Bob")
    answer(mine, cast.agent, "Dear Ann", in_reply_to=_message(mine, "Hello from Ann"))
    assert page.texts() == ["Hello from Ann", "Dear Ann"]
    assert other.texts() == ["Hello from Bob", "Dear Bob"]


def test_what_was_split_off_is_still_on_the_visitors_page(page: Page, cast: Cast) -> None:
    page.say("The parcel is late.")
    page.say("And I have a second question.")
    understand()
    conversation = conversation_of(page.channel)
    second = _message(conversation, "And I have a second question.")
    with scope.member(cast.lead.id):
        made = splitting.split(conversation.id, [second], cast.lead)
    answer(made, cast.agent, "Here is the second answer.")
    assert page.texts() == ["The parcel is late.", "And I have a second question.", "Here is the second answer."]


def test_a_message_sent_again_is_one_message(page: Page) -> None:
    assert page.say("Hello", id="the-same-message").json() == {"id": "the-same-message", "fresh": True}
    understand()
    assert page.say("Hello", id="the-same-message").json() == {"id": "the-same-message", "fresh": False}
    assert understand() == {}
    assert len(raw_items(page.channel)) == 1


def test_a_new_conversation_of_the_same_visitor_is_another_matter(page: Page) -> None:
    page.say("The first matter")
    page.number = 2
    page.say("The second matter")
    understand()
    with scope.system():
        first, second = Conversation.objects.filter(channel=page.channel)
        assert first.person_id == second.person_id
    assert page.texts() == ["The second matter"]
    assert page.begin(token=page.token)["conversation"] == 2


def test_a_closed_conversation_says_so_and_is_open_again_when_they_write(page: Page, cast: Cast) -> None:
    page.say("Hello")
    understand()
    actions.resolve(conversation_of(page.channel).id, cast.agent)
    assert page.look()["closed"]
    page.say("One more thing")
    understand()
    assert not page.look()["closed"]
    assert conversation_of(page.channel).status == Status.OPEN


def test_nothing_new_is_said_shortly(page: Page) -> None:
    page.say("Hello")
    understand()
    told = page.look()
    assert "messages" in told
    assert "messages" not in page.look(f"after={told['state']}")
    page.say("And")
    understand()
    assert "messages" in page.look(f"after={told['state']}")


def test_known_users_are_themselves_on_every_device_and_nobody_else_is(page: Page, cast: Cast) -> None:
    assert page.begin(identity=token())["known"]
    page.say("Hello from my phone", email="mallory@example.org", name="Mallory")
    understand()
    with scope.system():
        handle = Handle.objects.get(value="bob@example.org")
        assert (handle.kind, handle.person.name) == ("email", "Bob")
        assert Message.objects.get(text="Hello from my phone").about["verified"] == ["token"]
    answer(conversation_of(page.channel), cast.agent, "Hello Bob")
    laptop = Page(page.channel)
    laptop.begin(identity=token(exp=(now() + timedelta(minutes=9)).timestamp()))
    assert laptop.texts() == ["Hello from my phone", "Hello Bob"]
    stranger = Page(page.channel)
    stranger.begin()
    assert stranger.texts() == []
    other = Page(page.channel)
    other.begin(identity=token(email="ann@example.org"))
    assert other.texts() == []


def test_a_token_that_is_not_good_is_refused_and_counted_and_nothing_is_kept(page: Page) -> None:
    for wrong in (token()[:-4], token(exp=(now() - timedelta(hours=1)).timestamp()), "nonsense", 7):
        assert page.post("session", {"identity": wrong}).status_code == 401
    page.channel.refresh_from_db()
    assert page.channel.health["refused"] == 4
    assert raw_items(page.channel) == []


def test_what_a_visitor_has_seen_is_a_receipt(page: Page, cast: Cast) -> None:
    page.say("Hello")
    understand()
    answer(conversation_of(page.channel), cast.agent, "Hello Ann")
    assert page.look()["unread"] == 1
    assert understand() == {}, "looking in the background is not seeing"
    page.look("seen=1")
    assert understand() == {"stored": 1}
    with scope.system():
        assert Delivery.objects.get(channel=page.channel).options["receipt"] == "read"
    assert page.look("seen=1")["unread"] == 0
    assert understand() == {}


def test_a_file_comes_as_what_its_bytes_are_and_only_its_conversation_has_it(page: Page, cast: Cast) -> None:
    page.begin()
    assert page.upload("evil.png", b"<script>alert(1)</script>", text="Look").status_code == 200
    assert page.upload("cat.pdf", b"\x89PNG\r\n\x1a\n" + b"x" * 40).status_code == 200
    assert understand() == {"stored": 2}
    with scope.system():
        kept = {one.filename: one.content_type for one in Attachment.objects.all()}
    assert kept == {"evil.png": "application/octet-stream", "cat.pdf": "image/png"}
    mine = page.look()["messages"][1]["files"]
    assert mine[0]["name"] == "cat.pdf"


def test_a_file_of_ours_is_fetched_by_its_link_and_by_no_other(page: Page, cast: Cast) -> None:
    page.say("Do you have the manual?")
    understand()
    answer(
        conversation_of(page.channel), cast.agent, "Here it is.",
        files=[Upload("manual.html", "text/html", b"<h1>Manual</h1>")],
    )  # fmt: skip
    (file,) = page.look()["messages"][1]["files"]
    assert (file["name"], file["size"]) == ("manual.html", 15)
    kept = page.get(f"files/{file['ticket']}")
    assert kept.content == b"<h1>Manual</h1>"
    assert kept["Content-Type"] == "application/octet-stream"
    assert kept["Content-Disposition"].startswith("attachment")
    assert "sandbox" in kept["Content-Security-Policy"]
    assert page.get(f"files/{file['ticket'][:-2]}").status_code == 404
    assert page.get("files/nonsense").status_code == 404
    with travel(now() + timedelta(days=3)):
        assert page.get("files/" + file["ticket"]).status_code in (200, 404)  # signatures use the machine's clock


def test_what_nobody_saw_goes_by_mail_once(page: Page, cast: Cast) -> None:
    from rapport.outbound import unseen

    cast.channel.config = {"smtp": {"host": "mail.example.org", "port": 25, "security": "none"}}
    cast.channel.save()
    page.say("Hello", email="ann@example.org", name="Ann")
    other = Page(page.channel)
    other.say("I gave no address")
    seen = Page(page.channel)
    seen.say("I am still here", email="bob@example.org")
    understand()
    with scope.system():
        mine, none, here = Conversation.objects.filter(channel=page.channel).order_by("created_at", "id")
    for conversation in (mine, none, here):
        answer(conversation, cast.agent, f"About {conversation.subject}")
    seen.look("seen=1")
    understand()
    assert unseen.sweep() == 0, "a minute has not passed"
    with travel(now() + timedelta(seconds=61)):
        assert unseen.sweep() == 1
        assert unseen.sweep() == 0
    with scope.system():
        mailed = Delivery.objects.get(channel=cast.channel)
        assert mailed.conversation_id == mine.id
        assert mailed.recipients["to"] == [["Ann", "ann@example.org"]]
        copy = Message.objects.get(id=mailed.message_id, conversation_id=mine.id)
        assert (copy.member_id, copy.direction) == (cast.agent.id, Direction.OUT)
        assert copy.text.endswith("About Hello")
        assert mailed.external_id == copy.message_id
        assert "@" in mailed.external_id
    assert page.texts() == ["Hello", "About Hello"], "the mail is not shown in the chat"


def test_without_a_mailbox_nothing_is_mailed(page: Page, cast: Cast) -> None:
    from rapport.outbound import unseen

    page.channel.config = {**page.channel.config, "mail_channel": "No such mailbox"}
    page.channel.save()
    page.say("Hello", email="ann@example.org")
    understand()
    answer(conversation_of(page.channel), cast.agent, "Hello Ann")
    with travel(now() + timedelta(minutes=2)):
        assert unseen.sweep() == 0
    with scope.system():
        assert Delivery.objects.count() == 1


def test_the_window_says_whether_anybody_is_here(page: Page, cast: Cast) -> None:
    cast.agent.last_seen_at = now()
    cast.agent.save()
    assert page.get("settings").json()["open"]
    with travel(now() + timedelta(minutes=30)):
        assert not page.get("settings").json()["open"], "nobody has been about for half an hour"
    page.channel.config = {**page.channel.config, "hours": "Office"}
    page.channel.save()
    night = now().replace(hour=1, minute=0)
    cast.agent.last_seen_at = night
    cast.agent.save()
    with travel(night):
        assert not page.get("settings").json()["open"], "the office is closed at night"


def test_the_words_are_the_visitors(page: Page) -> None:
    german = page.get("settings?lang=de-AT").json()
    assert german["language"] == "de"
    arabic = page.get("settings?lang=ar").json()
    assert (arabic["language"], arabic["direction"]) == ("ar", "rtl")
    assert page.get("settings?lang=tlh", **{"Accept-Language": "fr"}).json()["language"] == "fr"
    assert page.get("settings").json()["ink"] == "#ffffff"


def test_a_raw_item_holds_what_was_written_and_no_token(page: Page) -> None:
    page.say("Hello", page="https://www.example.org/orders?secret=1", more="is left out")
    (item,) = raw_items(page.channel)
    kept = orjson.loads(bytes(item.body))
    assert "more" not in kept
    assert page.token not in bytes(item.body).decode()
    assert (kept["text"], kept["page"]) == ("Hello", "https://www.example.org/orders")


def _message(conversation: Conversation, text: str) -> object:
    with scope.system():
        return Message.objects.get(conversation_id=conversation.id, text=text).id


def test_a_mailbox_that_cannot_be_used_takes_nothing_and_the_answer_stays_in_the_chat(page: Page, cast: Cast) -> None:
    from rapport.outbound import unseen

    type(cast.channel).objects.filter(id=cast.channel.id).update(secrets=b"sealed with another key")
    page.say("Hello", email="ann@example.org")
    understand()
    answer(conversation_of(page.channel), cast.agent, "Hello Ann")
    with travel(now() + timedelta(minutes=2)):
        assert unseen.sweep() == 0
    with scope.system():
        assert Message.objects.filter(text__contains="Hello Ann").count() == 1
    assert page.texts() == ["Hello", "Hello Ann"]


def test_only_their_site_renews_whom_it_vouched_for(page: Page) -> None:
    assert page.begin(identity=token())["known"]
    assert page.post("session", {"token": page.token}).status_code == 401
    stranger = Page(page.channel)
    stranger.begin()
    assert stranger.post("session", {"token": stranger.token}).status_code == 200
