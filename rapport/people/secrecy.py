"""Keyed digests of addresses: what is left of somebody erased who asked not to be contacted, told to nobody."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from rapport.core import keys, scope


def digest_of(*parts: str) -> str:
    """HMAC-SHA256 of a handle (kind, value), hex, under a key that only the secret key opens."""
    return digests_of([parts])[0]


def digests_of(many: Iterable[tuple[str, ...]]) -> list[str]:
    """The same of several."""
    with scope.system():
        _, key = keys.active(keys.PRIVACY)
    return [hmac.digest(key, "\x1f".join(parts).encode("utf-8", "replace"), sha256).hex() for parts in many]
