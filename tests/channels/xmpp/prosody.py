"""A real XMPP server (Prosody, from Debian) on loopback, with data of its own."""

import socket
import subprocess
import time
from pathlib import Path

from tests.support import free_port, require_binary

DOMAIN, ROOMS = "brand.test", "rooms.brand.test"

_CONFIG = """
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}"
daemonize = false
run_as_root = true
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ {tls_port} }}
legacy_ssl_ssl = {{ key = "{folder}/{domain}.key"; certificate = "{folder}/{domain}.crt"; }}
c2s_direct_tls_ssl = {{ key = "{folder}/{domain}.key"; certificate = "{folder}/{domain}.crt"; }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{ "roster", "saslauth", "disco", "ping", "carbons", "mam", "offline", "tls" }}
modules_disabled = {{ "s2s", "http" }}
authentication = "internal_plain"
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
default_archive_policy = true
archive_cleanup_interval = 86400
muc_log_by_default = true
muc_room_default_persistent = true
muc_room_locking = false
muc_room_default_public = true
ssl = {{ key = "{folder}/{domain}.key"; certificate = "{folder}/{domain}.crt"; }}
log = {{ info = "*console" }}
VirtualHost "{domain}"
Component "{rooms}" "muc"
  modules_enabled = {{ "muc_mam" }}
"""


class Prosody:
    """Started and stopped as often as a test likes, on the same port and data."""

    def __init__(self, folder: Path) -> None:
        self._program, self._control = require_binary("prosody"), require_binary("prosodyctl")
        self.folder, self.port, self.tls_port = folder, free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "prosody.cfg.lua"
        self._config.write_text(_CONFIG.format(
            folder=folder, port=self.port, tls_port=self.tls_port, domain=DOMAIN, rooms=ROOMS
        ))  # fmt: skip
        (folder / "data").mkdir()
        self._certify()

    def start(self) -> None:
        with (self.folder / "out.log").open("ab") as log:
            command = [self._program, "--config", str(self._config)]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        until = time.monotonic() + 240
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "out.log").read_text()[-3000:])

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def register(self, name: str, password: str = "word") -> str:
        command = [self._control, "--config", str(self._config), "register", name, DOMAIN, password]
        subprocess.run(command, check=True, capture_output=True)
        return f"{name}@{DOMAIN}"

    def _certify(self) -> None:
        """A certificate that nobody vouches for."""
        subprocess.run(
            [require_binary("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}", "-keyout", f"{self.folder}/{DOMAIN}.key",
             "-out", f"{self.folder}/{DOMAIN}.crt"], check=True, capture_output=True,
        )  # fmt: skip
