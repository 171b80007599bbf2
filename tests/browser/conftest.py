"""A real browser on the real pages, with the live updates in a process of their own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from django.core.signals import request_finished, request_started
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from rapport.core.options import options
from rapport.outbound import queue
from rapport.staff.models import Member
from tests.browser.chromium import ARGS, CHROMIUM, DESK, PHONE
from tests.support import free_port, refuse
from tests.web.cast import Cast, make_cast

__all__ = ["DESK", "PHONE"]

# What comes is waited for, however busy the machine is.
expect.set_options(timeout=60000)

_AT_WORK = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state IN ('active', 'idle in transaction')"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium from the system; without one these tests are skipped, visibly, or fail where CI requires it.

    Closed after the last of them: Playwright keeps a loop running in this thread, and other tests run their own.
    """
    if not CHROMIUM:
        refuse("there is no chromium here (.ci/run installs it)")
    # Playwright's own loop runs in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield opened
        opened.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def live_port(django_db_setup: None) -> Iterator[int]:
    """The live updates, in a process of their own; starting one takes a second, so they all share it."""
    port = free_port()
    live = _serve_live(port)
    yield port
    live.send_signal(signal.SIGTERM)
    live.wait(60)


@dataclass
class Place:
    """The running pages, the cast, and how to open a page as one of them."""

    url: str
    cast: Cast
    browser: Browser
    problems: list[str]

    def context(self, member: Member | None, size: tuple[int, int] = DESK, scheme: str = "light") -> BrowserContext:
        """A window of its own, signed in as `member`."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            base_url=self.url,
        )
        if member is not None:
            from django.test import Client

            client = Client()
            client.force_login(member, backend="rapport.web.entrance.MemberBackend")
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}])
        return context

    def until(self, page: Page, holds: Callable[[], object], what: str) -> None:
        """Wait until `holds()` is true, while the browser goes on; TimeoutError says what was waited for."""
        until = time.monotonic() + 60
        while not holds():
            if time.monotonic() > until:
                raise TimeoutError(f"waited in vain for {what}")
            page.wait_for_timeout(20)

    def page(self, member: Member | None, size: tuple[int, int] = DESK, scheme: str = "light") -> Page:
        """A page whose errors are kept in `problems`."""
        page = self.context(member, size, scheme).new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: self.problems.append(said.text) if "Content Security" in said.text else None)
        return page


@pytest.fixture
def place(
    transactional_db: None,
    live_server: object,
    browser: Browser,
    live_port: int,
    monkeypatch: pytest.MonkeyPatch,
    settings: pytest.FixtureRequest,
) -> Iterator[Place]:
    """The pages with the small company in them."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    monkeypatch.setattr("rapport.web.shell.options", lambda: replace(options(), live_port=live_port))
    # Ten seconds to take an answer back are few for a test on a busy machine.
    undo_of = queue.undo_of
    monkeypatch.setattr(queue, "undo_of", lambda channel: 12 * undo_of(channel))
    found = Place(str(live_server), make_cast(), browser, [])
    yield found
    for context in browser.contexts:
        context.close()
    _wait_for_answers()
    assert not found.problems


def _wait_for_answers() -> None:
    """Until no request is at work any more: the tables are emptied next, and the two would wait for each other.

    A page that closes may still send its last words, and a request rests between two statements: quiet must last.
    """
    until, quiet = time.monotonic() + 60, 0
    while time.monotonic() < until and quiet < 5:
        with connection.cursor() as cursor:
            cursor.execute(_AT_WORK)
            quiet = quiet + 1 if cursor.fetchone()[0] == 0 and not _running else 0
        time.sleep(0.04)


_running: set[int] = set()


@request_started.connect
def _began(**given: object) -> None:
    _running.add(threading.get_ident())


@request_finished.connect
def _ended(**given: object) -> None:
    _running.discard(threading.get_ident())


def _serve_live(port: int) -> "subprocess.Popen[bytes]":
    chosen = connection.settings_dict
    url = f"postgresql:///{chosen['NAME']}?host={chosen['HOST']}&port={chosen['PORT']}"
    if chosen["USER"]:
        url = f"postgresql://{chosen['USER']}:{chosen['PASSWORD']}@/{chosen['NAME']}?host={chosen['HOST']}&port={chosen['PORT']}"
    environment = os.environ | {
        "DATABASE_URL": url, "RAPPORT_LIVE_PORT": str(port), "RAPPORT_HOST": "127.0.0.1",
        "RAPPORT_SECRET_KEY": options().secret_key,
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "rapport.cli.main", "live"], env=environment)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    process.kill()
    raise TimeoutError("the live updates did not start")
