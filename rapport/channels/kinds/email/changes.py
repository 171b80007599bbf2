"""A mailbox's settings as somebody changes them, field by field, and what a change would do. Pure."""

from collections.abc import Mapping
from typing import Any

_SECTIONS = ("imap", "smtp")
_SERVER = ("host", "port", "security", "user")
#: Setting as it is asked for -> its place in the channel's config.
PLACES = {
    **{f"{section}_{name}": (section, name) for section in _SECTIONS for name in _SERVER},
    "folders": ("imap", "folders"),
    "after": ("imap", "after"),
    "move_to": ("imap", "move_to"),
    "backfill": ("imap", "backfill"),
    "per_minute": ("smtp", "per_minute"),
    "aliases": ("", "addresses"),
    "catch_all": ("", "catch_all"),
    "from_name": ("", "from_name"),
    "signed_reply": ("", "signed_reply"),
    "authserv_id": ("", "authserv_id"),
}
#: What decides which mails are collected, and so which are deleted.
_REACH = ("host", "user", "folders", "backfill", "after")


def changed(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A config with the settings that are `given`, by their names in `PLACES`; all else stays as it is.

    Empty (None, "", []) takes a setting away, so that its default holds; an empty host takes away its whole server.
    """
    made = {name: dict(value) if name in _SECTIONS else value for name, value in config.items()}
    gone = [section for section in _SECTIONS if not given.get(f"{section}_host", True)]
    for name, value in given.items():
        section, key = PLACES[name]
        if section in gone:
            continue
        table = made.setdefault(section, {}) if section else made
        if value in (None, "", []):
            table.pop(key, None)
        else:
            table[key] = value
    return {name: value for name, value in made.items() if name not in gone and value not in ({}, None)}


def deletes_more(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether mail would be deleted at its server that was not before: by what is done, or by what is collected."""
    old, new = before.get("imap") or {}, after.get("imap") or {}
    return new.get("after") == "delete" and any(new.get(name) != old.get(name) for name in _REACH)


def moves_elsewhere(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether collected mail would go to a folder that was not known to be there."""
    old, new = before.get("imap") or {}, after.get("imap") or {}
    return new.get("after") == "move" and any(
        new.get(name) != old.get(name) for name in ("host", "user", "after", "move_to")
    )


def setting_of(message: str) -> str:
    """The setting that a message of `settings.read` begins with, by its name in `PLACES`; "" for none."""
    words = message.split(maxsplit=1)
    section, _, key = words[0].rpartition(".") if words else ("", "", "")
    return next((name for name, place in PLACES.items() if place == (section, key)), "")
