"""A save that is on its way while its words are sent: before or after them, it stops nothing and brings none back."""

import pytest
from django.urls import reverse

from rapport.conversations.models import Direction, Draft, Message
from rapport.core import scope
from tests.compose.test_drafts import keep
from tests.compose.test_saying import say
from tests.web.cast import Cast
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
HALF, WHOLE = "<div>It is on</div>", "<div>It is on its way.</div>"


def _written() -> list[str]:
    with scope.system():
        return list(Message.objects.exclude(direction=Direction.IN).values_list("text", flat=True))


def _drafts() -> list[str]:
    with scope.system():
        return list(Draft.objects.exclude(html="").values_list("html", flat=True))


@pytest.mark.parametrize("kind", ["reply", "note"])
@pytest.mark.parametrize("saves", [0, 1])
@pytest.mark.parametrize("comes", ["before", "after"])
def test_a_save_on_its_way_neither_stops_what_is_sent_nor_survives_it(
    cast: Cast, sign_in: SignIn, kind: str, saves: int, comes: str
) -> None:
    client = sign_in(cast.agent)
    for revision in range(saves):
        assert keep(client, cast, "<div>It</div>", revision, kind=kind).status_code == 200
    if comes == "before":
        assert keep(client, cast, HALF, saves, kind=kind).status_code == 200
    said = say(sign_in, cast, kind=kind, html=WHOLE, revision=str(saves), saving=HALF)
    assert said.status_code == 200
    if comes == "after":
        assert keep(client, cast, HALF, saves, kind=kind).status_code == 409
    assert _written() == ["It is on its way."]
    assert _drafts() == []
    # The box that came with the answer goes on from there.
    with scope.system():
        revision = Draft.objects.get().revision
    assert f'data-box="{kind}" data-revision="{revision}"' in said.content.decode()
    assert keep(client, cast, "<div>And more</div>", revision, kind=kind).status_code == 200
    assert _drafts() == ["<div>And more</div>"]


def test_another_tabs_words_still_stop_what_is_sent_while_a_save_is_on_its_way(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    assert keep(client, cast, "<div>Of another tab</div>").status_code == 200
    said = say(sign_in, cast, html=WHOLE, revision="0", saving=HALF)
    assert said.status_code == 409
    assert "Of another tab" in said.content.decode()
    assert _written() == []
    assert _drafts() == ["<div>Of another tab</div>"]


def test_the_mark_of_what_was_sent_is_no_draft_to_the_page_and_gives_way_to_what_is_taken_back(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.agent)
    usual = say(sign_in, cast, kind="note", html=WHOLE, revision="0").content.decode()
    marked = say(sign_in, cast, kind="note", html=WHOLE, revision="0", saving=HALF).content.decode()
    checked = 'id="tab-reply" checked'
    assert (checked in usual, checked in marked) == (True, True)
    say(sign_in, cast, html=WHOLE, revision="0", saving=HALF, cc="boss@shop.example")
    with scope.system():
        message = Message.objects.get(direction=Direction.OUT)
    back = client.post(reverse("undo", args=[cast.conversation.id, message.id]), headers={"HX-Request": "true"})
    assert _drafts() == [message.html]
    assert "boss@shop.example" in back.content.decode()
