"""Names that others chose for themselves, made fit to stand beside other words."""

import re

# Embeddings, overrides and isolates (Unicode TR 9, section 2): a name that holds one turns around what stands after it.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def plain_line(text: str) -> str:
    """One line without control characters and without signs that turn the direction of what follows."""
    kept = "".join(sign if sign.isprintable() or sign == "\u200d" else " " for sign in _TURNING.sub("", text))
    return " ".join(kept.split())
