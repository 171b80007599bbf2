from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Sink:
    """The world outside: what arrived, and what it answers to which recipient."""

    port: int = 0
    mails: list[Envelope] = field(default_factory=list)
    rcpt: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else "250 2.0.0 Ok: queued as X1"
        if answer == "hang up":
            self.mails.append(envelope)
            server.transport.abort()
            return "250 never heard"
        if answer.startswith("250"):
            self.mails.append(envelope)
        return answer


@pytest.fixture
def sink() -> Iterator[Sink]:
    world = Sink()
    controller = Controller(world, hostname="127.0.0.1", port=0)
    controller._trigger_server = lambda: None  # type: ignore[method-assign] # it would connect to port 0
    controller._factory_invoked.wait = lambda timeout=None: True  # type: ignore[method-assign]
    controller.smtpd = object()
    controller.start()
    assert controller.server is not None
    world.port = controller.server.sockets[0].getsockname()[1]
    yield world
    controller.stop()
