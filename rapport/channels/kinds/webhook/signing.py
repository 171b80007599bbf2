"""Whether a request is to be believed, and how ours are signed: Standard Webhooks, a plain HMAC, or a token."""

import binascii
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

from rapport.channels.base import Account, Hook, HookRefused
from rapport.core.errors import Invalid

STYLES = ("standard", "hmac", "token")
ALGORITHMS = ("sha256", "sha1", "sha512")
_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)  # Standard Webhooks, "Signature scheme"
_TOKEN_MIN = 16
_TOLERANCE = timedelta(minutes=5)
_STAMP_MAX = 11  # digits of seconds: until the year 5138
_SIGNATURES_MAX = 10  # several while a secret is being changed


def new_secret() -> str:
    """A secret to enter on both sides, as Standard Webhooks writes it."""
    return _PREFIX + b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The key that "whsec_..." stands for. Raises Invalid where it is none."""
    written = secret.strip().removeprefix(_PREFIX)
    try:
        key = b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("The secret is not base64.", f"It looks like {_PREFIX}MfKQ9r8...") from error
    if len(key) not in _KEY_BYTES:
        raise Invalid(f"The secret has {len(key)} bytes.", "Standard Webhooks asks for 24 to 64.")
    return key


def check(account: Account) -> None:
    """Raise Invalid where nothing could be verified, or answers not be signed, with these settings."""
    style, secret = style_of(account), account.secrets.get("secret", "")
    if style == "standard":
        key_of(secret)
    elif len(secret.strip()) < _TOKEN_MIN:
        raise Invalid(f"The secret has fewer than {_TOKEN_MIN} characters.", "Choose one that nobody can guess.")
    if style != "standard" and not _header(account):
        raise Invalid("Header of the signature: this is missing.", "For example X-Signature, or Authorization.")
    if account.secrets.get("out_secret"):
        key_of(account.secrets["out_secret"])


def style_of(account: Account) -> str:
    """One of `STYLES`. Raises Invalid."""
    style = account.config.get("style") or "standard"
    if style not in STYLES:
        raise Invalid("There is no such way of signing.", f"Choose one of {', '.join(STYLES)}.")
    return str(style)


def verify(account: Account, hook: Hook) -> None:
    """Raise HookRefused unless the request was made by somebody who has the secret, lately where it is dated."""
    try:
        ways = {"standard": _is_standard, "hmac": _is_hmac, "token": _is_token}
        is_good = ways[style_of(account)](account, hook)
    except Invalid as error:
        raise HookRefused(error.message, error.hint) from error
    if not is_good:
        raise HookRefused("The signature is not good, or older than five minutes.")


def headers(account: Account, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that sign what we send (`at` is aware). Raises Invalid without a usable secret."""
    from standardwebhooks.webhooks import Webhook

    signature = Webhook(_out_key(account)).sign(message_id, at, body.decode())
    return {
        "webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature,
    }  # fmt: skip


def _out_key(account: Account) -> bytes:
    own = account.secrets.get("out_secret", "")
    if own or style_of(account) == "standard":
        return key_of(own or account.secrets.get("secret", ""))
    return account.secrets.get("secret", "").strip().encode()


def _is_standard(account: Account, hook: Hook) -> bool:
    """The library makes the signature; it is compared as written, since its own comparison takes sloppy base64 too."""
    from standardwebhooks.webhooks import Webhook

    name, stamp, given = (hook.headers.get(f"webhook-{one}", "") for one in ("id", "timestamp", "signature"))
    if not name or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _STAMP_MAX):
        return False
    at = datetime.fromtimestamp(int(stamp), UTC)
    if abs(hook.at - at) > _TOLERANCE:
        return False
    try:
        wanted = Webhook(key_of(account.secrets.get("secret", ""))).sign(name, at, hook.body.decode())
    except UnicodeError:
        return False
    return any(_same(wanted, one) for one in given.split(" ")[:_SIGNATURES_MAX])


def _is_hmac(account: Account, hook: Hook) -> bool:
    """As GitHub and many others do it: the header has the digest in hex or base64, with or without "sha256="."""
    algorithm = account.config.get("algorithm") or "sha256"
    given = hook.headers.get(_header(account), "").strip()
    secret = account.secrets.get("secret", "").strip()
    if algorithm not in ALGORITHMS or not given or not secret:
        return False
    digest = hmac.new(secret.encode(), hook.body, getattr(hashlib, str(algorithm))).digest()
    bare = given.removeprefix(f"{algorithm}=")
    in_hex, in_base64 = _same(digest.hex(), bare.lower()), _same(b64encode(digest).decode(), bare)
    return in_hex or in_base64


def _is_token(account: Account, hook: Hook) -> bool:
    given = hook.headers.get(_header(account), "").strip()
    secret = account.secrets.get("secret", "").strip()
    if given[:7].lower() == "bearer ":
        given = given[7:].strip()
    return bool(secret) and _same(secret, given)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _header(account: Account) -> str:
    value = account.config.get("header")
    return value.strip().lower() if isinstance(value, str) else ""
