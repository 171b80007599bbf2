"""Who may know of an organization: whoever knows one of its people, and everybody where it is kept."""

from uuid import UUID

from rapport.people.models import Organization, Person

_EVERYONE = UUID("00000000-0000-0000-0000-000000000001")


def is_secret(organization: Organization) -> bool:
    """Whether only some know of it, because all its people are known to some only."""
    return not organization.kept and not _known_to_all(organization)


def keep(organization: Organization) -> None:
    """Something was written down about it: it stays known to all, where all know of it now."""
    if not organization.kept and _known_to_all(organization):
        Organization.objects.filter(id=organization.id).update(kept=True)


def _known_to_all(organization: Organization) -> bool:
    return Person.objects.filter(organization=organization, audience__contains=[_EVERYONE]).exists()
