"""The measured process of `rapport bench members`: open live pages, mail coming in, and people who click.

Web, live server and worker run as they do in earnest. Every member has a page open that hears of changes and asks for
rows and counts as the page's own script does (`live.js`); now and then they open something. What is told: how long the
requests took once all are there (all opening at once is told beside it), and the memory of the whole tree with
PostgreSQL (PSS, so that shared pages count once).
"""

import asyncio
import os
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles

import django
import orjson
import psutil

_GATHER_S, _BUSY_S, _EACH_S, _FEW, _COUNTS_S = 0.06, 10.0, 0.05, 5, 0.8
_CLICK_S, _OPENING_S, _PAGE_S = 15.0, 10.0, 0.01


@dataclass
class Meter:
    """What the pages saw."""

    began: float
    clicks: list[float] = field(default_factory=list)
    refreshes: list[float] = field(default_factory=list)
    opening: list[float] = field(default_factory=list)
    heard: int = 0
    failed: int = 0


def main(postmaster: int, members: int, per_second: float, seconds: float) -> None:
    """Fill, start everything, let them work, print what it took."""
    from rapport.cli.bench_live import _free_port, _running

    ports = {name: _free_port() for name in ("web", "live", "listener")}
    os.environ |= {
        "RAPPORT_PORT": str(ports["web"]), "RAPPORT_LIVE_PORT": str(ports["live"]), "RAPPORT_HOST": "127.0.0.1",
        "RAPPORT_LISTENER_PORT": str(ports["listener"]),
    }  # fmt: skip
    django.setup()
    people = _founded(members)
    with ExitStack() as stack:
        for command, port in (("worker", "listener"), ("live", "live"), ("web", "web")):
            stack.enter_context(_running(command, ports[port]))
        meter = asyncio.run(_work(ports, people, per_second, seconds))
        memory = _memory_mb(postmaster)
    print(orjson.dumps(_summary(meter, members, per_second, memory)).decode(), flush=True)  # noqa: T201 - the result


def _founded(members: int) -> list[tuple[str, str]]:
    """A company with some conversations; (session, ticket) of each member."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from rapport.channels.models import Channel
    from rapport.cli import bench_inbox_fill
    from rapport.live.ticket import issue
    from rapport.staff.models import Member

    bench_inbox_fill.fill(bench_inbox_fill.Size(20_000, 100_000, 20, members))
    Channel.objects.filter(name="Mailbox 00").update(address="help@bench.example")
    store = import_module(settings.SESSION_ENGINE).SessionStore
    people = []
    for member in Member.objects.order_by("email"):
        session = store()
        session[SESSION_KEY] = str(member.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = member.get_session_auth_hash()
        session.save()
        people.append((session.session_key, issue(member.id)))
    return people


async def _work(ports: dict[str, int], people: list[tuple[str, str]], per_second: float, seconds: float) -> Meter:
    meter, until = Meter(time.monotonic()), time.monotonic() + _OPENING_S + seconds
    pages = [_Page(ports, session, ticket, meter, until) for session, ticket in people]
    await asyncio.gather(_mails(ports["listener"], per_second, until), *(page.live() for page in pages))
    return meter


async def _mails(port: int, per_second: float, until: float) -> None:
    """Mail from many people, each a new matter."""
    number, begin = 0, time.monotonic()
    while time.monotonic() < until:
        await asyncio.sleep(max(0.0, begin + number / per_second - time.monotonic()))
        await asyncio.to_thread(_send, port, number)
        number += 1


def _send(port: int, number: int) -> None:
    import smtplib

    text = f"The charger of order {number} arrived broken, and I would like my money back.\r\n" * 8
    letter = (
        f"From: Person {number} <p{number}@new.example>\r\nTo: help@bench.example\r\nSubject: Order {number}\r\n"
        f"Message-ID: <m{number}@new.example>\r\nContent-Type: text/plain\r\n\r\n{text}"
    )
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as line:
        line.sendmail(f"p{number}@new.example", ["help@bench.example"], letter.encode())


class _Page:
    """One member's open page."""

    def __init__(self, ports: dict[str, int], session: str, ticket: str, meter: Meter, until: float) -> None:
        self._ports, self._session, self._ticket, self._meter, self._until = ports, session, ticket, meter, until
        self._changed: list[str] = []
        self._heard: list[float] = []
        self._pages = 1
        self._chance = random.Random(ticket)  # noqa: S311 - drawn alike each time

    async def live(self) -> None:
        """Listen, refresh and click until the time is over."""
        await asyncio.gather(self._listen(), self._refresh(), self._click())

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._ports["live"])
        writer.write(f"GET /live?token={self._ticket} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        while (left := self._until - time.monotonic()) > 0:
            try:
                line = await asyncio.wait_for(reader.readline(), left)
            except TimeoutError:
                break
            if line.startswith(b"data:") and b'"n"' in line:
                self._pages = orjson.loads(line[5:])["n"]
            if line.startswith(b"data:") and b'"id"' in line:
                self._meter.heard += 1
                self._heard.append(time.monotonic())
                self._changed.append(orjson.loads(line[5:])["id"])
        writer.close()

    def _patience(self) -> float:
        self._heard = [at for at in self._heard if time.monotonic() - at < _BUSY_S]
        if len(self._heard) < _FEW:
            return _GATHER_S + self._chance.random() * self._pages * _PAGE_S
        return min(_BUSY_S, len(self._heard) * _EACH_S) * (0.75 + self._chance.random() / 2)

    async def _refresh(self) -> None:
        while time.monotonic() < self._until:
            if not self._changed:
                await asyncio.sleep(0.05)
                continue
            await asyncio.sleep(self._patience())
            ids, self._changed = self._changed[-50:], []
            await self._get(f"/rows/all/?status=open&ids={','.join(ids)}", self._meter.refreshes)
            await asyncio.sleep(_COUNTS_S)
            await self._get("/counts/", self._meter.refreshes)

    async def _click(self) -> None:
        while time.monotonic() < self._until:
            await asyncio.sleep(self._chance.uniform(0.2, 2 * _CLICK_S))
            if time.monotonic() < self._until:
                view = self._chance.choice(["mine", "teams", "unowned", "all"])
                await self._get(f"/inbox/{view}/", self._meter.clicks)

    async def _get(self, path: str, times: list[float]) -> None:
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._ports["web"])
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={self._session}\r\n"
                "HX-Request: true\r\nConnection: close\r\n\r\n".encode()
            )
            answer = await asyncio.wait_for(reader.read(), 30)
            writer.close()
        except (OSError, TimeoutError):
            answer = b""
        self._meter.failed += not answer.startswith(b"HTTP/1.1 200")
        opening = began - self._meter.began < _OPENING_S
        (self._meter.opening if opening else times).append((time.monotonic() - began) * 1000)


def _memory_mb(postmaster: int) -> float:
    """PSS of PostgreSQL and of what we started, without this process itself."""
    own = psutil.Process()
    tree = [psutil.Process(postmaster), *psutil.Process(postmaster).children(True), *own.children(True)]
    return round(sum(_pss(one.pid) for one in tree) / 1e6, 1)


def _pss(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0


def _summary(meter: Meter, members: int, per_second: float, memory: float) -> dict[str, object]:
    return {
        "members": members, "mails_per_second": per_second, "heard": meter.heard, "failed": meter.failed,
        "page_p50_ms": _at(meter.clicks, 0.5), "page_p95_ms": _at(meter.clicks, 0.95), "pages": len(meter.clicks),
        "refresh_p50_ms": _at(meter.refreshes, 0.5), "refresh_p95_ms": _at(meter.refreshes, 0.95),
        "refreshes": len(meter.refreshes), "opening_p50_ms": _at(meter.opening, 0.5),
        "opening_p95_ms": _at(meter.opening, 0.95), "memory_pss_mb": memory,
        "load": [round(one, 1) for one in os.getloadavg()],
    }  # fmt: skip


def _at(times: list[float], share: float) -> float:
    if len(times) < 2:
        return 0.0
    return round(median(times) if share == 0.5 else quantiles(times, n=20)[-1], 1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
