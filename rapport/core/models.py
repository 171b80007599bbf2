"""The append-only log of all that happened, its seals, and the keys."""

from django.db import models

from rapport.core.clock import now
from rapport.core.ids import new_id

#: What arriving mail writes: nobody asks for one of these kinds alone, and its index would be as long as the log.
COMMONPLACE = ["conversation.decided", "conversation.opened", "message.received"]


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
            models.Index(fields=["at", "id"], name="event_at"),
            models.Index(fields=["kind", "at", "id"], name="event_kind", condition=~models.Q(kind__in=COMMONPLACE)),
            models.Index(
                fields=["actor_id", "at", "id"], name="event_actor", condition=models.Q(actor_id__isnull=False)
            ),
        ]


class Seal(models.Model):
    """One link of the chain over the log: `hash` is keyed, and covers the event and the hash before it.

    `seq` has no gaps and is in the order of commits: whoever remembers one may read on from there and misses nothing.
    """

    seq = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    key_id = models.UUIDField()
    hash = models.BinaryField()


class Unsealed(models.Model):
    """An event that waits for its seal. A trigger writes these, the worker takes them away."""

    event_id = models.UUIDField(primary_key=True)


class DataKey(models.Model):
    """A key that encrypts or seals, itself encrypted under the secret key; `wrapped_by` tells which secret key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=10)
    wrapped = models.BinaryField()
    wrapped_by = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)


class Former(models.Model):
    """How a row of the setup (teams, members, topics, hours) stood until `at`, written by triggers (`former_sql`).

    `kind` is its table; `was` holds its named columns as they were before, null where there was no such row.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    row_id = models.UUIDField()
    was = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["row_id"], name="former_row")]
