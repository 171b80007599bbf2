"""Services on loopback that channels are connected to, and a customer of each: what the house sees of them is real."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from benchmarks.channels import ROOT, until

_SERVERS = Path(os.environ.get("RAPPORT_SERVERS_VENV", ROOT / ".venv-servers")) / "bin"


@dataclass(slots=True)
class Connection:
    """One account of ours at a service, as the page would store it, and somebody who speaks to it.

    `say` sends and returns what answers to it are looked for by; `sees` says whether the customer has an answer with
    this text. What only collects has neither.
    """

    kind: str
    config: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict)
    say: Callable[[str], None] | None = None
    sees: Callable[[str], bool] | None = None


def connected(one: Connection, number: int) -> Any:
    """The channel of a connection, identified as the page does."""
    from rapport.channels import registry
    from rapport.channels.models import Channel
    from rapport.channels.secrets import seal

    channel = Channel(name=f"{one.kind} {number}", kind=one.kind, config=one.config, secrets=seal(one.secrets))
    own = registry.connector(one.kind).identify(registry.account(channel))
    channel.address, channel.config = own.get("address", ""), {**one.config, "own": dict(own)}
    channel.save()
    return channel


@contextmanager
def mastodon(folder: Path, many: int) -> Iterator[list[Connection]]:
    """mastodon_mock with an account for each channel."""
    names = ["ann", *(f"brand{n}" for n in range(many))]
    seeds = "".join(f'[[seed.accounts]]\nusername = "{n}"\naccess_token = "token-of-{n}"\n' for n in names)
    (folder / "mock.toml").write_text(seeds)
    port = _free_port()
    command = [_SERVERS / "mastodon_mock", "serve", "--config", folder / "mock.toml", "--in-memory", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with _running([*command, "--log-level", "warning"], folder, f"{url}/api/v1/instance"):
        line = requests.Session()
        line.headers["Authorization"] = "Bearer token-of-ann"

        def say(to: str) -> Callable[[str], None]:
            def said(text: str) -> None:
                line.post(f"{url}/api/v1/statuses", json={"status": f"@{to} {text}"}, timeout=10).raise_for_status()

            return said

        def sees(text: str) -> bool:
            return text in line.get(f"{url}/api/v1/notifications", params={"limit": 20}, timeout=10).text

        yield [
            Connection("mastodon", {"url": url}, {"token": f"token-of-brand{n}"}, say(f"brand{n}"), sees)
            for n in range(many)
        ]


@contextmanager
def matrix(folder: Path, many: int) -> Iterator[list[Connection]]:
    """Synapse, with a public room for each channel."""
    from tests.channels.matrix.synapse import Synapse

    server = Synapse(folder)
    server.start()
    try:
        ann, line = server.register("ann"), requests.Session()
        line.headers["Authorization"] = f"Bearer {ann.token}"
        base = f"{server.url}/_matrix/client/v3"

        def made(n: int) -> Connection:
            given = {"preset": "public_chat", "room_alias_name": f"help{n}"}
            room = line.post(f"{base}/createRoom", json=given, timeout=20).json()["room_id"]

            def say(text: str) -> None:
                address = f"{base}/rooms/{room}/send/m.room.message/{time.monotonic_ns()}"
                line.put(address, json={"msgtype": "m.text", "body": text}, timeout=10).raise_for_status()

            def sees(text: str) -> bool:
                asked = {"dir": "b", "limit": "20"}
                return text in line.get(f"{base}/rooms/{room}/messages", params=asked, timeout=10).text

            config = {"homeserver": server.url, "rooms": [f"#help{n}:brand.test"]}
            return Connection("matrix", config, {"access_token": server.register(f"hub{n}").token}, say, sees)

        yield [made(n) for n in range(many)]
    finally:
        server.stop()


@contextmanager
def xmpp(folder: Path, many: int) -> Iterator[list[Connection]]:
    """Prosody, and direct messages."""
    from tests.channels.xmpp.person import Person
    from tests.channels.xmpp.prosody import Prosody

    server = Prosody(folder)
    server.start()
    ann = None
    try:
        ann = person = Person(server.register("ann"), "word", server.port)

        def made(n: int) -> Connection:
            jid = server.register(f"hub{n}")
            config = {"jid": jid, "server": f"127.0.0.1:{server.port}", "security": "none"}
            return Connection(
                "xmpp", config, {"password": "word"}, lambda text: person.say(jid, text) and None,
                lambda text: any(text in one[2] for one in list(person.heard)),
            )  # fmt: skip

        yield [made(n) for n in range(many)]
    finally:
        if ann:
            ann.close()
        server.stop()


@contextmanager
def irc(folder: Path, many: int) -> Iterator[list[Connection]]:
    """ngIRCd, and direct messages."""
    from tests.channels.irc.ngircd import Ngircd
    from tests.channels.irc.test_ngircd import Person

    server = Ngircd(folder)
    server.start()
    try:
        ann = Person(server.port, "ann")

        def made(n: int) -> Connection:
            config = {"server": "127.0.0.1", "port": server.port, "tls": False, "nick": f"hub{n}", "rooms": [f"#r{n}"]}
            return Connection(
                "irc", config, {}, lambda text: ann.say(f"hub{n}", text),
                lambda text: any(text in one[2] for one in list(ann.heard)),
            )  # fmt: skip

        yield [made(n) for n in range(many)]
        ann.close()
    finally:
        server.stop()


@contextmanager
def bluesky(folder: Path, many: int) -> Iterator[list[Connection]]:
    """The network of tests/peers/atproto: data server, AppView and all."""
    from tests.channels.bluesky.network import serve

    with serve(folder) as network:
        ann, token = network.new_account("ann")
        line = requests.Session()
        line.headers["Authorization"] = f"Bearer {token}"

        def posted(record: dict[str, Any]) -> None:
            value = {"repo": ann, "collection": "app.bsky.feed.post", "record": record}
            network.call("com.atproto.repo.createRecord", value, token)

        def sees(text: str) -> bool:
            address = f"{network.url}/xrpc/app.bsky.notification.listNotifications"
            return text in line.get(address, timeout=10).text

        def made(n: int) -> Connection:
            handle, own = network.new_account(f"brand{n}")
            password = network.call("com.atproto.server.createAppPassword", {"name": "rapport"}, own)["password"]
            resolve = f"{network.url}/xrpc/com.atproto.identity.resolveHandle"
            did = requests.get(resolve, params={"handle": handle}, timeout=10).json()["did"]
            mention = {"$type": "app.bsky.richtext.facet#mention", "did": did}
            place = {"byteStart": 0, "byteEnd": len(handle) + 1}

            def say(text: str) -> None:
                at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
                facets = [{"index": place, "features": [mention]}]
                posted({"text": f"@{handle} {text}", "createdAt": at, "facets": facets})

            return Connection(
                "bluesky", {"service": network.url, "handle": f"@{handle}"}, {"app_password": password}, say, sees
            )

        yield [made(n) for n in range(many)]


@contextmanager
def telegram(folder: Path, many: int) -> Iterator[list[Connection]]:
    """The Bot API of tests/peers/telegram, one server for each bot: it knows one."""
    from tests.peers.telegram.emulator import TOKEN, TelegramServer

    with ExitStack() as stack:

        def made() -> Connection:
            server = stack.enter_context(TelegramServer())
            return Connection(
                "telegram", {"server": server.url}, {"token": TOKEN}, lambda text: server.says(text) and None,
                lambda text: any(text in str(one) for one in server.sent),
            )  # fmt: skip

        yield [made() for _ in range(many)]


@contextmanager
def discord(folder: Path, many: int) -> Iterator[list[Connection]]:
    """A server that has nothing new."""
    from rapport.channels.testing import Reply, ScriptedServer

    with ScriptedServer() as server:
        server.always(Reply.of([])).on("GET", "/users/@me", Reply.of({"id": "9", "username": "hub_bot", "bot": True}))
        for n in range(many):
            server.on("GET", f"/channels/80{n}", Reply.of({"id": f"80{n}", "type": 0, "name": "help", "guild_id": "1"}))
        yield [
            Connection("discord", {"channels": [f"80{n}"], "server": server.url}, {"token": "a.b.c"})
            for n in range(many)
        ]


@contextmanager
def reddit(folder: Path, many: int) -> Iterator[list[Connection]]:
    """A server that has nothing new."""
    from rapport.channels.testing import Reply, ScriptedServer

    with ScriptedServer() as server:
        server.always(Reply.of({"kind": "Listing", "data": {"children": [], "after": None}}))
        server.on("POST", "/api/v1/access_token", Reply.of({"access_token": "made-up", "expires_in": 86400}))
        server.on("GET", "/api/v1/me", Reply.of({"name": "TulipHub", "id": "t"}))
        config = {"client_id": "a", "username": "TulipHub", "server": server.url, "sign_in": server.url}
        config["searches"] = ["tulips"]  # type: ignore[assignment]
        yield [Connection("reddit", config, {"client_secret": "a", "password": "b"}) for _ in range(many)]


@contextmanager
def feeds(folder: Path, many: int) -> Iterator[list[Connection]]:
    """Channels of twenty feeds each, every feed at an address of its own."""
    server = subprocess.Popen(
        [sys.executable, "-c", "from benchmarks import feeds; exec(feeds._SERVER)", str(ROOT)], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        yield [
            Connection("feeds", {"feeds": [f"http://127.1.{n}.{m + 1}:{port}/" for m in range(20)], "days": 0})
            for n in range(many)
        ]
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _running(command: list[Any], folder: Path, ready: str) -> Iterator[None]:
    with (folder / "out.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={"PATH": os.defpath})
    try:

        def there() -> bool:
            try:
                return requests.get(ready, timeout=2).ok
            except requests.RequestException:
                return False

        until(there, f"{command[0]} did not start: {(folder / 'out.log').read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
