"""The cast of the pages' tests."""

from tests.web.conftest import cast, sign_in

__all__ = ["cast", "sign_in"]
