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
        indexes = [
            models.Index(fields=["at"], name="insight_routed_at"),
            models.Index(fields=["owner_team_id", "at"], name="insight_routed_owner"),
        ]


class RuleName(models.Model):
    """What a rule of a version is called. `known` is the same for all that are called so and give to such an owner.

    `told`: 0 a team, 5 the earlier owner, 6 whoever holds the relationship. Kept by the database (`summed_sql`).
    """

    pk = models.CompositePrimaryKey("version", "rule")
    version = models.PositiveIntegerField()
    rule = models.PositiveIntegerField()
    name = models.TextField()
    told = models.SmallIntegerField()
    known = models.BigIntegerField()

    class Meta:
        db_table = "insight_rule"


class Block(models.Model):
    """That so many days (`insight.covering.DAYS`) from a UTC midnight on have been summed; no figures."""

    pk = models.CompositePrimaryKey("days", "starts")
    days = models.PositiveSmallIntegerField()
    starts = models.DateTimeField()


class Summed(models.Model):
    """How many of one block went one way, of one kind of figure (`insight.cells`), for one audience: its wall."""

    id = models.BigAutoField(primary_key=True)
    days = models.PositiveSmallIntegerField()
    starts = models.DateTimeField()
    kind = models.SmallIntegerField()
    owner_id = models.UUIDField(null=True)
    other_id = models.UUIDField(null=True)
    number = models.IntegerField(null=True)
    rule = models.BigIntegerField(null=True)
    flag = models.BooleanField(null=True)
    count = models.IntegerField()
    audience = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["days", "starts"], name="insight_summed_block")]


class Amended(models.Model):
    """What a row of `Routed` was (sign -1) or became (1) after it was summed, until the sums are made anew.

    `owed`: which sizes of block do not have it yet, a bit for each. Kept by the database (`summed_sql`).
    """

    id = models.BigAutoField(primary_key=True)
    sign = models.SmallIntegerField()
    owed = models.SmallIntegerField()
    at = models.DateTimeField()
    version = models.PositiveIntegerField(null=True)
    rule = models.PositiveIntegerField(null=True)
    team_id = models.UUIDField(null=True)
    said_team_id = models.UUIDField(null=True)
    likely = models.FloatField(null=True)
    acted = models.BooleanField()
    moved = models.BooleanField()
    dealt = models.BooleanField()
    owner_team_id = models.UUIDField(null=True)
    channel_id = models.UUIDField(null=True)
    topic_id = models.UUIDField(null=True)
    audience = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["at"], name="insight_amended_at")]


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


class Day(models.Model):
    """What reports count of one thing on one day (of UTC) that is over, for one audience: a column for each of its
    properties, of `count` values one after the other, as `insight.days` packs them.

    Derived from everything else here, and worked out anew after a change (`insight.days_sql`); of a day that is not
    closed, or was touched since, these rows say nothing. Names are ids as text, "none" for none, one after another.
    """

    kind = models.CharField(max_length=10)
    day = models.DateField()
    audience = ArrayField(models.UUIDField())
    count = models.PositiveIntegerField()
    at = models.BinaryField()
    began = models.BinaryField()
    mark = models.BinaryField()
    teams = models.TextField()
    team = models.BinaryField()
    channels = models.TextField()
    channel = models.BinaryField()
    topics = models.TextField()
    topic = models.BinaryField()
    members = models.TextField()
    member = models.BinaryField()
    promises = models.TextField(blank=True)
    promise = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["kind", "day"], name="insight_day_kind")]


class ClosedDay(models.Model):
    """A day of which every `Day` was written, which may be none."""

    day = models.DateField(primary_key=True)


class TouchedDay(models.Model):
    """That something of a day changed. Appended by the database, taken away by who closes the day after it."""

    day = models.DateField()
