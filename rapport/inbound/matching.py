"""Who may be the same human: newcomers are compared shortly after they came, everybody nightly.

Not in the transaction that takes mail in: a suggestion may come seconds later, a mail may not wait.
"""

import logging
import time
from datetime import datetime, timedelta
from threading import Event

from django.db import connection

from rapport.core import scope
from rapport.core.clock import now
from rapport.people.learning import MatchModel

log = logging.getLogger(__name__)
_PAUSE_S = 3.0
_LOOK_S = 300.0
_BATCH = 100
#: The pass over all begins at this hour (UTC), or when the directory has grown so much that what was learned is old.
_HOUR = 2
_GROWN, _GROWN_LEAST = 2.0, 200
#: Of fewer a model learns little, and every start of a worker would pay for it.
_FIRST_LEAST = 150
_AGE_MOST = timedelta(hours=30)
_AGE_LEAST = timedelta(hours=3)


def run(stopping: Event) -> None:
    """Compare whoever is new, again and again, and everybody when it is time, until stopped."""
    from rapport.people import suggesting

    look = 0.0
    while not stopping.is_set():
        if time.monotonic() >= look:
            look = time.monotonic() + _LOOK_S
            pass_over_all(stopping)
        if not (suggesting.waiting() and suggesting.match_new(_BATCH) == _BATCH):
            stopping.wait(_PAUSE_S)


def pass_over_all(stopping: Event) -> bool:
    """Compare everybody if it is time; whether it was. In a process of its own: a million people need gigabytes."""
    from rapport.people import nightly

    with scope.system():
        last = MatchModel.objects.filter(learned=True).order_by("-made_at").values_list("made_at", "records").first()
        people = _people()
    if not is_time(last, people, now()):
        return False
    code = nightly.run_apart(stopping)
    if code and not stopping.is_set():
        log.warning("comparing all people ended with code %s; it is tried again", code)
    return code == 0


def is_time(last: tuple[datetime, int] | None, people: int, at: datetime) -> bool:
    """Whether everybody should be compared: nightly, once a day at least, and early while the directory grows fast.

    `last`: when that was, and of how many people.
    """
    if people < 2:
        return False
    if last is None:
        return people >= _FIRST_LEAST or at.hour == _HOUR
    age, before = at - last[0], last[1]
    if age < _AGE_LEAST:
        return age > timedelta(minutes=20) and people > max(_GROWN_LEAST, before * _GROWN)
    return at.hour == _HOUR or age > _AGE_MOST or people > max(_GROWN_LEAST, before * _GROWN)


def _people() -> int:
    """How many there are, as PostgreSQL believes; counted where it does not know."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'people_person'::regclass")
        believed = int(cursor.fetchone()[0])
        if believed < 1000:
            cursor.execute("SELECT count(*) FROM people_person")
            believed = int(cursor.fetchone()[0])
    return believed
