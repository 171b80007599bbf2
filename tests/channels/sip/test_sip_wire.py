"""A line against a telephone system that a test plays, datagram by datagram (RFC 3261)."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rapport.channels.base import ChannelError, Message
from rapport.channels.kinds.sip import registration, sound
from rapport.channels.kinds.sip.connector import SipConnector
from rapport.channels.testing import MemorySource, account_for

_OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {codec}\r\na=rtpmap:{codec} {name}/8000\r\n"
)


class System:
    """Registers whoever asks, and calls them. `heard` are all datagrams, in order."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sound.bind(("127.0.0.1", 0))
        self.heard: list[str] = []
        self.line: Any = None
        self.answers = True
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "System":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(10)
        self.socket.close()
        self.sound.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                data, addr = self.socket.recvfrom(65_535)
            except TimeoutError:
                continue
            text = data.decode()
            self.heard.append(text)
            if self.answers and text.startswith(("REGISTER", "BYE")):
                self.line = addr
                self.socket.sendto(_answer(text).encode(), addr)

    def call(self, call_id: str, codec: str = "0", name: str = "PCMU", **headers: str) -> str:
        """The INVITE of a call, sent once."""
        body = _OFFER.format(port=self.sound.getsockname()[1], codec=codec, name=name)
        more = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in headers.items())
        invite = (
            f"INVITE sip:line@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{call_id}\r\n"
            f"From: <sip:+493012345@127.0.0.1>;tag=a\r\nTo: <sip:line@127.0.0.1>\r\nCall-ID: {call_id}\r\n"
            f"CSeq: 1 INVITE\r\nContact: <sip:127.0.0.1:{self.port}>\r\nMax-Forwards: 9\r\n{more}"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        self.send(invite)
        return invite

    def send(self, text: str) -> None:
        """One datagram."""
        self.socket.sendto(text.encode(), self.line)

    def answered(self, call_id: str, status: int) -> list[str]:
        """The answers of this status to a call."""
        start = f"SIP/2.0 {status} "
        return [one for one in self.heard if one.startswith(start) and f"Call-ID: {call_id}\r\n" in one]

    def in_dialog(self, method: str, call_id: str, cseq: int, body: str = "") -> str:
        """A request within a call that was taken."""
        to = re.search(r"To: (.*)\r\n", self.answered(call_id, 200)[0])
        assert to is not None
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} sip:line@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{call_id}{method}{cseq}\r\n"
            f"From: <sip:+493012345@127.0.0.1>;tag=a\r\nTo: {to[1]}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nMax-Forwards: 9\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )


def _answer(request: str) -> str:
    kept = [line for line in request.split("\r\n") if re.match("(Via|From|To|Call-ID|CSeq|Contact):", line)]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])


def until(true: Callable[[], object]) -> None:
    """Wait generously."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "this never came true"
        time.sleep(0.02)


@contextmanager
def opened(system: System, **config: Any) -> Iterator[MemorySource]:
    """A line at the system, as long as the block."""
    settings = {"server": f"127.0.0.1:{system.port}", "user": "line", "announced": True, "silence_s": 1} | config
    account = account_for("sip", config=settings, secrets={"password": "x"})
    source = MemorySource()
    thread = threading.Thread(target=SipConnector().collect, args=(account, source))
    thread.start()
    try:
        until(lambda: source.wells or source.troubles)
        yield source
    finally:
        source.stopping.set()
        thread.join(60)
        assert not thread.is_alive()


def said(source: MemorySource) -> list[Message]:
    """What came, in order."""
    account = account_for("sip", config={"number": "+49309990000"})
    return [SipConnector().parse(account, item)[0] for item in source.items.values()]  # type: ignore[misc]


def test_an_invitation_that_is_repeated_is_one_call() -> None:
    """And is answered again: the first answer may have been lost."""
    with System() as system, opened(system, record=False) as source:
        invite = system.call("one")
        until(lambda: system.answered("one", 200))
        before = len(system.answered("one", 200))
        system.send(invite)
        until(lambda: len(system.answered("one", 200)) > before)
        system.send(system.in_dialog("ACK", "one", 1))
        until(lambda: source.items)
        until(lambda: any(one.startswith("BYE") for one in system.heard))
    assert len(said(source)) == 1
    tags = {re.search(r"To: .*;tag=(\S+)", one)[1] for one in system.answered("one", 200)}  # type: ignore[index]
    assert len(tags) == 1


def test_more_calls_than_lines_are_told_so_and_kept_as_missed() -> None:
    """Whoever finds all lines busy has called."""
    with System() as system, opened(system, calls_max=1, silence_s=20) as source:
        system.call("one")
        until(lambda: system.answered("one", 200))
        system.send(system.in_dialog("ACK", "one", 1))
        system.call("two")
        until(lambda: system.answered("two", 486))
        until(lambda: source.items)
        assert [one.text for one in said(source)] == ["Missed call from +493012345\n\nAll lines were busy."]
        system.send(system.in_dialog("BYE", "one", 2))
        until(lambda: len(source.items) == 2)
    assert not system.answered("two", 200)
    assert "No message was left." in said(source)[1].text


def test_a_call_without_a_sound_that_we_know_is_refused_and_kept() -> None:
    """Such as one in Opus only."""
    with System() as system, opened(system) as source:
        system.call("one", "96", "opus")
        until(lambda: system.answered("one", 488) and source.items)
    assert said(source)[0].text.startswith("Missed call from +493012345")


def test_nobody_else_can_call() -> None:
    """The line hears its server only."""
    with System() as system, opened(system) as source, System() as other:
        other.socket.close()
        other.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.socket.bind(("127.0.0.9", 0))
        other.socket.settimeout(0.2)
        other.line = system.line
        other.call("foreign")
        system.call("ours", "96", "opus")
        until(lambda: system.answered("ours", 488) and source.items)
        assert other.heard == []
    assert len(source.items) == 1


def test_a_call_on_hold_goes_on_elsewhere() -> None:
    """The server offers another address for sound; the answer names the same port as before."""
    with System() as system, opened(system, silence_s=20) as source:
        system.call("one")
        until(lambda: system.answered("one", 200))
        system.send(system.in_dialog("ACK", "one", 1))
        offer = _OFFER.format(port=system.sound.getsockname()[1], codec="0", name="PCMU") + "a=sendonly\r\n"
        system.send(system.in_dialog("INVITE", "one", 2, offer))
        until(lambda: any("CSeq: 2 INVITE" in one for one in system.answered("one", 200)))
        system.send(system.in_dialog("ACK", "one", 2))
        ports = {re.search(r"m=audio (\d+)", one)[1] for one in system.answered("one", 200)}  # type: ignore[index]
        system.send(system.in_dialog("BYE", "one", 3))
        until(lambda: source.items)
    assert len(ports) == 1
    assert len(said(source)) == 1


def test_a_key_ends_the_message() -> None:
    """The caller presses # (RFC 4733), after having spoken."""
    with System() as system, opened(system, silence_s=20, from_start=True) as source:
        system.call("one")
        until(lambda: system.answered("one", 200))
        system.send(system.in_dialog("ACK", "one", 1))
        port = int(re.search(r"m=audio (\d+)", system.answered("one", 200)[0])[1])  # type: ignore[index]
        packet = sound.compress(sound.tone(440, 20), "mulaw")
        for number in range(50):
            head = bytes([0x80, 0]) + number.to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + b"\0\0\0\1"
            system.sound.sendto(head + packet, ("127.0.0.1", port))
            time.sleep(0.02)
        for number in range(50, 53):
            key = bytes([0x80, 101]) + number.to_bytes(2, "big") + (160 * 50).to_bytes(4, "big") + b"\0\0\0\1"
            system.sound.sendto(key + bytes([11, 0x8A, 0x03, 0x20]), ("127.0.0.1", port))
        until(lambda: source.items)
    (message,) = said(source)
    assert "Keys pressed: #" in message.text
    assert len(message.files) == 1
    assert 8_000 < len(sound.read_wav(message.files[0].data)) <= 16_000


def test_a_server_that_says_nothing_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown, and nobody has to act."""
    monkeypatch.setattr(registration, "WITHIN_S", 2.0)
    with System() as system:
        system.answers = False
        account = account_for(
            "sip", config={"server": f"127.0.0.1:{system.port}", "user": "line", "record": False},
            secrets={"password": "x"},
        )  # fmt: skip
        with pytest.raises(ChannelError, match="does not answer") as error:
            SipConnector().test(account)
        # What was sent is heard a little later on a busy machine.
        until(lambda: sum(one.startswith("REGISTER") for one in system.heard) > 1)
    assert not error.value.permanent
