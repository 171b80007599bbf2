"""The live stream says what changed to those who may know of it, and to nobody else."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from rapport.conversations.visibility import EVERYONE
from rapport.core import notify, scope
from rapport.core.ids import new_id
from rapport.live import app, hub, ticket
from rapport.staff.models import Member, Membership, Team

PATIENCE_S = 60.0


class Page:
    """An open page: a request to the raw application, and what it has been sent."""

    def __init__(self, token: str, origin: str = "http://localhost:8000") -> None:
        self.sent: list[dict[str, Any]] = []
        self._token = token
        self._origin = origin

    async def __aenter__(self) -> "Page":
        scope = {
            "type": "http",
            "path": "/live",
            "method": "GET",
            "query_string": f"token={self._token}".encode(),
            "headers": [(b"host", b"localhost:8001"), (b"origin", self._origin.encode())],
        }
        self._task = asyncio.create_task(app.application(scope, self._receive, self._send))
        await self._until(lambda: bool(self.sent))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def hears(self, words: str) -> None:
        await self._until(lambda: words in self.body)

    async def ends(self) -> None:
        await asyncio.wait_for(self._task, PATIENCE_S)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> str:
        return b"".join(m.get("body", b"") for m in self.sent).decode()

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.01)

    async def _receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)


@pytest.fixture
def staff(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> tuple[Member, Member, Team]:
    monkeypatch.setattr(app, "hub", hub.Hub())
    hr = Team.objects.create(name="HR", slug="hr", confidential=True)
    inside = Member.objects.create_user("in@rapport.example", name="In")
    outside = Member.objects.create_user("out@rapport.example", name="Out")
    Membership.objects.create(member=inside, team=hr)
    return inside, outside, hr


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        try:
            await story()
        finally:
            await app.hub.close()

    asyncio.run(told())


async def changed(kind: str, id: UUID, audience: list[UUID]) -> None:
    await asyncio.to_thread(_changed, kind, id, audience)


def _changed(kind: str, id: UUID, audience: list[UUID]) -> None:
    try:
        notify.changed(kind, id, audience)
    finally:
        connection.close()


def test_a_change_is_told_by_kind_and_id_alone(staff: tuple[Member, Member, Team]) -> None:
    async def story() -> None:
        id = new_id()
        async with Page(ticket.issue(staff[1].id)) as page:
            await changed("conversation", id, [EVERYONE])
            await page.hears(f'data: {{"k":"conversation","id":"{id}"}}')

    run(story)


def test_who_is_not_of_the_team_hears_nothing_of_a_confidential_change(staff: tuple[Member, Member, Team]) -> None:
    async def story() -> None:
        secret, public = new_id(), new_id()
        async with Page(ticket.issue(staff[0].id)) as inside, Page(ticket.issue(staff[1].id)) as outside:
            await changed("conversation", secret, [staff[2].id])
            await changed("conversation", public, [EVERYONE])
            await inside.hears(str(secret))
            await outside.hears(str(public))
            assert str(secret) not in outside.body

    run(story)


def test_a_page_hears_what_was_committed_after_it_looked_and_nothing_from_before(
    staff: tuple[Member, Member, Team],
) -> None:
    async def story() -> None:
        before, while_it_looked, after, secret = (new_id() for _ in range(4))
        async with Page(ticket.issue(staff[0].id)) as first:
            await first.hears("event: hello")
            await changed("conversation", before, [EVERYONE])
            looked = await asyncio.to_thread(_looked, staff[1], while_it_looked)
            await changed("conversation", secret, [staff[2].id])
            await changed("conversation", after, [EVERYONE])
            await first.hears(str(after))
            async with Page(ticket.issue(staff[1].id, looked)) as page:
                await page.hears(str(after))
                assert page.body.count("event: change") == 2
                assert page.body.index(str(while_it_looked)) < page.body.index(str(after))
                assert "event: refresh" not in page.body

    run(story)


def _looked(member: Member, id: UUID) -> str:
    """What the member's page saw; meanwhile a change is committed by another connection."""
    try:
        with scope.member(member.id):
            other = threading.Thread(target=_changed, args=("conversation", id, [EVERYONE]))
            other.start()
            other.join()
            with scope.system():
                return scope.seen()
    finally:
        connection.close()


def test_a_page_that_looked_before_anybody_listened_asks_for_everything(staff: tuple[Member, Member, Team]) -> None:
    async def story() -> None:
        looked = await asyncio.to_thread(_looked, staff[1], new_id())
        async with Page(ticket.issue(staff[1].id, looked)) as page:
            await page.hears("event: refresh")
            looked = await asyncio.to_thread(_looked, staff[1], new_id())
            await changed("team", staff[2].id, [])
            await page.ends()
        async with Page(ticket.issue(staff[1].id, looked)) as page:
            await page.hears("event: refresh")

    run(story)


def test_a_change_told_by_an_older_process_is_heard_by_open_pages_and_by_those_on_their_way(
    staff: tuple[Member, Member, Team],
) -> None:
    async def story() -> None:
        before, bare, after = (new_id() for _ in range(3))
        async with Page(ticket.issue(staff[0].id)) as first:
            await first.hears("event: hello")
            await changed("conversation", before, [EVERYONE])
            looked = await asyncio.to_thread(_looked, staff[1], new_id())
            await asyncio.to_thread(_notified, f'{{"k": "conversation", "id": "{bare}", "a": ["{EVERYONE}"]}}')
            await changed("conversation", after, [EVERYONE])
            await first.hears(f'data: {{"k":"conversation","id":"{bare}"}}')
            await first.hears(str(after))
            async with Page(ticket.issue(staff[1].id, looked)) as page:
                await page.hears(str(after))
                assert page.body.index(str(bare)) < page.body.index(str(after))
                assert str(before) not in page.body
                assert "event: refresh" not in page.body

    run(story)


@pytest.mark.parametrize(
    "payload",
    [
        "", "7", "7 ", "a secret", "7 {secret", "7 secret", "x {}", "7 {}", "[]", "7 null", '{"k":"secret"}',
        '7 {"k":"team","id":"secret","a":7}', '7 {"k":7,"id":"secret","a":[]}', '7 {"k":"secret","id":{},"a":[]}',
        '7 {"k":"secret","id":"","a":[[]]}', '7 {"k":"secret","id":"","a":"secret"}', "\u0663 {}",
        '9999999999999999999999 {"k":"secret","id":"","a":[}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_skipped_and_ends_nothing(
    staff: tuple[Member, Member, Team], caplog: pytest.LogCaptureFixture, payload: str
) -> None:
    async def story() -> None:
        id = new_id()
        async with Page(ticket.issue(staff[0].id)) as page:
            await page.hears("event: hello")
            await asyncio.to_thread(_notified, payload)
            await changed("conversation", id, [EVERYONE])
            await page.hears(str(id))
            assert page.body.count("event: change") == 1

    run(story)
    assert "skipped a notification that could not be read" in caplog.text
    assert "secret" not in caplog.text


def test_a_name_with_a_line_end_in_it_cannot_say_anything_else(staff: tuple[Member, Member, Team]) -> None:
    async def story() -> None:
        async with Page(ticket.issue(staff[0].id)) as page:
            await page.hears("event: hello")
            said = f'{{"k":"conversation","id":"x\\n\\nevent: refresh","a":["{EVERYONE}"]}}'
            await asyncio.to_thread(_notified, said)
            await page.hears("event: change")
            assert "\nevent: refresh" not in page.body.partition("event: change")[2]

    run(story)


def _notified(payload: str) -> None:
    """As another program would, or this one before it named its transactions."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [notify.LIVE_CHANNEL, payload])
    finally:
        connection.close()


def test_how_many_pages_are_open_is_told_and_all_may_come_at_once(staff: tuple[Member, Member, Team]) -> None:
    async def story() -> None:
        pages = [Page(ticket.issue(staff[0].id)) for _ in range(60)]
        try:
            await asyncio.gather(*(page.__aenter__() for page in pages))
            assert {page.status for page in pages} == {200}
            assert await asyncio.to_thread(_connections) < 10
            async with Page(ticket.issue(staff[1].id)) as last:
                await last.hears('event: hello\ndata: {"n": 61}')
        finally:
            await asyncio.gather(*(page.__aexit__() for page in pages))

    run(story)


def _connections() -> int:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("token", ["", "forged", "a:b:c"])
def test_a_bad_ticket_is_refused(staff: tuple[Member, Member, Team], token: str) -> None:
    async def story() -> None:
        async with Page(token) as page:
            assert page.status == 403

    run(story)


def test_a_deactivated_member_is_refused_and_an_open_stream_ends(staff: tuple[Member, Member, Team]) -> None:
    async def story() -> None:
        member = staff[1]
        async with Page(ticket.issue(member.id)) as page:
            await asyncio.to_thread(_deactivate, member)
            await changed("member", member.id, [])
            await page.ends()
            assert page.sent[-1]["more_body"] is False
        async with Page(ticket.issue(member.id)) as page:
            assert page.status == 403

    run(story)


def _deactivate(member: Member) -> None:
    try:
        Member.objects.filter(id=member.id).update(is_active=False)
    finally:
        connection.close()


def test_only_pages_of_the_same_host_may_listen(staff: tuple[Member, Member, Team]) -> None:
    async def story() -> None:
        async with Page(ticket.issue(staff[0].id), origin="https://elsewhere.example") as page:
            assert b"access-control-allow-origin" not in page.headers
        async with Page(ticket.issue(staff[0].id)) as page:
            assert page.headers[b"access-control-allow-origin"] == b"http://localhost:8000"

    run(story)


def test_a_page_too_slow_to_keep_up_is_told_to_fetch_everything() -> None:
    async def story() -> None:
        listener = hub.Listener(new_id(), frozenset())
        for number in range(hub.WAITING_MAX + 1):
            listener.tell(b"%d\n" % number)
        assert await listener.heard() == b"event: refresh\ndata: {}\n\n"

    run(story)
