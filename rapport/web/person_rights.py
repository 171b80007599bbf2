"""A person's page: consent, do-not-contact, and what a person may ask for."""

from typing import Any

from django.http import HttpRequest

from rapport.people.models import Person


def section(request: HttpRequest, found: Person) -> dict[str, Any]:
    """What `web/people/rights.html` shows."""
    return {}
