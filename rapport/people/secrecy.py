"""Keyed digests of addresses: what is left of somebody erased who asked not to be contacted, told to nobody."""

import hmac
from hashlib import sha256

from rapport.core import keys, scope


def digest_of(*parts: str) -> str:
    """HMAC-SHA256 of a handle (kind, value), hex, under a key that only the secret key opens."""
    with scope.system():
        _, key = keys.active(keys.PRIVACY)
    return hmac.digest(key, "\x1f".join(parts).encode(), sha256).hex()
