"""A real WebSub hub (Flask-WebSub): it verifies that we asked, and its signed pushes arrive."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from rapport.channels.base import Account, Hook, HookRefused, Incoming, Received
from rapport.channels.kinds.feeds import websub
from rapport.channels.kinds.feeds.connector import FeedsConnector
from rapport.channels.testing import MemorySource
from tests.channels.feeds.feeds import AT, account_of, collecting, heard, until
from tests.support import free_port, refuse

pytestmark = pytest.mark.peers
ROOT = Path(__file__).parents[3]


def python() -> Path:
    """The Python that has Flask-WebSub."""
    place = Path(os.environ.get("RAPPORT_SERVERS_VENV", ROOT / ".venv-servers"))
    if not (place / "bin/python").exists():
        refuse("the servers' environment is not here (make servers; RAPPORT_SERVERS_VENV)")
    return place / "bin/python"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the hub's machine."""
    port, folder = free_port(), tmp_path_factory.mktemp("hub")
    program = ROOT / "tests/peers/websub/hub.py"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([python(), program, str(port), str(folder)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or answers(url), 240)
        assert process.poll() is None, (folder / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(60)


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/subscribers", timeout=60).ok
    except requests.ConnectionError:
        return False


class House:
    """The web side of a channel: what comes to its webhook goes to `receive`, as the house does it."""

    def __init__(self) -> None:
        self.account: Account | None = None
        self.heard: list[tuple[Hook, int]] = []
        self.items: list[Incoming] = []

    def take(self, hook: Hook) -> Received:
        assert self.account is not None
        try:
            received = FeedsConnector().receive(self.account, hook)
        except HookRefused as refused:
            received = Received(status=refused.status)
        self.heard.append((hook, received.status))  # before what tests wait for
        self.items += received.items
        return received


@contextmanager
def serving(house: House) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = parts.path.removeprefix("/hooks/7/")
            hook = Hook(self.command, self.path, path, dict(parse_qsl(parts.query)), headers, body, AT)
            received = house.take(hook)
            self.send_response(received.status)
            self.send_header("Content-Type", received.content_type)
            self.send_header("Content-Length", str(len(received.body)))
            self.end_headers()
            self.wfile.write(received.body)

        do_POST = do_GET  # noqa: N815 - the name of http.server

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks/7"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_a_hub_verifies_us_and_its_pushes_arrive_signed(hub: str) -> None:
    house, source = House(), MemorySource()
    with serving(house) as hook_url:
        house.account = account_of(f"{hub}/feed.xml News", hook_url=hook_url, days=0)
        with collecting(house.account, source):
            until(lambda: requests.get(f"{hub}/subscribers", timeout=60).json())
            until(lambda: source.items)
            requests.get(f"{hub}/add/Brand recall", timeout=60)
            until(lambda: house.items)
    verification, push = house.heard[0], house.heard[-1]
    assert (verification[0].method, verification[0].query["hub.mode"], verification[1]) == ("GET", "subscribe", 200)
    assert (push[0].method, push[1]) == ("POST", 200)
    assert push[0].headers["x-hub-signature"].startswith("sha512=")
    assert [one.subject for one in heard(house.items)] == ["Brand recall", "first"]
    assert house.items[1].external_id in source.items
    forged = replace(push[0], body=push[0].body.replace(b"Brand recall", b"Fire sale"))
    assert house.take(forged).status == 401
    assert len(house.items) == 2


def test_a_hub_that_was_asked_by_somebody_else_is_not_confirmed(hub: str) -> None:
    """Whoever knows a callback can have a hub ask about another topic, or about an end; nobody here asked for it."""
    house = House()
    with serving(house) as hook_url:
        house.account = account_of(f"{hub}/feed.xml", hook_url=hook_url)
        callback = websub.callback_for(house.account, websub.Topic(*[f"{hub}/feed.xml"] * 3))
        before = requests.get(f"{hub}/subscribers", timeout=60).json()
        for mode, topic, address in (
            ("subscribe", f"{hub}/other.xml", callback), ("unsubscribe", f"{hub}/feed.xml", callback),
            ("subscribe", f"{hub}/feed.xml", f"{hook_url}/x"), ("subscribe", f"{hub}/feed.xml", callback[:-1]),
        ):  # fmt: skip
            form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": address}
            assert requests.post(f"{hub}/hub", data=form, timeout=60).status_code == 202
        assert requests.get(f"{hub}/subscribers", timeout=60).json() == before
    assert [status for _, status in house.heard] == [404, 404, 401, 401]


def test_a_feed_taken_out_of_the_settings_ends_its_subscription(hub: str) -> None:
    """410 tells the hub (Flask-WebSub forgets us); an end may then be confirmed."""
    house = House()
    with serving(house) as hook_url:
        house.account = account_of(f"{hub}/feed.xml", hook_url=hook_url)
        with collecting(house.account, MemorySource()):
            until(lambda: [one for one in requests.get(f"{hub}/subscribers", timeout=60).json() if hook_url in one])
        house.account = account_of("https://other.example/", hook_url=hook_url)
        requests.get(f"{hub}/add/Nobody reads this", timeout=60)
        until(lambda: house.heard[-1][1] == 410)
        until(lambda: not [one for one in requests.get(f"{hub}/subscribers", timeout=60).json() if hook_url in one])
    assert not house.items
