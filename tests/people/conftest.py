"""The small company of the tests of the pages."""

from tests.web.conftest import cast, sign_in

__all__ = ["cast", "sign_in"]
