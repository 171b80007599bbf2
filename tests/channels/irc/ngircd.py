"""A real IRC server (ngIRCd, from Debian) on loopback."""

import socket
import subprocess
import time
from pathlib import Path

from tests.support import free_port, require_binary

_CONFIG = """[Global]
Name = irc.brand.test
Info = test
Network = BrandNet
Listen = 127.0.0.1
Ports = {port}
ServerUID = nobody
ServerGID = nogroup
{password}
[Limits]
MaxNickLength = 30
MaxConnectionsIP = 0
MaxPenaltyTime = 0
PingTimeout = 120
[Options]
DNS = no
Ident = no
PAM = no
[Channel]
Name = #shut
Modes = k
Key = secret
"""


class Ngircd:
    """Started and stopped as often as a test likes, on the same port."""

    def __init__(self, folder: Path, password: str = "") -> None:
        self._program, self.folder, self.port = require_binary("ngircd"), folder, free_port()
        self._config = folder / "ngircd.conf"
        self._config.write_text(_CONFIG.format(port=self.port, password=f"Password = {password}" if password else ""))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-n", "-f", str(self._config)], stdout=log, stderr=log)
        until = time.monotonic() + 240
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError((self.folder / "out.log").read_text()[-3000:])

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None
