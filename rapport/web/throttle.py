"""How often strangers may do something: counted in the cache that all web processes share, by a hash of who it is."""

from collections.abc import Iterable
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import Lock

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

from rapport.core.clock import now

_HERE_MAX = 20_000


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as the sign-in page finds it; of IPv6 the network, for one house has very many."""
    written = str(get_adapter().get_client_ip(request))
    try:
        address = ip_address(written)
    except ValueError:
        return written
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False).network_address)
    return written


def is_within(what: str, who: str, limits: Iterable[tuple[int, int]]) -> bool:
    """Count one more `what` by `who`; False when that is beyond one of the `limits` (how many, in how many seconds)."""
    counted = [_counted(what, who, most, seconds) for most, seconds in limits]
    return all(counted)


def _counted(what: str, who: str, most: int, seconds: int) -> bool:
    window = int(now().timestamp() // seconds)
    key = f"throttle:{sha256(f'{what} {who} {seconds} {window}'.encode()).hexdigest()}"
    if cache.add(key, 1, seconds):
        return most >= 1
    try:
        return int(cache.incr(key)) <= most
    except ValueError:  # it ran out between the two
        return True


class Quick:
    """The same within one process, for what is asked too often to be counted in the database."""

    def __init__(self, most: int, seconds: int) -> None:
        self._most, self._seconds = most, seconds
        self._window, self._counts = 0, dict[str, int]()
        self._lock = Lock()

    def is_within(self, who: str) -> bool:
        """Count one more by `who`; False when that is too many."""
        window = int(now().timestamp() // self._seconds)
        with self._lock:
            if window != self._window or len(self._counts) > _HERE_MAX:
                self._window, self._counts = window, {}
            self._counts[who] = self._counts.get(who, 0) + 1
            return self._counts[who] <= self._most
