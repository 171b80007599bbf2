"""What a receiving mail server found about a mail's sender (Authentication-Results, RFC 8601). Pure.

Anybody can write such a header. Only that of the server named in the channel's settings counts, and of several the one
written last, which stands first: a server takes out those that claim its name, or should (section 5).
"""

import re
from collections.abc import Sequence

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"^\s*([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"([a-z]+\.[a-z-]+)\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE)
_LENGTH_MAX = 8_000


def proves(headers: Sequence[str], trusted: str, domain: str) -> bool:
    """Whether the trusted server says that the sender's domain stands behind the mail: by DMARC, else by DKIM.

    `headers`: the values, first as they stand. `domain`: of the From address, in small letters.
    """
    found = next((parts for parts in map(_parts, headers) if parts and _server(parts[0]) == trusted), None)
    if found is None or not domain:
        return False
    checked = [_result(part) for part in found[1:]]
    dmarc = [(result, about) for method, result, about in checked if method == "dmarc"]
    if dmarc:
        return all(result == "pass" and about.get("header.from", domain) == domain for result, about in dmarc)
    return any(
        method == "dkim" and result == "pass" and _is_of(_signer(about), domain) for method, result, about in checked
    )


def _parts(header: str) -> list[str]:
    """What stands between semicolons, comments taken out, also those within others."""
    text, before = header[:_LENGTH_MAX], ""
    while text != before:
        before, text = text, _COMMENT.sub(" ", text)
    return [part.strip() for part in text.split(";")]


def _server(part: str) -> str:
    """The server that writes, without the version that may stand behind it."""
    return (part.split() or [""])[0].lower()


def _result(part: str) -> tuple[str, str, dict[str, str]]:
    found = _RESULT.match(part)
    if not found:
        return "", "", {}
    about = {name.lower(): value.strip('"').lower() for name, value in _PROPERTY.findall(part)}
    return found[1].lower(), found[2].lower(), about


def _signer(about: dict[str, str]) -> str:
    """The domain that signed: header.d, or that of header.i."""
    return about.get("header.d") or about.get("header.i", "").rpartition("@")[2]


def _is_of(signer: str, domain: str) -> bool:
    """Whether a signature speaks for the sender's domain: its own, or one above it that is more than an ending."""
    return bool(signer) and "." in signer and (signer == domain or domain.endswith(f".{signer}"))
