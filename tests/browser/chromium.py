"""The browser of the tests: where it is, how it is started, and the two sizes of its window."""

import os
import shutil

CHROMIUM = os.environ.get("RAPPORT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESK, PHONE = (1440, 900), (390, 844)
