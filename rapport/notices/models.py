"""What members are told, how they want to hear it, and where."""

from django.db import models

from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member, Team


class Notice(models.Model):
    """One thing a member is told. `cause` is the event it comes from, or stands for a promise: told once.

    `mail` is "soon", "digest" or empty; `push` and `mail` say how it is to go, the moments beside them when it went.
    A round has no conversation: it stands for what happened in those that `team` watches, from `since` on (not
    included) up to `until`, which are places in the run of happenings.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="notices")
    cause = models.UUIDField()
    reason = models.CharField(max_length=20)
    conversation = models.ForeignKey(Conversation, null=True, on_delete=models.CASCADE, related_name="notices")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    since = models.BigIntegerField(default=0, db_default=0)
    until = models.BigIntegerField(default=0, db_default=0)
    message_id = models.UUIDField(null=True)
    who = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=now)
    page = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True)
    push = models.BooleanField(default=False)
    pushed_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=6, blank=True)
    mailed_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "cause"], name="notice_once"),
            models.CheckConstraint(
                condition=models.Q(conversation__isnull=False) | models.Q(team__isnull=False),
                name="notice_is_of_something",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-at", "-id"], name="notice_page", condition=models.Q(page=True)),
            models.Index(
                fields=["member", "conversation"],
                name="notice_unread",
                condition=models.Q(page=True, read_at__isnull=True),
            ),
            models.Index(
                fields=["mail", "at"],
                name="notice_to_mail",
                condition=models.Q(mailed_at__isnull=True, read_at__isnull=True) & ~models.Q(mail=""),
            ),
            models.Index(fields=["at"], name="notice_to_push", condition=models.Q(push=True, pushed_at__isnull=True)),
            models.Index(fields=["conversation"], name="notice_conversation"),
        ]


class Preferences(models.Model):
    """How a member wants to hear: `ways` by reason as {"page": bool, "push": bool, "mail": str}; the digest's hour."""

    member = models.OneToOneField(Member, primary_key=True, on_delete=models.CASCADE)
    ways = models.JSONField(default=dict)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    digest_weekends = models.BooleanField(default=False)
    digested_on = models.DateField(null=True)


class Happening(models.Model):
    """That something happened in a conversation which `team` watches: written once for each team and event.

    `id` is its place: one process writes at a time, so what comes later has a higher one. `what` is one of
    `paces.WHATS`.
    """

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    event_id = models.UUIDField()
    what = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "event_id"], name="happening_once")]
        indexes = [
            models.Index(fields=["team", "id"], name="happening_of_team"),
            models.Index(fields=["conversation"], name="happening_conversation"),
        ]


class TeamPace(models.Model):
    """How soon a team's members hear of what it watches, unless they chose otherwise; set by its lead."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="+")
    pace = models.CharField(max_length=10)


class Listening(models.Model):
    """One member in one team: the pace they chose (empty: the team's), and up to which happening they were told."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    pace = models.CharField(max_length=10, blank=True, default="", db_default="")
    told = models.BigIntegerField(default=0)
    gathered_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "team"], name="listening_once")]


class Device(models.Model):
    """A browser that may be told: its push address and keys (W3C Push API, RFC 8291)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    endpoint = models.TextField(unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=now)
    failures = models.PositiveSmallIntegerField(default=0)


class Progress(models.Model):
    """How far the log has been read: one row. `push_key` is the sealed key that signs what goes to browsers."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    seq = models.BigIntegerField(default=0)
    push_key = models.BinaryField(default=b"")
    push_public = models.CharField(max_length=120, blank=True)
