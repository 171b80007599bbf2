"""What a command needs before it touches a model: a database, and Django."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rapport.core.options import options
from rapport.core.postgres import EmbeddedPostgres


@contextmanager
def database() -> Iterator[str]:
    """Django set up on a running database; its URL.

    Yours when DATABASE_URL is given; else the embedded one, joined when it runs, started for the duration when not.
    """
    given = options().database_url
    if given:
        _set_up(given)
        yield given
        return
    server = EmbeddedPostgres(options().home, postgres_bin=options().postgres_bin)
    url = server.start()
    try:
        _set_up(url)
        yield url
    finally:
        _disconnect()
        server.stop()


def _set_up(url: str) -> None:
    import django

    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.core.settings")
    options.cache_clear()
    django.setup()


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()
