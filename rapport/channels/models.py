"""The accounts through which people reach the company."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id


class ChannelState(models.TextChoices):
    """How a channel is, in one word."""

    NEW = "new", _("Not heard from yet")
    OK = "ok", _("Working")
    FAILING = "failing", _("Failing, being retried")
    STOPPED = "stopped", _("Stopped until somebody changes it")


class Channel(models.Model):
    """One connected account. `secrets` is encrypted (`channels.secrets`); `config` belongs to its kind."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=30)
    address = models.CharField(max_length=254, blank=True)
    config = models.JSONField(default=dict, blank=True)
    secrets = models.BinaryField(default=b"", blank=True)
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=ChannelState.choices, default=ChannelState.NEW)
    error = models.TextField(blank=True)
    error_at = models.DateTimeField(null=True, blank=True)
    #: What its collector measured (`Source.measured`) and its webhook counted: lag, limits, refusals.
    health = models.JSONField(default=dict, db_default={}, blank=True)
    last_heard_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Cursor(models.Model):
    """How far a channel's source has been read, by folder or stream."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="cursors")
    name = models.CharField(max_length=200)
    value = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "name"], name="cursor_once")]
