"""A telephone system and a telephone: kamailio and baresip from Debian, on loopback."""

import math
import shutil
import socket
import subprocess
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rapport.channels.kinds.sip import sound
from tests.support import free_port, refuse, require_binary

PASSWORD = "a good password"
_CONFIG = Path(__file__).parents[2] / "peers" / "sip" / "kamailio.cfg"
_OPTIONS = (
    "OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{ours};branch=z9hG4bK{ours}\r\n"
    "From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {ours}\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
)
_PHONE = """\
sip_listen 127.0.0.1:{port}
audio_player aubridge,none
audio_source aufile,{folder}/says.wav
audio_alert aufile,/dev/null
ausrc_srate 8000
auplay_srate 8000
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
snd_path {folder}
module_app account.so
module_app menu.so
module_app debug_cmd.so
"""


def speech(seconds: float) -> bytes:
    """Something loud: a tone that swells, as samples."""
    count = int(seconds * sound.RATE)
    return array("h", [int(9_000 * math.sin(one * 0.35) * math.sin(one * 0.0009)) for one in range(count)]).tobytes()


@contextmanager
def exchange(folder: Path) -> Iterator[int]:
    """Kamailio; its port."""
    program = require_binary("kamailio")
    modules = next(iter(sorted(Path("/usr/lib").glob("*/kamailio/modules"))), None)
    if modules is None:
        refuse("kamailio has no modules")
    port = free_port()
    config = folder / "kamailio.cfg"
    config.write_text(_CONFIG.read_text().replace("PORT", str(port)).replace("MODULES", f"{modules}/"))
    with (folder / "kamailio.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-f", str(config), "-DD", "-E", "-m", "16", "-M", "4", "-Y", str(folder)],
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
        try:
            _wait(port, process, folder / "kamailio.log")
            yield port
        finally:
            process.terminate()
            process.wait(60)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", 0))
        asking.settimeout(0.2)
        words = _OPTIONS.format(port=port, ours=asking.getsockname()[1]).encode()
        for _ in range(200):
            asking.sendto(words, ("127.0.0.1", port))
            try:
                if asking.recv(4096).startswith(b"SIP/2.0 200"):
                    return
            except OSError:
                time.sleep(0.1)
            assert process.poll() is None, log.read_text()[-2000:]
    raise AssertionError(log.read_text()[-2000:])


@dataclass
class Phone:
    """A baresip that registers and calls; what it heard is kept by its module sndfile."""

    folder: Path
    port: int

    @contextmanager
    def call(self, who: str, says: bytes, user: str = "+493012345") -> Iterator["subprocess.Popen[bytes]"]:
        """Let it call. It hangs up when it is terminated, at the latest at the end of the block."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "says.wav").write_bytes(sound.wav(says))
        server = f"127.0.0.1:{self.port}"
        account = f'<sip:{user}@{server}>;auth_pass={PASSWORD};regint=60;audio_codecs=PCMA/8000;outbound="sip:{server}"'
        (self.folder / "accounts").write_text(account + "\n")
        (self.folder / "contacts").write_text("")
        modules = next(iter(sorted(Path("/usr/lib").glob("**/baresip/modules"))), Path("/usr/lib/baresip/modules"))
        (self.folder / "config").write_text(_PHONE.format(port=free_port(), folder=self.folder, modules=modules))
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [require_binary("baresip"), "-f", str(self.folder), "-t", "60", "-e", f"/dial sip:{who}@{server}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)

    def says(self, words: str) -> bool:
        """Whether its log holds these words by now."""
        return words in self.log()

    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def heard(self) -> bytes:
        """The samples that it heard, once it ended."""
        return sound.read_wav(next(self.folder.glob("dump-*-dec.wav")).read_bytes())
