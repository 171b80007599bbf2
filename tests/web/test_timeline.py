"""What a timeline says of each entry, and that whatever anybody wrote stands in it as words."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from rapport.conversations.models import Attachment, Blob, Direction, Message
from rapport.conversations.queries import TIMELINE_SIZE
from rapport.core import scope
from rapport.core.clock import now
from tests.web.cast import Cast
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
TO = {"to": [["", "a@b.example"]], "cc": [["Cy", "c@d.example"]]}
HOSTILE = '<script>alert("x")</script>&\'"'


def said(cast: Cast, **given: Any) -> Message:
    values = {"direction": Direction.IN, "text": "Hello.", "person": cast.customer, "at": now(), **given}
    with scope.system():
        return Message.objects.create(conversation=cast.conversation, channel=cast.channel, **values)


def page_of(cast: Cast, sign_in: SignIn, who: str = "agent") -> str:
    url = reverse("conversation", args=[cast.conversation.id])
    return str(sign_in(getattr(cast, who)).get(url).content.decode())


def entry_of(page: str, message: Message) -> str:
    start = page.index(f'id="i-{message.id}"')
    return page[start : page.index("</li>\n", start) if "</li>\n" in page[start:] else len(page)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "auto_reply"}, "Automatic reply"),
        ({"kind": "bounce"}, "Delivery report"),
        ({"kind": "list"}, "Mailing list"),
        ({"kind": "abuse_report"}, "Abuse report"),
        ({"machine_drafted": True}, "Drafted by a machine"),
        ({"text": ""}, "(nothing but what is attached)"),
        ({"problems": ["no date"]}, "1 oddity in this mail"),
        ({"problems": ["no date", "no sender"]}, "2 oddities in this mail"),
        ({"person": None}, "Unknown sender"),
        ({"direction": Direction.NOTE, "person": None}, "Note, colleagues only"),
        ({"direction": Direction.OUT, "person": None, "recipients": TO}, "to a@b.example, copy to Cy"),
    ],
)
def test_an_entry_says_what_kind_it_is(given: dict[str, Any], words: str, cast: Cast, sign_in: SignIn) -> None:
    plain = said(cast)
    marked = said(cast, **given)
    page = page_of(cast, sign_in)
    assert words in entry_of(page, marked)
    assert words not in entry_of(page, plain)


def test_a_file_is_offered_and_one_that_was_not_kept_is_named(cast: Cast, sign_in: SignIn) -> None:
    message = said(cast)
    with scope.system():
        Blob.objects.create(sha256="b" * 64, size=3, data=b"abc")
        about: dict[str, Any] = {"message_id": message.id, "size": 3_000_000, "content_type": "text/plain"}
        kept, lost = (
            Attachment.objects.create(conversation=cast.conversation, blob_id=blob, filename=name, **about)
            for blob, name in (("b" * 64, "kept.txt"), (None, "lost.txt"))
        )
    entry = entry_of(page_of(cast, sign_in), message)
    assert reverse("attachment", args=[cast.conversation.id, kept.id]) in entry
    assert reverse("attachment", args=[cast.conversation.id, lost.id]) not in entry
    assert "kept.txt" in entry
    assert "3 MB, over the limit, not kept" in entry.replace("\xa0", " ")


def test_what_anybody_wrote_stands_there_as_words(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        type(cast.customer).objects.filter(id=cast.customer.id).update(name=HOSTILE)
        type(cast.agent).objects.filter(id=cast.agent.id).update(name=HOSTILE)
    message = said(cast, text=HOSTILE, problems=[HOSTILE])
    said(cast, direction=Direction.OUT, person=None, member=cast.agent, recipients={"to": [[HOSTILE, "a@b.example"]]})
    with scope.system():
        Attachment.objects.create(
            conversation=cast.conversation, message_id=message.id, filename=HOSTILE, size=3, content_type="text/plain"
        )
    page = page_of(cast, sign_in)
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") > 8


def test_a_reader_may_choose_no_message_and_undo_nothing(cast: Cast, sign_in: SignIn) -> None:
    said(cast)
    assert 'class="item-check"' in page_of(cast, sign_in)
    assert 'class="item-check"' not in page_of(cast, sign_in, "reader")


def test_a_long_timeline_goes_back_page_by_page_and_misses_nothing(cast: Cast, sign_in: SignIn) -> None:
    # Two at each moment: a page may end between them.
    times = [now() - timedelta(minutes=number // 2) for number in range(TIMELINE_SIZE * 2 + 7)]
    messages = [said(cast, text=f"Said {number}.", at=at) for number, at in enumerate(times)]
    client = sign_in(cast.agent)
    page, seen = page_of(cast, sign_in), []
    for _ in range(5):
        seen += [one.id for one in messages if f'id="i-{one.id}"' in page]
        if 'id="earlier"' not in page:
            break
        start = page.index('hx-get="', page.index('id="earlier"')) + len('hx-get="')
        url = page[start : page.index('"', start)].replace("&amp;", "&")
        page = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert sorted(seen) == sorted(one.id for one in messages)
