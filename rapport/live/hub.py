"""Everyone who listens, and the one database connection that hears what changed."""

import asyncio
import logging
from collections import deque
from typing import Any
from uuid import UUID

import orjson
import psycopg

from rapport.core import notify
from rapport.live.past import Past
from rapport.live.ticket import Ticket
from rapport.live.visitors import CHANGED, STREAMS_EACH, STREAMS_MAX

log = logging.getLogger(__name__)

WAITING_MAX = 200
RECONNECT_S = 1.0
_REFRESH = b"event: refresh\ndata: {}\n\n"
_STAFF = frozenset({"member", "team"})
_NOBODY = UUID(int=0)


class Listener:
    """One open page: whose it is, what they may hear, and what they have not been sent yet (bounded)."""

    def __init__(self, member: UUID, audience: frozenset[str]) -> None:
        self.member = member
        self.audience = audience
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._over = False

    def tell(self, message: bytes) -> None:
        """Queue a message; a page too slow to keep up is told to fetch everything instead."""
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.clear()
            message = _REFRESH
        self._waiting.append(message)
        self._wake.set()

    def dismiss(self) -> None:
        """End the stream: the page comes back with a fresh ticket, if it may."""
        self._over = True
        self._wake.set()

    async def heard(self) -> bytes | None:
        """Everything that waits, as soon as something does; None at the end."""
        await self._wake.wait()
        if self._over:
            return None
        messages = b"".join(dict.fromkeys(self._waiting))
        self._waiting.clear()
        self._wake.clear()
        return messages


class Hub:
    """Hands what the database says on to those who may hear it."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._visitors: dict[str, set[Listener]] = {}
        self._ear: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self._past = Past()
        self._asker = _Asker()

    async def join(self, ticket: Ticket) -> Listener | None:
        """A listener for the member, once the ear is open; None for somebody who may not sign in any more.

        It hears first what was committed since the page looked, all of it anew where nobody knows what that was.
        """
        await self._open()
        audience = await self._asker.audience(ticket.member)
        if not audience:
            return None
        listener = Listener(ticket.member, audience)
        self._listeners.add(listener)
        missed = self._past.since(ticket.seen, audience) if ticket.seen else []
        for message in [_REFRESH] if missed is None else missed:
            listener.tell(message)
        return listener

    async def join_visitor(self, ear: str) -> Listener | None:
        """A listener for a visitor's page; None where there are too many."""
        await self._open()
        mine = self._visitors.get(ear, set())
        if len(mine) >= STREAMS_EACH or sum(map(len, self._visitors.values())) >= STREAMS_MAX:
            return None
        listener = Listener(_NOBODY, frozenset({ear}))
        self._visitors.setdefault(ear, set()).add(listener)
        return listener

    async def _open(self) -> None:
        if self._ear is None or self._ear.done():
            self._ear = asyncio.create_task(self._listen())
        await self._listening.wait()

    @property
    def open_pages(self) -> int:
        """How many listen now, to this process."""
        return len(self._listeners)

    def leave(self, listener: Listener) -> None:
        """The page was closed."""
        self._listeners.discard(listener)
        if listener.member == _NOBODY:
            for ear in listener.audience:
                mine = self._visitors.get(ear, set())
                mine.discard(listener)
                if not mine:
                    self._visitors.pop(ear, None)

    async def close(self) -> None:
        """Hear nothing more, and let the connections go."""
        if self._ear is not None:
            self._ear.cancel()
            await asyncio.gather(self._ear, return_exceptions=True)
        await self._asker.hang_up()

    async def _listen(self) -> None:
        """Hear until the process ends; after a break everybody refreshes, for something may have been missed."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(_address(), autocommit=True) as connection:
                    self._past.forget()
                    await connection.execute(f"LISTEN {notify.LIVE_CHANNEL}")
                    await connection.execute(notify.BEGINS)
                    self._listening.set()
                    self._tell_all(_REFRESH)
                    async for notification in connection.notifies():
                        self._pass_on(notification.payload)
            except psycopg.OperationalError as error:
                log.warning("the database is away, trying again: %s", str(error).partition("\n")[0])
            self._listening.clear()
            await asyncio.sleep(RECONNECT_S)

    def _pass_on(self, payload: str) -> None:
        change = notify.read(payload)
        if change is None:
            log.warning("skipped a notification that could not be read")
            return
        kind, id = change.kind, change.id
        if kind in _STAFF:
            self._past.keep(change.transaction, frozenset({id}) if kind == "member" else None, _REFRESH)
            self._dismiss(kind, id)
            return
        if kind == notify.REACHED:
            for listener in self._visitors.get(id, ()):
                listener.tell(CHANGED)
            return
        message = b"event: change\ndata: %s\n\n" % orjson.dumps({"k": kind, "id": id})
        self._past.keep(change.transaction, change.audience, message)
        for listener in self._listeners:
            if not change.audience.isdisjoint(listener.audience):
                listener.tell(message)

    def _dismiss(self, kind: str, id: str) -> None:
        """Who is in a team, or who may sign in, changed: those it concerns come back and are looked at anew."""
        for listener in self._listeners:
            if kind == "team" or str(listener.member) == id:
                listener.dismiss()

    def _tell_all(self, message: bytes) -> None:
        for listener in (*self._listeners, *(one for mine in self._visitors.values() for one in mine)):
            listener.tell(message)


class _Asker:
    """Asks who may hear what, one after another by one connection: after a break every open page comes back at once."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def audience(self, member: UUID) -> frozenset[str]:
        """The teams of the member; nobody's while the database is away, and the page tries again."""
        async with self._lock:
            for _attempt in range(2):
                try:
                    return await self._asked(member)
                except psycopg.Error:  # whatever it is, the next who asks begins with a connection that works
                    await self.hang_up()
        return frozenset()

    async def _asked(self, member: UUID) -> frozenset[str]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(_address(), autocommit=True)
        async with self._connection.transaction():
            await self._connection.execute("SELECT set_config('rapport.member', %s, true)", [str(member)])
            row = await (await self._connection.execute("SELECT rapport_audience()")).fetchone()
        # A member's own id stands for what concerns them alone.
        return frozenset({*map(str, row[0]), str(member)}) if row and row[0] else frozenset()

    async def hang_up(self) -> None:
        """Let the connection go; the next who asks makes another."""
        if self._connection is not None:
            await self._connection.close()
        self._connection = None


def _address() -> str:
    from django.db import connection

    chosen = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        dbname=chosen["NAME"],
        user=chosen["USER"] or None,
        password=chosen["PASSWORD"] or None,
        host=chosen["HOST"] or None,
        port=chosen["PORT"] or None,
        connect_timeout=5,
    )
