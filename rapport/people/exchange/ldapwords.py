"""What a directory's attributes mean, and its address. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from rapport.core.errors import Invalid
from rapport.people.exchange.employee import Employee

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: Kind -> what of an employee -> attributes, the first that says something counts (of mails and phones all).
ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "openldap": {
        "id": "entryUUID", "name": "displayName, cn", "given": "givenName", "family": "sn", "emails": "mail",
        "phones": "telephoneNumber, mobile", "role": "title", "department": "departmentNumber, ou",
        "manager": "manager", "organization": "o", "language": "preferredLanguage",
    },
    "ad": {
        "id": "objectGUID", "name": "displayName, cn", "given": "givenName", "family": "sn",
        "emails": "mail, proxyAddresses", "phones": "telephoneNumber, mobile", "role": "title",
        "department": "department", "manager": "manager", "organization": "company", "language": "preferredLanguage",
    },
}  # fmt: skip
FILTERS = {
    "openldap": "(objectClass=inetOrgPerson)",
    "ad": "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
}
#: By which different directories say that an account is closed.
STATE = ("userAccountControl", "pwdAccountLockedTime", "nsAccountLock", "loginDisabled")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*|\d+(\.\d+)+")
_MANY = frozenset({"emails", "phones"})
_VALUES_MAX, _TEXT_MAX = 20, 300
_AD_DISABLED = 2


@dataclass(frozen=True, slots=True)
class Access:
    """Where a directory is and how it is asked; `ca` is PEM, "" for the authorities of the system."""

    host: str
    port: int
    tls: bool
    bind: str
    password: str = field(repr=False)
    base: str
    filter: str
    attributes: Mapping[str, tuple[str, ...]]
    ca: str = ""


def address(url: str) -> tuple[str, int, bool]:
    """Host, port, and whether TLS is spoken from the first byte. Raises Invalid in words for a person."""
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        port = -1
    more = parts.path.strip("/") or parts.query
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or port == -1 or more:
        raise Invalid("This is no address of a directory.", "Write it as ldaps://ldap.example.org or ldap://...:389.")
    return parts.hostname, port or (636 if parts.scheme == "ldaps" else 389), parts.scheme == "ldaps"


def attributes(text: str) -> tuple[str, ...]:
    """The names in a list of attributes. Raises Invalid for what is none."""
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    for one in found:
        if not _NAME.fullmatch(one):
            raise Invalid(f"{one!r} is no name of an attribute.", "Separate several by commas.")
    return found


def employee(found: Mapping[str, Sequence[Any]], names: Mapping[str, tuple[str, ...]]) -> Employee:
    """One entry (attribute -> raw values) as an employee."""
    values = {name.lower(): [_text(name, one) for one in raw[:_VALUES_MAX]] for name, raw in found.items()}
    given: dict[str, Any] = {}
    for what, wanted in names.items():
        listed = [value for name in wanted for value in values.get(name.lower(), []) if value]
        given[what] = tuple(dict.fromkeys(listed)) if what in _MANY else next(iter(listed), "")
    given["emails"] = tuple(dict.fromkeys(_proxies(given.get("emails", ()))))
    given["manager"] = _common_name(given.get("manager", ""))
    known = {name: value for name, value in given.items() if name in Employee.__slots__}
    return Employee(**known, active=_active(values))


def _text(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        if len(value) == 16 and name.lower() in ("objectguid", "guid"):
            return str(UUID(bytes_le=value))
        try:
            value = value.decode()
        except UnicodeDecodeError:
            value = value.hex()
    return str(value)[:_TEXT_MAX].replace("\0", "").strip()


def _proxies(found: Iterable[str]) -> Iterable[str]:
    """Active Directory lists every address as smtp:..., the main one in capitals, and others beside mail as x500:..."""
    for one in sorted(found, key=lambda value: not value.startswith("SMTP:")):
        scheme, colon, rest = one.partition(":")
        if not colon:
            yield one
        elif scheme.lower() == "smtp":
            yield rest


def _common_name(dn: str) -> str:
    """A manager is a distinguished name; its first part is nearly always the name of a person."""
    found = re.match(r"(?i)(?:cn|uid)=((?:\\.|[^,\\])+)", dn)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else dn


def _active(values: Mapping[str, list[str]]) -> bool:
    control = next(iter(values.get("useraccountcontrol", [])), "0")
    disabled = control.isdecimal() and bool(int(control) & _AD_DISABLED)
    # ppolicy: this moment of all stands for "until an administrator says otherwise".
    locked = "000001010000Z" in values.get("pwdaccountlockedtime", [])
    closed = any("TRUE" in (one.upper() for one in values.get(name, [])) for name in ("nsaccountlock", "logindisabled"))
    return not (disabled or locked or closed)
