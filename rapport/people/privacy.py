"""What a person may ask for: purposes of writing, holds, erasures, archives, and how long what they said is kept."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member


class Needs(models.TextChoices):
    """What must have been said before somebody is written to for a purpose; `people.consent` decides by it."""

    NOTHING = "nothing", _("nothing: they asked for it")
    NO_OBJECTION = "no_objection", _("that they did not object")
    CONSENT = "consent", _("their consent")


class Purpose(models.Model):
    """What the company writes to people for."""

    slug = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    needs = models.CharField(max_length=12, choices=Needs.choices, default=Needs.CONSENT)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Silence(models.Model):
    """That an address of somebody erased is not to be written to: its keyed digest, and nothing else."""

    digest = models.CharField(primary_key=True, max_length=64)
    erasure_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=now)


class Hold(models.Model):
    """That a row of a person must not be erased, and why (a lawsuit, a duty to keep)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField(max_length=200)
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")


class ErasureMode(models.TextChoices):
    """How much is taken away."""

    ERASE = "erase", _("Erase")
    PSEUDONYMISE = "pseudonymise", _("Pseudonymise")


class WorkState(models.TextChoices):
    """How far a piece of background work is."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Erasure(models.Model):
    """That somebody was erased: the ids of their rows, and how far it is.

    `target` holds what is looked for (addresses, names) while it runs, and is emptied at its end. `seen` is what the
    member was shown to be in it, `counts` everything; `left` what the last look still found of theirs, by column.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    people = ArrayField(models.UUIDField())
    mode = models.CharField(max_length=12, choices=ErasureMode.choices, default=ErasureMode.ERASE)
    pseudonym = models.CharField(max_length=40)
    source = models.CharField(max_length=20, default="hand")
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=WorkState.choices, default=WorkState.WAITING)
    target = models.JSONField(default=dict)
    step = models.CharField(max_length=40, blank=True)
    after = models.UUIDField(null=True)
    seen = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    left = models.JSONField(default=dict)
    silences = ArrayField(models.CharField(max_length=64), default=list)
    error = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["made_at"], name="erasure_to_do", condition=models.Q(state__in=["waiting", "running"]))
        ]


class Archive(models.Model):
    """All that a member may see of what is held on a person, as a zip; kept for a week, for that member alone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="archives")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    notes = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=WorkState.choices, default=WorkState.WAITING)
    size = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at"]


class ArchivePiece(models.Model):
    """A few megabytes of an archive; `number` from 0."""

    pk = models.CompositePrimaryKey("archive_id", "number")
    archive = models.ForeignKey(Archive, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()


class RetentionAct(models.TextChoices):
    """What becomes of what is older; later ones take away more."""

    BODIES = "bodies", _("Erase what was said, keep who they are")
    PSEUDONYMISE = "pseudonymise", _("Pseudonymise the person")
    ERASE = "erase", _("Erase the person")


class RetentionRule(models.Model):
    """How long is kept what people said on a channel (None: any) who are nothing but `relationships` to us.

    `relationships` empty: who is nothing to us. `only_spam`: conversations marked as spam alone.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=80)
    channel = models.ForeignKey("channels.Channel", null=True, blank=True, on_delete=models.CASCADE)
    relationships = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    anybody = models.BooleanField(default=False)
    only_spam = models.BooleanField(default=False)
    days = models.PositiveIntegerField()
    act = models.CharField(max_length=12, choices=RetentionAct.choices, default=RetentionAct.BODIES)
    is_on = models.BooleanField(default=False)
    previewed_at = models.DateTimeField(null=True)
    ran_at = models.DateTimeField(null=True)
    running = models.PositiveIntegerField(default=0)
    count = models.PositiveBigIntegerField(default=0)
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
