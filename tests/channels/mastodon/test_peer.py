"""End to end against a Mastodon server (mastodon_mock): what people say arrives, what we answer is where it belongs."""

from typing import Any

import pytest

from rapport.channels.base import Deleted, Edited, File, Message, Reaction, Sent
from rapport.channels.kinds.mastodon.connector import MastodonConnector
from rapport.channels.testing import MemorySource, draft_for
from tests.channels.mastodon.conftest import Server
from tests.channels.mastodon.running import Running, collecting

pytestmark = pytest.mark.peers
CONNECTOR = MastodonConnector()
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def streaming(running: Running) -> bool:
    return running.source.figures.get("way") == "stream"


def answered(server: Server, message: Message, text: str, **given: Any) -> Sent:
    to = [(message.author.name, message.author.written)] if message.author else []
    draft = draft_for(text, message.answer, **{"to": to, "key": f"key of {text[:20]}", **given})
    told: list[bool] = []
    account = server.account()
    sent = CONNECTOR.send(account, CONNECTOR.prepare(account, draft), lambda: told.append(True))
    assert told == [True]
    return sent


def test_an_account_is_found_to_be_who_it_is(mastodon: Server) -> None:
    account = mastodon.account()
    assert account.address == f"@brand@{mastodon.url.removeprefix('http://').replace('127.0.0.1', 'localhost')}"
    assert account.config["own"]["characters"] == "500"
    lines = CONNECTOR.test(mastodon.account(searches=["order"]))
    assert any("@brand" in line for line in lines)
    assert any("searches" in line for line in lines)


def test_a_mention_is_heard_by_stream_and_answered_in_public(mastodon: Server) -> None:
    with collecting(mastodon.account()) as running:
        running.wait(streaming)
        said = mastodon.say("ann", "@brand my order 4711 never came!")
        message = running.message("4711")
        assert (message.public, message.origin, message.author.written[:5]) == (True, "addressed", "@ann@")
        sent = answered(mastodon, message, "We are sorry. It is on its way.")
        there = mastodon.ask("ann", "GET", f"/api/v1/statuses/{sent.external_ids[0].rpartition('/')[2]}")
        assert there["in_reply_to_id"] == said["id"]
        assert there["visibility"] == "public"
        assert "@ann We are sorry. It is on its way. ^ML" in str(there["content"])
        echo = running.message("We are sorry", origin="own")
        assert echo.external_id == sent.external_ids[0]
        assert echo.refers_to == (message.external_id,)


def test_a_direct_message_is_answered_directly(mastodon: Server) -> None:
    with collecting(mastodon.account()) as running:
        mastodon.say("ann", "@brand my number is 12 34", visibility="direct")
        message = running.message("12 34")
        assert not message.public
        sent = answered(mastodon, message, "Thank you, we call you.")
    there = mastodon.ask("brand", "GET", f"/api/v1/statuses/{sent.external_ids[0].rpartition('/')[2]}")
    assert there["visibility"] == "direct"


def test_what_was_said_in_public_can_be_answered_in_private(mastodon: Server) -> None:
    with collecting(mastodon.account()) as running:
        mastodon.say("bob", "@brand where is my parcel?", spoiler_text="parcels")
        message = running.message("my parcel")
        assert message.warning == "parcels"
        sent = answered(mastodon, message, "In private: what is your number?", public=False)
    there = mastodon.ask("brand", "GET", f"/api/v1/statuses/{sent.external_ids[0].rpartition('/')[2]}")
    assert (there["visibility"], there["spoiler_text"]) == ("direct", "re: parcels")


def test_a_long_answer_becomes_a_thread_and_a_second_attempt_nothing_more(mastodon: Server) -> None:
    with collecting(mastodon.account()) as running:
        mastodon.say("ann", "@brand tell me everything")
        message = running.message("tell me everything")
    words = " ".join(f"word{n}" for n in range(150))
    sent = answered(mastodon, message, words)
    again = answered(mastodon, message, words)
    assert len(sent.external_ids) > 1
    assert sent.external_ids == again.external_ids
    ids = [one.rpartition("/")[2] for one in sent.external_ids]
    last = mastodon.ask("ann", "GET", f"/api/v1/statuses/{ids[-1]}")
    assert last["in_reply_to_id"] == ids[-2]
    assert "@ann" in str(last["content"])


def test_a_file_goes_with_its_description(mastodon: Server) -> None:
    with collecting(mastodon.account()) as running:
        mastodon.say("ann", "@brand a picture please")
        message = running.message("a picture please")
    sent = answered(
        mastodon, message, "Here it is.", files=[File("dot.png", "image/png", _PIXEL, description="A small dot")]
    )
    there: Any = mastodon.ask("ann", "GET", f"/api/v1/statuses/{sent.external_ids[0].rpartition('/')[2]}")
    assert [one["description"] for one in there["media_attachments"]] == ["A small dot"]


def test_edits_deletions_and_favours_arrive(mastodon: Server) -> None:
    source = MemorySource()
    with collecting(mastodon.account(), source) as running:
        running.wait(streaming)
        first = mastodon.say("ann", "@brand the red one is brokn")
        message = running.message("brokn")
        sent = answered(mastodon, message, "Which one?")
        mastodon.ask("bob", "POST", f"/api/v1/statuses/{sent.external_ids[0].rpartition('/')[2]}/favourite")
        reaction = running.wait(lambda r: [one for one in r.said() if isinstance(one, Reaction)])[0]
        assert (reaction.external_id, reaction.sign) == (sent.external_ids[0], "like")
        mastodon.ask("ann", "PUT", f"/api/v1/statuses/{first['id']}", status="@brand the red one is broken")
    # Nobody streams edits of those we do not follow: they are looked at again.
    with collecting(mastodon.account(), source) as running:
        edit = running.wait(lambda r: [one for one in r.said() if isinstance(one, Edited)])[0]
        assert edit.message.external_id == message.external_id
        assert "broken" in edit.message.text
    mastodon.ask("ann", "DELETE", f"/api/v1/statuses/{first['id']}")
    with collecting(mastodon.account(), source) as running:
        gone = running.wait(lambda r: [one for one in r.said() if isinstance(one, Deleted)])[0]
        assert gone.external_id == message.external_id


def test_hashtags_and_searches_are_followed(mastodon: Server) -> None:
    mastodon.say("bob", "early words about spouts")
    with collecting(mastodon.account(hashtags="#Kettles", searches=["spouts"])) as running:
        running.message("early words", found_by="spouts")
        running.wait(streaming)
        mastodon.say("bob", "later words about #kettles alone")
        later = running.message("later words")
        assert (later.origin, later.found_by, later.public) == ("search", "#kettles", True)


def test_nothing_said_while_we_were_away_is_lost_or_comes_twice(mastodon: Server) -> None:
    source = MemorySource()
    with collecting(mastodon.account(), source) as running:
        mastodon.say("ann", "@brand before the pause")
        running.message("before the pause")
    for number in range(90):
        mastodon.say("ann", f"@brand away {number} times")
    with collecting(mastodon.account(), source) as running:
        running.message("away 89 times")
        heard = [one.text for one in running.said() if isinstance(one, Message) and "away" in one.text]
    assert heard == [f"@brand away {number} times" for number in range(90)]
