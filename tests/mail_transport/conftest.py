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
    """A folder that other users of this machine may enter, as mail servers' own users must, and what is made in it.

    Also where the umask of whoever runs the tests would close it.
    """
    before = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory(prefix="rapport-mail-") as name:
            Path(name).chmod(0o755)
            yield Path(name)
    finally:
        os.umask(before)


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
