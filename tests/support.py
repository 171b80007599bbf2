"""Helpers that any test may use."""

import os
import shutil
from typing import NoReturn

import pytest

# Debian keeps servers where the PATH of an ordinary user does not look.
_SERVERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/dovecot", "/usr/lib/postfix/sbin")


def require_binary(name: str) -> str:
    """The path of a program. Skips the test, visibly, where it is missing; fails it where CI_REQUIRES_PEERS=1."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_SERVERS]))
    if found is None:
        refuse(f"{name} is not installed (.ci/run installs what the tests need)")
    return found


def refuse(reason: str) -> NoReturn:
    """Skip the test, or fail it where CI_REQUIRES_PEERS=1: there nothing may be missing."""
    if os.environ.get("CI_REQUIRES_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
