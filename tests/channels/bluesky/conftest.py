"""Sessions are kept by a process, by the address of their server; the next test's server may be given the same port."""

from collections.abc import Iterator

import pytest

from rapport.channels.kinds.bluesky import xrpc


@pytest.fixture(autouse=True)
def no_session_of_before() -> Iterator[None]:
    xrpc._sessions.clear()
    yield
    xrpc._sessions.clear()
