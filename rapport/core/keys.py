"""The keyring: what is secret at rest is encrypted with data keys, and those with the secret key.

Each encrypted value names its key, so that `rapport keys rotate` may be stopped anywhere and run again. The keys of the
audit chain are kept for ever: old seals are checked with them.
"""

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection
from psycopg import sql

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.models import DataKey
from rapport.core.options import options

SECRETS, AUDIT = "secrets", "audit"
#: Digests of what was erased: made anew, it would know nothing of what it was told to forget, so it is kept for ever.
PRIVACY = "privacy"
#: Every column with encrypted values (`bytea`, `text` or `jsonb`): whoever adds one adds it here.
ENCRYPTED: tuple[tuple[str, str], ...] = (
    ("channels_channel", "secrets"),
    ("staff_provider", "secrets"),
    ("notices_progress", "push_key"),
    ("mfa_authenticator", "data"),
    ("people_directory", "secrets"),
    ("ownership_endpoint", "secrets"),
)
_LOCK = 7_105_001
_TOKEN = re.compile(rb"rk1\.[0-9a-f]{32}\.[A-Za-z0-9_=-]+|gAAAA[A-Za-z0-9_=-]{20,}")


class WrongKey(Invalid):
    """A secret was encrypted under a key that is not here."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be read: it was encrypted with another secret key.",
            "Set the secret key this database was made with, or enter the secret again.",
        )


def encrypt(data: bytes) -> bytes:
    """`data` under the key in use, as ASCII that names its key."""
    with scope.system():
        _lock(shared=True)
        key_id, key = active(SECRETS)
    return b"rk1." + key_id.hex.encode() + b"." + _fernet(key).encrypt(data)


def decrypt(token: bytes) -> bytes:
    """What `encrypt` was given, also by earlier versions of Rapport. Raises WrongKey."""
    if not token.startswith(b"rk1."):
        return _first_that_opens(token, b"rapport channel secrets")
    _, name, sealed = token.split(b".", 2)
    try:
        return _fernet(key_of(UUID(name.decode()))).decrypt(sealed)
    except (InvalidToken, ValueError) as error:
        raise WrongKey from error


def lend(data: bytes, what: str) -> str:
    """Handed out for a while, to be given back (`lent`): nobody else can read, change or make it. Kept nowhere."""
    return _derived(options().secret_key, b"rapport lent " + what.encode()).encrypt(data).decode()


def lent(token: str, what: str, seconds: int) -> bytes:
    """What was lent for `what` in the latest `seconds`. Raises WrongKey for what was not, or longer ago."""
    return _first_that_opens(token.encode(), b"rapport lent " + what.encode(), seconds)


def active(purpose: str) -> tuple[UUID, bytes]:
    """The key in use for a purpose and its id; made when there is none. For callers in the system's scope."""
    found = _newest(purpose)
    if found is None:
        _lock(shared=False, also=1)
        found = _newest(purpose) or make(purpose)
    return found.id, key_of(found.id)


def key_of(key_id: UUID) -> bytes:
    """The key with this id. Raises WrongKey when it is not here, or wrapped under another secret key."""
    kept = _unwrapped.get(key_id)
    if kept is None:
        with scope.system():
            found = DataKey.objects.filter(id=key_id).first()
        if found is None:
            raise WrongKey
        kept = _unwrapped[key_id] = _first_that_opens(bytes(found.wrapped), b"rapport data keys")
    return kept


_unwrapped: dict[UUID, bytes] = {}


def make(purpose: str) -> DataKey:
    """A new key, in use from the caller's commit on."""
    wrapped, by = _wrap(secrets.token_bytes(32))
    return DataKey.objects.create(purpose=purpose, wrapped=wrapped, wrapped_by=by)


def age() -> timedelta | None:
    """How old the key in use for secrets is; None where there is none yet."""
    with scope.system():
        found = _newest(SECRETS)
    return now() - found.created_at if found else None


@dataclass(frozen=True)
class Rotation:
    """What a rotation did."""

    encrypted: int
    unreadable: int
    retired: int


def rotate(after_each: Callable[[], None] = lambda: None) -> Rotation:
    """New keys, and everything encrypted anew under them. Every step may be the last: run again, it completes."""
    rewrap()
    with scope.system():
        _lock(shared=False)
        newest = make(SECRETS).id
        make(AUDIT)
    done = unreadable = 0
    for table, column in _present():
        changed, failed = _reencrypt(table, column, newest, after_each)
        done, unreadable = done + changed, unreadable + failed
    return Rotation(done, unreadable, _retire(newest, forget=not unreadable))


def rewrap() -> int:
    """Put every key under the secret key in force; how many were under the one before."""
    ours = _fingerprint(options().secret_key)
    with scope.system():
        strays = list(DataKey.objects.select_for_update().exclude(wrapped_by=ours))
        for key in strays:
            raw = _first_that_opens(bytes(key.wrapped), b"rapport data keys")
            key.wrapped, key.wrapped_by = _wrap(raw)
        DataKey.objects.bulk_update(strays, ["wrapped", "wrapped_by"])
    return len(strays)


def _reencrypt(table: str, column: str, newest: UUID, after_each: Callable[[], None]) -> tuple[int, int]:
    done = unreadable = 0
    for key in _rows(table):
        with scope.system(), connection.cursor() as cursor:
            value = _value(cursor, table, column, key)
            try:
                fresh = _TOKEN.sub(lambda found: _renewed(found[0], newest), value)
            except WrongKey:
                unreadable += 1
                continue
            if fresh != value:
                _put(cursor, (table, column), key, fresh)
                done += 1
        after_each()
    return done, unreadable


def _renewed(token: bytes, newest: UUID) -> bytes:
    if token.startswith(b"rk1." + newest.hex.encode()):
        return token
    return b"rk1." + newest.hex.encode() + b"." + _fernet(key_of(newest)).encrypt(decrypt(token))


def _retire(newest: UUID, *, forget: bool) -> int:
    """Older keys are used no longer; those for secrets that an earlier rotation retired open nothing, and go."""
    with scope.system():
        if forget:
            gone = DataKey.objects.filter(purpose=SECRETS, retired_at__isnull=False, id__lt=newest)
            gone.delete()
        kept = [newest, *(one.id for one in map(_newest, (AUDIT, PRIVACY)) if one)]
        return DataKey.objects.filter(retired_at__isnull=True).exclude(id__in=kept).update(retired_at=now())


def _present() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
    return [(table, column) for table, column in ENCRYPTED if table in there]


def _rows(table: str) -> list[object]:
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT id FROM {}").format(sql.Identifier(table)))
        return [row[0] for row in cursor.fetchall()]


def _value(cursor: object, table: str, column: str, key: object) -> bytes:
    statement = sql.SQL("SELECT {} FROM {} WHERE id = %s FOR UPDATE")
    found = _run(cursor, statement.format(_as_bytes(table, column), sql.Identifier(table)), [key])
    return bytes(found[0]) if found and found[0] is not None else b""


def _put(cursor: object, place: tuple[str, str], key: object, value: bytes) -> None:
    table, column = place
    given: object = value if _type(table, column) == "bytea" else value.decode()
    statement = sql.SQL("UPDATE {} SET {} = %s::{} WHERE id = %s RETURNING id").format(
        sql.Identifier(table), sql.Identifier(column), sql.SQL(_type(table, column))
    )
    _run(cursor, statement, [given, key])


def _as_bytes(table: str, column: str) -> sql.Composable:
    name = sql.Identifier(column)
    return name if _type(table, column) == "bytea" else sql.SQL("convert_to({}::text, 'UTF8')").format(name)


def _type(table: str, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
            [table, column],
        )
        return str(cursor.fetchone()[0])


def _run(cursor: object, statement: sql.Composable, parameters: list[object]) -> "tuple[bytes, ...] | None":
    cursor.execute(statement, parameters)  # type: ignore[attr-defined]
    found: tuple[bytes, ...] | None = cursor.fetchone()  # type: ignore[attr-defined]
    return found


def _newest(purpose: str) -> DataKey | None:
    return DataKey.objects.filter(purpose=purpose, retired_at__isnull=True).order_by("-id").first()


def _lock(*, shared: bool, also: int = 0) -> None:
    """Whoever encrypts holds it shared until they commit: a rotation waits for them, and they for it."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_LOCK + also])


def _wrap(raw: bytes) -> tuple[bytes, str]:
    secret_key = options().secret_key
    return _derived(secret_key, b"rapport data keys").encrypt(raw), _fingerprint(secret_key)


def _first_that_opens(token: bytes, info: bytes, seconds: int | None = None) -> bytes:
    """What the secret key opens, or the one in force before it; made in the latest `seconds`."""
    for secret_key in options().secret_keys:
        try:
            return _derived(secret_key, info).decrypt(token, seconds)
        except InvalidToken:
            continue
    raise WrongKey


def _fingerprint(secret_key: str) -> str:
    return sha256(b"rapport fingerprint " + secret_key.encode()).hexdigest()[:16]


@lru_cache(maxsize=8)
def _derived(secret_key: str, info: bytes) -> Fernet:
    return _fernet(HKDF(SHA256(), 32, salt=None, info=info).derive(secret_key.encode()))


@lru_cache(maxsize=64)
def _fernet(raw: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(raw))
