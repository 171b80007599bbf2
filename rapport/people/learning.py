"""What matching keeps: keys by which people who may be the same find each other, and the model it has learned."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from rapport.core.clock import now
from rapport.core.ids import new_id


class MatchKeys(models.Model):
    """The keys of a person as salted hashes. Stands beside the wall and holds no word: what it finds is joined with
    people, and what is found there is behind theirs."""

    person = models.OneToOneField(
        "people.Person", primary_key=True, on_delete=models.CASCADE, related_name="match_keys", db_index=False
    )
    keys = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "people_matchkeys"
        indexes = [GinIndex(fields=["keys"], name="match_keys", fastupdate=False)]


class MatchModel(models.Model):
    """A learned model (`matching.model.Model` as JSON); the newest counts. Frequent values are in it as hashes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    made_at = models.DateTimeField(default=now)
    records = models.PositiveIntegerField(default=0)
    learned = models.BooleanField(default=False)
    parameters = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["-made_at"], name="match_model_newest")]
