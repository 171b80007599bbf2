"""The clocks of a promise as they are kept: a row for each that was promised to a conversation."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Clock(models.Model):
    """One clock of one conversation: what was promised, how far it is, and which step comes next, when.

    `name` is one of `staff.clocks.CLOCKS`. The terms are kept as they were when the promise was given (`hours` by name,
    "" the company's own), so that another policy changes nothing. `steps` are [minutes after the end, deed, whom] in
    their order; `step` is the next one, `next_at` its moment while the clock runs; `skipped` of them were not done
    here: they had come too late, or were done before the clock was taken over. `moves`: how often a step of this round
    gave the conversation to somebody else.
    """

    pk = models.CompositePrimaryKey("conversation_id", "name")
    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.CASCADE, related_name="clocks", db_index=False
    )
    name = models.CharField(max_length=20)
    span_minutes = models.PositiveIntegerField()
    hours = models.CharField(max_length=80, blank=True)
    pause = ArrayField(models.TextField(), default=list)
    steps = models.JSONField(default=list)
    began_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    halted_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    step = models.PositiveSmallIntegerField(default=0)
    skipped = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True)
    moves = models.PositiveSmallIntegerField(default=0)

    class Meta:
        # The timetable: the nearest step is its first entry, however many conversations there are.
        indexes = [
            models.Index(fields=["next_at"], name="clock_next_step", condition=models.Q(next_at__isnull=False))
        ]
