"""A slow line: what a page asks for comes when the test says so."""

from playwright.sync_api import APIResponse, Page, Route


class Held:
    """Requests that are kept back until they are let go; `answered`, the answer to the first is kept back instead."""

    def __init__(self, page: Page, pattern: str, *, answered: bool = False) -> None:
        self.kept: list[tuple[Route, APIResponse | None]] = []
        self._over = False
        page.route(pattern, lambda route: self._keep(route, answered))

    def _keep(self, route: Route, answered: bool) -> None:
        if self._over or (answered and self.kept):
            route.continue_()
        else:
            self.kept.append((route, route.fetch() if answered else None))

    def let_go(self) -> None:
        """Those that were kept, and all that follow."""
        self._over = True
        for route, answer in self.kept:
            if answer is None:
                route.continue_()
            else:
                route.fulfill(response=answer)


class Answer:
    """The answer to what is sent, kept back by the browser: a route could not send the form on, with its files.

    Made before the page goes anywhere: a page that is open is told to keep something back by another way than it is
    told of a key, and what is sent at once goes past now and then.
    """

    def __init__(self, page: Page, pattern: str = "*/do/say/*", stage: str = "Response") -> None:
        assert page.url == "about:blank"
        self.kept: list[str] = []
        self._session = page.context.new_cdp_session(page)
        self._session.on("Fetch.requestPaused", lambda event: self.kept.append(event["requestId"]))
        self._session.send("Fetch.enable", {"patterns": [{"urlPattern": pattern, "requestStage": stage}]})

    def let_go(self) -> None:
        """Those that were kept, and all that follow."""
        for one in self.kept:
            self._session.send("Fetch.continueRequest", {"requestId": one})
        self._session.send("Fetch.disable")

    def fail(self) -> None:
        """As if the line had broken; what follows goes through."""
        for one in self.kept:
            self._session.send("Fetch.failRequest", {"requestId": one, "errorReason": "ConnectionReset"})
        self._session.send("Fetch.disable")
