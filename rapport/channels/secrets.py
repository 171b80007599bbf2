"""Passwords of channels, encrypted at rest with a key derived from RAPPORT_SECRET_KEY."""

import base64
from collections.abc import Mapping
from functools import lru_cache

import orjson
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rapport.core.errors import ChannelError
from rapport.core.options import options


def seal(secrets: Mapping[str, str]) -> bytes:
    """Encrypt a dictionary of secrets; nothing to keep gives nothing."""
    kept = {name: value for name, value in secrets.items() if value}
    return _fernet(options().secret_key).encrypt(orjson.dumps(kept)) if kept else b""


def unseal(sealed: bytes) -> dict[str, str]:
    """Decrypt what `seal` made. Raises a permanent ChannelError where the key is another one."""
    if not sealed:
        return {}
    try:
        return dict(orjson.loads(_fernet(options().secret_key).decrypt(sealed)))
    except InvalidToken as error:
        raise ChannelError(
            "The stored password cannot be read: it was encrypted with another secret key.",
            "Set the secret key this database was made with, or enter the channel's password again.",
            permanent=True,
        ) from error


@lru_cache(maxsize=4)
def _fernet(secret_key: str) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"rapport channel secrets").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))
