"""The file of the secret key, which opens all other keys: kept from a restore, replaced by a rotation."""

import os
from pathlib import Path

from rapport.core.clock import now
from rapport.core.options import options

_NAME = "secret_key"


def keep(key: str) -> None:
    """Write `key` to home/secret_key (mode 600). One that was there and differs is kept beside it."""
    path = options().home / _NAME
    if path.exists():
        if path.read_text(encoding="ascii").strip() == key:
            return
        path.rename(path.with_name(f"{_NAME}.before-{now():%Y%m%dT%H%M%S}"))
    _write(path, key)


def is_kept() -> bool:
    """Whether the secret key in force is the one in home."""
    path = options().home / _NAME
    return path.exists() and path.read_text(encoding="ascii").strip() == options().secret_key


def replace(key: str) -> None:
    """Make `key` the secret key, the one in force so far the one before. Killed in between, the old one still holds."""
    home = options().home
    _write(home / f"{_NAME}_before", options().secret_key)
    _write(home / _NAME, key)


def _write(path: Path, key: str) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def advice(key: str) -> list[str]:
    """What the operator must know about the restored key."""
    path = options().home / _NAME
    if os.environ.get("RAPPORT_SECRET_KEY", key) != key:
        return [
            "RAPPORT_SECRET_KEY is another key than the backup's: it does not open the stored passwords of channels.",
            f"Set it to the key in {path}, or unset it.",
        ]
    return [f"The secret key of the backup is in {path}; one that was there is beside it."]
