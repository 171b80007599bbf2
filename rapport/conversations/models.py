"""One matter, its threads, and everything said in it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.channels.models import Channel
from rapport.conversations.desk import (
    Draft,
    DraftKind,
    Interest,
    Link,
    Presence,
    SavedView,
    Seen,
    Subscription,
    Tally,
    Template,
    Upload,
    Watch,
)
from rapport.conversations.timed import Clock
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.people.models import Person
from rapport.staff.models import Member, Team

__all__ = [
    "Attachment", "Blob", "Clock", "Conversation", "Direction", "Draft", "DraftKind", "Interest", "Link", "Mention",
    "Message", "Presence", "Priority", "Revision", "SavedView", "Seen", "Status", "Subscription", "Tally", "Template",
    "Thread", "ThreadRef", "Topic", "Upload", "Watch",
]  # fmt: skip


class Status(models.TextChoices):
    """Where a conversation stands."""

    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")
    SPAM = "spam", _("Spam")
    MERGED = "merged", _("Merged into another")


class Priority(models.IntegerChoices):
    """How much it matters; higher is more."""

    LOW = 0, _("Low")
    NORMAL = 1, _("Normal")
    HIGH = 2, _("High")
    URGENT = 3, _("Urgent")


class Direction(models.TextChoices):
    """Which way a message went."""

    IN = "in", _("Received")
    OUT = "out", _("Sent")
    NOTE = "note", _("Note")


class Topic(models.Model):
    """What a conversation may be about, from the company's own list; `words` are what gives it away."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    words = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Conversation(models.Model):
    """One matter with one owner. `audience` is derived by `conversations.visibility` and read by the database.

    `snoozed` without `snoozed_until` lasts until they answer; whatever they write wakes it in any case.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.CharField(max_length=300, blank=True)
    snippet = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="conversations", db_index=False
    )
    channel = models.ForeignKey(
        Channel, null=True, on_delete=models.SET_NULL, related_name="conversations", db_index=False
    )
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.SET_NULL, db_index=False)
    owner_team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="owned", db_index=False)
    owner_member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="owned", db_index=False
    )
    involved = ArrayField(models.UUIDField(), default=list, blank=True)
    confidential = models.BooleanField(default=False)
    #: Which answers a second member must approve: "public", "all", or none.
    approval = models.CharField(max_length=10, blank=True, default="", db_default="")
    audience = ArrayField(models.UUIDField(), default=list)
    language = models.CharField(max_length=10, blank=True)
    message_count = models.PositiveIntegerField(default=0)
    awaiting_answer = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)
    last_activity_at = models.DateTimeField(default=now)
    last_inbound_at = models.DateTimeField(null=True)
    first_answered_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    first_answer_due_at = models.DateTimeField(null=True)
    resolution_due_at = models.DateTimeField(null=True)
    merged_into = models.UUIDField(null=True, blank=True)
    snoozed = models.BooleanField(default=False, db_default=False)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    next_answer_due_at = models.DateTimeField(null=True)
    #: Whether there are clocks (`clocks`): by when is told by them, and written here whenever one moves.
    promised = models.BooleanField(default=False, db_default=False)
    #: The soonest promise that runs. The database keeps it, so that no writer can forget it (`due_sql`).
    due_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            # Those of the lists are partial and over expressions: `list_sql`.
            models.Index(fields=["person", "-last_activity_at"], name="conversation_person"),
        ]

    def __str__(self) -> str:
        return self.subject or "(no subject)"


class Thread(models.Model):
    """The run of a conversation on one channel."""

    pk = models.CompositePrimaryKey("conversation_id", "channel_id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="threads")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="threads")
    created_at = models.DateTimeField(default=now)


class ThreadRef(models.Model):
    """Which conversation a Message-ID (hashed to a UUID) belongs to, whether or not that message ever came.

    `digest` is of the message once it came: the same again is a duplicate.
    """

    ref = models.UUIDField(primary_key=True)
    conversation_id = models.UUIDField(db_index=True)
    digest = models.UUIDField(null=True)


class Message(models.Model):
    """One thing said. `text` is what was newly said; the whole is parsed from the raw item when somebody looks."""

    pk = models.CompositePrimaryKey("conversation_id", "id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    id = models.UUIDField(default=new_id, editable=False)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False)
    direction = models.CharField(max_length=4, choices=Direction.choices)
    kind = models.CharField(max_length=20, default="message")
    person = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, db_constraint=False, related_name="messages"
    )
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False)
    machine_drafted = models.BooleanField(default=False)
    at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True)
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    recipients = models.JSONField(default=dict)
    message_id = models.TextField(blank=True)
    #: What a member wrote, sanitised; the HTML of what came in is parsed from its raw item.
    html = models.TextField(blank=True, db_default="", default="")
    has_html = models.BooleanField(default=False)
    has_more = models.BooleanField(default=False)
    raw_item_id = models.UUIDField(null=True)
    problems = ArrayField(models.TextField(), default=list)
    public = models.BooleanField(default=False, db_default=False)
    #: What its channel tells beside the words: url, warning, reach, verified, origin, answer (what an answer needs).
    about = models.JSONField(default=dict, db_default={})
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        # A page of the timeline is a run of it, however long the conversation is.
        indexes = [models.Index(fields=["conversation", "at", "id"], name="message_timeline")]


class Revision(models.Model):
    """What a message said before its author changed it."""

    pk = models.CompositePrimaryKey("conversation_id", "id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    id = models.UUIDField(default=new_id, editable=False)
    message_id = models.UUIDField()
    text = models.TextField(blank=True)
    until = models.DateTimeField(default=now)
    raw_item_id = models.UUIDField(null=True)


class Mention(models.Model):
    """A public post that a search, a hashtag or a feed brought, and that is nobody's conversation yet.

    Many come, and few are read: a row is all there is of one, beside its raw item. `found_by` names the search.
    """

    pk = models.CompositePrimaryKey("channel_id", "id")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    id = models.UUIDField(default=new_id, editable=False)
    raw_item_id = models.UUIDField()
    external_id = models.TextField()
    at = models.DateTimeField(default=now)
    author_kind = models.CharField(max_length=30, blank=True)
    author_value = models.CharField(max_length=320, blank=True)
    author_name = models.CharField(max_length=200, blank=True)
    reach = models.PositiveBigIntegerField(null=True)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    url = models.TextField(blank=True)
    found_by = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=10, blank=True)
    #: The conversation that it became.
    taken_into = models.UUIDField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="mention_by_time"),
            models.Index(fields=["channel", "found_by", "-at"], name="mention_by_search"),
        ]
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="mention_once")]


class Blob(models.Model):
    """The bytes of an attachment, stored once by content; `sha256` is the hex digest."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.BigIntegerField()
    data = models.BinaryField()


class Attachment(models.Model):
    """A file that came or went with a message. No blob: over the limit, only its name and size were kept."""

    pk = models.CompositePrimaryKey("conversation_id", "id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="attachments")
    id = models.UUIDField(default=new_id, editable=False)
    message_id = models.UUIDField()
    blob = models.ForeignKey(Blob, null=True, on_delete=models.PROTECT)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=120)
    size = models.BigIntegerField()
    content_id = models.CharField(max_length=255, blank=True)
    inline = models.BooleanField(default=False)
    #: What a machine heard in a recording, unsure words marked; never instead of it.
    transcript = models.TextField(blank=True, default="", db_default="")
    transcribed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="attachment_to_transcribe",
                condition=models.Q(content_type__startswith="audio/", transcribed_at=None),
            ),
        ]  # fmt: skip
