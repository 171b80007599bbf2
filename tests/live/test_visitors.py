"""A visitor's ear: it hears that something was sent to this visitor, and nothing of anybody or anything else."""

import asyncio
from typing import Any

import pytest

from rapport.conversations.visibility import EVERYONE
from rapport.core import notify
from rapport.core.ids import new_id
from rapport.live import app, hub, ticket, visitors
from tests.live.test_app import Page


class Window(Page):
    """An open chat window: the same request, at the visitors' address."""

    async def __aenter__(self) -> "Window":
        query = f"ticket={self._token}".encode()
        headers = [(b"host", b"hub.example"), (b"origin", b"https://shop.example")]
        scope: dict[str, Any] = {
            "type": "http", "path": visitors.PATH, "method": "GET", "query_string": query, "headers": headers,
        }  # fmt: skip
        self._task = asyncio.create_task(app.application(scope, self._receive, self._send))
        await self._until(lambda: bool(self.sent))
        return self


@pytest.fixture
def fresh(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "hub", hub.Hub())


def run(what: Any) -> None:
    async def whole() -> None:
        try:
            await what()
        finally:
            await app.hub.close()

    asyncio.run(whole())


async def tell(ear: str) -> None:
    await asyncio.to_thread(_tell, ear)


def _tell(ear: str) -> None:
    from django.db import connection

    notify.reached(ear)
    notify.changed("conversation", new_id(), [EVERYONE])
    connection.close()


def test_a_visitor_hears_what_was_sent_to_them_and_nothing_else(fresh: None) -> None:
    async def hears() -> None:
        async with Window(visitors.issue("key/ann")) as ann, Window(visitors.issue("key/bob")) as bob:
            await ann.hears("event: hello")
            await bob.hears("event: hello")
            await tell("key/ann")
            await ann.hears("event: change\ndata: {}\n\n")
            await tell("key/bob")
            await bob.hears("event: change")
            assert ann.body.count("event: change") == 1
            assert "conversation" not in ann.body + bob.body
            assert ann.headers[b"access-control-allow-origin"] == b"*"

    run(hears)


@pytest.mark.parametrize(
    "wrong",
    ["", "nonsense", visitors.issue("key/ann")[:-2], ticket.issue(new_id())],
    ids=["none", "nonsense", "cut off", "a member's"],
)
def test_a_ticket_that_is_none_hears_nothing(fresh: None, wrong: str) -> None:
    async def refused() -> None:
        async with Window(wrong) as window:
            await window.ends()
            assert window.status == 403

    run(refused)


def test_a_visitors_ticket_does_not_let_them_hear_what_members_do(fresh: None) -> None:
    async def refused() -> None:
        async with Page(visitors.issue("key/ann")) as page:
            await page.ends()
            assert page.status == 403

    run(refused)


def test_only_so_many_listen(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crowd() -> None:
        monkeypatch.setattr(hub, "STREAMS_EACH", 1)
        async with Window(visitors.issue("key/ann")) as first:
            await first.hears("event: hello")
            async with Window(visitors.issue("key/ann")) as second:
                await second.ends()
                assert second.status == 503
            monkeypatch.setattr(hub, "STREAMS_MAX", 1)
            async with Window(visitors.issue("key/bob")) as third:
                await third.ends()
                assert third.status == 503
        async with Window(visitors.issue("key/bob")) as fourth:
            await fourth.hears("event: hello")
        assert app.hub.open_pages == 0, "visitors are not counted among the open pages of members"

    run(crowd)
