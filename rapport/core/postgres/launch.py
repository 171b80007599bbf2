"""Run as a script between the supervisor and a program: drop rights, die with the parent, become it.

    python -I -S launch.py PARENT_PID UID GID SIGNAL PROGRAM ARG...

UID and GID -1 keep the user. The order matters: changing the user clears the parent-death signal, so it is
asked for afterwards; and a parent that died before we asked is seen by its pid. Standard library only, no
site-packages.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def drop_rights(uid: int, gid: int) -> None:
    """Become `uid`, for good, and leave every group but `gid`."""
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def die_with(parent_pid: int, signal_number: int) -> None:
    """Have the kernel send us `signal_number` when the parent is gone (Linux). Exits when it already is."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit(0)


def main() -> None:
    """Become the program: arguments are the parent's pid, uid, gid, the signal at its death, and the command."""
    parent_pid, uid, gid, signal_number = (int(text) for text in sys.argv[1:5])
    os.umask(0o077)
    drop_rights(uid, gid)
    die_with(parent_pid, signal_number)
    os.execv(sys.argv[5], sys.argv[5:])  # noqa: S606


if __name__ == "__main__":
    main()
