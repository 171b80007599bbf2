"""Bluesky as a kind of channel: mentions, replies, quotes and searches in, posts and replies out."""

from collections.abc import Callable, Mapping, Sequence

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Draft,
    Files,
    Incoming,
    Kind,
    Length,
    Outgoing,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.bluesky import collect, compose, parse, send, settings, split, xrpc


class BlueskyConnector(Kind):
    """One account. Direct messages are not read and not written."""

    kind = "bluesky"
    label = lazy("Bluesky")
    about = About(
        lazy("An account on Bluesky, or on any other data server of the AT Protocol."),
        "real server",
        steps=(
            lazy("In Bluesky, open Settings, Privacy and security, App passwords."),
            lazy("Add an app password, named Rapport. Access to direct messages is not needed."),
            lazy("Enter the handle and the app password here."),
        ),
        permissions=(
            (
                lazy("App password"),
                lazy(
                    "Reads notifications and searches, posts and replies. It can neither delete the account nor change "
                    "its password, and is taken back in the same place."
                ),
            ),
        ),
        terms=lazy("Free of charge. The service limits how much is asked and posted: about 1,600 posts an hour."),
    )
    abilities = Abilities(
        starts=True, deletes=True, public=True, private=False, threads=True, reactions=True, splits=True,
        idempotent=True, naming="initials", length=Length(split.GRAPHEMES_MAX, "graphemes"),
        files=Files(compose.PICTURES_MAX, compose.PICTURE_BYTES_MAX, compose.PICTURE_TYPES),
    )  # fmt: skip
    fields = settings.FIELDS
    pace = collect.Pace()

    def check(self, account: Account) -> None:
        """Raise Invalid naming the first wrong setting."""
        super().check(account)
        settings.read(account)

    def test(self, account: Account) -> Sequence[str]:
        """Sign in anew and look at the notifications. Raises ChannelError."""
        session = xrpc.new_session(account)
        lines = [f"Signed in as @{session.handle}."]
        session.query("app.bsky.notification.listNotifications", limit=1)
        lines.append("Notifications can be read.")
        if not session.has_app_password:
            lines.append("This is the account's own password: an app password can be taken back without changing it.")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """Our handle and DID, as the service says them."""
        session = xrpc.new_session(account)
        return {"address": f"@{session.handle}", "did": session.did}

    def collects(self, account: Account) -> bool:
        """Always: there is no other way in."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Ask again and again until told to stop."""
        collect.Collector(account, source, self.pace).run()

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What an item says."""
        return parse.parse(account, item)

    def per_minute(self, account: Account) -> int:
        """A post costs three of the 5,000 points that an account has in an hour."""
        return 25

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The posts. Raises Invalid where the draft cannot be posted."""
        return compose.compose(account, draft)

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The posts of the thread that it becomes."""
        return [str(one["record"]["text"]) for one in orjson.loads(self.prepare(account, draft).body)["posts"]]

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Post."""
        return send.send(xrpc.session_of(account), outgoing, about_to_send)
