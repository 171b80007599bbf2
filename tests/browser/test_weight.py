"""What the first page of a signed-in member weighs over the wire, served as it is in earnest."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from rapport.core import scope
from rapport.core.options import options
from tests.browser.conftest import Place
from tests.support import free_port
from tests.web.cast import make_conversation, make_person

FIRST_PAGE_MAX = 100_000

pytestmark = pytest.mark.browser


@contextmanager
def _served() -> Iterator[str]:
    """`rapport web` on the test's database."""
    port, chosen = free_port(), connection.settings_dict
    url = f"postgresql://{chosen['USER']}@/{chosen['NAME']}?host={chosen['HOST']}&port={chosen['PORT']}"
    environment = os.environ | {
        "DATABASE_URL": url, "RAPPORT_HOST": "127.0.0.1", "RAPPORT_PORT": str(port), "RAPPORT_WEB_WORKERS": "1",
        "RAPPORT_SECRET_KEY": options().secret_key,
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "rapport.cli.main", "web"], env=environment)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(port: int) -> None:
    import socket

    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the pages were not served")


def test_the_first_page_of_a_member_is_light_and_the_second_needs_no_file_again(place: Place) -> None:
    _fill(place)
    client = Client()
    client.force_login(place.cast.agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    with _served() as url:
        context = place.browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
        page = context.new_page()
        bytes_of: dict[str, int] = {}
        coming = _count(context.new_cdp_session(page), bytes_of)
        page.goto(f"{url}/inbox/all/", wait_until="load")
        page.locator("#rows .row").nth(39).wait_for()
        place.until(page, lambda: not coming, "all files of the first page to be counted")
        first = dict(bytes_of)
        bytes_of.clear()
        page.goto(f"{url}/inbox/teams/", wait_until="load")
        page.locator("#rows .row").first.wait_for()
        place.until(page, lambda: not coming, "all files of the second page to be counted")
        context.close()
    print(f"first page {sum(first.values()):,} bytes in {len(first)} answers; second {sum(bytes_of.values()):,}")
    assert sum(first.values()) < FIRST_PAGE_MAX, sorted(first.items(), key=lambda one: -one[1])[:12]
    # The icon of the tab is the browser's own business: it comes when there is time, now and then at each page.
    files = {url for url in (*first, *bytes_of) if "/static/" in url and not url.endswith("/mark.svg")}
    assert len(files) > 10
    assert not files & set(bytes_of)



def _fill(place: Place) -> None:
    """More conversations than a page has, none like another."""
    cast = place.cast
    with scope.system():
        for number in range(45):
            order = number * 7919
            address = f"p{number}@shop{number}.example"
            person = make_person(f"Person Number {number}", address, cast.conversation.audience)
            text = f"The parcel of order {order} never arrived, and the {number}th reminder stayed unanswered."
            make_conversation(f"Order {order} did not arrive", text, person, cast.service, cast.channel)


def _count(session: Any, bytes_of: dict[str, int]) -> set[str]:
    """Add up what arrives, headers too, by address; what came from the browser's cache is nothing.

    Returned are the files that are still coming.
    """
    addresses: dict[str, str] = {}
    cached: set[str] = set()
    coming: set[str] = set()

    def sent(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]
        if "/static/" in event["request"]["url"] and not event["request"]["url"].endswith("/mark.svg"):
            coming.add(event["requestId"])

    def answered(event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            cached.add(event["requestId"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.requestServedFromCache", lambda e: cached.add(e["requestId"]))
    session.on("Network.responseReceived", answered)

    def finished(event: dict[str, Any]) -> None:
        coming.discard(event["requestId"])
        url = addresses.get(event["requestId"], "?")
        if url.startswith("http") and event["requestId"] not in cached:
            bytes_of[url] = bytes_of.get(url, 0) + int(event["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    session.on("Network.loadingFailed", lambda e: coming.discard(e["requestId"]))
    session.send("Network.enable")
    return coming
