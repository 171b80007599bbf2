"""The contract, for the kind "reddit"."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from rapport.channels.base import Account
from rapport.channels.kinds.reddit.connector import RedditConnector
from rapport.channels.testing import ConnectorContract, HttpContract, Reply, Sample, ScriptedServer
from tests.channels.reddit.samples import SAMPLES, account_at


class TestConnector(ConnectorContract):
    connector = RedditConnector()
    account = account_at()
    samples: ClassVar[list[Sample]] = SAMPLES


class TestHttp(HttpContract):
    """Tokens are given by another server of Reddit's: here one that is well."""

    connector = RedditConnector()
    answering: ClassVar[dict[str, Any]] = {"thing": "t1_c1"}

    @pytest.fixture(autouse=True)
    def _tokens(self) -> Iterator[None]:
        with ScriptedServer() as server:
            server.always(Reply.of({"access_token": "made-up", "token_type": "bearer", "expires_in": 86400}))
            self._sign_in = server.url
            yield

    def account_at(self, url: str) -> Account:
        return account_at(url, self._sign_in)
