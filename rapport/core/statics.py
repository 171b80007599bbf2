"""Where static files lie: under a hash of all of them, so that what changed has another address.

The hash is a folder and not part of each name. So modules and style sheets find each other by relative addresses, and
nothing has to be collected, rewritten or built.
"""

import hashlib
from pathlib import Path

PREFIX = "/static/"
#: What lies there never changes.
IMMUTABLE = rf"^{PREFIX}[0-9a-f]{{12}}/"


def url_of(folder: Path, *versions: str) -> str:
    """The address of the files in `folder`; `versions` are those of packages that bring files, too."""
    digest = hashlib.sha256("\0".join(versions).encode())
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        digest.update(b"\0" + path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{PREFIX}{digest.hexdigest()[:12]}/"
