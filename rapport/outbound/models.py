"""The journey of each outgoing message."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.core.ids import new_id


class DeliveryState(models.TextChoices):
    """Where an outgoing message is on its way."""

    AWAITING = "awaiting", _("Waiting for a colleague's approval")
    QUEUED = "queued", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    RETRY = "retry", _("Will be tried again")
    FAILED = "failed", _("Could not be sent")
    BOUNCED = "bounced", _("Came back")
    UNCERTAIN = "uncertain", _("May or may not have been sent")
    CANCELLED = "cancelled", _("Undone before it was sent")


class Delivery(models.Model):
    """One message on its way to `recipients` ({"to": [[name, address]], "cc": [...], "bcc": [...]})."""

    pk = models.CompositePrimaryKey("conversation_id", "id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="deliveries")
    id = models.UUIDField(default=new_id, editable=False)
    message_id = models.UUIDField()
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    external_id = models.TextField()
    recipients = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    send_after = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["send_after", "id"],
                name="delivery_due",
                condition=models.Q(state__in=["queued", "retry", "sending"]),
            ),
            models.Index(fields=["external_id"], name="delivery_external"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "message_id"], name="delivery_once"),
        ]
