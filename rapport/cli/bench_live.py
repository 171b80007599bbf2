"""The measured process of `rapport bench live`; given the postmaster's pid, how many mails, and how many a second.

A worker and the live server run as they do in earnest. One page is open; mails come by SMTP; the time from the answer
"250" until the page hears of the conversation is taken for each.
"""

import contextlib
import os
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from statistics import median, quantiles
from uuid import UUID

import django
import orjson

_WARM_UP = 10
_PATIENCE_S = 30.0


def main(mails: int, per_second: float) -> None:
    """Found a company, open a page, send, and print what it took."""
    live, listener = _free_port(), _free_port()
    os.environ |= {"RAPPORT_LIVE_PORT": str(live), "RAPPORT_LISTENER_PORT": str(listener)}
    django.setup()
    token = _found()
    with _running("worker", listener), _running("live", live):
        page = _Page(live, token)
        page.start()
        _sent(listener, "warm-up", _WARM_UP, 5.0)
        accepted = _sent(listener, "mail", mails, per_second)
        page.wait_for(mails + _WARM_UP)
    print(orjson.dumps(_summary(accepted, page.heard, per_second)).decode(), flush=True)  # noqa: T201 - the result


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _found() -> str:
    """Make the demo company; a ticket for one of its members."""
    from django.core.management import call_command

    from rapport.cli.demo_company import company
    from rapport.cli.demo_company.founding import found
    from rapport.live.ticket import issue
    from rapport.staff.models import Member

    call_command("migrate", verbosity=0)
    found(company.load(), 0)
    return issue(Member.objects.filter(role="admin")[0].id)


@contextmanager
def _running(command: str, port: int) -> Iterator[None]:
    """`rapport COMMAND`, once it listens at `port`, until the block ends."""
    process = subprocess.Popen([sys.executable, "-m", "rapport.cli.main", command])  # noqa: S603 - our own module
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"rapport {command} did not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


class _Page(threading.Thread):
    """An open page: when it first heard of each conversation, by the monotonic clock."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self.heard: dict[UUID, float] = {}
        line = HTTPConnection("127.0.0.1", port)
        line.request("GET", f"/live?token={token}")
        self._stream = line.getresponse()
        if self._stream.status != 200:
            raise SystemExit(f"the live server answered {self._stream.status}")

    def run(self) -> None:
        """Listen for as long as the server speaks."""
        for line in self._stream:
            if line.startswith(b"data:") and b'"id"' in line:
                self.heard.setdefault(UUID(orjson.loads(line[5:])["id"]), time.monotonic())

    def wait_for(self, many: int) -> None:
        """Wait until so many conversations were heard of, or patience ends."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self.heard) < many and time.monotonic() < deadline:
            time.sleep(0.05)


def _sent(port: int, name: str, many: int, per_second: float) -> dict[str, float]:
    """Message-ID -> when it was accepted. Each mail has a connection of its own and starts a conversation."""
    accepted = {}
    begin = time.monotonic()
    for number in range(many):
        time.sleep(max(0.0, begin + number / per_second - time.monotonic()))
        own = f"{name}-{number}@bench.example"
        with smtplib.SMTP("127.0.0.1", port, timeout=_PATIENCE_S) as line:
            line.sendmail("ann@bench.example", [_address()], _letter(own, number))
            accepted[own] = time.monotonic()
    return accepted


def _address() -> str:
    from rapport.cli.demo_company import company

    return company.load().channels[0].address


def _letter(own: str, number: int) -> bytes:
    text = f"The charger of order {number} arrived broken, and I would like my money back.\r\n" * 12
    return (
        f"From: Person {number} <person{number}@bench.example>\r\nTo: {_address()}\r\nSubject: Order {number}\r\n"
        f"Message-ID: <{own}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}"
    ).encode()


def _summary(accepted: dict[str, float], heard: dict[UUID, float], per_second: float) -> dict[str, float]:
    from rapport.conversations.models import Message
    from rapport.core import scope

    with scope.system():
        where = dict(Message.objects.values_list("message_id", "conversation_id"))
    waits = [
        max(0.0, heard[where[own]] - at) * 1000 for own, at in accepted.items() if own in where and where[own] in heard
    ]
    return {
        "mails": len(accepted),
        "per_second": per_second,
        "seen": len(waits),
        "p50_ms": round(median(waits), 1),
        "p95_ms": round(quantiles(waits, n=20)[-1], 1),
        "max_ms": round(max(waits), 1),
    }


if __name__ == "__main__":
    main(int(sys.argv[2]), float(sys.argv[3]))
