"""Which conversations a policy on trial decides, when it decides for a share of them. Pure."""

from hashlib import blake2b
from uuid import UUID

_ALL = 2**32


def drawn(trial_id: UUID, conversation_id: UUID, percent: int) -> bool:
    """Whether the conversation is among the share: always the same answer, and a larger share has all of a smaller."""
    digest = blake2b(conversation_id.bytes, key=trial_id.bytes, digest_size=4).digest()
    return int.from_bytes(digest, "big") * 100 < percent * _ALL
