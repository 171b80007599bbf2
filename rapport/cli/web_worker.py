"""What a web worker process imports: the pages, tied to the life of the server that started it."""

import os
import signal

from rapport.core.postgres.launch import die_with

die_with(os.getppid(), signal.SIGKILL)

# Only a process that will end with its server loads Django.
from rapport.web.wsgi import application  # noqa: E402

__all__ = ["application"]
