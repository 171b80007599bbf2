"""The business hours there are, as values."""

import logging
from collections.abc import Mapping

from rapport.staff.hours import ALWAYS, Hours, HoursError, stored_hours
from rapport.staff.models import BusinessHours

_log = logging.getLogger(__name__)


def business_hours() -> dict[str, Hours]:
    """All business hours by name; "" is the company's own: the first that were made, or always open.

    Hours that cannot be used are left out and logged: rules that ask for them then lead to triage and say so.
    """
    found: dict[str, Hours] = {}
    for name, *written in BusinessHours.objects.order_by("id").values_list("name", "time_zone", "blocks", "holidays"):
        try:
            found[name] = stored_hours(*written)
        except HoursError as error:
            _log.warning("business hours %s cannot be used: %s", name, error.message)
    return {"": next(iter(found.values()), ALWAYS), **found}


def named(hours: Mapping[str, Hours], name: str) -> Hours:
    """The hours of a name; the company's own where they are gone."""
    return hours.get(name) or hours[""]
