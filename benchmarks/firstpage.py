"""The first page of a signed-in member on a slow phone: bytes over the wire, and when it can be used.

    rapport demo --port 8491        # in another terminal
    python benchmarks/firstpage.py http://127.0.0.1:8491 ines@tarnholt.example one-key-fits-all

Chromium with an empty cache, 390 by 844, its processor slowed down four times. Modules are deferred, so the page can be
used when the event DOMContentLoaded has ended.
"""

import os
import shutil
import sys
from statistics import median
from typing import Any

import orjson
from playwright.sync_api import Browser, sync_playwright

RUNS, SLOWER = 5, 4
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main(url: str, email: str, password: str) -> None:
    """Sign in once, then open the first page anew with an empty cache, and print what it took."""
    chromium = os.environ.get("RAPPORT_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        cookies = _signed_in(browser, url, email, password)
        runs = [_run(browser, url, cookies) for _ in range(RUNS)]
        browser.close()
    told = {name: round(median(run[name] for run in runs)) for name in runs[0]}
    print(orjson.dumps({**told, "runs": RUNS, "slower": SLOWER, "load": os.getloadavg()}).decode())  # noqa: T201 - the result


def _signed_in(browser: Browser, url: str, email: str, password: str) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.locator("form:has(input[name=password]) button[type=submit]").first.click()
    page.wait_for_selector("#main")
    cookies = context.cookies()
    context.close()
    return cookies


def _run(browser: Browser, url: str, cookies: Any) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies(cookies)
    page = context.new_page()
    session = context.new_cdp_session(page)
    arrived: list[float] = []
    session.on("Network.loadingFinished", lambda event: arrived.append(event["encodedDataLength"]))
    session.send("Network.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(f"{url}/inbox/all/", wait_until="load")
    took: dict[str, float] = page.evaluate(
        """() => { const n = performance.getEntriesByType("navigation")[0]; return {
            interactive_ms: n.domContentLoadedEventEnd, server_ms: n.responseEnd - n.requestStart,
            painted_ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0 } }"""
    )
    found = {"bytes": sum(arrived), "requests": len(arrived), **took}
    context.close()
    return found


if __name__ == "__main__":
    main(*sys.argv[1:4])
