"""What is new in a mail, apart from what it quotes and how it is signed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts of a text; together they hold every non-blank line of it."""

    reply: str
    quote: str
    signature: str


def split_reply(text: str) -> Split:
    """The reply, the quote and the signature of a plain text."""
    return Split(text.strip("\n"), "", "")
