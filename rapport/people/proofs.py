"""What proves that a handle is somebody's, and what that says about others: rules over plain values. Pure.

A service vouches for links and domains (`Author.verified`): Mastodon for pages that link back (rel=me), Bluesky for a
domain that is the account's name, our own mail server for the sender's domain (DMARC), a chat's site for a visitor
whom it signed for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

EMAIL = "email"
#: Kinds of handle that anybody may open under any name, for all to see.
PUBLIC = frozenset((
    "fediverse", "bluesky", "reddit", "github", "irc", "matrix", "discord", "slack", "telegram", "xmpp", "site",
    "webhook", "visitor", "appstore", "googleplay",
))  # fmt: skip
#: What verified a handle, from the strongest to the weakest.
HOWS = ("confirmed_by_mail", "token", "dmarc", "reply", "service", "hand")
_LINK_MAX = 500
_SIGNED = "token"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Proved:
    """One thing a service vouches for: a page (`example.org/~ann`) or a whole domain (`example.org`)."""

    what: Literal["link", "domain"]
    value: str

    @property
    def host(self) -> str:
        """Its domain."""
        return self.value.partition("/")[0]


def read(verified: Iterable[str]) -> list[Proved]:
    """What `Author.verified` says, normalised: no scheme, no www, no slash at the end; what is neither is left out."""
    found = [_read(one) for one in verified]
    return list(dict.fromkeys(one for one in found if one is not None))


def how_verified(kind: str, verified: tuple[str, ...]) -> str:
    """By what the handle itself is verified when its author comes with `verified`; "" where by nothing.

    A profile's link proves the page, and with it that the account is whose the page is; so it is the service's word.
    """
    if not verified:
        return ""
    if _SIGNED in verified:
        return _SIGNED
    return "dmarc" if kind == EMAIL else "service"


def handle_at(page: str) -> Key | None:
    """The handle whose profile a page is: `social.example/@ann` is ("fediverse", "ann@social.example").

    Of Bluesky and Telegram the page names what is written of a handle, not its value: `written_at`.
    """
    host, _, path = page.partition("/")
    parts = [unquote(part) for part in path.split("/") if part]
    if host == "github.com" and len(parts) == 1:
        return "github", parts[0].lower()
    if host in ("reddit.com", "old.reddit.com") and len(parts) == 2 and parts[0] in ("u", "user"):
        return "reddit", parts[1].lower()
    if len(parts) == 1 and parts[0].startswith("@") and len(parts[0]) > 1:
        user, _, elsewhere = parts[0][1:].partition("@")
        return ("fediverse", f"{user}@{elsewhere or host}".lower()) if user else None
    return ("fediverse", f"{parts[1]}@{host}".lower()) if len(parts) == 2 and parts[0] == "users" else None


def written_at(page: str) -> Key | None:
    """The kind and the written name of a profile whose handle's value is a number: ("bluesky", "@ann.example.org")."""
    host, _, path = page.partition("/")
    parts = [part for part in path.split("/") if part]
    if host == "bsky.app" and len(parts) == 2 and parts[0] == "profile" and not parts[1].startswith("did:"):
        return "bluesky", f"@{parts[1].lower()}"
    if host in ("t.me", "telegram.me") and len(parts) == 1:
        return "telegram", f"@{parts[0].lower()}"
    return None


def profile_of(kind: str, value: str, written: str) -> set[str]:
    """Pages that are a handle's own profile, as a verified link elsewhere would name them."""
    name = written.lstrip("@").casefold()
    if kind == "fediverse":
        user, _, host = value.partition("@")
        return {f"{host}/@{user}", f"{host}/users/{user}"} if user and host else set()
    if kind == "bluesky":
        return {f"bsky.app/profile/{value}".casefold(), f"bsky.app/profile/{name}"} | ({name} if "." in name else set())
    pages = {
        "github": {f"github.com/{value}"}, "telegram": {f"t.me/{name}"} if name else set(),
        "reddit": {f"reddit.com/user/{value}", f"reddit.com/u/{value}"}, "site": {value},
    }  # fmt: skip
    return pages.get(kind, set())


def is_mutual(one: Key, links_of_one: Iterable[str], other: Key, links_of_other: Iterable[str]) -> bool:
    """Whether two accounts' services vouch for one another: each has the other's profile among its verified links."""
    there = {page.casefold() for page in links_of_one} & {p.casefold() for p in profile_of(*other, "")}
    back = {page.casefold() for page in links_of_other} & {p.casefold() for p in profile_of(*one, "")}
    return bool(there and back)


def names_mailbox(page: str, address: str) -> bool:
    """Whether a page of a domain is, by its last part, that of one mailbox there: example.org/~ann, ann@example.org."""
    local, _, domain = address.casefold().partition("@")
    host, _, path = page.casefold().partition("/")
    last = path.rstrip("/").rpartition("/")[2].lstrip("~@")
    within = host == domain or host.endswith(f".{domain}")
    return bool(local) and (host == f"{local}.{domain}" or (last == local and within))


def is_rename(value: str, before: str, after: str) -> bool:
    """Whether an account with a steady `value` is written in another way now: names that are the value never are.

    A name written like the value, in another case or with an @ before it, says nothing new.
    """
    old, new = _plain(before), _plain(after)
    return bool(new) and new != old and new != _plain(value) and bool(old)


def is_unproven_account(handles: Iterable[tuple[str, str]]) -> bool:
    """Whether all that is known of somebody is public accounts that prove nothing (kind, how verified)."""
    known = list(handles)
    return bool(known) and all(kind in PUBLIC and not how for kind, how in known)


def stronger(one: str, other: str) -> str:
    """Of two ways a handle was verified, the one that says more."""
    ranks = {how: rank for rank, how in enumerate(HOWS)}
    return min((one, other), key=lambda how: ranks.get(how, len(HOWS)) if how else len(HOWS) + 1)


def _plain(written: str) -> str:
    return written.strip().lstrip("@").casefold()


def _read(given: str) -> Proved | None:
    text = given.strip()
    if not text or text == _SIGNED or len(text) > _LINK_MAX or any(c.isspace() or not c.isprintable() for c in text):
        return None
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host = (parts.hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return None
    if parts.scheme not in ("", "https", "http") or "." not in host or parts.username:
        return None
    path = parts.path.rstrip("/")
    return Proved("link", f"{host}{path}") if path else Proved("domain", host)
