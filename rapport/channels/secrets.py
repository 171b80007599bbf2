"""Passwords of channels, and other small dictionaries of secrets, encrypted at rest (see `core.keys`)."""

from collections.abc import Mapping

import orjson

from rapport.core import keys
from rapport.core.errors import ChannelError


def seal(secrets: Mapping[str, str]) -> bytes:
    """Encrypt a dictionary of secrets, as ASCII; nothing to keep gives nothing."""
    kept = {name: value for name, value in secrets.items() if value}
    return keys.encrypt(orjson.dumps(kept)) if kept else b""


def unseal(sealed: bytes) -> dict[str, str]:
    """Decrypt what `seal` made. Raises a permanent ChannelError where the key is another one."""
    if not sealed:
        return {}
    try:
        return dict(orjson.loads(keys.decrypt(sealed)))
    except keys.WrongKey as error:
        raise ChannelError(
            "The stored password cannot be read: it was encrypted with another secret key.",
            "Set the secret key this database was made with, or enter the channel's password again.",
            permanent=True,
        ) from error
