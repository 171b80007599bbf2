"""A replay runs in a transaction in which the database refuses to write."""

import pytest
from django.db import DatabaseError

from rapport.ownership.simulate import history
from rapport.staff.models import Team


@pytest.mark.django_db(transaction=True)
def test_a_replay_that_tried_to_write_would_be_refused() -> None:
    with pytest.raises(DatabaseError, match="read-only transaction"), history.read_only():
        Team.objects.create(name="X", slug="x")
    assert not Team.objects.exists()
