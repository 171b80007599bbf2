"""Some statements are planned anew, and only those."""

import pytest
from django.db import connection, transaction

from rapport.core import plans


def _mode() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('plan_cache_mode')")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_plans_are_fresh_inside_and_kept_again_afterwards() -> None:
    with plans.fresh():
        assert _mode() == "force_custom_plan"
    assert _mode() == "auto"


@pytest.mark.django_db(transaction=True)
def test_an_error_inside_ends_it_with_its_transaction() -> None:
    with pytest.raises(ValueError, match="x"), transaction.atomic(), plans.fresh():
        raise ValueError("x")
    assert _mode() == "auto"
