"""A real OpenLDAP for one test run: Debian's slapd as an ordinary process, with a configuration of its own."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rapport.core.clock import now
from tests.support import free_port, require_binary

BASE = "dc=example,dc=org"
READER, PASSWORD = f"cn=reader,{BASE}", "reads, only"
_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {home}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {home}/ca.pem
TLSCertificateFile {home}/server.pem
TLSCertificateKeyFile {home}/server.key
security simple_bind=0
sizelimit 50
database mdb
maxsize 67108864
suffix "{base}"
rootdn "cn=root,{base}"
rootpw root
directory {home}/db
limits dn.exact="{reader}" size.soft=50 size.hard=50 size.pr=unlimited size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


@dataclass(frozen=True)
class Slapd:
    """Where it listens, and the authority its certificate is from."""

    home: Path
    plain: int
    tls: int
    process: "subprocess.Popen[bytes]"

    @property
    def ca(self) -> str:
        return (self.home / "ca.pem").read_text()

    def add(self, entries: Iterable[Mapping[str, object]]) -> None:
        """Put entries in: {"dn": ..., attribute: value or values}."""
        self._run("ldapadd", "\n\n".join(_ldif(one) for one in entries))

    def change(self, text: str) -> None:
        """Apply a change, as LDIF."""
        self._run("ldapmodify", text)

    def _run(self, program: str, text: str) -> None:
        command = [require_binary(program), "-x", "-H", f"ldap://127.0.0.1:{self.plain}"]
        subprocess.run(
            [*command, "-D", f"cn=root,{BASE}", "-w", "root"], input=text.encode(), check=True, capture_output=True
        )  # fmt: skip


def person(uid: str, name: str, **more: object) -> dict[str, object]:
    """An inetOrgPerson."""
    given, _, family = name.rpartition(" ")
    return {"dn": f"uid={uid},ou=people,{BASE}", "objectClass": "inetOrgPerson", "uid": uid, "cn": name, "sn": family,
            "givenName": given, "mail": f"{uid}@example.org", **more}  # fmt: skip


def start(home: Path) -> Slapd:
    """Start it, with the base, the account that reads, and nobody in it. Skips the test where slapd is not here."""
    slapd = require_binary("slapd")
    require_binary("ldapadd")
    (home / "db").mkdir()
    _certificates(home)
    (home / "slapd.conf").write_text(_CONF.format(home=home, base=BASE, reader=READER))
    plain, tls = free_port(), free_port()
    urls = f"ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{tls}/"
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([slapd, "-f", str(home / "slapd.conf"), "-h", urls, "-d", "0"], stderr=log)
    running = Slapd(home, plain, tls, process)
    _wait(running)
    running.add(
        [
            {"dn": BASE, "objectClass": ["dcObject", "organization"], "o": "Example", "dc": "example"},
            {"dn": f"ou=people,{BASE}", "objectClass": "organizationalUnit", "ou": "people"},
            {"dn": READER, "objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": "reader",
             "userPassword": PASSWORD},
        ]
    )  # fmt: skip
    return running


def stop(running: Slapd) -> None:
    """End it and forget its data."""
    running.process.terminate()
    running.process.wait(60)
    shutil.rmtree(running.home, ignore_errors=True)


def _wait(running: Slapd) -> None:
    for _ in range(3_000):  # a minute at least
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", running.tls)) == 0:
                return
        if running.process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError((running.home / "log").read_text())


def _ldif(entry: Mapping[str, object]) -> str:
    return "\n".join(
        f"{name}: {value}" for name, given in entry.items() for value in (given if isinstance(given, list) else [given])
    )


def _certificates(home: Path) -> None:
    """A test authority, and a certificate of its for "localhost" (not for the address that it leads to)."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    for name, key, subject in (("ca", authority, issuer), ("server", server, x509.Name([]))):
        built = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() - timedelta(days=1)).not_valid_after(now() + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
        )  # fmt: skip
        if name == "server":
            built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        pem = built.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (home / f"{name}.pem").write_bytes(pem)
    (home / "server.key").write_bytes(
        server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
