"""Who works here."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

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
    sso_only = models.BooleanField(default=False, db_default=False)
    #: Whether what was learned from people's decisions may give conversations to teams by itself.
    learned_assigns = models.BooleanField(default=False, db_default=False)
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
    #: Codes of the languages they answer in; empty: nobody said.
    languages = ArrayField(models.CharField(max_length=10), default=list, blank=True, db_default=[])
    capacity = models.PositiveSmallIntegerField(default=20)
    signature = models.TextField(blank=True)
    hours = models.ForeignKey(BusinessHours, null=True, blank=True, on_delete=models.SET_NULL)
    density = models.CharField(max_length=10, choices=Density.choices, default=Density.NORMAL)
    contrast = models.BooleanField(default=False)
    role_from_groups = models.BooleanField(default=False, db_default=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(default=now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[MemberManager] = MemberManager()

    def __str__(self) -> str:
        return self.name


class TakenBy(models.TextChoices):
    """How conversations of a team find a member where no rule names one."""

    THEMSELVES = "self", _("Members take them themselves")
    HANDED_OUT = "handed", _("They are handed out to whoever is there and has room")


class HandOver(models.TextChoices):
    """What becomes of a member's conversations when their shift ends or an absence begins."""

    OFF = "off", _("Nothing: they keep them")
    SUGGEST = "suggest", _("Suggest to hand over those whose promise would be broken")
    LATE = "late", _("Hand over those whose promise would be broken")
    WAITING = "waiting", _("Hand over those, and all that wait for our answer")


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
    taken_by = models.CharField(
        max_length=10, choices=TakenBy.choices, default=TakenBy.THEMSELVES, db_default=TakenBy.THEMSELVES.value
    )
    #: How many conversations one member is given within ten minutes; what comes beyond stays in the team's queue.
    at_once = models.PositiveSmallIntegerField(default=5, db_default=5, validators=[MinValueValidator(1)])
    hand_over = models.CharField(
        max_length=10, choices=HandOver.choices, default=HandOver.SUGGEST, db_default=HandOver.SUGGEST.value
    )
    members: "models.ManyToManyField[Member, Membership]" = models.ManyToManyField(
        Member, through="Membership", related_name="teams"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Origin(models.TextChoices):
    """Who put a member into a team: what a directory put there, only it takes away."""

    HAND = "", "By hand"
    SSO = "sso", "Single sign-on"
    SCIM = "scim", "Directory"


class Membership(models.Model):
    """That a member belongs to a team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    is_lead = models.BooleanField(default=False)
    origin = models.CharField(max_length=10, choices=Origin.choices, blank=True, default="", db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "team"], name="membership_once")]


class Absence(models.Model):
    """When a member is away."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=120, blank=True)


class OnCallRotation(models.Model):
    """Who of a team takes turns at being on call, week by week (`staff.rota`): `order` has ids of members."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="rotation")
    order = ArrayField(models.UUIDField(), default=list)
    first = models.DateField()
    minutes = models.PositiveSmallIntegerField(default=9 * 60)
    time_zone = models.CharField(max_length=60, default="UTC")


class OnCallDuty(models.Model):
    """A span for which somebody was put on call by hand; it goes before the rotation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="duties")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="duties")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="duty_ends_after"),
        ]


class ProviderKind(models.TextChoices):
    """The language a provider of identities speaks."""

    OIDC = "oidc", "OpenID Connect"
    SAML = "saml", "SAML 2.0"


class Provider(models.Model):
    """Where members sign in elsewhere: `config` is its public side, `secrets` is sealed.

    Addresses in `domains` belong to the provider: only with one of those it may speak for a member.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=ProviderKind.choices)
    enabled = models.BooleanField(default=True)
    config = models.JSONField(default=dict)
    secrets = models.BinaryField(default=bytes)
    domains = ArrayField(models.CharField(max_length=253), default=list)
    vouches = models.BooleanField(default=False)
    create_members = models.BooleanField(default=False)
    default_role = models.CharField(max_length=10, choices=Role.choices, default=Role.AGENT)
    groups_claim = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class GroupRule(models.Model):
    """What belonging to a group of the company's directory gives: a team, a role, or both."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    group = models.CharField(max_length=200)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    is_lead = models.BooleanField(default=False)
    role = models.CharField(max_length=10, choices=Role.choices, blank=True)

    class Meta:
        ordering = ["group"]
        constraints = [
            models.UniqueConstraint(fields=["group", "team"], nulls_distinct=False, name="group_rule_once"),
            models.CheckConstraint(
                condition=models.Q(team__isnull=False) | ~models.Q(role=""), name="group_rule_gives_something"
            ),
        ]


class DirectoryEntry(models.Model):
    """A member as the company's directory keeps them here (SCIM): what it said, in its words."""

    member = models.OneToOneField(Member, primary_key=True, on_delete=models.CASCADE, related_name="entry")
    external_id = models.CharField(max_length=200, blank=True)
    said = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=now)
    removed_at = models.DateTimeField(null=True)


class DirectoryGroup(models.Model):
    """A group as the company's directory keeps it here (SCIM)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200, unique=True)
    external_id = models.CharField(max_length=200, blank=True)
    members: "models.ManyToManyField[Member, models.Model]" = models.ManyToManyField(Member, related_name="groups")
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)


class ScimToken(models.Model):
    """The key of a directory that keeps members up to date; only its digest is kept.

    `people_only`: its users are employees in the directory of people and no members.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    people_only = models.BooleanField(default=False, db_default=False)
    created_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class Invitation(models.Model):
    """Somebody asked to become a member; the link holds a secret of which only the digest is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.AGENT)
    teams: "models.ManyToManyField[Team, models.Model]" = models.ManyToManyField(Team, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            ),
        ]
