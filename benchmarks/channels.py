"""How quickly, and at what cost, channels bring what was said: prints one JSON object.

    python benchmarks/channels.py flood [search|addressed] [PER_SECOND] [SECONDS]
    python benchmarks/channels.py many [SECONDS]
    python benchmarks/channels.py visible KIND... [--posts N]

Each has a fresh embedded database with the demo company and its policy, and one worker process, started as in earnest.
Whatever the channels speak to runs on loopback. "Visible" is the moment at which the database tells the live server, and
with it every open page, that there is something new; the page fetches it then.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_STOP_S = 30.0
_ENTRY = "[rapport.channels]\nflooding = benchmarks.flooding:Flooding\n"


def main() -> None:
    """Run the part that was asked for."""
    sys.path.insert(0, str(ROOT))
    part, *given = sys.argv[1:] or ["help"]
    if part not in ("flood", "many", "visible"):
        raise SystemExit(__doc__)
    from importlib import import_module

    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # services that give up root's rights read their settings in it
        with _database(folder):
            told = import_module(f"benchmarks.channels_{part}").measured(folder, given)
    print(json.dumps({"part": part, **told, "load_at_end": round(os.getloadavg()[0], 1)}, indent=1))


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    """A fresh database with the demo company in it, and Django ready for it."""
    from rapport.core.postgres import EmbeddedPostgres

    kinds = folder / "kinds" / "flooding-1.dist-info"
    kinds.mkdir(parents=True)
    (kinds / "METADATA").write_text("Metadata-Version: 2.1\nName: flooding\nVersion: 1\n")
    (kinds / "entry_points.txt").write_text(_ENTRY)
    sys.path.append(str(kinds.parent))
    home = folder / "home"
    home.mkdir(mode=0o711)
    with EmbeddedPostgres(home) as url:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "rapport.core.settings", "RAPPORT_HOME": str(home), "DATABASE_URL": url,
            "RAPPORT_LOG_LEVEL": os.environ.get("RAPPORT_LOG_LEVEL", "error"), "RAPPORT_LISTENER_PORT": "0",
            "RAPPORT_ALLOW_PRIVATE_ADDRESSES": "true", "PYTHONPATH": os.pathsep.join([str(ROOT), str(kinds.parent)]),
        }  # fmt: skip
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from rapport.channels.models import Channel
        from rapport.cli.demo_company import company
        from rapport.cli.demo_company.founding import found

        call_command("migrate", verbosity=0)
        found(company.load(), 0)
        Channel.objects.update(enabled=False)  # the demo's own: there is nobody they could ask
        try:
            yield
        finally:
            connection.close()


@contextmanager
def worker() -> Iterator[int]:
    """`rapport worker` in a process of its own; its pid."""
    process = subprocess.Popen([sys.executable, "-m", "rapport.cli.main", "worker"], cwd=ROOT)
    try:
        yield process.pid
        if process.poll() is not None:
            raise SystemExit(f"the worker ended with {process.returncode}")
    finally:
        process.terminate()
        process.wait(_STOP_S)


def memory_mb(pid: int) -> dict[str, float]:
    """PSS, RSS and the highest RSS so far of a process, in MB (10^6 bytes), and its threads."""
    rollup = _fields(Path(f"/proc/{pid}/smaps_rollup"))
    status = _fields(Path(f"/proc/{pid}/status"))
    sizes = {"pss_mb": rollup["Pss"], "rss_mb": rollup["Rss"], "peak_rss_mb": status["VmHWM"]}
    return {**{name: round(kb * 1024 / 1e6, 1) for name, kb in sizes.items()}, "threads": status["Threads"]}


def _fields(file: Path) -> dict[str, int]:
    lines = [line.split() for line in file.read_text().splitlines()[1:] if ":" in line]
    return {parts[0].rstrip(":"): int(parts[1]) for parts in lines if len(parts) > 1 and parts[1].isdigit()}


class Ear(threading.Thread):
    """What the live server hears: when each thing was first told to have changed, by the monotonic clock.

    Each time, `found` is called with that moment on this thread (it may ask the database).
    """

    def __init__(self, found: Callable[[float, str], None]) -> None:
        super().__init__(daemon=True)
        import psycopg

        from rapport.core.notify import LIVE_CHANNEL

        self._found = found
        self._line = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        self._line.execute(f"LISTEN {LIVE_CHANNEL}")

    def run(self) -> None:
        """Until the connection is closed."""
        import psycopg

        from rapport.core import notify

        with contextlib.suppress(psycopg.Error):
            for told in self._line.notifies():
                change = notify.read(told.payload)
                if change is not None:
                    self._found(time.monotonic(), change.id)


def until(true: Callable[[], Any], what: str, patience_s: float = 60.0, every_s: float = 0.05) -> Any:
    """What `true` answers, once it is something. Ends the run when that takes too long."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(every_s)
    raise SystemExit(what)


def spread_ms(seconds: list[float]) -> dict[str, float]:
    """p50, p95 and the longest, in milliseconds."""
    if len(seconds) < 2:
        return {"count": len(seconds)}
    found = {"p50_ms": median(seconds), "p95_ms": quantiles(seconds, n=20)[-1], "max_ms": max(seconds)}
    return {"count": len(seconds), **{name: round(value * 1000, 1) for name, value in found.items()}}


if __name__ == "__main__":
    main()
