"""HTTP to addresses that somebody entered: only where `guard` allows, to the very address that was checked."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from rapport.channels import guard
from rapport.core.errors import ChannelError, Invalid

TIMEOUT_S = 10.0
BYTES_MAX = 4 * 1024 * 1024


class _Pinned(HTTPAdapter):
    """Looks the name up once, checks it, and connects there; the certificate must still be the name's."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Also asked for every redirect."""
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc.rpartition("@")[2]
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT_S
        return super().send(request, *args, **kwargs)

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """A connection to the checked address."""
        wanted, pool = self.build_connection_pool_key_attributes(request, verify, cert)
        name = str(wanted["host"])
        try:
            address = guard.resolved(name, wanted["port"] or (443 if wanted["scheme"] == "https" else 80))
        except ChannelError as error:
            raise requests.ConnectionError(f"{error.message} {error.hint}".strip()) from error
        if wanted["scheme"] == "https":
            pool = {**pool, "assert_hostname": name, "server_hostname": name}
        return self.poolmanager.connection_from_host(**{**wanted, "host": address}, pool_kwargs=pool)


def session() -> requests.Session:
    """A session that asks no proxy of the environment, keeps to a time limit and follows few redirects."""
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 3
    made.mount("https://", _Pinned())
    made.mount("http://", _Pinned())
    return made


def fetch(url: str) -> bytes:
    """What stands at an address; Invalid in words for a person where it cannot be had."""
    try:
        with session() as made, made.get(url, stream=True, timeout=TIMEOUT_S) as answer:
            answer.raise_for_status()
            body = answer.raw.read(BYTES_MAX + 1, decode_content=True)
    except (requests.RequestException, OSError, ValueError) as error:
        raise Invalid(f"{url} cannot be fetched: {error}", "Check the address.") from error
    if len(body) > BYTES_MAX:
        raise Invalid(f"{url} is larger than expected.", "Check the address.")
    return bytes(body)
