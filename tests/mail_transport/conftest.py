import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mail_transport.peers import Dovecot
from tests.support import refuse


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that other users of this machine may enter, as mail servers' own users must."""
    with tempfile.TemporaryDirectory(prefix="rapport-mail-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def dovecot(open_folder: Path) -> Iterator[Dovecot]:
    if not shutil.which("dovecot") or os.geteuid():
        refuse("Dovecot is not installed, or we are not root (apt: dovecot-imapd dovecot-lmtpd)")
    root = open_folder / "dovecot"
    root.mkdir()
    server = Dovecot(root)
    server.start()
    yield server
    server.stop()
