"""Where outgoing connections may go: nowhere private, unless the operator says so."""

import socket
from ipaddress import ip_address

from rapport.core.errors import ChannelError
from rapport.core.options import options

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def resolved(host: str, port: int, *, allow_private: bool = False) -> str:
    """The IP address of `host`, looked up once so that what was checked can be what is used.

    Loopback may be named as such, never be what some other name leads to. Raises ChannelError: permanent for a private
    address that neither the channel nor the setting `allow_private_addresses` allows.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ChannelError(f"The name {host} cannot be resolved.", permanent=False) from error
    address = str(found[0][4][0])
    check(host, address, allow_private=allow_private)
    return address


def check(host: str, address: str, *, allow_private: bool = False) -> None:
    """Refuse an address that `host` leads to, or that a connection to it has arrived at. Raises ChannelError."""
    allowed = host in _LOOPBACK or allow_private or options().allow_private_addresses
    if not allowed and not _is_public(address):
        raise ChannelError(
            f"{host} is at {address}, on a private network.",
            "If that is meant, set allow_private_addresses (RAPPORT_ALLOW_PRIVATE_ADDRESSES=true).",
            permanent=True,
        )


def is_loopback(host: str) -> bool:
    """Whether a host is written as this very machine."""
    return host in _LOOPBACK


def _is_public(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_global
