"""A Mastodon server: mastodon_mock, started once for the module that asks for it."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from rapport.channels.base import Account
from rapport.channels.kinds.mastodon.connector import MastodonConnector
from rapport.channels.testing import account_for
from tests.support import free_port, refuse

ROOT = Path(__file__).parents[3]
_READY_S = 240.0
_CONFIG = """
[streaming]
heartbeat_seconds = 0.5

[[seed.accounts]]
username = "brand"
display_name = "Brand"
access_token = "token-of-brand"

[[seed.accounts]]
username = "ann"
display_name = "Ann"
access_token = "token-of-ann"

[[seed.accounts]]
username = "bob"
display_name = "Bob"
access_token = "token-of-bob"
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and how others than we speak to it."""

    url: str

    def account(self, **config: object) -> Account:
        """Brand's account, as it is connected: after `identify`."""
        bare = account_for("mastodon", config={"url": self.url, **config}, secrets={"token": "token-of-brand"})
        own = MastodonConnector().identify(bare)
        return account_for(
            "mastodon", config={**bare.config, "own": own}, secrets={"token": "token-of-brand"},
            address=own["address"],
        )  # fmt: skip

    def ask(self, who: str, method: str, path: str, **what: object) -> dict[str, object]:
        """One request as somebody."""
        given = {"json": what} if method in ("POST", "PUT") else {"params": what}
        answer = requests.request(
            method, self.url + path, headers={"Authorization": f"Bearer token-of-{who}"}, timeout=60, **given
        )
        answer.raise_for_status()
        said: dict[str, object] = answer.json()
        return said

    def say(self, who: str, text: str, **what: object) -> dict[str, object]:
        """Post as somebody."""
        return self.ask(who, "POST", "/api/v1/statuses", status=text, **what)


@pytest.fixture(scope="module")
def mastodon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, ready."""
    program = Path(os.environ.get("RAPPORT_SERVERS_VENV", ROOT / ".venv-servers")) / "bin" / "mastodon_mock"
    if not program.exists():
        refuse("mastodon_mock is not installed (dependency group `servers`; RAPPORT_SERVERS_VENV says where)")
    folder = tmp_path_factory.mktemp("mastodon")
    (folder / "mock.toml").write_text(_CONFIG, encoding="utf-8")
    port = free_port()
    log = (folder / "log").open("wb")
    command = [program, "serve", "--config", folder / "mock.toml", "--in-memory", "--port", str(port)]
    running = subprocess.Popen(
        [*command, "--log-level", "warning"], cwd=folder, stdout=log, stderr=log, env={"PATH": os.defpath}
    )
    server = Server(f"http://127.0.0.1:{port}")
    try:
        _await(server, running, folder / "log")
        yield server
    finally:
        running.terminate()
        running.wait(60)
        log.close()


def _await(server: Server, running: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until and running.poll() is None:
        try:
            requests.get(f"{server.url}/api/v1/instance", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError(f"mastodon_mock did not come up: {log.read_text(encoding='utf-8')[-2000:]}")
