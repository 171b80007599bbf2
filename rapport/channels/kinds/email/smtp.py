"""Send by SMTP submission (RFC 6409), one mail at a time, with the moment of no return told to the caller."""

import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from rapport.channels.base import MessageRefused, OutcomeUnknown, Outgoing
from rapport.channels.guard import resolved
from rapport.channels.kinds.email.settings import SmtpSettings
from rapport.core.errors import ChannelError

_FINAL_DOT_SECONDS = 300  # RFC 5321, section 4.5.3.2.6, asks for ten minutes: a worker cannot wait that long


def submit(
    settings: SmtpSettings, password: str, outgoing: Outgoing, about_to_send: Callable[[], None]
) -> str:
    """Send one mail and return the server's words.

    `about_to_send` is called once the server awaits the content. MessageRefused: the server said no to the
    mail. OutcomeUnknown: the connection broke while the content went. Any other ChannelError: nothing was
    sent.
    """
    client = connect(settings, password)
    try:
        refused = _address(client, outgoing)
        code, answer = client.docmd("DATA")
        if code != 354:
            raise _refusal(code, answer)
        about_to_send()
        return _transmit(client, outgoing.body) + refused
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelError(f"The mail server hung up: {error}", permanent=False) from error
    finally:
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()


def connect(settings: SmtpSettings, password: str) -> smtplib.SMTP:
    """A signed-in connection. Raises ChannelError; a wrong password and a bad certificate are permanent."""
    server = settings.server
    where = f"{server.host} port {server.port}"
    address = resolved(settings.server.host, settings.server.port, allow_private=settings.allow_private)
    try:
        client = _open(settings, address)
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        if password:
            client.login(server.user, password)
        return client
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelError(
            f"{where} refused the user name or password: {_words(error.smtp_error)}",
            "Enter the channel's password again.",
            permanent=error.smtp_code >= 500,
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise ChannelError(
            f"The certificate of {where} cannot be trusted: {error.verify_message}.",
            "Use the name the certificate is for, or set SSL_CERT_FILE to the company's own authority.",
            permanent=True,
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ChannelError(f"{where}: {error}", "Choose another security setting.", permanent=True) from error
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelError(f"{where} cannot be reached: {error}", permanent=False) from error


class _Pinned(smtplib.SMTP):
    """SMTP to an address already resolved, under the host's own name for TLS."""

    address = ""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self.address, port), timeout)


class _PinnedTls(_Pinned):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = super()._get_socket(host, port, timeout)
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _open(settings: SmtpSettings, address: str) -> smtplib.SMTP:
    server = settings.server
    client = (_PinnedTls if server.security == "tls" else _Pinned)(timeout=settings.timeout_seconds)
    client.address = address
    client._host = server.host  # type: ignore[attr-defined] # connect() leaves it unset, and STARTTLS checks against it
    code, answer = client.connect(server.host, server.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, answer)
    return client


def _address(client: smtplib.SMTP, outgoing: Outgoing) -> str:
    """MAIL and RCPT. Returns what to say of recipients refused for good, when others were taken."""
    options = []
    if not all(a.isascii() for a in (outgoing.sender, *outgoing.recipients)):
        if not client.has_extn("smtputf8"):
            raise MessageRefused("The mail server cannot send to addresses outside ASCII.", permanent=True)
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        client.command_encoding = "utf-8"
    if client.has_extn("size"):
        options.append(f"SIZE={len(outgoing.body)}")
    code, answer = client.mail(outgoing.sender, options)
    if code != 250:
        raise _refusal(code, answer)
    refused = []
    for recipient in outgoing.recipients:
        code, answer = client.rcpt(recipient)
        if code not in (250, 251, 252):
            refused.append((recipient, _refusal(code, answer)))
    later = [error for _, error in refused if not error.permanent]
    if later:
        raise later[0]
    if len(refused) == len(outgoing.recipients):
        raise refused[0][1] if refused else MessageRefused("There is nobody to send to.", permanent=True)
    return "".join(f"; refused {recipient}: {error.message}" for recipient, error in refused)


def _transmit(client: smtplib.SMTP, body: bytes) -> str:
    try:
        if client.sock:
            client.sock.settimeout(_FINAL_DOT_SECONDS)
        client.send(_dotted(body))
        code, answer = client.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise OutcomeUnknown(
            f"The connection broke while the mail was going out: {error}",
            "It may have arrived. Ask, or send it again: it carries the same Message-ID.",
            permanent=True,
        ) from error
    if code != 250:
        raise _refusal(code, answer)
    return f"{code} {_words(answer)}"


def _dotted(body: bytes) -> bytes:
    """The content as DATA sends it (RFC 5321, section 4.5.2)."""
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def _refusal(code: int, answer: bytes) -> MessageRefused:
    words = _words(answer)
    return MessageRefused(f"{code} {words}", permanent=code >= 500 and not words.startswith("4."))


def _words(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:1000]
