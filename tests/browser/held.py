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
