"""What the demo company knows about its people beside their addresses, and who stands in its books twice."""

import csv
from datetime import timedelta
from uuid import UUID

from rapport.channels.telephone import e164
from rapport.cli.demo_company.company import FOLDER, Company
from rapport.conversations.visibility import EVERYONE
from rapport.core.clock import now
from rapport.people.models import (
    Consent,
    CustomField,
    CustomKind,
    Handle,
    Organization,
    OrganizationRelationship,
    Person,
    Relationship,
    Segment,
    Subject,
)
from rapport.staff.models import Member

#: Who looks after whom: relationship -> slug of the member.
_HOLDERS = {"partner": "bram", "analyst": "dev", "journalist": "georgie"}
_AGREED_EVERY = 4
_KNOWN_BEFORE = timedelta(days=45)


def furnish(company: Company) -> None:
    """Holders, fields, consent, segments, and the doubles of other books; in the system's scope, after founding."""
    members = {one.email.partition("@")[0]: one for one in Member.objects.all()}
    _fields(company)
    _hold(members)
    _agree()
    _segments(members[_HOLDERS["partner"]])
    _partners()
    _doubles()


def _fields(company: Company) -> None:
    CustomField.objects.create(key="city", label="City", kind=CustomKind.TEXT, matches="city")
    CustomField.objects.create(
        key="bike", label="Bike", kind=CustomKind.CHOICE, choices=["Heron", "Otter", "Wren"], position=1
    )
    cities = {one.email: one.city for one in company.people if one.city}
    people = []
    for handle in Handle.objects.filter(kind="email", value__in=list(cities)).select_related("person"):
        handle.person.fields = {"city": cities[handle.value]}
        people.append(handle.person)
    Person.objects.bulk_update(people, ["fields"])


def _hold(members: dict[str, Member]) -> None:
    for kind, slug in _HOLDERS.items():
        Person.objects.filter(relationships__kind=kind).update(holder=members[slug])


def _agree() -> None:
    customers = Person.objects.filter(relationships__kind="customer").order_by("name")[::_AGREED_EVERY]
    Consent.objects.bulk_create(
        Consent(
            person=one, purpose="announcements", channel="email", given=True, at=now() - _KNOWN_BEFORE,
            source="form", proof={"what": "form", "where": "The box at the checkout"},
        )
        for one in customers
    )  # fmt: skip


def _segments(member: Member) -> None:
    for position, (name, query) in enumerate(
        (
            ("Partners not heard from in 60 days", {"relation": "partner", "heard": "not60"}),
            ("Customers nobody looks after", {"relation": "customer", "holder": "none"}),
        )
    ):
        Segment.objects.create(
            subject=Subject.PERSON, name=name, query=query, member=member, for_all=True, position=position
        )


def _partners() -> None:
    partners = Organization.objects.filter(people__relationships__kind="partner").distinct()
    OrganizationRelationship.objects.bulk_create(
        OrganizationRelationship(
            organization=one, kind="partner", source="contract", created_at=now() - _KNOWN_BEFORE
        )
        for one in partners
    )


def _doubles() -> None:
    """People whom another book names once more, as books do: other spellings, another address, a public account."""
    organizations = dict(Organization.objects.values_list("name", "id"))
    with (FOLDER / "doubles.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            _double(row, organizations)


def _double(row: dict[str, str], organizations: dict[str, UUID]) -> None:
    person = Person.objects.create(
        name=row["name"], language=row["language"], organization_id=organizations.get(row["organization"]),
        fields={"city": row["city"]} if row["city"] else {}, audience=[EVERYONE], created_at=now() - _KNOWN_BEFORE,
    )  # fmt: skip
    for kind, written in (("email", row["email"]), ("phone", row["phone"]), ("fediverse", row["account"])):
        if written:
            value = (e164(written) or written) if kind == "phone" else written
            Handle.objects.create(kind=kind, value=value, written=written, person=person, source=row["source"])
    for kind in filter(None, row["relationships"].split(";")):
        Relationship.objects.create(person=person, kind=kind, source=row["source"])
