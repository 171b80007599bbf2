"""What people and organizations are found by is the same, whichever way it came to be kept."""

from typing import Any

import pytest
from django.db import connection

from rapport.core import scope
from rapport.core.ids import new_id
from rapport.people.models import CustomField, Handle, Organization, OrganizationRelationship, Person, Relationship
from tests.web.cast import EVERYONE, Cast

pytestmark = pytest.mark.django_db


def kept() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT k.id, (SELECT array_agg(DISTINCT one ORDER BY one) FROM unnest(k.keys) AS one), r.root, r.top,
            r.tree, r.audience, r.created_at, r.erased, r.sort_name,
            (SELECT array_agg(word ORDER BY word) FROM string_to_table(r.words, ' ') AS word),
            (SELECT array_agg(DISTINCT one ORDER BY one) FROM unnest(r.tags) AS one)
            FROM people_key k LEFT JOIN people_row r ON r.id = k.id ORDER BY k.id"""
        )
        return list(cursor.fetchall())


def kept_anew() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM people_key; DELETE FROM people_row;
            SELECT rapport_keep_people(ARRAY(SELECT id FROM people_person)),
                rapport_keep_organizations(ARRAY(SELECT id FROM people_organization))"""
        )
    return kept()


def test_who_is_new_is_kept_as_if_they_were_counted_anew(cast: Cast) -> None:
    with scope.system():
        CustomField.objects.create(key="tier", label="Tier")
        shop = Organization.objects.create(name="Łódź Ltd 王", domain="lodz.example", fields={"tier": "A"})
        OrganizationRelationship.objects.create(organization=shop, kind="partner")
        plain = {"audience": [EVERYONE]}
        people = [
            Person(
                id=new_id(), name="Élif 王 小明", organization=shop, language="pt-BR", fields={"tier": "A"}, **plain
            ),
            Person(id=new_id(), name=" ", do_not_contact=True, shared=True, **plain),
            Person(id=new_id(), name="o'Ann-Bo " + "x" * 190, holder=cast.agent, audience=[cast.people_team.id]),
        ]
        # As mail does it: first the addresses, then whose they are.
        Handle.objects.bulk_create(
            [
                Handle(kind="email", value="ann@big.example", written="Ann@Big.Example", person_id=people[1].id),
                Handle(kind="sip", value="200", person_id=people[1].id),
                *(Handle(kind="irc", value=f"long-name-{n}", person_id=people[2].id) for n in range(30)),
            ]
        )
        Person.objects.bulk_create(people)
        Relationship.objects.create(person=people[0], kind="customer")
        assert kept() == kept_anew()


def test_who_comes_after_what_stands_under_them_is_a_tree(cast: Cast) -> None:
    above = new_id()
    with scope.system():
        Person.objects.create(name="Below", top=above, audience=[EVERYONE])
        Person.objects.create(id=above, name="Above", audience=[EVERYONE])
        found = kept()
        assert next(one for one in found if one[0] == above)[4] is True
        assert found == kept_anew()
