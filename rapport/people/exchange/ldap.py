"""A directory asked over LDAP: encrypted, its certificate checked, page by page, and nowhere that it points elsewhere.

The library is ldap3: it is all Python, so that Rapport installs without a compiler and without OpenLDAP's headers, and
speaks every control used here (RFC 2696). It is imported only where a directory is asked.
"""

import ssl
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from types import ModuleType
from typing import Any

from rapport.channels import guard
from rapport.core.errors import ChannelError, Invalid
from rapport.people.exchange.employee import Employee
from rapport.people.exchange.ldapwords import LOOPBACK, STATE, Access, employee

PAGE = 500
ENTRIES_MAX = 200_000
WHOLE_S = 900.0
_CONNECT_S, _ANSWER_S = 10, 60
_REFERRAL = 10


def library() -> ModuleType:
    """ldap3, which names things of pyasn1 by their older names as it is loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import ldap3
    return ldap3  # type: ignore[no-any-return]


def check_filter(text: str) -> None:
    """Raise Invalid where a filter is none (RFC 4515)."""
    library()
    from ldap3.core.exceptions import LDAPException
    from ldap3.operation.search import parse_filter

    try:
        parse_filter(text, None, True, True, None, False)
    except (LDAPException, ValueError, TypeError) as error:
        raise Invalid(f"This is no filter: {error}", "Write it as (objectClass=inetOrgPerson).") from error


def pages(access: Access) -> Iterator[list[Employee]]:
    """Everybody whom the directory shows, some hundred at a time. Raises Invalid or ChannelError in words for a person.

    Whoever gets to the end has seen all of them.
    """
    library()
    from ldap3.core.exceptions import LDAPException

    until = time.monotonic() + WHOLE_S
    try:
        with _connected(access) as connection:
            yield from _paged(connection, access, until)
    except (LDAPException, OSError, ssl.SSLError) as error:
        raise ChannelError(f"{access.host}: {_words(error)}", permanent=False) from error


def first(access: Access, count: int = 5) -> list[Employee]:
    """The first few, to see whether everything is right."""
    return list(islice((one for page in pages(access) for one in page), count))


def _paged(connection: Any, access: Access, until: float) -> Iterator[list[Employee]]:
    ldap3 = library()
    wanted = sorted({name for names in access.attributes.values() for name in names} | set(STATE))
    cookie: bytes | None = None
    total = 0
    while True:
        connection.search(
            access.base, access.filter, ldap3.SUBTREE, attributes=wanted, paged_size=PAGE, paged_cookie=cookie,
            time_limit=_ANSWER_S,
        )  # fmt: skip
        result = connection.result
        if result["result"] != 0:
            raise Invalid(_refused(result, access), "Check base, filter and the rights of the account.")
        # What points to other servers (referrals) is left where it points.
        found = [one for one in connection.response or [] if one.get("type") == "searchResEntry"]
        total += len(found)
        if total > ENTRIES_MAX:
            raise Invalid(f"The directory shows more than {ENTRIES_MAX:,} entries.", "Narrow the base or the filter.")
        yield [employee(one["raw_attributes"], access.attributes) for one in found]
        control = (result.get("controls") or {}).get("1.2.840.113556.1.4.319") or {}
        cookie = (control.get("value") or {}).get("cookie")
        if not cookie:
            return
        if time.monotonic() > until:
            raise ChannelError(f"{access.host} does not come to an end.", permanent=False)


@contextmanager
def _connected(access: Access) -> Iterator[Any]:
    """Signed in; encrypted first, unless the directory is on this very machine."""
    ldap3 = library()
    ip = guard.resolved(access.host, access.port)
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED)
    tls.wrap_socket = partial(_encrypt, access)
    # To the address that was checked; the certificate must be the name's. The schema is not asked for: it can be large.
    server = ldap3.Server(
        ip, access.port, use_ssl=access.tls, tls=tls, get_info=ldap3.NONE, connect_timeout=_CONNECT_S,
        allowed_referral_hosts=[],
    )  # fmt: skip
    connection = ldap3.Connection(
        server, access.bind or None, access.password or None,
        authentication=ldap3.SIMPLE if access.bind else ldap3.ANONYMOUS, auto_referrals=False, read_only=True,
        receive_timeout=_ANSWER_S, check_names=False,
    )  # fmt: skip
    try:
        connection.open(read_server_info=False)
        if not access.tls and access.host not in LOOPBACK and not connection.start_tls(read_server_info=False):
            raise Invalid("The directory does not speak TLS.", "Use ldaps://, or turn StartTLS on there.")
        if not connection.bind(read_server_info=False):
            why = connection.result["description"]
            raise Invalid(f"The directory refuses the account: {why}.", "Check name and password.")
        yield connection
    finally:
        if connection.socket is not None:
            connection.socket.close()


def _encrypt(access: Access, connection: Any, do_handshake: bool = False) -> None:
    """In place of the library's own, whose check of the name is from before Python had one."""
    context = ssl.create_default_context(cadata=access.ca or None)
    plain = connection.socket
    try:
        connection.socket = context.wrap_socket(
            plain, server_hostname=access.host, do_handshake_on_connect=do_handshake
        )
    except (OSError, ssl.SSLError):
        plain.close()
        raise


def _refused(result: Any, access: Access) -> str:
    if result["result"] == _REFERRAL:
        return f"{access.base} is on another server, which is not followed."
    said = " ".join(str(result.get("message") or "").split())[:200]
    return f"The directory refuses the search: {result['description']}. {said}".strip()


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
