"""What members keep about conversations: drafts, templates, saved views, what they follow, watch, saw and linked."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.people.models import Organization, Person
from rapport.staff.models import Member, Team


class DraftKind(models.TextChoices):
    """What a draft is to become."""

    REPLY = "reply", _("Reply")
    NOTE = "note", _("Note")
    NEW = "new", _("New conversation")


class Draft(models.Model):
    """What a member is writing, saved as they type; whoever sees the conversation sees it.

    `revision` counts its saves: a tab that holds an older one is told, and nothing is overwritten. `seen_message_id`
    is the latest message when it was begun: an answer since then stops it from being sent unseen.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey("conversations.Conversation", null=True, on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    kind = models.CharField(max_length=5, choices=DraftKind.choices)
    html = models.TextField(blank=True)
    subject = models.CharField(max_length=300, blank=True)
    recipients = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    seen_message_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "member", "kind"], name="draft_once", condition=~models.Q(kind="new")
            )
        ]

    @property
    def was_sent(self) -> bool:
        """Whether it holds nothing but that it was sent, for a save of it that is still on its way."""
        return bool(self.options.get("sent"))


class Upload(models.Model):
    """A file put into a draft, until it is sent with it. `content_id` stands in the text of an inline image."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="uploads")
    blob = models.ForeignKey("conversations.Blob", on_delete=models.PROTECT)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=120)
    size = models.BigIntegerField()
    content_id = models.CharField(max_length=255, blank=True)
    inline = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)


class Template(models.Model):
    """Words kept for many answers, for everyone or one team; `shortcut` finds it as one types."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    shortcut = models.SlugField(max_length=40, blank=True)
    html = models.TextField()
    language = models.CharField(max_length=10, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    author = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL)
    used = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]


class SavedView(models.Model):
    """A filter with a name, as it is typed into search; own, a team's, or everyone's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000, blank=True)
    sort = models.CharField(max_length=20, default="activity")
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    for_all = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["position", "name"]

    @property
    def key(self) -> str:
        """Stands for the view in addresses, as "mine" and "team-<slug>" do for theirs."""
        return f"view-{self.id}"


class Interest(models.TextChoices):
    """What a member wants to hear of a conversation."""

    FOLLOW = "follow", _("Followed")
    MUTE = "mute", _("Muted")


class Subscription(models.Model):
    """That a member follows a conversation, or wants to hear nothing of it."""

    pk = models.CompositePrimaryKey("conversation_id", "member_id")
    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    interest = models.CharField(max_length=6, choices=Interest.choices)
    created_at = models.DateTimeField(default=now)


class Watch(models.Model):
    """That a member wants to hear of everything with a person, or with an organization."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE)
    organization = models.ForeignKey(Organization, null=True, on_delete=models.CASCADE)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "person"], name="watch_person_once"),
            models.UniqueConstraint(fields=["member", "organization"], name="watch_organization_once"),
            models.CheckConstraint(
                condition=models.Q(person__isnull=True) ^ models.Q(organization__isnull=True), name="watch_one_thing"
            ),
        ]


class Link(models.Model):
    """That two conversations have to do with each other; `low` is the smaller id."""

    pk = models.CompositePrimaryKey("low_id", "high_id")
    low = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=now)


class Seen(models.Model):
    """Until when a member has read a conversation."""

    pk = models.CompositePrimaryKey("conversation_id", "member_id")
    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    at = models.DateTimeField(default=now)


class Presence(models.Model):
    """Who has a conversation open now (seen less than a minute ago), and who types in it. Not kept over a crash."""

    pk = models.CompositePrimaryKey("conversation_id", "member_id")
    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.CASCADE, db_constraint=False, related_name="presences"
    )
    member = models.ForeignKey(Member, on_delete=models.CASCADE, db_constraint=False)
    typing = models.CharField(max_length=5, blank=True)
    at = models.DateTimeField(default=now)


class Tally(models.Model):
    """How many open conversations lie where; rows add up. A trigger writes them, the worker folds them."""

    id = models.BigAutoField(primary_key=True)
    owner_team_id = models.UUIDField(null=True)
    owner_member_id = models.UUIDField(null=True)
    snoozed = models.BooleanField(default=False)
    audience = ArrayField(models.UUIDField(), default=list)
    count = models.IntegerField()
