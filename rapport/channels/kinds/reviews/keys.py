"""Keys as the stores give them, and the tokens (RFC 7519) that are made with them. PyJWT is imported only here."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from rapport.channels.base import Invalid
from rapport.channels.kinds.reviews.values import obj, text
from rapport.core.clock import now

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", re.DOTALL)


def pem(given: str) -> str:
    """A key in PEM, however its lines were lost when it was pasted. Raises Invalid."""
    found = _PEM.search(given.replace("\\n", "\n"))
    if not found:
        raise Invalid("The key: this is none.", "Paste the whole file, with its BEGIN and END lines.")
    letters = re.sub(r"\s", "", found[2])
    lines = [letters[at : at + 64] for at in range(0, len(letters), 64)]
    return "\n".join((f"-----BEGIN {found[1]}-----", *lines, f"-----END {found[1]}-----", ""))


def service_account(given: str) -> Mapping[str, str]:
    """A Google service account from its JSON file: client_email, private_key, token_uri. Raises Invalid."""
    try:
        whole = obj(orjson.loads(given))
    except orjson.JSONDecodeError as error:
        raise Invalid("The key: this is no JSON.", "Paste the whole file that Google gave you.") from error
    found = {name: text(whole.get(name), 10_000) for name in ("client_email", "private_key", "token_uri")}
    if not all(found.values()) or not found["token_uri"].startswith(("https://", "http://127.0.0.1")):
        raise Invalid("The key: this is no service account.", "It has client_email, private_key and token_uri.")
    return {**found, "private_key": pem(found["private_key"])}


def signed(claims: Mapping[str, Any], key: str, algorithm: str, key_id: str = "", seconds: int = 900) -> str:
    """A token with these claims, good for so many seconds. Raises Invalid for a key that cannot sign so."""
    import jwt

    at = int(now().timestamp())
    try:
        return jwt.encode(
            {**claims, "iat": at, "exp": at + seconds}, key, algorithm, headers={"kid": key_id} if key_id else None
        )
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise Invalid("The key cannot be used.", "Paste the whole file again, or make a new key.") from error
