"""Which statements PostgreSQL plans anew each time.

It keeps the plans of what a connection asks again and again (`settings.database`), made for what is usual. Where one
asks about things of which there are five as a rule and thousands at times, the usual plan reads the thousands.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def fresh() -> Iterator[None]:
    """What is asked inside is planned for what it is about. In a transaction, whose end ends this, too."""
    _set("force_custom_plan")
    yield
    _set("auto")


def _set(mode: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', %s, true)", [mode])
