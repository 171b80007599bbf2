"""What is proved about handles: what services vouch for, and what people were asked themselves."""

from django.db import models

from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member


class Proof(models.Model):
    """A page or domain that a service vouches to be that of a handle's owner, from when to when.

    `proved` is normalised (`example.org/~ann`, `example.org`). `settled_at` is empty until what it says about others
    was worked out. A row goes with its handle; the database sees to that.
    """

    pk = models.CompositePrimaryKey("kind", "value", "proved")
    kind = models.CharField(max_length=30)
    value = models.CharField(max_length=320)
    proved = models.CharField(max_length=500)
    at = models.DateTimeField(default=now)
    gone_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["proved"], name="proof_by_page"),
            models.Index(fields=["at"], name="proof_to_settle", condition=models.Q(settled_at__isnull=True)),
        ]


class Question(models.Model):
    """ "Is this you?", asked by mail at `address` (of `person`) about the handle `kind` and `value` (of `other`).

    The link in the mail is this id, signed. It works once and until `expires_at`. `answer` is "", "yes" or "no".
    `outcome` says what followed: "joined", "verified", "refused", "apart" (kept apart before) or "claimed" (the handle
    is proved to be somebody else's).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=320)
    other = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30)
    value = models.CharField(max_length=320)
    language = models.CharField(max_length=10, blank=True)
    member = models.ForeignKey(Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    conversation_id = models.UUIDField(null=True, blank=True)
    asked_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=3, blank=True, default="")
    outcome = models.CharField(max_length=10, blank=True, default="")
