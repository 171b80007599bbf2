"""The cast and clients of the page tests, and real providers of identities."""

from collections.abc import Iterator

import pytest

from tests.signin.identity import Identity, serve
from tests.web.conftest import cast, sign_in

__all__ = ["cast", "sign_in"]


@pytest.fixture(scope="session")
def identity() -> Iterator[Identity]:
    """OpenID Connect and SAML on loopback, one process for all tests."""
    with serve() as running:
        yield running
