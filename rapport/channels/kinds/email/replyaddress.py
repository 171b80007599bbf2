"""A reply address that says, and proves, which conversation an answer belongs to. Pure.

`support@example.com` becomes `support+c-<24 bytes in base32>@example.com`: sixteen bytes of conversation
id, eight of HMAC-SHA256. Base32, because mail systems fold the case of a local part.
"""

import base64
import binascii
import hmac
import re
from uuid import UUID

_MARK = "+c-"
_LOCAL_MAX = 64  # RFC 5321, section 4.5.3.1.1
_TOKEN = re.compile(r"\+c-([a-z2-7]{39})$")


def sign(address: str, conversation_id: UUID, secret: str) -> str:
    """The reply address of a conversation; `address` itself where its local part leaves no room for one."""
    local, _, domain = address.rpartition("@")
    token = (
        base64.b32encode(conversation_id.bytes + _mac(conversation_id, secret)).decode().rstrip("=").lower()
    )
    signed = f"{local}{_MARK}{token}"
    return f"{signed}@{domain}" if len(signed) <= _LOCAL_MAX else address


def verify(address: str, secret: str) -> UUID | None:
    """The conversation a signed reply address names, or None where it is none of ours or was tampered
    with.
    """
    found = _TOKEN.search(address.rpartition("@")[0].lower())
    if not found:
        return None
    try:
        token = base64.b32decode(found[1].upper() + "=")
    except binascii.Error:
        return None
    conversation_id = UUID(bytes=token[:16])
    return conversation_id if hmac.compare_digest(token[16:], _mac(conversation_id, secret)) else None


def bare(address: str) -> str:
    """The address without any plus part: `support+x@example.com` is `support@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _mac(conversation_id: UUID, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"rapport reply address" + conversation_id.bytes, "sha256")[:8]
