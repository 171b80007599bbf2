"""What reports remember that conversations forget."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rapport.conversations.models import Conversation


class Turn(models.Model):
    """That a conversation went from one status to another, and when: a conversation itself only knows the last.

    The database writes them (a trigger in the first migration), so that no writer can forget it, and keeps `audience`
    the same as the conversation's. The turns of a conversation are a chain: each begins where the one before ended.
    """

    pk = models.CompositePrimaryKey("conversation_id", "at")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns", db_index=False)
    at = models.DateTimeField()
    from_status = models.CharField(max_length=10)
    to_status = models.CharField(max_length=10)
    audience = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["at"], name="insight_turn_at")]
