"""What is kept about bringing people in: the file while it is needed, what was not taken, ids of other systems."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member, ScimToken


class ExternalId(models.Model):
    """What another system calls a person; two systems may use the same id for different people."""

    pk = models.CompositePrimaryKey("source", "external_id")
    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=200)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="external_ids")
    created_at = models.DateTimeField(default=now)


class ImportState(models.TextChoices):
    """How far an import is. In `CHECKING` and `RUNNING` a worker has it, or will have it soon."""

    MAPPING = "mapping", _("Columns to be named")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    RUNNING = "running", _("Running")
    STOPPED = "stopped", _("Stopped")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Import(models.Model):
    """One file that a member brings in. `position`: how many of its records are dealt with, committed with them.

    `settings`: {"encoding", "delimiter"}, "" to find out. `mapping`: see `shapes.Mapping`. `checked` and `counts` have
    what a dry run expects and what came of it, by outcome. A worker has it until `leased_until`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    filename = models.CharField(max_length=200)
    form = models.CharField(max_length=10)
    size = models.PositiveIntegerField()
    source = models.CharField(max_length=60, blank=True, default="")
    settings = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.MAPPING)
    records = models.PositiveIntegerField(null=True)
    position = models.PositiveIntegerField(default=0)
    checked = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True, default="")
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], name="import_waiting", condition=models.Q(state__in=["checking", "running"])
            ),
        ]


class ImportFile(models.Model):
    """The bytes of an import: there until it is done, or `running.UNFINISHED_DAYS` after the last touch."""

    import_of = models.OneToOneField(Import, primary_key=True, on_delete=models.CASCADE, related_name="file")
    data = models.BinaryField()


class ImportProblem(models.Model):
    """A record that was not taken (`taken`: that was, but not all of it), why, and the record; kept for some weeks.

    `reason` is {"what": a slug of `reasons`, **what the sentence names}.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    import_of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="problems")
    line = models.PositiveIntegerField()
    taken = models.BooleanField(default=False)
    reason = models.JSONField(default=dict)
    cells: "models.JSONField[list[str], Any]" = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["import_of", "taken", "line", "id"], name="problem_of_import")]


class ImportMapping(models.Model):
    """What the columns of files with the same first line stood for the last time."""

    digest = models.CharField(max_length=64, primary_key=True)
    mapping = models.JSONField(default=dict)
    used_at = models.DateTimeField(default=now)


class DirectoryKind(models.TextChoices):
    """Whose names for things a directory uses."""

    OPENLDAP = "openldap", "OpenLDAP (inetOrgPerson)"
    AD = "ad", "Active Directory"


class Directory(models.Model):
    """A directory (LDAP) from which employees come. `config` is its public side, `secrets` is sealed.

    `counts` is what the last sync did; `report` what it could not take: [[which entry, reason], ...].
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=10, choices=DirectoryKind.choices, default=DirectoryKind.OPENLDAP)
    config = models.JSONField(default=dict)
    secrets = models.BinaryField(default=bytes)
    every_hours = models.PositiveSmallIntegerField(default=24)
    enabled = models.BooleanField(default=True)
    due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    report = models.JSONField(default=list)
    error = models.CharField(max_length=400, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]


class Employee(models.Model):
    """A user of a directory that may keep employees and no members (SCIM), with what it said, in its words."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    token = models.ForeignKey(ScimToken, on_delete=models.CASCADE, related_name="employees")
    user_name = models.CharField(max_length=320)
    external_id = models.CharField(max_length=200, blank=True)
    said = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "user_name"], name="employee_once")]
