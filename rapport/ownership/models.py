"""The rules of ownership, version by version, and every decision they led to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member, Team


class PolicyVersion(models.Model):
    """One saved policy. Never changed afterwards; the highest number that is not only `tried` is in force."""

    number = models.PositiveIntegerField(primary_key=True)
    rules = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    #: Saved to be tried beside the one in force; it comes into force as a version of its own.
    tried = models.BooleanField(default=False, db_default=False)
    author = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=now)


class Source(models.TextChoices):
    """Who or what decided."""

    POLICY = "policy", "Policy"
    MEMBER = "member", "Member"


class Decision(models.Model):
    """Who owns a conversation and why: `trace` has every rule's hit or miss with its reason, as given at the time."""

    pk = models.CompositePrimaryKey("conversation_id", "id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="decisions")
    id = models.UUIDField(default=new_id, editable=False)
    at = models.DateTimeField(default=now)
    source = models.CharField(max_length=10, choices=Source.choices)
    policy_version = models.PositiveIntegerField(null=True)
    actor = models.ForeignKey(
        Member, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False, related_name="+"
    )
    owner_team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False)
    owner_member = models.ForeignKey(
        Member, null=True, on_delete=models.SET_NULL, db_constraint=False, db_index=False, related_name="+"
    )
    from_team_id = models.UUIDField(null=True)
    from_member_id = models.UUIDField(null=True)
    involved = ArrayField(models.UUIDField(), default=list)
    rule = models.PositiveIntegerField(null=True)
    sentence = models.TextField()
    trace = models.JSONField(default=list)
    #: What was learned from people said where no rule decided: {"team": slug, "probability", "sure", "model", "acted"}.
    #: {} where it had nothing to say, null where it was not asked.
    suggestion = models.JSONField(null=True)
    #: How much the conversation weighed when a member was given it; null where none was, or it was given back.
    weight = models.FloatField(null=True)
    #: What spoke for and against each member (`within.values.Choice.plain`): ids and points, no figures of their work.
    weighed = models.JSONField(null=True)

    class Meta:
        indexes = [
            # What each was given in a week, read for every batch where members are weighed: from the index alone.
            models.Index(
                fields=["owner_member", "at"], name="decision_given", include=["weight"],
                condition=models.Q(weight__isnull=False),
            ),
        ]  # fmt: skip


class Example(models.Model):
    """One human decision about a conversation, to learn from; of several the newest that is not `set_aside` counts.

    `label` is the short name of the team, null for "none of ours". `audience` is who may know of it: as of the
    conversation then. The text is not here: it is read from the conversation whenever it is learned.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, default="team")
    label = models.CharField(max_length=80, null=True)
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=now)
    audience = ArrayField(models.UUIDField(), default=list)
    set_aside = models.DateTimeField(null=True)


class LearnedModel(models.Model):
    """What was made of the examples: bytes of `learning.storing`, which hold no texts. The newest is asked.

    `figures` are for the page; `stale` asks for a new one at once (something must be forgotten); `failed` counts
    decisions that went to triage because it could not be asked.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, default="team")
    data = models.BinaryField()
    encoders = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=now)
    stale = models.BooleanField(default=False)
    failed = models.PositiveIntegerField(default=0)


class Mode(models.TextChoices):
    """What a policy on trial may do."""

    OFF = "off", _("Put off")
    SHADOW = "shadow", _("In the shadow")
    SHARE = "share", _("For a share")
    ON = "on", _("On")


class Trial(models.Model):
    """A policy tried beside the one in force (`base`): it decides in the shadow, or for `share` percent of what comes.

    One at a time; it ends by coming into force (`mode` "on", as the version `became`) or without.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.PositiveIntegerField()
    base = models.PositiveIntegerField()
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.SHADOW)
    share = models.PositiveSmallIntegerField(default=0)
    became = models.PositiveIntegerField(null=True)
    started_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(ended_at__isnull=True), name="trial_one_at_a_time"
            ),
            models.CheckConstraint(condition=models.Q(share__lte=100), name="trial_share_in_percent"),
        ]


class Shadow(models.Model):
    """What both policies said of one conversation while a trial ran. `acted`: what the policy on trial said was done.

    `sentence` is why the one said so that was not done; the other stands in the decision. `failed`: the policy on trial
    could not decide.
    """

    pk = models.CompositePrimaryKey("conversation_id", "trial_id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="shadows", db_index=False)
    at = models.DateTimeField(default=now)
    acted = models.BooleanField(default=False)
    failed = models.BooleanField(default=False)
    base_team_id = models.UUIDField(null=True)
    base_rule = models.PositiveIntegerField(null=True)
    team_id = models.UUIDField(null=True)
    rule = models.PositiveIntegerField(null=True)
    first_answer_due_at = models.DateTimeField(null=True)
    base_first_answer_due_at = models.DateTimeField(null=True)
    sentence = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["trial", "at"], name="shadow_by_trial")]


class RunState(models.TextChoices):
    """Where a run stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")


class WhatIf(models.Model):
    """A policy replayed over the past for one member: what was asked, how far it is, and what came out.

    `draft` and `base` are plain policies, `names` what they are called. Swept after some days.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.WAITING)
    draft = models.JSONField()
    base = models.JSONField()
    names = models.JSONField(default=dict)
    since = models.DateTimeField()
    until = models.DateTimeField()
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    story = models.JSONField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    beat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], name="what_if_to_run", condition=models.Q(state__in=["waiting", "running"])
            ),
        ]
