"""The small company of the pages' tests, and a browser's client."""

from tests.web.conftest import cast, sign_in

__all__ = ["cast", "sign_in"]
