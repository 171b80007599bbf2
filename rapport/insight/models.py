"""What reports remember that conversations forget."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rapport.conversations.models import Conversation


class Said(models.Model):
    """That a message which counts in reports came in or went out: narrow, and kept by the database.

    `audience` is always the conversation's. Why it stands here a second time: SAID in `insight.turns_sql`.
    """

    pk = models.CompositePrimaryKey("conversation_id", "message_id")
    conversation_id = models.UUIDField()
    message_id = models.UUIDField()
    at = models.DateTimeField()
    direction = models.CharField(max_length=4)
    member_id = models.UUIDField(null=True)
    audience = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["direction", "at"], name="insight_said_at")]


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


class Routed(models.Model):
    """Whose a conversation was first said to be, by what, and whose it is: one row a conversation that was decided.

    Narrow, and kept by the database (`insight.routed_sql`), so that pictures of ownership count it as fast as it is
    read. `at` is when the conversation began. `version` and `rule` decided; without a rule it went to triage, or, where
    it `acted`, to what was learned. `said_team_id` and `likely` are what was suggested. `moved`: a member gave it to
    another team at some time; `dealt`: it was answered or resolved; `counted`: neither spam nor merged.
    """

    conversation_id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    version = models.PositiveIntegerField(null=True)
    rule = models.PositiveIntegerField(null=True)
    team_id = models.UUIDField(null=True)
    said_team_id = models.UUIDField(null=True)
    likely = models.FloatField(null=True)
    acted = models.BooleanField(default=False)
    moved = models.BooleanField(default=False)
    dealt = models.BooleanField(default=False)
    counted = models.BooleanField(default=True)
    owner_team_id = models.UUIDField(null=True)
    channel_id = models.UUIDField(null=True)
    topic_id = models.UUIDField(null=True)
    audience = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["at"], name="insight_routed_at")]


class Promised(models.Model):
    """One run of a clock of a promise: what was promised, by when, and what became of it. Kept by the database.

    A first answer and a resolution run once, a next answer for each question (`insight.promised_sql`). `at` is when it
    was known whether it was kept: when it was done, or else when it ran out (in the future while it runs); None while
    it stands. `hours` by name ("" the company's own), `span_minutes` of open time (0: not known any more). `steps` is
    how many steps were done, `moves` how often one of them gave it to somebody else.
    """

    pk = models.CompositePrimaryKey("conversation_id", "name", "began_at")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    due_at = models.DateTimeField()
    halted_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    at = models.DateTimeField(null=True)
    span_minutes = models.PositiveIntegerField()
    hours = models.CharField(max_length=80, blank=True)
    steps = models.PositiveSmallIntegerField(default=0)
    moves = models.PositiveSmallIntegerField(default=0)
    audience = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["at"], name="insight_promised_at")]
