"""Run by tests in a process of its own: starts the embedded database of argv[1], says its URL and pid, and waits."""

import signal
import sys
from pathlib import Path

from rapport.core.postgres import EmbeddedPostgres


def main() -> None:
    server = EmbeddedPostgres(Path(sys.argv[1]))
    url = server.start()
    sys.stdout.write(f"{url} {server.pid or 0}\n")
    sys.stdout.flush()
    if server.owner:
        signal.pause()


if __name__ == "__main__":
    main()
