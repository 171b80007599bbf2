"""The append-only log of all that happened."""

from django.db import models

from rapport.core.clock import now
from rapport.core.ids import new_id


class Event(models.Model):
    """One line of the log. `data` holds ids, names of states and figures, never what somebody wrote."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(default=now)
    kind = models.CharField(max_length=60)
    actor_id = models.UUIDField(null=True)
    conversation_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["conversation_id", "id"], name="event_conversation"),
        ]
