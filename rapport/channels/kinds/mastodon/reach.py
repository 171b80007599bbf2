"""Reaching an account without taking or sending anything: who it is, and what its server allows."""

from collections.abc import Mapping, Sequence
from typing import Any

from rapport.channels.base import Account
from rapport.channels.kinds.mastodon.client import Client
from rapport.channels.kinds.mastodon.text import one_line


def test(account: Account) -> Sequence[str]:
    """Lines saying what works. Raises ChannelError where the account cannot be used."""
    with Client(account) as client:
        who = client.who()
        client.notifications(limit=1)
        instance = client.instance()
        settings = client.settings
        lines = [f"Signed in as @{one_line(who.get('acct'))} at {settings.host}.", "Mentions can be read."]
        if settings.searches:
            client.search(settings.searches[0])
            lines.append("The server takes searches.")
        limit = _characters(instance)
        software = one_line(instance.get("version"), 60)
        lines.append(f"The server is {software or 'of an unknown version'}; a post has up to {limit} characters.")
        return lines


def identify(account: Account) -> Mapping[str, str]:
    """`address` as people write it; id, username, domain of local accounts, and how the server counts characters."""
    with Client(account) as client:
        who = client.who()
        instance = client.instance()
        username = one_line(who.get("username") or who.get("acct"), 300).partition("@")[0]
        domain = _domain(instance, client.settings.host)
        return {
            "address": f"@{username}@{domain}",
            "id": one_line(str(who.get("id", "")), 64),
            "username": username,
            "domain": domain,
            "characters": str(_characters(instance)),
            "link": str(_counted(instance, "characters_reserved_per_url") or 23),
        }


def _domain(instance: Mapping[str, Any], host: str) -> str:
    """What stands after the @: `domain` (API v2), or `uri` (v1; some servers write it as an address)."""
    named = one_line(instance.get("domain") or instance.get("uri"), 300).lower()
    named = named.partition("://")[2] or named
    return named.partition("/")[0] or host


def _characters(instance: Mapping[str, Any]) -> int:
    """Mastodon says it under `configuration`, Pleroma and older Takahe as `max_toot_chars`."""
    other = instance.get("max_toot_chars")
    return _counted(instance, "max_characters") or (other if type(other) is int and other > 0 else 500)


def _counted(instance: Mapping[str, Any], name: str) -> int:
    found: Any = instance
    for key in ("configuration", "statuses", name):
        found = found.get(key) if isinstance(found, dict) else None
    return found if type(found) is int and found > 0 else 0
