"""What a mailbox is configured with, read from the channel's `config` field by field. Pure."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rapport.core.errors import Invalid

SECURITIES = ("tls", "starttls", "none")
_SETTINGS = frozenset((
    "imap", "smtp", "addresses", "catch_all", "from_name", "signed_reply", "quote_history", "trust_date", "authserv_id",
))  # fmt: skip
AFTER = ("leave", "seen", "move", "delete")
_PORTS = {("imap", "tls"): 993, ("imap", "starttls"): 143, ("imap", "none"): 143}
_PORTS |= {("smtp", "tls"): 465, ("smtp", "starttls"): 587, ("smtp", "none"): 25}


@dataclass(frozen=True, slots=True)
class Server:
    """One server to sign in to. `security` is tls, starttls, or none (loopback only)."""

    host: str
    port: int
    security: str
    user: str


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """How to collect. `after` is done to a mail once it is committed; `poll_seconds` is the fallback's
    pace.
    """

    server: Server
    folders: tuple[str, ...] = ("INBOX",)
    after: str = "leave"
    move_to: str = ""
    backfill: bool = True
    poll_seconds: int = 60
    batch_messages: int = 200
    batch_bytes: int = 16 * 1024 * 1024
    max_bytes: int = 64 * 1024 * 1024

    @property
    def whose(self) -> str:
        """Whose mailbox it is: numbers of mails (UIDs) mean something only with it."""
        return f"{self.server.user}@{self.server.host.lower()}"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How to send. `allow_private` permits a server on a private network."""

    server: Server
    per_minute: int = 60
    timeout_seconds: int = 30
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """One mailbox. `from_name` may hold {member} and {channel}; `catch_all` is a domain of which all mail
    is taken.

    `trust_date` believes a mail's own date as that of its arrival: for a history that is played, not for
    the public. `authserv_id` is the name under which the receiving mail server of this mailbox, and no other, writes
    what it checked (RFC 8601); "": nothing that a mail says of itself is believed.
    """

    imap: ImapSettings | None
    smtp: SmtpSettings | None
    addresses: tuple[str, ...]
    catch_all: str
    from_name: str
    signed_reply: bool
    quote_history: bool
    trust_date: bool
    authserv_id: str = ""


def read(config: Mapping[str, Any], address: str) -> EmailSettings:
    """Read a channel's config. Raises Invalid with the name of the first bad setting and what is expected."""
    if "@" not in address:
        raise Invalid(f"{address!r} is no e-mail address.", "A mailbox needs an address like support@example.com.")
    unknown = set(config) - _SETTINGS
    if unknown:
        raise Invalid(f"Unknown setting {sorted(unknown)[0]!r}.", "See the e-mail page of the documentation.")
    others = _strings(config, "addresses", ())
    return EmailSettings(
        imap=_imap(_section(config, "imap"), address) if config.get("imap") else None,
        smtp=_smtp(_section(config, "smtp"), address) if config.get("smtp") else None,
        addresses=tuple(dict.fromkeys(a.lower() for a in (address, *others))),
        catch_all=_string(config, "catch_all", "").lower().lstrip("@"),
        from_name=_from_name(_string(config, "from_name", "{member}")),
        signed_reply=_flag(config, "signed_reply", False),
        quote_history=_flag(config, "quote_history", True),
        trust_date=_flag(config, "trust_date", False),
        authserv_id=authserv_id(config),
    )


def check(given: EmailSettings) -> None:
    """Raise Invalid for what can never work, though a mailbox runs with it: asked when it is set, not when it runs."""
    for one in given.addresses:
        local, _, domain = one.rpartition("@")
        if not local or not domain or any(c.isspace() for c in one):
            raise Invalid(f"addresses has {one!r}, which is no e-mail address.", "Write it like help@example.com.")
    if given.catch_all and ("@" in given.catch_all or any(c.isspace() for c in given.catch_all)):
        raise Invalid(f"catch_all {given.catch_all!r} is no domain.", "Write it like example.com.")


def authserv_id(config: Mapping[str, Any]) -> str:
    """Whose Authentication-Results are believed, in small letters; "" for nobody's."""
    return _string(config, "authserv_id", "").lower()


def is_loopback(host: str) -> bool:
    """Whether a host, by its name alone, is this machine."""
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _imap(section: Mapping[str, Any], address: str) -> ImapSettings:
    after = _choice(section, "imap.after", AFTER, "leave")
    move_to = _string(section, "move_to", "")
    if after == "move" and not move_to:
        raise Invalid("imap.move_to is missing.", "Name the folder that collected mail is moved to.")
    folders = _strings(section, "folders", ("INBOX",))
    if after == "move" and move_to in folders:
        raise Invalid("imap.move_to is one of the folders that are collected.", "Name another folder.")
    return ImapSettings(
        _server(section, "imap", address),
        folders,
        after,
        move_to,
        _flag(section, "backfill", True),
        _number(section, "imap.poll_seconds", 60, 5, 86_400),
        _number(section, "imap.batch_messages", 200, 1, 5_000),
        _number(section, "imap.batch_bytes", 16 * 1024 * 1024, 64 * 1024, 256 * 1024 * 1024),
        _number(section, "imap.max_bytes", 64 * 1024 * 1024, 64 * 1024, 256 * 1024 * 1024),
    )


def _smtp(section: Mapping[str, Any], address: str) -> SmtpSettings:
    return SmtpSettings(
        _server(section, "smtp", address),
        _number(section, "smtp.per_minute", 60, 1, 100_000),
        _number(section, "smtp.timeout_seconds", 30, 1, 600),
        _flag(section, "allow_private", False),
    )


def _server(section: Mapping[str, Any], name: str, address: str) -> Server:
    host = _string(section, "host", "")
    if not host:
        raise Invalid(f"{name}.host is missing.", f"Name the {name.upper()} server, like {name}.example.com.")
    security = _choice(section, f"{name}.security", SECURITIES, "tls")
    if security == "none" and not is_loopback(host):
        raise Invalid(f"{name}.security is none, but {host} is another machine.", "Use tls or starttls.")
    return Server(
        host,
        _number(section, f"{name}.port", _PORTS[name, security], 1, 65_535),
        security,
        _string(section, "user", "") or address,
    )


def _from_name(pattern: str) -> str:
    try:
        pattern.format(member="", channel="")
    except (KeyError, IndexError, ValueError) as error:
        raise Invalid(f"from_name {pattern!r} cannot be used.", "It may hold {member} and {channel}.") from error
    return pattern


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = config[name]
    if not isinstance(value, dict):
        raise Invalid(f"{name} must be a table of settings.", "")
    return value


def _string(section: Mapping[str, Any], name: str, default: str) -> str:
    value = section.get(name, default)
    if not isinstance(value, str) or any(c in value for c in "\r\n\0"):
        raise Invalid(f"{name} must be a text of one line.", "")
    return value.strip()


def _strings(section: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = section.get(name) or list(default)
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise Invalid(f"{name} must be a list of texts.", "")
    return tuple(value)


def _flag(section: Mapping[str, Any], name: str, default: bool) -> bool:
    value = section.get(name, default)
    if not isinstance(value, bool):
        raise Invalid(f"{name} must be true or false.", "")
    return value


def _number(section: Mapping[str, Any], path: str, default: int, least: int, most: int) -> int:
    value = section.get(path.rpartition(".")[2], default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Invalid(f"{path} must be a whole number from {least} to {most}.", "")
    return value


def _choice(section: Mapping[str, Any], path: str, choices: tuple[str, ...], default: str) -> str:
    value = section.get(path.rpartition(".")[2], default)
    if value not in choices:
        raise Invalid(f"{path} must be one of {', '.join(choices)}.", "")
    return str(value)
