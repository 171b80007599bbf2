"""The rules of ownership, version by version, and every decision they led to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.staff.models import Member, Team


class PolicyVersion(models.Model):
    """One saved policy. Never changed afterwards; the highest number is in force."""

    number = models.PositiveIntegerField(primary_key=True)
    rules = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
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
