"""Who works here."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from rapport.core.clock import now
from rapport.core.ids import new_id


class Role(models.TextChoices):
    """What a member may do; the table of rights is in `staff.rights`."""

    ADMIN = "admin", "Administrator"
    LEAD = "lead", "Lead"
    AGENT = "agent", "Agent"
    READER = "reader", "Reader"


class Density(models.TextChoices):
    """How much room a row of a list takes."""

    NORMAL = "normal", "Comfortable"
    COMPACT = "compact", "Compact"


class Company(models.Model):
    """The settings of the whole company: one row, `Company.here()`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=120, blank=True)
    individual_figures = models.BooleanField(default=False)
    require_second_factor = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="company_once")]

    @classmethod
    def here(cls) -> "Company":
        """The settings; as they come when nobody has changed any."""
        return cls.objects.filter(id=1).first() or cls(id=1)


class BusinessHours(models.Model):
    """When a team answers: `blocks` is a list of [weekday 0-6, "09:00", "17:30"] in `time_zone`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    blocks = models.JSONField(default=list)
    holidays = models.CharField(max_length=10, blank=True)

    def __str__(self) -> str:
        return self.name


class MemberManager(BaseUserManager["Member"]):
    """Makes members by address."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Member":
        """Store a member with a hashed password; None leaves it unusable."""
        member = self.model(email=email.strip().lower(), **fields)
        member.set_password(password)
        member.save(using=self._db)
        return member


class Member(AbstractBaseUser):
    """Somebody who works here and signs in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.AGENT)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    language = models.CharField(max_length=10, default="en")
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    capacity = models.PositiveSmallIntegerField(default=20)
    signature = models.TextField(blank=True)
    hours = models.ForeignKey(BusinessHours, null=True, blank=True, on_delete=models.SET_NULL)
    density = models.CharField(max_length=10, choices=Density.choices, default=Density.NORMAL)
    contrast = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(default=now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[MemberManager] = MemberManager()

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A business function that owns conversations.

    An open team's conversations may be seen by every member; others only by the team and the teams involved.
    A confidential team's conversations are confidential from the first moment.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    is_open = models.BooleanField(default=True)
    confidential = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    hours = models.ForeignKey(BusinessHours, null=True, blank=True, on_delete=models.SET_NULL)
    members: "models.ManyToManyField[Member, Membership]" = models.ManyToManyField(
        Member, through="Membership", related_name="teams"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """That a member belongs to a team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    is_lead = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "team"], name="membership_once")]


class Absence(models.Model):
    """When a member is away."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=120, blank=True)
