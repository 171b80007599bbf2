"""`make screenshots`: every page of the demo in both themes and both sizes, to look at before a change is called done.

Pages are found by following links, one of each kind (by the name of its address), so that a new page is in the pictures
without anybody adding it. `--language ar` and `--contrast` show the others; `--url` takes a demo that runs already.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

import django
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.chromium import ARGS, CHROMIUM, DESK, PHONE

_START_S, _HISTORY_S = 120, 90
_PASSWORD = "one-key-fits-all"
_WHO = ("ines", "ada")
_NOT_PAGES = re.compile(r"export|/raw/|/files/|attachment|download|live_token|health|logout|\.(csv|toml|yaml|js|jsonl)")
_PAGES_MAX = 120


@dataclass
class Wanted:
    """What is asked for."""

    url: str
    out: Path
    language: str
    contrast: bool


def main() -> int:
    """Make the pictures; 1 when a page could not be shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--language", default="en")
    parser.add_argument("--contrast", action="store_true")
    given = parser.parse_args()
    if not CHROMIUM:
        sys.stderr.write("error: Chromium was not found; on Debian and Ubuntu: apt install chromium\n")
        return 1
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
    django.setup()
    with demo(given.url) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        wanted = Wanted(url, given.out, given.language, given.contrast)
        failed = picture_all(browser, wanted)
        browser.close()
    sys.stdout.write(f"The pictures are in {given.out}/\n")
    return int(bool(failed))


@contextmanager
def demo(url: str) -> Iterator[str]:
    """The address of a demo: the one given, or one of its own that ends with this."""
    if url:
        yield url.rstrip("/")
        return
    home = tempfile.mkdtemp(prefix="rapport-pictures-")
    environment = os.environ | {"RAPPORT_HOME": home, "RAPPORT_LISTENER_PORT": "2588"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "rapport.cli.main", "demo", "--port", "8588"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("http://127.0.0.1:8588/healthz")
        sys.stdout.write("The demo is open; its history is being played.\n")
        time.sleep(_HISTORY_S)
        yield "http://127.0.0.1:8588"
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def wait_for(url: str) -> None:
    """Until the address answers. Raises TimeoutError."""
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(f"{url} did not answer within {_START_S} s")


def picture_all(browser: Browser, wanted: Wanted) -> list[str]:
    """Every page for every member, theme and size; the addresses that could not be shown."""
    failed = []
    for who in _WHO:
        pages = found(browser, wanted, who)
        for theme in ("light", "dark"):
            for size, viewport in (("desk", DESK), ("phone", PHONE)):
                context = signed_in(browser, wanted, who, theme, viewport)
                failed += picture(context, pages, wanted.out / f"{who}-{theme}-{size}")
                context.close()
    for url in failed:
        sys.stderr.write(f"error: {url} could not be shown\n")
    return failed


def found(browser: Browser, wanted: Wanted, who: str) -> dict[str, str]:
    """One address of each kind of page, by the name of the kind."""
    context = signed_in(browser, wanted, who, "light", DESK)
    page, pages, waiting = context.new_page(), {}, [wanted.url + "/"]
    while waiting and len(pages) < _PAGES_MAX:
        url = waiting.pop(0)
        kind = kind_of(url)
        if not kind or kind in pages:
            continue
        page.goto(url)
        pages[kind] = url
        links = page.eval_on_selector_all("a[href]:not([download])", "all => all.map((a) => a.getAttribute('href'))")
        whole = [urljoin(url, link).split("#")[0] for link in links]
        waiting += [link for link in whole if link.startswith(wanted.url)]
    context.close()
    return pages


def kind_of(url: str) -> str:
    """The name of the address, with the view for lists; empty for what is no page."""
    try:
        match = resolve(urlsplit(url).path)
    except Resolver404:
        return ""
    name = match.url_name or ""
    view = match.kwargs.get("name", "") if name == "inbox" else ""
    return "" if _NOT_PAGES.search(name) or _NOT_PAGES.search(url) else f"{name}-{view}".strip("-")


def signed_in(browser: Browser, wanted: Wanted, who: str, theme: str, size: tuple[int, int]) -> BrowserContext:
    """A window in which `who` is signed in and has chosen language and contrast."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, base_url=wanted.url,
        color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto("/account/login/")
    page.fill("input[name=login]", f"{who}@tarnholt.example")
    page.fill("input[name=password]", _PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(r"/inbox/|/teams/|/c/"))
    choose(page, "/language/", {"language": wanted.language})
    choose(page, "/contrast/", {"contrast": "more" if wanted.contrast else "usual"})
    page.close()
    return context


def choose(page: Page, path: str, given: dict[str, str]) -> None:
    """Send a small form of the member's menu."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    page.request.post(path, form={**given, "csrfmiddlewaretoken": token}, headers={"Referer": page.url})


def picture(context: BrowserContext, pages: dict[str, str], folder: Path) -> list[str]:
    """A picture of each page; the addresses that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    page, failed = context.new_page(), []
    for kind, url in pages.items():
        answer = page.goto(url)
        if answer is None or answer.status >= 400:
            failed.append(url)
            continue
        page.wait_for_timeout(150)
        page.screenshot(path=folder / f"{kind}.png")
    return failed


if __name__ == "__main__":
    sys.exit(main())
