"""The secret key in a restore: it opens the stored passwords of channels."""

import os

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
    scratch = path.with_name(f".{_NAME}.{os.getpid()}")
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
