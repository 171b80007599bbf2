"""Relationships that end on a day written down before: from that day on they are found no more as what is."""

from django.db import connection

from rapport.core import scope

_LAPSED = """SELECT rapport_keep_people(ARRAY(SELECT person_id FROM people_relationship
        WHERE until BETWEEN current_date - 2 AND current_date)),
    rapport_keep_organizations(ARRAY(SELECT organization_id FROM people_organizationrelationship
        WHERE until BETWEEN current_date - 2 AND current_date)),
    rapport_keep_people_of(ARRAY(SELECT organization_id FROM people_organizationrelationship
        WHERE until BETWEEN current_date - 2 AND current_date))"""


def lapse() -> None:
    """Bring the lists up to date with the day; harmless however often it is done."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(_LAPSED)
