"""The small company of the pages, and its log read on."""

from collections.abc import Callable

import pytest

from rapport.core import audit, scope
from rapport.notices import gather
from rapport.notices.models import Notice
from tests.web.cast import Cast, make_cast

Told = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def cast(db: None) -> Cast:
    """The company; its log so far is not told of."""
    made = make_cast()
    seal()
    gather.run()
    return made


@pytest.fixture
def told(cast: Cast) -> Told:
    """Reads the log on; who is told then, and why, in order."""

    def read_on() -> list[tuple[str, str]]:
        seal()
        while gather.run():
            pass
        with scope.system():
            rows = Notice.objects.select_related("member").order_by("at", "id")
            return sorted((one.member.name.split()[0], one.reason) for one in rows)

    return read_on


def seal() -> None:
    """What the worker does all the time."""
    audit.seal_batch()
