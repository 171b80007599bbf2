"""Who a visitor is, in the words of the company's own site: a JSON Web Token (RFC 7519) signed with HMAC-SHA256."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rapport.channels.base import Invalid

SECRET_CHARS_MIN = 32
_TOKEN_MAX = 4_000
_LATE_S = 60
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]{1,190}\.[^\s@<>,;:\"()\[\]\\.]{2,63}")


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody the site vouches for; `id` is what it calls them. One of `email` and `id` at least is there."""

    email: str = ""
    name: str = ""
    id: str = ""

    @property
    def who(self) -> str:
        """What makes them the same on every device."""
        return f"id {self.id}" if self.id else f"email {self.email}"


def read(token: str, secret: str, at: datetime) -> Known:
    """Whom a token names at the moment `at`. Raises Invalid for one that is forged, stale, or names nobody."""
    if not secret or len(token) > _TOKEN_MAX:
        raise Invalid("Nobody can be vouched for here.", "Set the secret of the channel.")
    # Imported here: it brings the whole of `cryptography`.
    import jwt

    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options=_OPTIONS, leeway=_LATE_S)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Invalid("This token is not good.", "Sign it anew, with HS256 and the secret of the channel.") from error
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or expires + _LATE_S < at.timestamp():
        raise Invalid("This token is too old.", "Give it a later exp.")
    known = Known(email_of(claims.get("email")), line_of(claims.get("name"), 120), line_of(_id(claims), 120))
    if not (known.email or known.id):
        raise Invalid("This token names nobody.", "Give it an email or an id.")
    return known


def email_of(value: Any) -> str:
    """An e-mail address in small letters, "" for what is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if len(text) <= 254 and text.isprintable() and _EMAIL.fullmatch(text) else ""


def line_of(value: Any, limit: int) -> str:
    """One printable line of at most `limit` characters."""
    if not isinstance(value, str):
        return ""
    shown = "".join(c if c.isprintable() else " " for c in value[: 4 * limit])
    return " ".join(shown.split())[:limit]


def _id(claims: dict[str, Any]) -> Any:
    value = claims.get("id", claims.get("sub"))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# The moment is compared by our own clock, below.
_OPTIONS: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "require": ["exp"]}
