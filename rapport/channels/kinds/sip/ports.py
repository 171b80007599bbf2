"""Ports for sound: an even one for RTP, the one after it for RTCP (RFC 3550, 11)."""

import random
import socket

_ANY = range(20_000, 40_000, 2)
_TRIES = 50


class Ports:
    """Ports of one address: `calls` pairs from `first` on, or any where `first` is 0."""

    def __init__(self, local: str, first: int, calls: int) -> None:
        self._local = local
        first += first % 2
        self._range = range(first, first + 2 * calls, 2) if first else _ANY
        self._taken: set[int] = set()

    def take(self) -> int:
        """An even port that is free, as is the next. Raises OSError where there is none."""
        tries = min(_TRIES, len(self._range))
        for port in random.sample(self._range, tries):
            if port not in self._taken and self._is_free(port):
                self._taken.add(port)
                return port
        raise OSError("No port for sound is free.")

    def give_back(self, port: int) -> None:
        """It may be taken again."""
        self._taken.discard(port)

    def _is_free(self, port: int) -> bool:
        family = socket.AF_INET6 if ":" in self._local else socket.AF_INET
        for one in (port, port + 1):
            with socket.socket(family, socket.SOCK_DGRAM) as tried:
                try:
                    tried.bind((self._local, one))
                except OSError:
                    return False
        return True
