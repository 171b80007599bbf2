"""What every kind of channel must stand, for Bluesky."""

from dataclasses import replace

from rapport.channels.base import Account, Deleted, Edited, Incoming, Reaction, deletion_of
from rapport.channels.kinds.bluesky import xrpc
from rapport.channels.kinds.bluesky.connector import BlueskyConnector
from rapport.channels.testing import ConnectorContract, HttpContract, Sample
from tests.channels.bluesky.samples import (
    CID,
    OTHER_CID,
    OURS,
    QUOTED,
    THEIRS,
    US,
    account,
    facet,
    item,
    notification,
    pictures,
    post,
    reply_to,
)

MENTION = "@brand.example.org my order never came, see example.org/orders/…"
LIKE = notification("like", "app.bsky.feed.like", {"subject": {"uri": OURS, "cid": CID}})
QUOTE = {"embed": {"$type": "app.bsky.embed.record", "record": {"uri": QUOTED, "cid": CID}}}
GONE = b'{"uri":"%s","deleted":true}' % THEIRS.encode()


class TestBlueskyContract(ConnectorContract):
    connector = BlueskyConnector()
    account = account()
    samples = [
        Sample(
            item(
                post(
                    MENTION,
                    facet(MENTION, "@brand.example.org", did=US),
                    facet(MENTION, "example.org/orders/…", uri="https://example.org/orders/4711"),
                ),
                why="mention",
                reach=12,
            )
        ),
        Sample(item(post("And this?", cid=OTHER_CID, record=reply_to(OURS, OURS)), why="reply")),
        Sample(item({**post("Look", **pictures()), "uri": QUOTED}, why="search", found_by="chairs")),
        Sample(item(post("As I said", uri=f"{THEIRS}q", record=QUOTE), why="quote")),
        Sample(item(post("Corrected", uri=f"{THEIRS}e", cid=OTHER_CID), edited="2026-03-02T10:00:00+00:00"), (Edited,)),
        Sample(item({**post("From the phone"), "uri": OURS}, why="own")),
        Sample(item(LIKE), (Reaction,)),
        Sample(item(notification("follow", "app.bsky.graph.follow", {"subject": US})), ()),
        Sample(Incoming(deletion_of(THEIRS), GONE), (Deleted,)),
    ]


class TestBlueskyHttpContract(HttpContract):
    connector = BlueskyConnector()
    answering = {"parent": {"uri": THEIRS, "cid": CID}, "root": {"uri": THEIRS, "cid": CID}, "handles": {}}

    def account_at(self, url: str) -> Account:
        """Signed in already: what is refused here is the message, not the sign-in."""
        made = replace(account(service=url))
        session = xrpc.session_of(made)
        session._take({"accessJwt": "a.b.c", "refreshJwt": "d.e.f", "did": US, "handle": "brand.example.org"})
        return made
