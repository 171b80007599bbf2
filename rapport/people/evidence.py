"""Who may be the same human: pairs with their evidence, and merges with what they changed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member


class PairState(models.TextChoices):
    """What became of a suggestion."""

    OPEN = "open", _("Suggested")
    REFUSED = "refused", _("Kept apart")
    JOINED = "joined", _("Joined")


class Pair(models.Model):
    """Two rows of people that may be one human; `low` is the smaller id. Once refused, they stay apart.

    `probability` is the model's, `evidence` a list of pieces {"what", "sign", "points", ...} that a page puts into
    words. `impersonation`: the same displayed name on a public account that proved nothing; never joined by itself.
    """

    pk = models.CompositePrimaryKey("low_id", "high_id")
    low = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    probability = models.FloatField()
    evidence = models.JSONField(default=list)
    flags = ArrayField(models.CharField(max_length=30), default=list, blank=True, db_default=[])
    state = models.CharField(max_length=10, choices=PairState.choices, default=PairState.OPEN)
    model = models.CharField(max_length=60, blank=True, default="", db_default="")
    made_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index(
                fields=["-probability", "low", "high"], name="pair_open", condition=models.Q(state="open")
            ),
            models.Index(fields=["low", "high"], name="pair_refused", condition=models.Q(state="refused")),
        ]


class Merge(models.Model):
    """That `child` was put under `into`, by whom and why, and what that changed; kept when it is taken back.

    `filled` has what the merge wrote into `into`, by field: [before, after]. `how`: "hand", "handle" (the same verified
    handle), "proof" (they proved it themselves).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    child = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="merges")
    into = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="absorbed")
    how = models.CharField(max_length=20, default="hand")
    evidence = models.JSONField(default=list)
    filled = models.JSONField(default=dict)
    at = models.DateTimeField(default=now)
    member = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["child"], condition=models.Q(undone_at__isnull=True), name="merged_once"
            )
        ]
