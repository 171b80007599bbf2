"""One at a time: whoever gives conversations to members holds this, so that what members have now is what counts."""

from django.db import connection

_NAME = "hashtext('rapport.handing')"


def one_at_a_time() -> None:
    """Until the transaction ends nobody else hands out or over; waits for whoever does. Before any conversation."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_NAME})")


def if_nobody_else() -> bool:
    """The same for who holds a conversation already, and must not wait while others wait for it: False is not now."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({_NAME})")
        return bool(cursor.fetchone()[0])
