"""Somebody with an XMPP client, driven from a test: its loop runs in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from slixmpp import ClientXMPP

from tests.channels.standin import PATIENCE_S, until


class Person:
    """Signed in, with every message heard in `heard` as (from, type, body, stanza)."""

    def __init__(self, jid: str, password: str, port: int) -> None:
        self.jid, self._port = jid, port
        self.heard: list[tuple[str, str, str, Any]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self._do(self._open(password))

    async def _open(self, password: str) -> ClientXMPP:
        client = ClientXMPP(f"{self.jid}/phone", password, loop=asyncio.get_running_loop())
        for plugin in ("xep_0045", "xep_0184", "xep_0308", "xep_0333", "xep_0359", "xep_0424", "xep_0444", "xep_0461"):
            client.register_plugin(plugin)
        client.plugin["xep_0184"].auto_ack = False
        client.enable_starttls = client.enable_direct_tls = False
        client.enable_plaintext = True
        mechanisms = client.plugin["feature_mechanisms"]
        mechanisms.unencrypted_plain = mechanisms.unencrypted_scram = True
        client.add_event_handler("message", self._hear)
        client.add_event_handler("groupchat_message", self._hear)
        started = asyncio.Event()
        client.add_event_handler("session_start", lambda _: started.set())
        client.connect("127.0.0.1", self._port)
        await asyncio.wait_for(started.wait(), PATIENCE_S)
        client.send_presence()
        return client

    def _hear(self, stanza: Any) -> None:
        entry = (str(stanza["from"]), str(stanza["type"]), str(stanza["body"]), stanza)
        if any(entry[3] is one[3] for one in self.heard):
            return
        self.heard.append(entry)
        if stanza["request_receipt"] and stanza["type"] == "chat":  # the library acknowledges with another type
            receipt = self._client.make_message(mto=stanza["from"], mtype="chat")
            receipt["receipt"] = stanza["id"]
            receipt.send()

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        waiting: Future[Any] = asyncio.run_coroutine_threadsafe(what, self._loop)
        return waiting.result(PATIENCE_S)

    def do(self, what: Callable[[ClientXMPP], Any]) -> Any:
        """Something with the client, in its loop."""

        async def done() -> Any:
            found = what(self._client)
            return await found if asyncio.iscoroutine(found) or isinstance(found, asyncio.Future) else found

        return self._do(done())

    def join(self, room: str, nick: str) -> None:
        self.do(lambda client: client.plugin["xep_0045"].join_muc_wait(room, nick, maxstanzas=0))

    def say(self, to: str, text: str, kind: str = "chat", **plugins: Any) -> str:
        """Say something; its id. `reply`, `replace` and so on are set by `change`."""

        def said(client: ClientXMPP) -> str:
            message = client.make_message(mto=to, mbody=text, mtype=kind)
            message["id"] = client.new_id()
            message["origin_id"]["id"] = message["id"]
            for name, value in plugins.items():
                message[name]["id"] = value
            message.send()
            return str(message["id"])

        return str(self.do(said))

    def wait_for(self, text: str) -> Any:
        """The stanza that says this."""
        return until(lambda: next((one[3] for one in self.heard if one[2] == text), None), f"never heard {text!r}")

    def close(self) -> None:
        self.do(lambda client: client.disconnect(wait=1))

        async def rest() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
