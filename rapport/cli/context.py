"""What a command needs before it touches a model: a database, and Django."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rapport.core import memory
from rapport.core.options import options
from rapport.core.postgres import EmbeddedPostgres


@contextmanager
def running_database() -> Iterator[str]:
    """A database that runs, told to this process and its children by DATABASE_URL; its URL. Without Django.

    Yours when DATABASE_URL is given; else the embedded one, joined when it runs, started for the
    duration when not.
    """
    given = options().database_url
    if given:
        os.environ["DATABASE_URL"] = given
        yield given
        return
    server = EmbeddedPostgres(options().home, postgres_bin=options().postgres_bin)
    url = server.start()
    try:
        os.environ["DATABASE_URL"] = url
        options.cache_clear()
        yield url
    finally:
        server.stop()
        os.environ.pop("DATABASE_URL", None)
        options.cache_clear()


@contextmanager
def database() -> Iterator[str]:
    """Django set up on a database that runs; its URL. One per process: Django is set up once."""
    with running_database() as url:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
        with memory.loading():
            django.setup()
        try:
            yield url
        finally:
            from django.db import connections

            connections.close_all()
