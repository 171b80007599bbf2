"""The kinds "appstore" and "googleplay": reviews of one app, and the one public answer that each may have."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
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
from rapport.channels.kinds.reviews import parse, poll
from rapport.channels.kinds.reviews.stores import APPLE, GOOGLE, Apple, Google, Store
from rapport.channels.kinds.reviews.values import text

_EVERY = Field("every", lazy("Look every so many minutes"), "number", default=15)


class _Reviews(Kind):
    """What both stores have in common."""

    shape: ClassVar[str] = ""
    shape_words: ClassVar[str] = ""
    least_minutes: ClassVar[int] = 5

    def store(self, account: Account) -> Store:
        """The app at its store. Raises Invalid for a key that is none."""
        raise NotImplementedError

    def signature(self, author: str) -> str:
        """How a member's name closes an answer."""
        return f"\n\n— {author}"

    def check(self, account: Account) -> None:
        """An id of the right shape and a key that can be read."""
        super().check(account)
        if not re.fullmatch(self.shape, str(account.config.get("app", "")).strip()):
            raise Invalid("App: this is no id.", self.shape_words)
        self.store(account)

    def test(self, account: Account) -> Sequence[str]:
        """That the key sees the app."""
        return [f"Reviews of {self._opened(account).about()} can be read."]

    def identify(self, account: Account) -> Mapping[str, str]:
        """The app."""
        name = self._opened(account).about()
        return {"address": name, "id": text(account.config.get("app")).strip()}

    def collects(self, account: Account) -> bool:
        """By asking now and then."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Look at the newest reviews again and again."""
        try:
            minutes = int(account.config.get("every") or 15)
        except (TypeError, ValueError):
            minutes = 15
        poll.collect(self.kind, self._opened(account), source, max(minutes, self.least_minutes) * 60.0)

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`."""
        return parse.parse(self.kind, account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The answer, signed. Too long is said, not cut."""
        review = text(draft.answering.get("review"), 100)
        if not review:
            raise Invalid("There is no review to answer.", "Answer a review.")
        words = draft.text.strip()
        if not words:
            raise Invalid("There is nothing to send.", "Write something.")
        words += self.signature(draft.author) if draft.author else ""
        limit = self.abilities.length.limit if self.abilities.length else 0
        if len(words) > limit:
            raise Invalid(f"An answer may have {limit} characters, this has {len(words)}.", "Write less.")
        return Outgoing(orjson.dumps({"review": review, "words": words}))

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The answer, signed."""
        return [orjson.loads(self.prepare(account, draft).body)["words"]]

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """One request. Repeated, it puts the same words in the place of themselves."""
        whole = orjson.loads(outgoing.body)
        store = self._opened(account)
        store.prepared()
        about_to_send()
        words = store.reply(whole["review"], whole["words"])
        review = f"{self.kind}:{text(account.config.get('app')).strip()}/{whole['review']}"
        return Sent(words, [parse.answer_id(review, whole["words"])], answer={"review": whole["review"]})

    def _opened(self, account: Account) -> Store:
        try:
            return self.store(account)
        except Invalid as error:
            raise ChannelError(error.message, error.hint, permanent=True) from error


class AppStoreReviews(_Reviews):
    """App Store Connect API: customerReviews and customerReviewResponses."""

    kind: ClassVar[str] = "appstore"
    label: ClassVar[Any] = lazy("App Store reviews")
    about: ClassVar[About] = About(
        summary=lazy("Reviews of an app in Apple's App Store, answered in public."),
        proof="contract-tested",
        steps=(
            lazy("In App Store Connect, under Users and Access > Integrations, make a team key with the role below."),
            lazy("Download the key (it can be had once), and copy its Key ID and the Issuer ID."),
            lazy("Copy the app's Apple ID from its page App Information."),
        ),
        permissions=((lazy("Customer Support"), lazy("to read reviews and answer them; the smallest role that may")),),
        terms=lazy("Free with the Apple Developer Program. An answer appears within a day; a new one replaces it."),
        group="reviews",
    )
    abilities: ClassVar[Abilities] = Abilities(
        public=True, private=False, subject=True, idempotent=True, naming="name", length=Length(5_970)
    )
    fields: ClassVar[Sequence[Field]] = (
        Field("app", lazy("Apple ID of the app"), help=lazy("Digits, such as 682658836."), required=True),
        Field("issuer", lazy("Issuer ID"), required=True),
        Field("key_id", lazy("Key ID"), required=True),
        Field("key", lazy("Key (.p8 file)"), "secret", lazy("The whole text of the file."), required=True),
        _EVERY,
        Field("server", lazy("App Store Connect"), "url", default=APPLE),
    )
    shape: ClassVar[str] = r"\d{4,20}"
    shape_words: ClassVar[str] = "It is made of digits."

    def store(self, account: Account) -> Store:
        """The app in the App Store."""
        return Apple(account)


class GooglePlayReviews(_Reviews):
    """Google Play Developer API: reviews.list and reviews.reply."""

    kind: ClassVar[str] = "googleplay"
    label: ClassVar[Any] = lazy("Google Play reviews")
    about: ClassVar[About] = About(
        summary=lazy("Reviews of an app in Google Play, answered in public."),
        proof="contract-tested",
        steps=(
            lazy(
                "In Google Cloud, enable the Google Play Android Developer API; make a service account with a JSON key."
            ),
            lazy("In the Play Console, under Users and permissions, invite the service account's address."),
            lazy("Give it the permission below for this app."),
        ),
        permissions=((lazy("Reply to reviews"), lazy("to read reviews and answer them")),),
        terms=lazy(
            "Free. Google shows reviews with a text that were written or changed in the last seven days, 200 times an "
            "hour, and takes 2,000 answers a day; a new answer replaces the one before."
        ),
        group="reviews",
    )
    abilities: ClassVar[Abilities] = Abilities(
        public=True, private=False, subject=True, idempotent=True, naming="initials", length=Length(350)
    )
    fields: ClassVar[Sequence[Field]] = (
        Field("app", lazy("Package name"), help=lazy("Such as org.example.app."), required=True),
        Field("key", lazy("Key (JSON file)"), "secret", lazy("The whole text of the file."), required=True),
        _EVERY,
        Field("server", lazy("Google Play Developer API"), "url", default=GOOGLE),
    )
    shape: ClassVar[str] = r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+"
    shape_words: ClassVar[str] = "It looks like org.example.app."

    def store(self, account: Account) -> Store:
        """The app in Google Play."""
        return Google(account)

    def signature(self, author: str) -> str:
        """Initials, for want of room: "^ML"."""
        return f" ^{''.join(part[0] for part in author.split())[:4].upper()}"
