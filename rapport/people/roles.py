"""Addresses that are nobody in particular (a small form, until the whole list is here)."""

_NOBODY = frozenset({"info", "support", "noreply", "no-reply", "sales", "office", "contact", "hello", "help", "admin"})


def is_role_address(address: str) -> bool:
    """Whether an address is a function's and no person's."""
    return address.partition("@")[0].lower() in _NOBODY
