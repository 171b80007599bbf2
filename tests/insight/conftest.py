"""The company that pages are tried with."""

from tests.web.conftest import cast

__all__ = ["cast"]
