"""Who may be the same human: pairs with their evidence, and merges with what they changed."""

from typing import Any

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
    `decision`: what was decided together has one (for joined pairs the id of the merge), and is taken back together.
    """

    pk = models.CompositePrimaryKey("low_id", "high_id")
    low = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    probability = models.FloatField()
    evidence = models.JSONField(default=list)
    #: Pieces that no comparison finds again (what services and people proved); whoever writes a pair anew leaves them.
    proved = models.JSONField(default=list, db_default=[])
    flags = ArrayField(models.CharField(max_length=30), default=list, blank=True, db_default=[])
    state = models.CharField(max_length=10, choices=PairState.choices, default=PairState.OPEN)
    model = models.CharField(max_length=60, blank=True, default="", db_default="")
    made_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    decision = models.UUIDField(null=True, blank=True)
    #: Whether something speaks against it, or it may be an impersonator.
    warned = models.GeneratedField(
        expression=models.Case(
            models.When(
                models.Q(flags__contains=["impersonation"]) | models.Q(evidence__contains=[{"sign": "-"}]),
                then=models.Value(True),
            ),
            default=models.Value(False),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["-probability", "low", "high"],
                name="pair_warned",
                condition=models.Q(state="open", warned=True),
            ),
            models.Index(fields=["decision"], name="pair_decided", condition=models.Q(decision__isnull=False)),
            models.Index(
                fields=["-probability", "low", "high"], name="pair_open", condition=models.Q(state="open")
            ),
            models.Index(fields=["low", "high"], name="pair_refused", condition=models.Q(state="refused")),
        ]

    @property
    def pieces(self) -> list[dict[str, Any]]:
        """All evidence: what was compared, and what was proved."""
        return [*self.evidence, *(piece for piece in self.proved if piece not in self.evidence)]


class Merge(models.Model):
    """That `child` was put under `into`, by whom and why, and what that changed; kept when it is taken back.

    `filled` has what the merge wrote into `into`, by field: [before, after]. `how`: "hand", "handle" (the same verified
    handle), "proof" (they proved it themselves). `although_refused`: somebody had decided to keep the two apart, and
    whoever merged them knew.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    child = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="merges")
    into = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="absorbed")
    how = models.CharField(max_length=20, default="hand")
    evidence = models.JSONField(default=list)
    filled = models.JSONField(default=dict)
    although_refused = models.BooleanField(default=False, db_default=False)
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


class Release(models.Model):
    """That a handle is somebody's no longer: who writes from it next is met anew. What came by it stays where it is.

    `handle` has its columns as they were, `refs` the references of chats ([ref, conversation]) that were let go with
    it; both for taking it back.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="releases")
    kind = models.CharField(max_length=30)
    value = models.CharField(max_length=320)
    handle = models.JSONField(default=dict)
    refs = models.JSONField(default=list)
    at = models.DateTimeField(default=now)
    member = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
