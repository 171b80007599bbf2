"""Blogs and news as a kind of channel: many feeds (RSS, Atom, JSON Feed) in one channel, polled and pushed."""

from collections.abc import Callable, Sequence

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
    Draft,
    Field,
    Hook,
    Incoming,
    Invalid,
    Kind,
    Outgoing,
    Received,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.feeds import said, settings
from rapport.core.clock import now

_TESTED_MAX = 20
_CANNOT = "A blog cannot be answered from here."
_INSTEAD = "Write its author an e-mail, comment on its page, or note that you called."


class FeedsConnector(Kind):
    """A set of feeds."""

    kind = "feeds"
    label = lazy("Blogs and news")
    about = About(
        lazy("What blogs and news sites publish: RSS, Atom and JSON Feed, by polling and by WebSub."),
        "real server",
        steps=(
            lazy("Enter the addresses, one a line: of feeds, or of home pages that name their feed."),
            lazy("Behind an address, after a space, you may write what the feed is called here."),
            lazy("Nothing has to be done at the other side. Hubs reach us at the address of this channel's webhook."),
        ),
        terms=lazy("Feeds are published to be read by programs; what is in them stays its author's."),
        group="web",
    )
    abilities = Abilities(replies=False, public=True, private=False, subject=True, clocked=False)
    fields = (
        Field("feeds", lazy("Feeds"), "lines", required=True,
              help=lazy("One a line: an address, then, if you like, a space and a name.")),
        Field("least_minutes", lazy("Minutes between two looks, at least"), "number", default=15,
              help=lazy("Between 15 and 1440. How often a feed is really asked follows how often it changes.")),
        Field("days", lazy("Days to look back when a feed is new"), "number", default=30,
              help=lazy("Older entries of a new feed are left out. 0 takes all that it holds.")),
        Field("websub", lazy("Let hubs push new entries (WebSub)"), "yes", default=True,
              help=lazy("Needs an address at which the internet reaches Rapport. Polling goes on beside it.")),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Raise Invalid naming the first line that is no address."""
        settings.read(account.config)

    def test(self, account: Account) -> Sequence[str]:
        """Ask the first feeds (up to 20) once. Raises ChannelError where none of them can be had."""
        from rapport.channels.kinds.feeds.probe import probe_all

        read = settings.read(account.config)
        found = probe_all(read, _TESTED_MAX, now())
        if all(trouble for _, trouble in found):
            troubles = [trouble for _, trouble in found if trouble]
            raise ChannelError(
                f"{read.feeds[0].url}: {troubles[0]}", "Look at the address with a browser.",
                permanent=all(one.status in (401, 403, 410) for one in troubles),
            )  # fmt: skip
        return [words for words, _ in found]

    def collects(self, account: Account) -> bool:
        """Always: a hub may fail without anybody telling us."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Ask each feed when its time has come."""
        from rapport.channels.kinds.feeds.collect import Collection

        Collection(account, source).run()

    def receive(self, account: Account, hook: Hook) -> Received:
        """A hub's question whether we asked for a feed, or its entries."""
        from rapport.channels.kinds.feeds import websub

        return websub.receive(account, hook)

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """One entry."""
        return said.said(item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """There is no way to answer a feed. Raises Invalid."""
        raise Invalid(_CANNOT, _INSTEAD)

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Nor this. Raises ChannelError."""
        raise ChannelError(_CANNOT, _INSTEAD, permanent=True)
