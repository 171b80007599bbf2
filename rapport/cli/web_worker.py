"""What a web worker process imports: the pages, tied to the life of the server that started it."""

import os
import signal

from rapport.core import memory
from rapport.core.options import options
from rapport.core.postgres.launch import die_with

die_with(os.getppid(), signal.SIGKILL)

# The pages' server looks for collected static files there, and warns of a folder that is not.
(options().home / "static").mkdir(parents=True, exist_ok=True)

# Only a process that will end with its server loads Django.
with memory.loading():
    from rapport.web.wsgi import application

__all__ = ["application"]
