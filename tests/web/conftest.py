"""The cast, and a browser's client signed in as one of them."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from rapport.staff.models import Member
from tests.web.cast import Cast, make_cast

SignIn = Callable[[Member], Client]


@pytest.fixture
def cast(db: None, settings: Settings) -> Cast:
    """The small company, with passwords that are quick to check."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_cast()


@pytest.fixture
def sign_in() -> SignIn:
    """A client signed in as a member."""

    def signed_in(member: Member) -> Client:
        client = Client()
        client.force_login(member, backend="rapport.web.entrance.MemberBackend")
        return client

    return signed_in
