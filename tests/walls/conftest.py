"""The cast of the pages, with a confidential conversation that holds something of everything."""

from collections.abc import Callable

import pytest
from django.test import Client

from rapport.staff.models import Member
from tests.walls.secret import Secret, furnish
from tests.web.cast import Cast
from tests.web.conftest import cast, sign_in

__all__ = ["cast", "secret", "sign_in"]
SignIn = Callable[[Member], Client]


@pytest.fixture
def secret(cast: Cast) -> Secret:
    """The confidential conversation, with a marker in every corner."""
    return furnish(cast)
