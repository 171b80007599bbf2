"""The settings of an IRC channel, read leniently and checked. Pure."""

from dataclasses import dataclass
from typing import Any

from rapport.channels import guard
from rapport.channels.base import Account, Invalid
from rapport.channels.kinds.irc.line import is_room

_ROOMS_MAX = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """`login` is the account for SASL, "" for none; the password is then the server's own. `rooms` are (name, key)."""

    host: str
    port: int
    tls: bool
    nick: str
    login: str
    password: str
    rooms: tuple[tuple[str, str], ...]
    triggers: tuple[str, ...]
    everything: bool


def read(account: Account) -> Settings:
    """Raises Invalid naming the first wrong setting."""
    config, password = account.config, account.secrets.get("password", "")
    host, tls = str(config.get("server") or "").strip(), config.get("tls", True) is not False
    if not host or any(one in host for one in "/ @"):
        raise Invalid("Server: this is no name of one.", "It looks like irc.example.org.")
    if password and not tls and not guard.is_loopback(host):
        raise Invalid("TLS: a password never goes unencrypted over a network.", "Turn it on, or use no password.")
    port = _port(config.get("port"), 6697 if tls else 6667)
    nick = str(config.get("nick") or "").strip()
    if not nick or any(one in " ,*?!@:#&\0\r\n" for one in nick) or nick[0].isdigit():
        raise Invalid("Nickname: this cannot be one.", "Letters, digits, - and _, not beginning with a digit.")
    rooms = tuple(_room(one) for one in lines(config.get("rooms"))[:_ROOMS_MAX])
    login = str(config.get("login") or "").strip()
    return Settings(host, port, tls, nick, login, password, rooms, tuple(lines(config.get("words")))[:20],
                    config.get("everything") is True)  # fmt: skip


def lines(value: Any) -> list[str]:
    """The lines of a setting, or of a text."""
    found = value.splitlines() if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return list(dict.fromkeys(str(line).strip() for line in found if str(line).strip()))


def _room(line: str) -> tuple[str, str]:
    """`#room`, or `#room key`."""
    name, _, key = line.partition(" ")
    if not is_room(name) or any(one in name for one in ",\a\0"):
        raise Invalid(f"Rooms: {line} is no room.", "A room looks like #help, or #help and its key.")
    return name, key.strip()


def _port(value: Any, usual: int) -> int:
    try:
        port = int(value or usual)
    except (TypeError, ValueError):
        port = 0
    if not 0 < port < 65_536:
        raise Invalid("Port: there is no such port.", "Usual are 6697 with TLS and 6667 without.")
    return port
