"""Loaded before everything else (`-p tests.early`): settings need a home and a database before Django is imported."""

import atexit
import os
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

_stack = ExitStack()
atexit.register(_stack.close)


def _prepare() -> None:
    # Every process that a test starts would compile Rapport anew, and every run the tests.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    home = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="rapport-tests-")))
    home.chmod(0o755)
    os.environ.setdefault("RAPPORT_HOME", str(home))
    os.environ.setdefault("RAPPORT_LOG_LEVEL", "warning")
    # A mail server in a thread has five seconds to begin, which is little on a busy machine.
    os.environ.setdefault("AIOSMTPD_CONTROLLER_TIMEOUT", "60")
    # The processes of one run share a server, and on it a database that was migrated (`support.migrated_database`).
    is_first = "TESTS_MIGRATED" not in os.environ
    os.environ.setdefault("TESTS_MIGRATED", f"rapport_migrated_{secrets.token_hex(6)}")
    if not os.environ.get("DATABASE_URL"):
        from rapport.core.postgres import EmbeddedPostgres, cluster, config
        from tests.support import EMPTIER_RIGHTS

        postgres = EmbeddedPostgres(home)
        # Thrown away at the end, so nothing waits for the disk. Tests of durability start servers of their own.
        kept, bootstrap = dict(config.SETTINGS), cluster.BOOTSTRAP
        cluster.BOOTSTRAP += EMPTIER_RIGHTS
        config.SETTINGS.update({"fsync": "off", "full_page_writes": "off", "checkpoint_timeout": "1h"})
        os.environ["DATABASE_URL"] = postgres.start()
        config.SETTINGS.update(kept)
        cluster.BOOTSTRAP = bootstrap
        _stack.callback(postgres.stop)
    elif is_first:
        from tests.support import drop_migrated_database

        _stack.callback(drop_migrated_database)


_prepare()
