"""The rules of ownership, version by version, and every decision they led to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.ownership.second import models as _second  # noqa: F401 - tables of this app, in a room of their own
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


class PolicyDraft(models.Model):
    """The policy a lead works on, and with which setup of the company it is tried: theirs alone, until saved.

    `plain` is the policy as plain data, made from the version `base`; null where only the setup is otherwise.
    """

    member = models.OneToOneField(Member, primary_key=True, on_delete=models.CASCADE, related_name="+")
    base = models.PositiveIntegerField(default=0)
    plain = models.JSONField(null=True)
    setup = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=now)


class Source(models.TextChoices):
    """Who or what decided."""

    POLICY = "policy", "Policy"
    MEMBER = "member", "Member"
    PROMISE = "promise", "Promise"
    HANDED = "handed", "Handed out"


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
    #: What was learned from people said where no rule decided: {"team": slug, "probability", "sure", "model", "acted",
    #: "held": why not}. {} where it had nothing to say, null where it was not asked.
    suggestion = models.JSONField(null=True)
    #: What was known beside the text when it came, as `ownership.known` words it: what is learned from and asked with.
    facts = models.JSONField(null=True)
    #: What was learned said of topic and priority: {"topic": {"label", "probability", "sure", "certain", "model",
    #: "acted"}, "priority": ...}; null where it said nothing.
    guesses = models.JSONField(null=True)
    #: Why it said nothing, by kind, packed (`ownership.unsaid`); null where there is nothing to explain.
    unsaid = models.TextField(null=True)
    #: How much the conversation weighed when a member was given it; null where none was, or it was given back.
    weight = models.FloatField(null=True)
    #: What spoke for and against each member (`within.values.Choice.plain`): ids and points, no figures of their work.
    weighed = models.JSONField(null=True)

    class Meta:
        indexes = [
            # What came of suggestions is read from the latest.
            models.Index(fields=["-id"], name="decision_suggested", condition=models.Q(suggestion__has_key="team")),
            models.Index(fields=["-id"], name="decision_guessed", condition=models.Q(guesses__isnull=False)),
            # What each was given in a week, read for every batch where members are weighed: from the index alone.
            models.Index(
                fields=["owner_member", "at"], name="decision_given", include=["weight"],
                condition=models.Q(weight__isnull=False),
            ),
        ]  # fmt: skip


class Example(models.Model):
    """One human decision about a conversation, to learn from; of several the newest that is not `set_aside` counts.

    `kind` is "team", "topic" or "priority", `label` the short name of it, null for "none of ours". `audience` is who
    may know of it: as of the conversation then. `implied`: nobody said so, but a member resolved it as it was.
    `expected` is how likely the label was by the model before it, against the likeliest: null while nobody asked, -1
    where that model did not know the label. The text is not here: it is read from the conversation whenever it is
    learned.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, default="team")
    label = models.CharField(max_length=80, null=True)
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=now)
    audience = ArrayField(models.UUIDField(), default=list)
    set_aside = models.DateTimeField(null=True)
    implied = models.BooleanField(default=False, db_default=False)
    expected = models.FloatField(null=True)


class LearnedModel(models.Model):
    """What was made of the examples: bytes of `learning.storing`, which hold no texts. The newest of a kind is asked.

    `audience` is empty for what was learned from what everybody may see; else the confidential team whose conversations
    alone it was learned from, and is asked for.

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
    audience = ArrayField(models.UUIDField(), default=list)


class Wish(models.Model):
    """What a lead wants of what was learned: `precision` in percent of a team (by its short name), or of a kind ("").

    `acts`: topic or priority is set by itself where that is certain. Of teams that is `Company.learned_assigns`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10)
    label = models.CharField(max_length=80, blank=True)
    precision = models.PositiveSmallIntegerField(default=95)
    acts = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "label"], name="wish_once"),
            models.CheckConstraint(condition=models.Q(precision__range=(50, 99)), name="wish_precision"),
        ]


class Burst(models.Model):
    """Within an hour or so, many decisions of one member against all that was learned before: a lead should look.

    `count` decisions between `since` and `until`, `against` of them as good as excluded. `effect` is what they changed:
    of so many messages asked about, how many were told otherwise, and from what to what. `conversation` is the latest
    of them. `settled` is "aside" or "right", by whom; empty while nobody has looked.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, default="team")
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    count = models.PositiveIntegerField()
    against = models.PositiveIntegerField()
    effect = models.JSONField(default=dict)
    conversation = models.ForeignKey(Conversation, null=True, on_delete=models.SET_NULL, related_name="+")
    found_at = models.DateTimeField(default=now)
    settled = models.CharField(max_length=10, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")


class How(models.TextChoices):
    """How a conversation came to a member of its team."""

    POLICY = "policy", "Given by the policy as it came"
    QUEUE = "queue", "Handed out from the queue"
    TAKEN = "taken", "Taken from the queue"
    SHIFT = "shift", "Handed over as a shift ended"
    HAND = "hand", "Handed over by hand"
    PROMISE = "promise", "Passed on as a promise says"
    LEFT = "left", "Given on as whoever had it no longer answers for the team"


class Turn(models.Model):
    """A conversation's turn in a team: it waits for a member since then (`member_id` null), or came to one.

    `since` is null where it did not come from the queue but from a colleague (`from_member_id`). While it is snoozed,
    resolved or otherwise closed it stands since `stood_at`; the database then moves `since` on by as long as it stood,
    so that from there to `at` it waited all the while (`ownership.stood_sql`). Priority, promise and
    beginning are those by which it stood in the order. What waits in a team that hands out needs no row to be in the
    queue (`handing.queue`); in other teams the row says that a rule meant it for a member.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    team_id = models.UUIDField()
    since = models.DateTimeField(null=True)
    stood_at = models.DateTimeField(null=True)
    why = models.TextField(blank=True, default="", db_default="")
    priority = models.SmallIntegerField(default=1, db_default=1)
    due_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(default=now)
    member_id = models.UUIDField(null=True)
    at = models.DateTimeField(null=True)
    how = models.CharField(max_length=10, choices=How.choices, blank=True, default="", db_default="")
    from_member_id = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["conversation"], name="turn_of_conversation"),
            models.Index(fields=["team_id"], name="turn_waiting", condition=models.Q(member_id__isnull=True)),
            models.Index(fields=["team_id", "at"], name="turn_past", condition=models.Q(member_id__isnull=False)),
            models.Index(fields=["member_id", "at"], name="turn_lately", condition=models.Q(member_id__isnull=False)),
            models.Index(
                fields=["from_member_id", "at"], name="turn_from", condition=models.Q(from_member_id__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], name="turn_waits_once", condition=models.Q(member_id__isnull=True)
            ),
        ]


class ShiftEnd(models.Model):
    """That the end of a member's shift in a team was dealt with (`step`): by one worker, once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    ends_at = models.DateTimeField(db_index=True)
    step = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "team", "ends_at", "step"], name="shift_end_once"),
        ]


class Heir(models.Model):
    """Who goes on with what a member has in a team for which they no longer answer (`handing.left`); without one it is
    the team's. It holds until they answer for it again: also for what is opened again later.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    to = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    named_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "team"], name="heir_once")]


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
    could not decide. `share`: of how many of 100 chance let it decide, 0 in the shadow; None before that was kept.
    """

    pk = models.CompositePrimaryKey("conversation_id", "trial_id")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="shadows", db_index=False)
    at = models.DateTimeField(default=now)
    acted = models.BooleanField(default=False)
    share = models.PositiveSmallIntegerField(null=True)
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
