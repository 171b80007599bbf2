"""End to end on the real network: data server, AppView and all, with other people's client on the other side."""

import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from rapport.channels.base import (
    Account,
    ChannelError,
    Deleted,
    Edited,
    File,
    Message,
    MessageRefused,
    NothingSaid,
    Reaction,
    Said,
    Sent,
)
from rapport.channels.kinds.bluesky import xrpc
from rapport.channels.kinds.bluesky.collect import Pace
from rapport.channels.kinds.bluesky.connector import BlueskyConnector
from rapport.channels.kinds.bluesky.send import cid_of
from rapport.channels.testing import MemorySource, account_for, draft_for
from tests.channels.bluesky.network import PASSWORD, Network, serve

if TYPE_CHECKING:
    from atproto import Client, models

pytestmark = pytest.mark.peers

FAMILY = "👩‍👩‍👧‍👦"


class Quick(BlueskyConnector):
    """Asks often."""

    pace = Pace(every_s=0.2, searches_s=0.4, look_s=0.5)


CONNECTOR = Quick()
CLIENTS: "list[Client]" = []


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One network for all tests here."""
    with serve(tmp_path_factory.mktemp("atproto")) as running:
        yield running
        while CLIENTS:
            CLIENTS.pop().request._client.close()


@pytest.fixture(scope="module")
def brand(network: Network) -> Account:
    """Our account, with an app password and what `identify` found."""
    return connected(network, "brand")


@pytest.fixture(scope="module")
def ann(network: Network) -> "Client":
    """A customer, with a client that others wrote."""
    handle, _ = network.new_account("ann")
    return client(network, handle)


def connected(network: Network, name: str, **config: Any) -> Account:
    """A new account of ours, connected as an administrator would."""
    handle, token = network.new_account(name)
    made = network.call("com.atproto.server.createAppPassword", {"name": "rapport"}, token)
    account = account_for(
        "bluesky", config={"service": network.url, "handle": f"@{handle}", **config},
        secrets={"app_password": made["password"]},
    )  # fmt: skip
    CONNECTOR.check(account)
    own = CONNECTOR.identify(account)
    until(lambda: client(network, handle) is not None)
    return replace(account, address=own["address"], config={**account.config, "own": own})


def client(network: Network, handle: str) -> "Client":
    """Signed in, as soon as the AppView knows the account."""
    # It takes seconds to import, which every process of the tests would do: not even where these are not run.
    from atproto import Client
    from atproto_client.exceptions import AtProtocolError

    made = Client(base_url=f"{network.url}/xrpc")
    CLIENTS.append(made)

    def signed_in() -> bool:
        try:
            made.login(handle, PASSWORD)
        except AtProtocolError:
            return False
        return True

    until(signed_in)
    return made


def until(true: Callable[[], Any]) -> Any:
    """What `true` answers, once it is something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


@contextmanager
def collecting(account: Account, source: MemorySource) -> Iterator[MemorySource]:
    """The collector runs while the block does; its error is the block's."""
    errors: list[ChannelError] = []

    def run() -> None:
        try:
            CONNECTOR.collect(account, source)
        except ChannelError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: source.wells or errors)
        yield source
    finally:
        source.stopping.set()
        thread.join(60)
        assert not thread.is_alive()
    assert not errors, errors


def said(account: Account, source: MemorySource) -> list[Said]:
    """All that was collected, understood."""
    found: list[Said] = []
    for item in list(source.items.values()):
        try:
            found += CONNECTOR.parse(replace(account, secrets={}), item)
        except NothingSaid:
            continue
    return found


def message(account: Account, source: MemorySource, uri: str) -> Message:
    """The message of that address, once it came."""

    def find() -> Message | None:
        return next((one for one in said(account, source) if isinstance(one, Message) and one.external_id == uri), None)

    found: Message = until(find)
    return found


def deliver(account: Account, text: str, answering: Any = None, **given: Any) -> Sent:
    """Prepare and send, as the outbox does."""
    outgoing = CONNECTOR.prepare(account, draft_for(text, answering, **{"key": uuid4().hex, **given}))
    told: list[bool] = []
    sent = CONNECTOR.send(account, outgoing, lambda: told.append(True))
    assert told == [True]
    return sent


def mention(ann: "Client", brand: Account, words: str) -> "models.AppBskyFeedPost.CreateRecordResponse":
    """Ann posts to us."""
    from atproto import client_utils

    text = client_utils.TextBuilder().mention(brand.address, brand.config["own"]["did"]).text(f" {words}")
    return ann.send_post(text)


def picture() -> bytes:
    """A PNG of one red dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_the_connection_is_tested_without_taking_anything(brand: Account) -> None:
    lines = CONNECTOR.test(brand)
    assert lines[0] == f"Signed in as {brand.address}."
    assert len(lines) == 2


def test_the_accounts_own_password_works_and_is_said_to_be_it(network: Network) -> None:
    handle, _ = network.new_account("owner")
    config = {"service": network.url, "handle": handle}
    lines = CONNECTOR.test(account_for("bluesky", config=config, secrets={"app_password": PASSWORD}))
    assert "own password" in lines[-1]


def test_a_mention_is_answered_and_the_answer_stands_under_it(brand: Account, ann: "Client") -> None:
    asked = mention(ann, brand, f"my order {FAMILY} never came, see https://example.org/orders/4711")
    with collecting(brand, MemorySource()) as source:
        found = message(brand, source, asked.uri)
        assert (found.origin, found.public) == ("addressed", True)
        assert found.author is not None
        assert found.author.value == ann.me.did
        assert found.author.written == f"@{ann.me.handle}"
        assert found.author.reach == 0
        sent = deliver(brand, f"Sorry, @{ann.me.handle}! We look: https://example.org/help #sorry", found.answer)
        thread = until(lambda: ann.get_post_thread(asked.uri).thread.replies)
        assert [one.post.uri for one in thread] == list(sent.external_ids)
        record = thread[0].post.record
        assert record.text.endswith(" ^ML")
        whole = record.text.encode()
        words = [whole[one.index.byte_start : one.index.byte_end].decode() for one in record.facets]
        assert words == [f"@{ann.me.handle}", "https://example.org/help", "#sorry"]
        assert record.facets[0].features[0].did == ann.me.did
        echo = message(brand, source, sent.external_ids[0])
        assert echo.origin == "own"
        assert echo.refers_to == (asked.uri,)
    assert source.figures["way"] == "polling"
    assert not source.troubles


def test_replies_quotes_and_reactions_belong_to_our_post(brand: Account, ann: "Client") -> None:
    sent = deliver(brand, "We have a new chair.")
    until(lambda: _all_there(ann, sent))
    from atproto import models

    ours = models.ComAtprotoRepoStrongRef.Main(uri=sent.external_ids[0], cid=sent.answer["parent"]["cid"])
    reply = ann.send_post("And in red?", reply_to=models.AppBskyFeedPost.ReplyRef(parent=ours, root=ours))
    quote = ann.send_post("Look at this", embed=models.AppBskyEmbedRecord.Main(record=ours))
    ann.like(ours.uri, ours.cid)
    ann.repost(ours.uri, ours.cid)
    with collecting(brand, MemorySource()) as source:
        assert message(brand, source, reply.uri).refers_to == (ours.uri,)
        assert message(brand, source, quote.uri).refers_to == (ours.uri,)

        def reactions() -> set[str]:
            found = [one for one in said(brand, source) if isinstance(one, Reaction)]
            return {one.sign for one in found if one.external_id == ours.uri}

        assert until(lambda: len(reactions()) == 2)
        assert reactions() == {"like", "boost"}


def test_the_same_delivery_twice_is_one_post(brand: Account, ann: "Client") -> None:
    outgoing = CONNECTOR.prepare(brand, draft_for("Once. " * 80, key=uuid4().hex))
    first = CONNECTOR.send(brand, outgoing, lambda: None)
    again = CONNECTOR.send(brand, outgoing, lambda: None)
    assert len(first.external_ids) == 2
    assert (again.external_ids, again.answer) == (first.external_ids, first.answer)
    found = ann.com.atproto.repo.list_records(
        {"repo": brand.config["own"]["did"], "collection": "app.bsky.feed.post", "limit": 100}
    )
    assert sorted(one.uri for one in found.records if one.value.text.startswith("Once.")) == sorted(first.external_ids)
    assert all(one.cid == cid_of(xrpc.session_of(brand).query(
        "com.atproto.repo.getRecord", repo=brand.config["own"]["did"], collection="app.bsky.feed.post",
        rkey=one.uri.rpartition("/")[2])["value"]) for one in found.records)  # fmt: skip


def test_a_long_text_with_a_picture_becomes_a_thread(brand: Account, ann: "Client") -> None:
    red = File("red.png", "image/png", picture(), description="A red dot")
    sent = deliver(brand, f"{FAMILY} tell us more. " * 40, files=[red])
    assert len(sent.external_ids) > 1
    posts = until(lambda: _all_there(ann, sent))
    assert posts[0].embed.images[0].alt == "A red dot"
    assert posts[0].embed.images[0].aspect_ratio.width == 1
    for before, post in pairwise(posts):
        assert (post.record.reply.parent.uri, post.record.reply.parent.cid) == (before.uri, before.cid)
        assert post.record.reply.root.uri == posts[0].uri


def _all_there(ann: "Client", sent: Sent) -> Any:
    found = {one.uri: one for one in ann.get_posts(list(sent.external_ids)).posts}
    return [found[uri] for uri in sent.external_ids] if len(found) == len(sent.external_ids) else None


def test_a_search_finds_what_is_new_and_a_deletion_is_noticed(network: Network, ann: "Client") -> None:
    word = f"zz{uuid4().hex[:8]}"
    account = connected(network, "seeker", searches=[word], hashtags=[f"#{word}tag"])
    old = ann.send_post(f"Old {word}")
    until(lambda: ann.app.bsky.feed.search_posts({"q": word}).posts)
    with collecting(account, MemorySource()) as source:
        until(lambda: len([name for name in source.cursors() if name.startswith("search:")]) == 2)
        new = ann.send_post(f"New {word}")
        found = message(account, source, new.uri)
        assert (found.origin, found.found_by) == ("search", word)
        from atproto import client_utils

        tagged = ann.send_post(client_utils.TextBuilder().text("See ").tag(f"#{word}tag", f"{word}tag"))
        assert message(account, source, tagged.uri).origin == "search"
        assert ann.delete_post(new.uri)
        until(lambda: Deleted(new.uri) in said(account, source))
    assert not any(isinstance(one, Message) and one.external_id == old.uri for one in said(account, source))
    assert Deleted(tagged.uri) not in said(account, source)


def test_a_restart_goes_on_where_it_was(brand: Account, ann: "Client") -> None:
    with collecting(brand, MemorySource()) as before:
        first = mention(ann, brand, "before")
        message(brand, before, first.uri)
    missed = mention(ann, brand, "meanwhile")
    with collecting(brand, MemorySource(cursors=before.cursors())) as after:
        assert message(brand, after, missed.uri).text.endswith("meanwhile")


def test_a_changed_post_is_an_edit(brand: Account, ann: "Client") -> None:
    made = mention(ann, brand, "befor")
    with collecting(brand, MemorySource()) as source:
        message(brand, source, made.uri)
        record = ann.app.bsky.feed.post.get(ann.me.did, made.uri.rpartition("/")[2]).value
        record.text = record.text + "e"
        ann.com.atproto.repo.put_record(
            {"repo": ann.me.did, "collection": "app.bsky.feed.post", "rkey": made.uri.rpartition("/")[2],
             "record": record.model_dump(by_alias=True, exclude_none=True)}
        )  # fmt: skip
        edited = until(lambda: [one for one in said(brand, source) if isinstance(one, Edited)])
    assert edited[0].message.text.endswith("before")


def test_an_expired_session_is_renewed_and_a_revoked_password_stops_the_channel(network: Network) -> None:
    handle, token = network.new_account("lapsed")
    made = network.call("com.atproto.server.createAppPassword", {"name": "rapport"}, token)
    config = {"service": network.url, "handle": handle}
    account = account_for("bluesky", config=config, secrets={"app_password": made["password"]})
    session = xrpc.session_of(account).signed_in()
    session._access = session._access[:-3] + "abc"
    assert deliver(account, "Still here.").external_ids
    network.call("com.atproto.server.revokeAppPassword", {"name": "rapport"}, token)
    session._access = session._access[:-3] + "abc"
    with pytest.raises(ChannelError) as error:
        deliver(account, "Not any more.")
    assert error.value.permanent
    assert not isinstance(error.value, MessageRefused)


def test_a_handle_that_is_nobodys_stays_words(brand: Account, ann: "Client") -> None:
    sent = deliver(brand, "Ask @nobody-at-all.test about it")
    posts = until(lambda: _all_there(ann, sent))
    assert not posts[0].record.facets
    assert posts[0].record.text.startswith("Ask @nobody-at-all.test")


def test_what_the_service_does_not_take_is_refused_alone(brand: Account) -> None:
    outgoing = CONNECTOR.prepare(brand, draft_for("Hello", key=uuid4().hex))
    body = outgoing.body.replace(b"Hello", b"x" * 400)
    with pytest.raises(MessageRefused):
        CONNECTOR.send(brand, replace(outgoing, body=body), lambda: None)
    assert deliver(brand, "Still well.").external_ids
