"""What channels delivered, exactly as they did."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.channels.models import Channel
from rapport.core.clock import now
from rapport.core.ids import new_id


class RawState(models.TextChoices):
    """What became of a raw item."""

    RECEIVED = "received", _("Waiting")
    STORED = "stored", _("Stored")
    DUPLICATE = "duplicate", _("Already had")
    QUARANTINED = "quarantined", _("In quarantine")
    REFUSED = "refused", _("Refused")
    IGNORED = "ignored", _("Says nothing for us")
    MENTION = "mention", _("Kept as a mention")


class RawItem(models.Model):
    """One item as delivered. `(channel, external_id)` is unique: delivering it again changes nothing."""

    pk = models.CompositePrimaryKey("channel_id", "id")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, db_index=False)
    id = models.UUIDField(default=new_id, editable=False)
    external_id = models.CharField(max_length=200)
    received_at = models.DateTimeField(default=now)
    envelope = models.JSONField(default=dict)
    body = models.BinaryField()
    size = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=RawState.choices, default=RawState.RECEIVED)
    reason = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    conversation_id = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="raw_item_once")]
        indexes = [
            models.Index(fields=["id"], name="raw_item_waiting", condition=models.Q(state="received")),
            models.Index(
                fields=["channel", "id"], name="raw_item_waiting_share", condition=models.Q(state="received")
            ),
            models.Index(
                fields=["-id"], name="raw_item_trouble", condition=models.Q(state__in=["quarantined", "refused"])
            ),
        ]


class Forgotten(models.Model):
    """That an item of this channel was erased: the keyed digest of its name.

    `asked`: no row has that name any more (it told whose it was, or a backup was restored), so that it is asked for
    when the channel delivers.
    """

    pk = models.CompositePrimaryKey("channel_id", "digest")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, db_index=False)
    digest = models.CharField(max_length=64)
    erasure_id = models.UUIDField(null=True, db_index=True)
    asked = models.BooleanField(default=False)


class Part(models.Model):
    """When a part of a worker was last seen anywhere, and on which machine (`inbound.signs`).

    What it failed of lately, and how often since when without being calm for minutes, is written by `inbound.faults`.
    """

    name = models.CharField(primary_key=True, max_length=40)
    seen_at = models.DateTimeField()
    host = models.CharField(max_length=100, blank=True)
    failing_since = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    fault = models.CharField(max_length=200, blank=True, default="", db_default="")
    failed_host = models.CharField(max_length=100, blank=True, default="", db_default="")
