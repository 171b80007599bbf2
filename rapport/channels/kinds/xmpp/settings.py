"""The settings of an XMPP channel, read leniently and checked. Pure."""

from dataclasses import dataclass
from typing import Any

from rapport.channels import guard
from rapport.channels.base import Account, Invalid

_ROOMS_MAX = 100
_SECURITY = ("starttls", "tls", "none")


@dataclass(frozen=True, slots=True)
class Settings:
    """`jid` is bare. `host` is "" where the domain's own records say where to connect; `nick` is ours in rooms."""

    jid: str
    password: str
    host: str
    port: int
    security: str
    rooms: tuple[str, ...]
    nick: str

    @property
    def domain(self) -> str:
        """The part of our address that names the server."""
        return self.jid.partition("@")[2]


def read(account: Account) -> Settings:
    """Raises Invalid naming the first wrong setting."""
    config = account.config
    jid = bare(str(config.get("jid") or account.address))
    if "@" not in jid:
        raise Invalid("Address: this is no address in XMPP.", "It looks like help@example.org.")
    security = str(config.get("security") or "starttls")
    if security not in _SECURITY:
        raise Invalid("Encryption: there is no such choice.", "Choose STARTTLS, TLS or none.")
    host, port = _server(str(config.get("server") or ""), 5223 if security == "tls" else 5222)
    if security == "none" and not guard.is_loopback(host):
        raise Invalid("Encryption: a password never goes unencrypted over a network.", "Choose STARTTLS or TLS.")
    rooms = tuple(bare(one) for one in lines(config.get("rooms")))
    for one in rooms:
        if "@" not in one:
            raise Invalid(f"Rooms: {one} is no room.", "A room looks like help@rooms.example.org.")
    nick = str(config.get("nick") or "").strip() or jid.partition("@")[0]
    return Settings(jid, account.secrets.get("password", ""), host, port, security, rooms, nick)


def bare(jid: str) -> str:
    """An address without its resource, as it is compared: lower case."""
    return jid.strip().partition("/")[0].lower()


def lines(value: Any) -> list[str]:
    """The lines of a setting, or of a text."""
    found = value.splitlines() if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return list(dict.fromkeys(str(line).strip() for line in found if str(line).strip()))[:_ROOMS_MAX]


def _server(written: str, usual: int) -> tuple[str, int]:
    """`host`, `host:port` or `[address]:port`."""
    written = written.strip()
    if written.startswith("["):
        host, _, rest = written[1:].partition("]")
        port = rest.removeprefix(":")
    elif written.count(":") > 1:
        host, port = written, ""
    else:
        host, _, port = written.partition(":")
    if port and not (port.isdecimal() and 0 < int(port) < 65_536):
        raise Invalid(f"Server: {port} is no port.", "Write it like xmpp.example.org:5222.")
    return host, int(port) if port else usual
