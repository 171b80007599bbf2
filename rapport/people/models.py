"""Everyone the business talks with."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.people.evidence import Merge, Pair, PairState, Release
from rapport.people.exchange.tables import (
    Directory,
    DirectoryKind,
    Employee,
    ExternalId,
    Import,
    ImportFile,
    ImportMapping,
    ImportProblem,
    ImportState,
)
from rapport.people.keeping import Consent, CustomField, CustomKind, Segment, Subject
from rapport.people.learning import MatchKeys, MatchModel
from rapport.people.privacy import (
    Archive,
    ArchivePiece,
    Erasure,
    ErasureMode,
    Hold,
    Needs,
    Purpose,
    RetentionAct,
    RetentionRule,
    Silence,
    WorkState,
)
from rapport.people.proven import Proof, Question
from rapport.staff.models import Member

__all__ = [
    "Archive", "ArchivePiece", "Consent", "CustomField", "CustomKind", "Directory", "DirectoryKind", "Employee",
    "Erasure", "ErasureMode", "ExternalId", "Handle", "Hold", "Import", "ImportFile", "ImportMapping",
    "ImportProblem", "ImportState", "MatchKeys", "MatchModel", "Merge", "Needs", "Organization", "OrganizationDomain",
    "OrganizationRelationship", "Pair", "PairState", "Person", "Proof", "Purpose", "Question", "Relationship",
    "RelationshipKind", "Release", "RetentionAct", "RetentionRule", "Segment", "Silence", "Subject", "WorkState",
]  # fmt: skip


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
    """A company people belong to; made from a mail domain that is no freemail, or by hand.

    `kept`: a member or an import made it or wrote something down about it, so that everybody may know of it. Of others
    knows who knows of one of their people. `domain` is the first of its domains, the rest are `OrganizationDomain`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=253, null=True, blank=True, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    note = models.TextField(blank=True, default="", db_default="")
    fields = models.JSONField(default=dict, blank=True, db_default={})
    external_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    kept = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name


class OrganizationDomain(models.Model):
    """A further mail domain of an organization."""

    domain = models.CharField(max_length=253, primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="domains")
    created_at = models.DateTimeField(default=now)


class Person(models.Model):
    """What is known of one human being by one way; those that were found to be the same human are one tree of rows.

    A merge changes nothing but `merged_into`, the row it now stands under, and the cached `top` of the tree; so that
    everything stays where it came to, and taking the merge back restores it exactly. `root` is whom to show: the top,
    or the row itself. Handles, messages, relationships and consent belong to rows, and are read for all of a tree.

    `audience` holds the team ids that may know of the row: somebody known only from a confidential conversation is
    known only to its team. `shared`: nobody in particular writes from here (info@, a family's address): never matched.
    `fields` has the values of `CustomField`s by key. `matched_at` is empty until it was compared with everybody else.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.SET_NULL, related_name="people"
    )
    holder = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="held_people")
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    #: What they do at their organization.
    role = models.CharField(max_length=120, blank=True, default="", db_default="")
    #: The kind of handle by which they want to be reached; "" where they never said.
    preferred = models.CharField(max_length=30, blank=True, default="", db_default="")
    note = models.TextField(blank=True)
    fields = models.JSONField(default=dict, blank=True, db_default={})
    shared = models.BooleanField(default=False, db_default=False)
    do_not_contact = models.BooleanField(default=False, db_default=False)
    external_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    audience = ArrayField(models.UUIDField(), default=list)
    merged_into = models.UUIDField(null=True, blank=True)
    top = models.UUIDField(null=True, blank=True)
    root = models.GeneratedField(expression=Coalesce("top", "id"), output_field=models.UUIDField(), db_persist=True)
    matched_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    #: The name of the tree, where `trees.call` looked it up.
    name_above: str = ""

    class Meta:
        indexes = [
            models.Index(Lower("name"), "id", name="person_by_name"),
            models.Index(fields=["root"], name="person_by_root"),
            models.Index(fields=["id"], name="person_to_match", condition=models.Q(matched_at=None)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def called(self) -> str:
        """The name to show: that of its tree, where `trees.call` was asked; else its own."""
        return self.name_above or self.name


class PersonFormer(models.Model):
    """Whose people somebody was, who held the relationship and who might know of them until `at`; by a trigger.

    Nothing is written of who is new: without such a row it always was as it stands.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    person_id = models.UUIDField()
    organization_id = models.UUIDField(null=True)
    holder_id = models.UUIDField(null=True)
    audience = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["person_id"], name="person_former")]


class RelationshipFormer(models.Model):
    """What a relationship of a person, or else of an organization, said until `at`, when it was changed or taken away.

    Written by a trigger. `created_at` is when it was first written down: there was none before.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    relationship_id = models.UUIDField()
    person_id = models.UUIDField(null=True)
    organization_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=20)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["person_id"], name="relationship_former", condition=models.Q(person_id__isnull=False)),
        ]


class Handle(models.Model):
    """One address of a person: `value` is normalised, `written` as it was met, `former` as it was written before.

    `verified_how` says what proved that it is theirs, "" where nothing has yet. `shared`: several people use it.
    """

    pk = models.CompositePrimaryKey("kind", "value")
    kind = models.CharField(max_length=30)
    value = models.CharField(max_length=320)
    written = models.CharField(max_length=320, blank=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="handles")
    source = models.CharField(max_length=60, blank=True)
    former = ArrayField(models.CharField(max_length=320), default=list, blank=True, db_default=[])
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_how = models.CharField(max_length=60, blank=True, default="", db_default="")
    shared = models.BooleanField(default=False, db_default=False)
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


class OrganizationRelationship(models.Model):
    """What an organization is to us, and so everybody in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="relationships")
    kind = models.CharField(max_length=20, choices=RelationshipKind.choices)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=60, default="by hand")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind"],
                condition=models.Q(until__isnull=True),
                name="organization_relationship_once",
            )
        ]
