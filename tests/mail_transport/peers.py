"""Real mail servers of Debian on loopback, each in a folder of its own: Dovecot (IMAP, LMTP) and Postfix."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support import free_port

PASSWORD = "correct-horse"

_DOVECOT = """
base_dir = {root}/run
instance_name = {name}
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
log_path = {root}/log
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{root}/mail/%n
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
auth_username_format = %Ln
namespace inbox {{
  inbox = yes
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={root}/mail/%n allow_all_users=yes
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service stats {{
  chroot =
}}
"""

_MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.brand.test
mydomain = brand.test
mynetworks = 127.0.0.0/8
mydestination =
recipient_delimiter = +
alias_maps =
alias_database =
maillog_file = {root}/log
maillog_file_prefixes = /
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{{ {{brand.test=lmtp:inet:127.0.0.1:{home}}} }}
default_transport = smtp:[127.0.0.1]:{away}
notify_classes =
"""

_MASTER = """
127.0.0.1:{port} inet  n       -       n       -       -       smtpd
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


def wait_for(done: Callable[[], object], seconds: float = 60) -> None:
    """Until `done()` is true; AssertionError after that time."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Whether somebody greets at the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as line:
            return bool(line.recv(1))
    except OSError:
        return False


def _quietly(command: list[str | Path]) -> None:
    """Run without pipes: a daemon would keep them open, and us waiting. What went wrong shows by no greeting."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Dovecot:
    """`imap` and `lmtp` are its ports. Any user, one password."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.imap, self.lmtp = free_port(), free_port()
        (root / "mail").mkdir()
        shutil.chown(root / "mail", "nobody", "nogroup")
        values = {"root": root, "name": root.name, "password": PASSWORD, "imap": self.imap, "lmtp": self.lmtp}
        (root / "conf").write_text(_DOVECOT.format(**values))

    def start(self) -> None:
        """Start and wait until it greets."""
        _quietly(["dovecot", "-c", self.root / "conf"])
        wait_for(lambda: answers(self.imap))

    def stop(self) -> None:
        """Stop it, cutting every connection: left alone, who serves an idle one lives on for ten seconds."""
        master = psutil.Process(int((self.root / "run" / "master.pid").read_text()))
        serving = master.children(recursive=True)
        _quietly(["doveadm", "-c", self.root / "conf", "stop"])
        for process in serving:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        with suppress(psutil.NoSuchProcess):
            master.wait(60)  # who does not greet within a second may only be slow, and is not started twice
        wait_for(lambda: not answers(self.imap))


class Postfix:
    """Takes mail for brand.test to the LMTP port `home`, everything else to the SMTP port `away`."""

    def __init__(self, root: Path, home: int, away: int) -> None:
        self.port = free_port()
        self._conf = root / "etc"
        for name in ("etc", "queue", "data"):
            (root / name).mkdir()
        shutil.chown(root / "data", "postfix")
        (root / "etc" / "main.cf").write_text(_MAIN.format(root=root, home=home, away=away))
        (root / "etc" / "master.cf").write_text(_MASTER.format(port=self.port))

    def start(self) -> None:
        """Start and wait until it greets."""
        _quietly(["postfix", "-c", self._conf, "start"])
        wait_for(lambda: answers(self.port))

    def stop(self) -> None:
        """Stop it at once."""
        _quietly(["postfix", "-c", self._conf, "abort"])
