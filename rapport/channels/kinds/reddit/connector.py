"""The kind "reddit": the inbox of an account, and searches; answers are comments."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Draft,
    Field,
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
from rapport.channels.kinds.reddit import collect, parse
from rapport.channels.kinds.reddit.api import SERVER, SIGN_IN, Reddit
from rapport.channels.kinds.reddit.values import fullname, text

LENGTH = 10_000


class RedditConnector(Kind):
    """Listings by asking, answers by /api/comment."""

    kind: ClassVar[str] = "reddit"
    label: ClassVar[Any] = lazy("Reddit")
    about: ClassVar[About] = About(
        summary=lazy("Answers to your company's Reddit account, mentions of it, and posts found by searches."),
        proof="contract-tested",
        steps=(
            lazy("Ask Reddit for access to its Data API and wait for its approval; as a business, make an agreement."),
            lazy("Signed in as the account, make an app of the type script at reddit.com/prefs/apps."),
            lazy("Enter the app's id and secret, and the account's name and password."),
        ),
        permissions=(
            ("privatemessages, read", lazy("to read the inbox and the posts that a search finds")),
            ("submit", lazy("to answer with a comment")),
        ),
        terms=lazy(
            "Reddit must approve every use of its Data API, and commercial use needs an agreement with Reddit, which "
            "costs money (Data API Terms, Responsible Builder Policy). Without them this kind may not be used."
        ),
        group="social",
    )
    abilities: ClassVar[Abilities] = Abilities(
        public=True, private=True, threads=True, subject=False, naming="name", length=Length(LENGTH)
    )
    fields: ClassVar[Sequence[Field]] = (
        Field("client_id", lazy("App id"), help=lazy("Below the app's name."), required=True),
        Field("client_secret", lazy("App secret"), "secret", required=True),
        Field("username", lazy("User name"), required=True),
        Field("password", lazy("Password"), "secret", required=True),
        Field("searches", lazy("Searches"), "lines", lazy("One a line: words, or r/name words, or r/name alone.")),
        Field("every", lazy("Look every so many minutes"), "number", default=2),
        Field("server", lazy("Reddit's API"), "url", default=SERVER),
        Field("sign_in", lazy("Reddit's sign-in"), "url", default=SIGN_IN),
    )

    def check(self, account: Account) -> None:
        """A user name of the right shape."""
        super().check(account)
        if not re.fullmatch(r"(u/)?[A-Za-z0-9_-]{3,20}", str(account.config.get("username", "")).strip()):
            raise Invalid("User name: this is none.", "It is the account's name on Reddit, without its address.")

    def test(self, account: Account) -> Sequence[str]:
        """That the sign-in works."""
        return [f"Signed in as u/{Reddit(account).me()}."]

    def identify(self, account: Account) -> Mapping[str, str]:
        """The account's name, written as Reddit writes it."""
        name = Reddit(account).me()
        return {"address": f"u/{name}", "name": name}

    def collects(self, account: Account) -> bool:
        """By asking."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """See `collect.collect`."""
        try:
            minutes = float(account.config.get("every") or 2)
        except (TypeError, ValueError):
            minutes = 2.0
        collect.collect(account, source, max(minutes, 1.0) * 60)

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`."""
        return parse.parse(account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """One comment, with the member's name under it. Too long is said, not cut."""
        thing = fullname(draft.answering.get("thing"))
        if not thing:
            raise Invalid("There is nothing to answer.", "Answer a comment, a post or a message.")
        if draft.public is False and not thing.startswith("t4_"):
            raise Invalid("On Reddit a public comment is answered in public.", "Choose a public answer.")
        words = draft.text.strip()
        if not words:
            raise Invalid("There is nothing to send.", "Write something.")
        words = _lines(f"{words}\n\n— {draft.author}" if draft.author else words)
        if len(words) > LENGTH:
            raise Invalid(f"A comment may have {LENGTH} characters, this has {len(words)}.", "Write less.")
        return Outgoing(orjson.dumps({"thing": thing, "words": words}))

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The comment, signed."""
        return [orjson.loads(self.prepare(account, draft).body)["words"]]

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """One request. Reddit does not tell a second from the first."""
        whole = orjson.loads(outgoing.body)
        reddit = Reddit(account)
        reddit.sign_in()
        about_to_send()
        made = reddit.comment(whole["thing"], whole["words"])
        name, path = fullname(made.get("name")), text(made.get("permalink"), 1_000)
        url = f"https://www.reddit.com{path}" if path.startswith("/") else ""
        return Sent("Reddit has it.", [parse.message_id(name)], url, {"thing": name})


def _lines(words: str) -> str:
    """Reddit's Markdown joins lines; two spaces at the end of one keep them apart."""
    return re.sub(r"(?<=\S)[ \t]*\n(?=\S)", "  \n", words)
