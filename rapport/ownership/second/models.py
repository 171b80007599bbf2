"""Where a second opinion is asked for, what it said of each conversation, and what that took of each day's budget."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rapport.conversations.models import Conversation
from rapport.core.clock import now


class Endpoint(models.Model):
    """The one endpoint that may be asked: one row, seen by the system alone. `secrets` is sealed (`channels.secrets`).

    `kinds` is what it is asked about. `since`: what came before it was switched on is never asked about; `looked_at`:
    up to when what came was looked through. After `failures` in a row it rests until `rest_until`, because of
    `problem`. `plain`: it knows no `response_format`.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    url = models.CharField(max_length=300, blank=True)
    model = models.CharField(max_length=120, blank=True)
    secrets = models.BinaryField(default=b"", blank=True)
    kinds = ArrayField(models.CharField(max_length=10), default=list)
    requests_a_day = models.PositiveIntegerField(default=100)
    characters_a_day = models.PositiveIntegerField(default=200_000)
    enabled = models.BooleanField(default=False)
    plain = models.BooleanField(default=False)
    since = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    rest_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=400, blank=True)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="endpoint_once")]


class AskedDay(models.Model):
    """What was asked on one day by the company's clock: requests, characters sent, tokens as the endpoint counted them.

    `unasked` are conversations that were not asked about because the budget was spent.
    """

    day = models.DateField(primary_key=True)
    requests = models.PositiveIntegerField(default=0)
    characters = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    unasked = models.PositiveIntegerField(default=0)


class Stage(models.TextChoices):
    """How far a second opinion is."""

    WAITING = "waiting"
    ANSWERED = "answered"
    NONE = "none"
    UNASKED = "unasked"
    FAILED = "failed"


class Opinion(models.Model):
    """What was asked and answered about one conversation, once; neither the question's words nor any others.

    `said` is, by kind, {"label", "sure", "probability"}: what the endpoint said of itself, and how likely people would
    choose the same by what came of earlier ones (null until there are enough). `kinds` is what was asked.
    """

    conversation = models.OneToOneField(Conversation, primary_key=True, on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.WAITING)
    kinds = ArrayField(models.CharField(max_length=10), default=list)
    said = models.JSONField(default=dict)
    model = models.CharField(max_length=120, blank=True)
    host = models.CharField(max_length=253, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=now)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="opinion_waits", condition=models.Q(stage="waiting")),
            models.Index(fields=["-asked_at"], name="opinion_asked", condition=models.Q(asked_at__isnull=False)),
        ]
