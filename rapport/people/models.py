"""Everyone the business talks with."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member


class RelationshipKind(models.TextChoices):
    """What somebody is to us."""

    CUSTOMER = "customer", _("Customer")
    EMPLOYEE = "employee", _("Employee")
    PARTNER = "partner", _("Partner")
    ANALYST = "analyst", _("Analyst")
    JOURNALIST = "journalist", _("Journalist")
    SUPPLIER = "supplier", _("Supplier")
    PROSPECT = "prospect", _("Prospect")
    OTHER = "other", _("Other")


class Organization(models.Model):
    """A company people belong to; made from a mail domain that is no freemail, or by hand."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=253, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A human being outside or inside the company.

    `audience` holds the team ids that may know of them: somebody known only from a confidential conversation is known
    only to its team.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.SET_NULL, related_name="people"
    )
    holder = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="held_people")
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True)
    external_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    audience = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(Lower("name"), "id", name="person_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Handle(models.Model):
    """One address of a person: `value` is normalised, `written` as it was met."""

    pk = models.CompositePrimaryKey("kind", "value")
    kind = models.CharField(max_length=30)
    value = models.CharField(max_length=320)
    written = models.CharField(max_length=320, blank=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="handles")
    source = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=now)


class Relationship(models.Model):
    """What a person is to us, from when to when, and who says so."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="relationships")
    kind = models.CharField(max_length=20, choices=RelationshipKind.choices)
    organization = models.ForeignKey(Organization, null=True, blank=True, on_delete=models.SET_NULL)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=60, default="by hand")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"], condition=models.Q(until__isnull=True), name="relationship_once"
            )
        ]
