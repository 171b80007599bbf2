"""Mastodon and other servers with its API as a kind of channel."""

from collections.abc import Callable, Mapping, Sequence

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Draft,
    Field,
    Files,
    Incoming,
    Invalid,
    Kind,
    Length,
    Outgoing,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.mastodon import compose, settings
from rapport.channels.kinds.mastodon import parse as parsing

_TYPES = (
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/avif", "video/mp4", "video/webm",
    "video/quicktime", "audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/aac",
)  # fmt: skip
_PERMISSIONS = (
    ("read:accounts", lazy("to know which account the token is for")),
    ("read:notifications", lazy("to see who mentions you, and who favours or boosts what you said")),
    ("read:statuses", lazy("to read posts, direct messages, hashtags and what was said before, as they change")),
    ("read:search", lazy("only for searches")),
    ("write:statuses", lazy("to answer")),
    ("write:media", lazy("to attach files to an answer")),
)


class MastodonConnector(Kind):
    """One account of the fediverse."""

    kind = "mastodon"
    label = lazy("Mastodon and the fediverse")
    about = About(
        lazy("Mentions, direct messages, hashtags and searches of an account on Mastodon or a server like it."),
        "contract-tested",
        steps=(
            lazy("Sign in at your server, open Preferences, Development, and press New application."),
            lazy("Give it a name, tick the permissions below and none else, and save."),
            lazy("Open the application and copy what stands under Your access token."),
            lazy("Enter it here with the address of the server."),
        ),
        permissions=_PERMISSIONS,
        terms=lazy("Free of charge. A server's own rules hold: many ask automatic accounts to be marked as such."),
    )
    abilities = Abilities(
        starts=True, public=True, private=True, threads=True, reactions=True, splits=True, idempotent=True,
        naming="initials", length=Length(500, "graphemes", 23), files=Files(4, 16_000_000, _TYPES),
    )  # fmt: skip
    fields = (
        Field("url", lazy("Server address"), "url", lazy("Such as https://mastodon.example."), required=True),
        Field("token", lazy("Access token"), "secret", lazy("Of the application you made there."), required=True),
        Field("hashtags", lazy("Hashtags to follow"), "lines", lazy("One a line, with or without #.")),
        Field("searches", lazy("Searches"), "lines", lazy("One a line, in the words of the server's own search.")),
        Field("public", lazy("May answer in public"), "yes", lazy("Otherwise all answers are direct."), default=True),
        Field(
            "visibility", lazy("New public posts are"), "choice", default="public",
            choices=(("public", lazy("public")), ("unlisted", lazy("unlisted: on no public timeline"))),
        ),
        Field("warn", lazy("Keep the content warning of what is answered"), "yes", default=True),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """An address that can be one, and a token. Raises Invalid."""
        super().check(account)
        settings.read(account.config)
        token = account.secrets.get("token", "").strip()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise Invalid("Access token: this is no token.", "Copy it once more, without what stands around it.")

    def test(self, account: Account) -> Sequence[str]:
        """Ask who we are, whether mentions can be read and what the server allows. Raises ChannelError."""
        from rapport.channels.kinds.mastodon import reach

        return reach.test(account)

    def identify(self, account: Account) -> Mapping[str, str]:
        """The account's handle and id, and how long its server lets a post be. Raises ChannelError."""
        from rapport.channels.kinds.mastodon import reach

        return reach.identify(account)

    def collects(self, account: Account) -> bool:
        """Always: it is asked, by stream or by polling."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Collect until told to stop. Raises ChannelError when a person must act."""
        from rapport.channels.kinds.mastodon import collect

        collect.run(account, source)

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What an item says. Raises Unreadable or NothingSaid."""
        return parsing.parse(account, item)

    def per_minute(self, account: Account) -> int:
        """Mastodon takes 300 posts in three hours; what comes in bursts is slowed down by its 429."""
        return 30

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The posts of a draft. Raises Invalid."""
        return compose.prepare(account, draft)

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The posts of the thread that it becomes."""
        texts: list[str] = orjson.loads(self.prepare(account, draft).body)["texts"]
        return texts

    def length(self, account: Account) -> Length:
        """As its server says; not every one stops at 500."""
        said = str((account.config.get("own") or {}).get("characters") or "")
        limit = int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 0
        return Length(limit or 500, "graphemes", 23)

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Post them. Raises MessageRefused, OutcomeUnknown, TooFast or another ChannelError."""
        from rapport.channels.kinds.mastodon import send

        return send.send(account, outgoing, about_to_send)


