"""Helpers that any test may use."""

import os
import random
import shutil
import socket
import subprocess
import sys
from itertools import cycle
from typing import NoReturn
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

# Debian keeps servers where the PATH of an ordinary user does not look.
_SERVERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/dovecot", "/usr/lib/postfix/sbin")
# Below those that the system gives out by itself: nobody is given one between looking for it and taking it. Each
# process of a run has a quarter of its own, and never the same port twice in a row.
_PORTS = range(11_000, 31_000, 2)
_QUARTER = list(_PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4 :: 4])
_FIRST = random.SystemRandom().randrange(len(_QUARTER))
_ports = cycle(_QUARTER[_FIRST:] + _QUARTER[:_FIRST])

EMPTIER = "rapport_tests_emptier"
#: Said by the superuser of a server that is made for the tests. What is tested runs without these rights: the role
#: `rapport` has them after SET ROLE only. Before PostgreSQL 16 a role could not be lent like that.
EMPTIER_RIGHTS = tuple(
    f"DO $$ BEGIN IF current_setting('server_version_num')::int >= 160000 THEN EXECUTE '{right}'; END IF; END $$;"
    for right in (
        f"CREATE ROLE {EMPTIER} NOLOGIN BYPASSRLS",
        f"GRANT pg_read_all_data, pg_write_all_data TO {EMPTIER}",
        f"GRANT SET ON PARAMETER session_replication_role TO {EMPTIER}",
        f"GRANT {EMPTIER} TO rapport WITH INHERIT FALSE, SET TRUE",
    )
)


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


def free_port() -> int:
    """A port of loopback that nobody has just now, by UDP and TCP, nor the next one (some servers take both)."""
    for _ in range(len(_QUARTER)):
        port = next(_ports)
        if all(_is_free(one, kind) for one in (port, port + 1) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            return port
    raise AssertionError("no port is free")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def migrated_database() -> str:
    """The name of a database that `rapport migrate` made, to copy: the first process of a run that asks makes it."""
    given, name = os.environ["DATABASE_URL"], os.environ["TESTS_MIGRATED"]
    scratch = f"{name}_new"
    with psycopg.connect(given, autocommit=True) as line:
        line.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if line.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        line.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(scratch)))
        line.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(scratch)))
        own = {**os.environ, "DATABASE_URL": urlsplit(given)._replace(path=f"/{scratch}").geturl()}
        # All tests wait. Django draws its models anew for every step; looking for garbage among them is a third of the
        # time, and spares 300 MB.
        command = "import gc; gc.disable(); from rapport.cli.main import main; main(['migrate'])"
        subprocess.run([sys.executable, "-c", command], env=own, check=True, capture_output=True)
        # Renamed when complete: a name that is there is a database that can be copied.
        line.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(scratch), sql.Identifier(name)))
    return name


def drop_migrated_database() -> None:
    """Leave nothing behind on a server that is not thrown away."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as line:
        name = sql.Identifier(os.environ["TESTS_MIGRATED"])
        line.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
