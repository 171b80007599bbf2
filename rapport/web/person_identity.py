"""A person's page: who else this may be, what was merged, and what proves it."""

from typing import Any

from django.http import HttpRequest

from rapport.people.models import Person


def section(request: HttpRequest, found: Person) -> dict[str, Any]:
    """What `web/people/identity.html` shows."""
    return {}
