"""What failed once is run again, alone (`python -m tests.again`, called by .ci/run): twice is a fault, once is said.

A browser and forty servers on a busy machine now and then keep one test of six thousand waiting too long. That is no
reason to refuse a change, and no reason to say nothing: its name is printed as unsteady, and it is to be mended.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: More than these at once is no chance.
TESTS_MAX = 2
#: Where pytest's cache has how the last run ended (tests/conftest.py), and what failed in it.
ENDED, FAILED = "rapport/ended", "cache/lastfailed"
_CACHE = Path(".pytest_cache/v")


def worth_another_run(ended: int, failed: Sequence[str]) -> bool:
    """Whether all tests ran (pytest ended with 1, which no run that was broken off does), and few of them failed."""
    return ended == 1 and 0 < len(failed) <= TESTS_MAX and all("::" in one for one in failed)


def main() -> int:
    """Run again what the last run of pytest noted as failed; 0 when all of it passes, else 1."""
    ended, failed = _noted(ENDED, 0), sorted(_noted(FAILED, {}))
    if not worth_another_run(ended, failed):
        return 1
    print("\n== Failed once, run again alone:", *failed, sep="\n   ", flush=True)
    # The whole run decides by its marks what it runs; these are named.
    code = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *failed], check=False).returncode
    print(f"UNSTEADY, to be mended: {', '.join(failed)}" if code == 0 else "Failed twice.", flush=True)
    return int(code != 0)


def _noted(name: str, otherwise: Any) -> Any:
    at = _CACHE / name
    return json.loads(at.read_text()) if at.exists() else otherwise


if __name__ == "__main__":
    sys.exit(main())
