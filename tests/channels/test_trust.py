"""What is trusted over TLS: the known authorities, for the name that was asked for."""

import datetime
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from rapport.channels import outgoing
from rapport.channels.base import ChannelError

Serve = Callable[[str], tuple[str, Path]]


class Handler(BaseHTTPRequestHandler):
    """Says hello."""

    asked: list[str] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        Handler.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")


class Server(ThreadingHTTPServer):
    """Keeps quiet about clients that hang up."""

    def handle_error(self, *_: object) -> None:
        pass


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A server on loopback with a certificate of its own making, for a name; its address and the certificate."""
    Handler.asked.clear()
    with ExitStack() as stack:

        def started(name: str) -> tuple[str, Path]:
            file = _certificate(tmp_path, name)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            server = stack.enter_context(Server(("127.0.0.1", 0), Handler))
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            stack.callback(server.shutdown)
            return f"https://localhost:{server.server_port}/", file

        yield started


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Makes a certificate the only known authority."""
    outgoing._trusting.cache_clear()
    yield lambda file: monkeypatch.setattr(outgoing, "DEFAULT_CA_BUNDLE_PATH", str(file))
    outgoing._trusting.cache_clear()


def _certificate(folder: Path, name: str) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


def test_a_certificate_of_a_known_authority_for_the_name_is_trusted(
    serve: Serve, trust: Callable[[Path], None]
) -> None:
    url, certificate = serve("localhost")
    trust(certificate)
    assert outgoing.ask("GET", url).body == b"hello"


def test_a_certificate_that_nobody_known_vouches_for_is_refused(serve: Serve) -> None:
    url, _ = serve("localhost")
    with pytest.raises(ChannelError, match=r"(?i)certificate"):
        outgoing.ask("GET", url)
    assert not Handler.asked


def test_a_certificate_for_another_name_is_refused(serve: Serve, trust: Callable[[Path], None]) -> None:
    url, certificate = serve("elsewhere.example")
    trust(certificate)
    with pytest.raises(ChannelError, match=r"(?i)match|hostname"):
        outgoing.ask("GET", url)
    assert not Handler.asked


def test_what_one_session_is_told_not_to_check_is_checked_by_the_others(serve: Serve) -> None:
    url, _ = serve("localhost")
    with pytest.warns(Warning, match="Unverified"), outgoing.session() as careless:
        assert careless.get(url, verify=False).text == "hello"
    assert outgoing._trusting().verify_mode == ssl.CERT_REQUIRED
    with pytest.raises(ChannelError, match=r"(?i)certificate"):
        outgoing.ask("GET", url)
    assert Handler.asked == ["/"]
