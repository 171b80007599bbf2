"""Who may know of an organization: whoever knows one of its people, and everybody where it is kept.

And those that are no more than the domain of somebody's mail, which go with their last.
"""

from collections.abc import Sequence
from uuid import UUID

from rapport.people.forgetting import changed
from rapport.people.models import Organization, Person
from rapport.people.trees import EVERYONE

#: Made from a mail's domain, and nobody wrote anything down about it.
_BARE = """NOT o.kept AND o.name = o.domain AND o.note = '' AND o.fields = '{}' AND o.parent_id IS NULL
    AND o.external_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM people_organization c WHERE c.parent_id = o.id)
    AND NOT EXISTS (SELECT 1 FROM people_relationship r WHERE r.organization_id = o.id)
    AND NOT EXISTS (SELECT 1 FROM conversations_watch w WHERE w.organization_id = o.id)
    AND NOT EXISTS (SELECT 1 FROM people_organizationdomain d WHERE d.organization_id = o.id)
    AND NOT EXISTS (SELECT 1 FROM people_organizationrelationship r WHERE r.organization_id = o.id)"""


def is_secret(organization: Organization) -> bool:
    """Whether only some know of it, because all its people are known to some only."""
    return not organization.kept and not _known_to_all(organization)


def keep(organization: Organization) -> None:
    """Something was written down about it: it stays known to all, where all know of it now."""
    if not organization.kept and _known_to_all(organization):
        Organization.objects.filter(id=organization.id).update(kept=True)


def drop_empty(organizations: Sequence[UUID]) -> int:
    """Delete those of these organizations of which nobody wrote anything down and nobody is; how many they were."""
    return changed(
        f"""WITH gone AS (DELETE FROM people_organization o WHERE o.id = ANY(%s) AND {_BARE}
            AND NOT EXISTS (SELECT 1 FROM people_person p WHERE p.organization_id = o.id) RETURNING id),
        former AS (DELETE FROM core_former f USING gone WHERE f.row_id = gone.id),
        relations AS (DELETE FROM people_relationshipformer f USING gone WHERE f.organization_id = gone.id)
        SELECT id FROM gone""",
        [list(organizations)],
    )


def absorb(bare: UUID, into: UUID) -> bool:
    """Let the people of an organization that is no more than a domain be another's; else False. In the system scope."""
    changed(
        f"""UPDATE people_person SET organization_id = %s
        WHERE organization_id IN (SELECT o.id FROM people_organization o WHERE o.id = %s AND {_BARE})""",
        [into, bare],
    )
    return bool(drop_empty([bare]))


def _known_to_all(organization: Organization) -> bool:
    return Person.objects.filter(organization=organization, audience__contains=[EVERYONE]).exists()
