"""What polling many feeds costs: `python benchmarks/feeds.py [FEEDS]` prints one JSON object.

A web server in a process of its own serves FEEDS (1,000) feeds of 20 entries, each at an address of its own on loopback
(127.1.x.y), so that every feed is another host. The collector asks all of them three times: as new feeds, after each got
a new entry, and unchanged (304). From the CPU seconds of the last two follows what 100,000 feeds need in an hour, each
asked once. In the same run: plain `feedparser.parse` of the same feeds, from memory, without network or state.

Encryption is not in it, since loopback has none: what setting up a TLS client costs (loading the certificate authorities,
once for each connection) is measured alone and added in the figures that say so.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

os.environ["RAPPORT_ALLOW_PRIVATE_ADDRESSES"] = "true"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")

from rapport.channels.base import Incoming
from rapport.channels.kinds.feeds import settings
from rapport.channels.kinds.feeds.collect import Collection, Pace
from rapport.channels.testing import MemorySource, account_for

_ENTRIES = 20
_MANY = 100_000
_CHANGED_SHARE = 0.2
_WORDS = "The kettle was tried for a week, in a hard water region, by people who like their tea strong. " * 12
_SERVER = """
import sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
sys.path.insert(0, sys.argv[1])
from benchmarks.feeds import feed
count = 0
class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        global count
        if self.path == "/more":
            count += 1
        etag = '"%d"' % count
        same = self.headers.get("If-None-Match") == etag
        body = b"" if same or self.path == "/more" else feed(self.headers["Host"], count)
        self.send_response(304 if same else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Type", "application/rss+xml")
        if not same:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = Server(("0.0.0.0", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def feed(host: str, news: int) -> bytes:
    """A blog of twenty entries, of which `news` are newer than the first time."""
    numbers = range(news + _ENTRIES, news, -1)
    items = "".join(
        f"<item><title>Kettle number {n}</title><link>http://{host}/{n}</link><guid>{host}-{n}</guid>"
        f"<pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate><description>&lt;p&gt;{n} {_WORDS}&lt;/p&gt;</description></item>"
        for n in numbers
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{host}</title>{items}</channel></rss>'.encode()


class Counting(MemorySource):
    """Counts what is kept and forgets it: the house would have it in its database."""

    def __init__(self, feeds: int, cursors: Mapping[str, Any]) -> None:
        super().__init__(cursors=cursors)
        self.count, self.bytes, self.lag_s = 0, 0, 0.0
        self._feeds, self._told = feeds, set[str]()

    def keep(self, items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        """Stop the collector when every feed has been asked."""
        self.count += len(items)
        self.bytes += sum(len(item.body) for item in items)
        super().keep((), cursors)
        self._told |= cursors.keys()
        if len(self._told) >= self._feeds:
            self.stopping.set()


def main() -> None:
    """Print what each round took, and what follows."""
    feeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    server = subprocess.Popen([sys.executable, "-c", _SERVER, here], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        print(json.dumps(_measured(feeds, port), indent=1))
    finally:
        server.terminate()
        server.wait()


def _measured(feeds: int, port: int) -> dict[str, Any]:
    lines = [f"http://127.1.{n // 250}.{n % 250 + 1}:{port}/" for n in range(feeds)]
    rounds, cursors = {}, dict[str, Any]()
    for name in ("new", "changed", "unchanged"):
        if name == "changed":
            _ask(f"http://127.0.0.1:{port}/more")
        rounds[name], cursors = _round(lines, cursors)
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    plain = _plain(feeds)
    tls_s = _tls()
    memory = _memory(next(iter(cursors.values())))
    mixed = _CHANGED_SHARE * rounds["changed"]["cpu_s"] + (1 - _CHANGED_SHARE) * rounds["unchanged"]["cpu_s"]
    hour = mixed / feeds * _MANY
    return {
        "feeds": feeds, "entries_each": _ENTRIES, "bytes_each": len(feed("127.1.0.1:1", 0)), "rounds": rounds,
        "plain_feedparser_cpu_s": plain,
        "state_bytes_each": round(sum(len(json.dumps(one)) for one in cursors.values()) / feeds),
        "peak_rss_mb": peak_mb,
        "tls_client_cpu_ms": round(tls_s * 1000, 1),
        "by_calculation": {
            "feeds": _MANY, "each_every_s": 3_600, "changed_share": _CHANGED_SHARE,
            "requests_per_s": round(_MANY / 3_600, 1),
            "cpu_s_per_hour": round(hour), "share_of_one_core": round(hour / 3_600, 3),
            "share_of_one_core_all_changed": round(rounds["changed"]["cpu_s"] / feeds * _MANY / 3_600, 3),
            "share_of_one_core_with_tls": round((hour + _MANY * tls_s) / 3_600, 3),
            "share_of_one_core_plain_feedparser_without_network": round(plain / feeds * _MANY / 3_600, 3),
            "memory_mb": memory,
            "requests_at_a_time_if_each_takes_half_a_second": round(_MANY / 3_600 * 0.5, 1),
        },
    }  # fmt: skip


def _round(lines: list[str], cursors: dict[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """Every feed once, as if all were due."""
    account = account_for("feeds", config={"feeds": lines, "days": 0, "websub": False})
    due = {name: {**value, "next_at": 1.0} for name, value in cursors.items()}
    source = Counting(len(lines), due)
    cpu, wall = time.process_time(), time.monotonic()
    thread = threading.Thread(target=Collection(account, source, replace(Pace(), commit_s=0.2)).run)
    thread.start()
    thread.join()
    taken = {"cpu_s": round(time.process_time() - cpu, 2), "wall_s": round(time.monotonic() - wall, 2)}
    return {**taken, "items": source.count, "troubles": len(source.troubles)}, dict(source.cursors())


def _ask(url: str) -> None:
    from rapport.channels import outgoing

    outgoing.ask("GET", url)


def _plain(feeds: int) -> float:
    import io

    import feedparser

    documents = [feed(f"127.1.{n // 250}.{n % 250 + 1}:1", 1) for n in range(feeds)]
    cpu = time.process_time()
    for one in documents:
        feedparser.parse(io.BytesIO(one))
    return round(time.process_time() - cpu, 2)


def _memory(cursor: dict[str, Any]) -> int:
    """What the states of all those feeds take in a collector that begins, with a cursor and a line of settings each."""
    import psutil

    before = psutil.Process().memory_info().rss
    lines = [f"https://blog{n}.example.org/feed.xml" for n in range(_MANY)]
    account = account_for("feeds", config={"feeds": lines, "days": 0})
    names = [one.cursor for one in settings.read(account.config).feeds]
    cursors = {name: {**cursor, "seen": f"{cursor['seen'][:-12]}{n:012}"} for n, name in enumerate(names)}
    collection = Collection(account, MemorySource(cursors=cursors))
    collection._begin(cursors)
    return round((psutil.Process().memory_info().rss - before) / 2**20)


def _tls() -> float:
    import ssl

    import certifi

    cpu = time.process_time()
    for _ in range(20):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(certifi.where())
    return (time.process_time() - cpu) / 20


if __name__ == "__main__":
    main()
