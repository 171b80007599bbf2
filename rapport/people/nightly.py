"""The pass over all people in a process of its own (`python -m rapport.people.nightly`): its memory ends with it."""

import os
import subprocess
import sys

_PROCESSES = 2


def run_apart() -> None:
    """Run the pass in a process of its own, and wait for it. Raises subprocess.CalledProcessError where it fails."""
    subprocess.run(
        [sys.executable, "-m", "rapport.people.nightly"], check=True, env=os.environ.copy(), stdout=subprocess.DEVNULL
    )


def main() -> None:
    """Run the pass; print one JSON object on what it did."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
    import django
    import orjson

    django.setup()
    from rapport.people.full_pass import full_pass

    done = full_pass(_PROCESSES)
    if done:
        told = {"people": done.people, "pairs": done.pairs_compared, "suggested": done.suggested, "parts": done.seconds}
        print(orjson.dumps(told).decode(), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
