"""A signed-in IMAP connection, and in plain words why there is none."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from rapport.channels.guard import check, resolved
from rapport.channels.kinds.email.settings import ImapSettings
from rapport.core.errors import ChannelError

_CONNECT_SECONDS = 20
READ_SECONDS = 90
_LATER = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]|try again|temporar", re.IGNORECASE)


@contextmanager
def connected(settings: ImapSettings, password: str) -> Iterator[IMAPClient]:
    """A signed-in client, closed afterwards. Raises ChannelError; a wrong password and certificate are
    permanent.
    """
    client = _connect(settings)
    try:
        _sign_in(client, settings, password)
        yield client
    finally:
        with suppress(OSError, IMAPClientError):
            client.logout()
        with suppress(OSError, IMAPClientError):
            client.shutdown()


def _connect(settings: ImapSettings) -> IMAPClient:
    server = settings.server
    where = f"{server.host} port {server.port}"
    context = ssl.create_default_context() if server.security != "none" else None
    timeout = SocketTimeout(connect=_CONNECT_SECONDS, read=READ_SECONDS)
    resolved(server.host, server.port)
    try:
        client = IMAPClient(
            server.host, server.port, ssl=server.security == "tls", ssl_context=context, timeout=timeout
        )
        _check_arrival(client, server.host)
        if server.security == "starttls":
            client.starttls(context)
        return client
    except ssl.SSLCertVerificationError as error:
        raise ChannelError(
            f"The certificate of {where} cannot be trusted: {error.verify_message}.",
            "Use the name the certificate is for, or set SSL_CERT_FILE to the company's own authority.",
            permanent=True,
        ) from error
    except (OSError, IMAPClientError) as error:
        raise ChannelError(f"{where} cannot be reached: {error}", permanent=False) from error


def _check_arrival(client: IMAPClient, host: str) -> None:
    """The name was looked up once more to connect: where that led is looked at before anything is said there."""
    try:
        check(host, str(client.socket().getpeername()[0]))
    except ChannelError:
        with suppress(OSError, IMAPClientError):
            client.shutdown()
        raise


def _sign_in(client: IMAPClient, settings: ImapSettings, password: str) -> None:
    server = settings.server
    try:
        client.login(server.user, password)
    except LoginError as error:
        raise ChannelError(
            f"{server.host} refused the user name or password of {server.user}: {_words(error)}",
            "Enter the channel's password again.",
            permanent=not _LATER.search(str(error)),
        ) from error
    except (OSError, IMAPClientError) as error:
        raise ChannelError(f"{server.host} hung up at sign-in: {error}", permanent=False) from error


def _words(error: Exception) -> str:
    """The server's words, out of the quotes that imaplib leaves around them."""
    return " ".join(str(error).removeprefix("b'").removesuffix("'").split())[:500]
