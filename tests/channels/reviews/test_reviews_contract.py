"""The contract, for the kinds "appstore" and "googleplay"."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from rapport.channels.base import Account
from rapport.channels.kinds.reviews.connector import AppStoreReviews, GooglePlayReviews
from rapport.channels.testing import ConnectorContract, HttpContract, Reply, Sample, ScriptedServer
from tests.channels.reviews.samples import APPLE_SAMPLES, GOOGLE_SAMPLES, apple_at, google_at


class TestAppStoreConnector(ConnectorContract):
    connector = AppStoreReviews()
    account = apple_at("https://api.appstoreconnect.apple.com")
    samples: ClassVar[list[Sample]] = APPLE_SAMPLES


class TestAppStoreHttp(HttpContract):
    connector = AppStoreReviews()
    answering: ClassVar[dict[str, Any]] = {"review": "0001", "stars": 2}

    def account_at(self, url: str) -> Account:
        return apple_at(url)


class TestGooglePlayConnector(ConnectorContract):
    connector = GooglePlayReviews()
    account = google_at("https://androidpublisher.googleapis.com")
    samples: ClassVar[list[Sample]] = GOOGLE_SAMPLES


class TestGooglePlayHttp(HttpContract):
    """Tokens are given by another server of Google's: here one that is well."""

    connector = GooglePlayReviews()
    answering: ClassVar[dict[str, Any]] = {"review": "gp:AOq0", "stars": 3}

    @pytest.fixture(autouse=True)
    def _tokens(self) -> Iterator[None]:
        with ScriptedServer() as server:
            server.always(Reply.of({"access_token": "made-up", "expires_in": 3599, "token_type": "Bearer"}))
            self._token_uri = f"{server.url}/token"
            yield

    def account_at(self, url: str) -> Account:
        return google_at(url, self._token_uri)
