"""The two stores, over `channels.outgoing`.

App Store Connect API: https://developer.apple.com/documentation/appstoreconnectapi/customer-reviews
Google Play Developer API: https://developers.google.com/android-publisher/reply-to-reviews
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, Protocol
from urllib.parse import quote, urlsplit

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, Invalid, MessageRefused
from rapport.channels.kinds.reviews import keys
from rapport.channels.kinds.reviews.values import obj, rows, text
from rapport.channels.outgoing import Answer

APPLE = "https://api.appstoreconnect.apple.com"
GOOGLE = "https://androidpublisher.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Store(Protocol):
    """One app in one store. Every method raises ChannelError."""

    def about(self) -> str:
        """What the store calls the app; also the proof that the key works."""

    def pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The reviews, newest first, each as {"review": ..., "response": ...} in the store's own words."""

    def prepared(self) -> None:
        """Get whatever a reply needs beforehand, so that `reply` is one request."""

    def reply(self, review: str, words: str) -> str:
        """Put an answer in the place of any earlier one; words about when it will be seen."""


class Apple:
    """App Store Connect: a team's key signs a token for each request."""

    def __init__(self, account: Account) -> None:
        self._server = (text(account.config.get("server")).strip() or APPLE).rstrip("/")
        self._app = quote(text(account.config.get("app")).strip(), safe="")
        self._issuer = text(account.config.get("issuer")).strip()
        self._key_id = text(account.config.get("key_id")).strip()
        self._key = keys.pem(str(account.secrets.get("key", "")))

    def about(self) -> str:
        """The app's name."""
        whole = self._asked(f"{self._server}/v1/apps/{self._app}", {"fields[apps]": "name,bundleId"})
        name = text(obj(obj(whole.get("data")).get("attributes")).get("name"))
        if not name:
            raise ChannelError("The App Store did not say which app this is.", permanent=False)
        return name

    def pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Pages of 200, with the responses beside."""
        url = f"{self._server}/v1/apps/{self._app}/customerReviews"
        given: Mapping[str, str] = {"sort": "-createdDate", "limit": "200", "include": "response"}
        while url:
            whole = self._asked(url, given)
            beside = {text(one.get("id")): one for one in rows(whole.get("included"))}
            yield [{"review": one, "response": beside.get(_response_id(one))} for one in rows(whole.get("data"))]
            following = text(obj(whole.get("links")).get("next"), 2_000)
            # The token goes only to where it belongs.
            url, given = (following, {}) if urlsplit(following).netloc == urlsplit(self._server).netloc else ("", {})

    def prepared(self) -> None:
        """Nothing beforehand."""

    def reply(self, review: str, words: str) -> str:
        """POST customerReviewResponses creates or replaces."""
        about = {"review": {"data": {"type": "customerReviews", "id": review}}}
        data = {"type": "customerReviewResponses", "attributes": {"responseBody": words}, "relationships": about}
        answer = outgoing.attempt(
            "POST", f"{self._server}/v1/customerReviewResponses", json={"data": data}, headers=self._headers()
        )
        _good(answer, "The App Store", to_send=True)
        state = text(obj(obj(obj(answer.json()).get("data")).get("attributes")).get("state"))
        return "Published." if state == "PUBLISHED" else "The App Store shows it within a day."

    def _asked(self, url: str, given: Mapping[str, str]) -> Mapping[str, Any]:
        answer = outgoing.ask("GET", url, params=given, headers=self._headers(), whole_s=60)
        _good(answer, "The App Store", to_send=False)
        return obj(answer.json())

    def _headers(self) -> Mapping[str, str]:
        claims = {"iss": self._issuer, "aud": "appstoreconnect-v1"}
        return {"Authorization": f"Bearer {_token(claims, self._key, 'ES256', self._key_id)}"}


class Google:
    """Google Play: a service account's key is changed for a token that is good for an hour."""

    def __init__(self, account: Account) -> None:
        self._server = (text(account.config.get("server")).strip() or GOOGLE).rstrip("/")
        self._package = text(account.config.get("app")).strip()
        self._account = keys.service_account(str(account.secrets.get("key", "")))
        self._bearer = ""

    def about(self) -> str:
        """The package: this API does not know the app's name."""
        whole = self._asked({"maxResults": "1"})
        if not isinstance(whole.get("reviews", []), list):
            raise ChannelError("Google Play answered something that is no list of reviews.", permanent=False)
        return self._package

    def pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Pages of 100: what was written or changed within the last seven days."""
        self._bearer = ""
        given = {"maxResults": "100"}
        while True:
            whole = self._asked(given)
            yield [{"review": one, "response": None} for one in rows(whole.get("reviews"))]
            following = text(obj(whole.get("tokenPagination")).get("nextPageToken"), 2_000)
            if not following:
                return
            given = {"maxResults": "100", "token": following}

    def prepared(self) -> None:
        """The token."""
        self._headers()

    def reply(self, review: str, words: str) -> str:
        """reviews.reply creates or replaces."""
        url = f"{self._url()}/{quote(review, safe='')}:reply"
        answer = outgoing.attempt("POST", url, json={"replyText": words}, headers=self._headers())
        _good(answer, "Google Play", to_send=True)
        answer.json()
        return "Google Play has it."

    def _url(self) -> str:
        return f"{self._server}/androidpublisher/v3/applications/{quote(self._package, safe='')}/reviews"

    def _asked(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        answer = outgoing.ask("GET", self._url(), params=given, headers=self._headers(), whole_s=60)
        _good(answer, "Google Play", to_send=False)
        return obj(answer.json())

    def _headers(self) -> Mapping[str, str]:
        if not self._bearer:
            claims = {"iss": self._account["client_email"], "scope": _SCOPE, "aud": self._account["token_uri"]}
            assertion = _token(claims, self._account["private_key"], "RS256")
            form = {"grant_type": _GRANT, "assertion": assertion}
            answer = outgoing.ask("POST", self._account["token_uri"], data=form)
            if answer.status in (400, 401, 403):
                _no_access("Google", text(_json(answer).get("error_description")))
            outgoing.check(answer)
            self._bearer = text(obj(answer.json()).get("access_token"), 5_000)
        return {"Authorization": f"Bearer {self._bearer}"}


def _response_id(review: Mapping[str, Any]) -> str:
    related = obj(obj(review.get("relationships")).get("response"))
    return text(obj(related.get("data")).get("id"))


def _token(claims: Mapping[str, Any], key: str, algorithm: str, key_id: str = "") -> str:
    try:
        return keys.signed(claims, key, algorithm, key_id)
    except Invalid as error:
        raise ChannelError(error.message, error.hint, permanent=True) from error


def _good(answer: Answer, who: str, *, to_send: bool) -> None:
    """Raise what a bad answer means; nothing for a good one."""
    if answer.status < 400:
        return
    if answer.status in (401, 403):
        _no_access(who, _words(answer))
    if answer.status < 500 and answer.status not in (408, 429) and to_send:
        raise MessageRefused(f"{who} refused it: {_words(answer)}", permanent=True)
    if answer.status == 404:
        raise ChannelError(f"{who} does not know this app.", "Check its id, and what the key may see.", permanent=True)
    outgoing.check(answer)


def _no_access(who: str, words: str) -> NoReturn:
    raise ChannelError(
        f"{who} does not accept the key. {words}".strip(), "Check the key and what it may do.", permanent=True
    )


def _words(answer: Answer) -> str:
    """What went wrong: Apple lists errors, Google has one."""
    whole = _json(answer)
    listed = [text(one.get("detail")) or text(one.get("title")) for one in rows(whole.get("errors"), 5)]
    return "; ".join(filter(None, listed)) or text(obj(whole.get("error")).get("message")) or f"status {answer.status}"


def _json(answer: Answer) -> Mapping[str, Any]:
    try:
        return obj(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        return {}
