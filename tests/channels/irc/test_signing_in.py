"""Signing in by SASL, and messages with ids and times of the server: against a server that plays a script."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from rapport.channels.base import ChannelError
from rapport.channels.kinds.irc.connector import IrcConnector
from rapport.channels.testing import account_for
from tests.channels.standin import collecting

CONNECTOR = IrcConnector()
WELCOME = [
    ":irc.x 001 hub :Welcome", ":irc.x 005 hub NETWORK=ScriptNet CHANTYPES=# :are supported", ":irc.x 376 hub :end",
]  # fmt: skip
# "hub", "hub" and "hidden" with NUL between them
PLAIN = "AUTHENTICATE aHViAGh1YgBoaWRkZW4="


@contextmanager
def scripted(answers: dict[str, Sequence[str]], heard: list[str]) -> Iterator[int]:
    """A server that answers each line that begins with a key; one client after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as stream:
                for raw in stream:
                    line = raw.decode().strip()
                    heard.append(line)
                    for start, lines in answers.items():
                        if line.startswith(start):
                            stream.write("".join(f"{one}\r\n" for one in lines).encode())
                            stream.flush()
                    if line == "QUIT":
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


def account_at(port: int, login: str = "hub") -> object:
    config = {"server": "127.0.0.1", "port": port, "tls": False, "nick": "hub", "login": login, "rooms": ["#help"]}
    return account_for("irc", config=config, secrets={"password": "hidden"})


OFFER = [":irc.x CAP * LS * :server-time message-tags", ":irc.x CAP * LS :sasl=PLAIN,EXTERNAL account-tag"]
ASKED = "CAP REQ :message-tags server-time account-tag sasl"
GRANTED = [":irc.x CAP * ACK :message-tags server-time account-tag sasl"]


def test_sasl_signs_in_and_the_servers_ids_and_times_are_used() -> None:
    said = "@time=2026-03-02T09:00:00.000Z;msgid=abc :ann!a@h PRIVMSG hub :hello"
    answers = {
        "CAP LS": OFFER, ASKED: GRANTED, "AUTHENTICATE PLAIN": ["AUTHENTICATE +"], PLAIN: [":irc.x 903 hub :ok"],
        "CAP END": [*WELCOME, said, said],
    }  # fmt: skip
    heard: list[str] = []
    with scripted(answers, heard) as port, collecting(CONNECTOR, account_at(port)) as collected:  # type: ignore[arg-type]
        message = collected.wait_for("hello")
        assert message.external_id == "irc:scriptnet:abc"
        assert message.at is not None
        assert message.at.isoformat() == "2026-03-02T09:00:00+00:00"
    assert len(collected.source.items) == 1  # twice the same id is once the same message
    assert heard.index(PLAIN) < heard.index("CAP END") < heard.index("JOIN #help")
    assert not any(one.startswith("PASS") for one in heard)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"CAP LS": OFFER, ASKED: GRANTED, "AUTHENTICATE PLAIN": ["AUTHENTICATE +"],
          PLAIN: [":irc.x 904 hub :SASL authentication failed"]}, "password"),
        ({"CAP LS": [":irc.x CAP * LS :server-time"]}, "no SASL"),
        ({"CAP LS": OFFER, ASKED: [":irc.x CAP * NAK :sasl"]}, "refuses SASL"),
        ({"NICK": [":irc.x 432 * hub :Erroneous nickname"]}, "nickname"),
        ({"NICK": [":irc.x 465 hub :You are banned"]}, "banned"),
    ],
    ids=["wrong password", "no sasl", "refused", "nickname", "banned"],
)  # fmt: skip
def test_what_a_person_must_mend_is_permanent(answers: dict[str, Sequence[str]], words: str) -> None:
    with scripted(answers, []) as port, pytest.raises(ChannelError, match=words) as error:
        CONNECTOR.test(account_at(port))  # type: ignore[arg-type]
    assert error.value.permanent


def test_a_server_without_extensions_is_well() -> None:
    answers = {"CAP LS": [":irc.x 421 * CAP :Unknown command"], "USER": WELCOME}
    heard: list[str] = []
    with scripted(answers, heard) as port:
        assert CONNECTOR.identify(account_at(port, login=""))["address"] == "hub@scriptnet"  # type: ignore[arg-type]
    assert "PASS hidden" in heard


def test_what_came_before_the_server_hung_up_is_kept() -> None:
    answers = {
        "CAP LS": [":irc.x CAP * LS :"], "USER": WELCOME,
        "JOIN": [":ann!a@h PRIVMSG hub :last words", "ERROR :Closing link"],
    }  # fmt: skip
    with scripted(answers, []) as port, collecting(CONNECTOR, account_at(port, login="")) as collected:  # type: ignore[arg-type]
        collected.wait_for("last words")
