"""The pass over all people in a process of its own (`python -m rapport.people.nightly`): its memory ends with it."""

import os
import resource
import signal
import subprocess
import sys
from threading import Event

_PROCESSES = 2
_POLL_S = 0.5
_PATIENCE_S = 3.0


def run_apart(stopping: Event) -> int:
    """Run the pass in a process of its own and wait for it, or end it when `stopping` is set; its exit code.

    Ended anywhere, all is as it was before: the database gives back what was begun, and its processes end with it. Who
    was to be compared is compared the next time.
    """
    command = [sys.executable, "-m", "rapport.people.nightly"]
    with subprocess.Popen(command, env=os.environ.copy(), stdout=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        while process.poll() is None and not stopping.wait(_POLL_S):
            pass
        return _ended(process)


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """Asked once to end; and made to, where it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def main() -> None:
    """Run the pass; print one JSON object on what it did."""
    # Ctrl-C reaches the whole group: the worker ends what it began, in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
    import django
    import orjson

    django.setup()
    from rapport.people.full_pass import full_pass

    done = full_pass(_PROCESSES)
    if done:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        told = {
            "people": done.people,
            "pairs": done.pairs_compared,
            "suggested": done.suggested,
            "parts": done.seconds,
            "cpu_s": round(sum(one.ru_utime + one.ru_stime for one in used), 1),
        }
        print(orjson.dumps(told).decode(), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
