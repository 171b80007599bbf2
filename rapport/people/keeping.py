"""What is kept about people beside who they are: consent, a company's own fields, segments."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member, Team


class Subject(models.TextChoices):
    """What a field or segment is about."""

    PERSON = "person", _("People")
    ORGANIZATION = "organization", _("Organizations")


class CustomKind(models.TextChoices):
    """What values a custom field takes."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    CHOICE = "choice", _("One of a list")
    YES = "yes", _("Yes or no")


class Consent(models.Model):
    """One statement of a person on what they may be written for: rows are only added, the latest counts.

    `channel` is a kind of handle, "" for all; `proof` says how it is known (their words, a form, a file), and where.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=40)
    channel = models.CharField(max_length=30, blank=True, default="")
    given = models.BooleanField()
    at = models.DateTimeField(default=now)
    source = models.CharField(max_length=60, blank=True)
    proof = models.JSONField(default=dict)
    member = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["person", "purpose", "channel", "-at"], name="consent_of_person")]


class CustomField(models.Model):
    """A field that the company keeps about people or organizations; their rows hold its values under `key`.

    `matches` says what it tells about identity, for matching: "birth_date", "address", "postcode", "city", "number"
    (something only one person has), or "".
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.CharField(max_length=12, choices=Subject.choices, default=Subject.PERSON)
    key = models.SlugField(max_length=40)
    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=CustomKind.choices, default=CustomKind.TEXT)
    choices = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    matches = models.CharField(max_length=20, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["position", "label"]
        constraints = [models.UniqueConstraint(fields=["subject", "key"], name="custom_field_once")]


class Segment(models.Model):
    """A filter over people or organizations with a name; own, a team's, or everyone's. Never a list of people."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.CharField(max_length=12, choices=Subject.choices, default=Subject.PERSON)
    name = models.CharField(max_length=80)
    query = models.JSONField(default=dict)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    for_all = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["position", "name"]
