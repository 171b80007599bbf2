"""Blogs and news keep the contract of connectors."""

import hmac
from dataclasses import replace
from typing import ClassVar

import pytest

from rapport.channels.base import Account, ChannelError, Edited, Hook, Invalid, Message
from rapport.channels.kinds.feeds import websub
from rapport.channels.kinds.feeds.connector import FeedsConnector
from rapport.channels.testing import ConnectorContract, HookContract, HttpContract, Sample, draft_for
from tests.channels.feeds.feeds import AT, URL, Post, account_of, atom, found, jsonfeed, rss

ACCOUNT = account_of(f"{URL} Ann's blog", days=0, hook_url="https://rapport.example.org/hooks/7")
ENCLOSED = Post(more="<enclosure url='https://blog.example.org/a.mp3' type='audio/mpeg' length='9'/>")


class TestFeedsContract(ConnectorContract):
    """Parsing, settings, words."""

    connector = FeedsConnector()
    account: ClassVar[Account] = ACCOUNT
    samples: ClassVar = [
        Sample(found(rss(ENCLOSED))[0]),
        Sample(found(atom(Post(id="tag:blog.example.org,2026:1")))[0]),
        Sample(found(jsonfeed(Post(id="7")))[0]),
        Sample(found(rss(Post(text="<p>It boils no more.</p>")), changed=True)[0], (Edited,)),
        Sample(found(rss(Post(id="", link="", text="<b>Only</b> words", title="")))[0]),
        Sample(found(b"<rss version='2.0'><channel><item></item></channel></rss>")[0], ()),
    ]


class TestFeedsHttpContract(HttpContract):
    """What a server may answer when a channel is tested."""

    connector = FeedsConnector()
    sends = False

    def account_at(self, url: str) -> Account:
        """One feed there."""
        return account_of(f"{url}/feed.xml")


class TestFeedsHookContract(HookContract):
    """What a hub pushes."""

    connector = FeedsConnector()
    account: ClassVar[Account] = ACCOUNT
    body = rss(Post(), Post(id="2"))

    def signed(self, body: bytes) -> Hook:
        """As the hub we asked would send it."""
        return pushed(self.account, body, "sha256")


def pushed(account: Account, body: bytes, method: str, topic: str = URL) -> Hook:
    """A signed push of a topic."""
    callback = websub.callback_for(account, websub.Topic(URL, URL, topic))
    path = callback.removeprefix(account.hook_url).lstrip("/")
    secret = websub._secret(account, path.rpartition(".")[0])
    signature = hmac.new(secret.encode(), body, method).hexdigest()
    headers = {"content-type": "application/rss+xml", "x-hub-signature": f"{method}={signature}"}
    return Hook("POST", callback, path, {}, headers, body, AT)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_each_way_of_signing_that_websub_names_is_understood(method: str) -> None:
    received = FeedsConnector().receive(ACCOUNT, pushed(ACCOUNT, rss(Post()), method))
    assert len(received.items) == 1


def test_a_way_of_signing_that_it_does_not_name_is_refused() -> None:
    with pytest.raises(ChannelError):
        FeedsConnector().receive(ACCOUNT, pushed(ACCOUNT, rss(Post()), "md5"))


def test_a_signature_of_one_feed_is_none_of_another() -> None:
    one = pushed(ACCOUNT, rss(Post()), "sha256")
    other = pushed(ACCOUNT, rss(Post()), "sha256", topic="https://blog.example.org/other")
    with pytest.raises(ChannelError):
        FeedsConnector().receive(ACCOUNT, replace(one, path=other.path))


def test_what_is_pushed_has_the_names_of_what_is_polled() -> None:
    received = FeedsConnector().receive(ACCOUNT, pushed(ACCOUNT, rss(Post(), Post(id="2")), "sha256"))
    assert [one.external_id for one in received.items] == [one.external_id for one in found(rss(Post(), Post(id="2")))]
    said = FeedsConnector().parse(ACCOUNT, received.items[0])[0]
    polled = FeedsConnector().parse(ACCOUNT, found(rss(Post()))[0])[0]
    assert isinstance(said, Edited)
    assert isinstance(polled, Message)
    assert said.message.external_id == polled.external_id == f"feed:{URL} 1"
    assert said.message.found_by == polled.found_by == "Ann's blog"


def test_a_feed_cannot_be_answered_and_says_what_to_do_instead() -> None:
    message = FeedsConnector().parse(ACCOUNT, found(atom(Post()))[0])[0]
    assert isinstance(message, Message)
    assert message.answer == {"url": "https://blog.example.org/kettle", "email": "ann@blog.example.org"}
    with pytest.raises(Invalid) as error:
        FeedsConnector().prepare(ACCOUNT, draft_for("Thank you.", message.answer))
    assert error.value.hint
    assert FeedsConnector().per_minute(ACCOUNT) == 0


@pytest.mark.parametrize(
    "line",
    ["ftp://blog.example.org/", "javascript:alert(1)", "https://", "http://user:word@blog.example.org/", "http://a:b/",
     "nonsense", "https://blog.example.org:99999/"],
)  # fmt: skip
def test_a_line_that_is_no_address_is_named(line: str) -> None:
    with pytest.raises(Invalid):
        FeedsConnector().check(account_of("https://blog.example.org/", line))


def test_lines_are_read_as_people_write_them() -> None:
    from rapport.channels.kinds.feeds.settings import read

    lines = "  blog.example.org   Ann's  blog\n\nfeed://other.example/rss\nhttps://blog.example.org again\n"
    given = read({"feeds": lines, "least_minutes": "x", "days": "7"})
    assert [(one.url, one.label) for one in given.feeds] == [
        ("https://blog.example.org", "Ann's blog"), ("https://other.example/rss", ""),
    ]  # fmt: skip
    assert (given.least_s, given.days, given.websub) == (900, 7, True)
