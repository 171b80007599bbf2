"""What counts of messages, in a narrow table of its own; a clock that the planner writes into the statement."""

import django.contrib.postgres.fields
from django.db import migrations, models

from rapport.core import scope, walls
from rapport.insight import turns_sql


def _fill(apps, editor):
    with scope.system(), editor.connection.cursor() as cursor:
        cursor.execute(turns_sql.SAID)


def _empty(apps, editor):
    with scope.system(), editor.connection.cursor() as cursor:
        cursor.execute(turns_sql.NOTHING_SAID)


class Migration(migrations.Migration):
    dependencies = [("insight", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Said",
            fields=[
                ("pk", models.CompositePrimaryKey("conversation_id", "message_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("conversation_id", models.UUIDField()),
                ("message_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("direction", models.CharField(max_length=4)),
                ("member_id", models.UUIDField(null=True)),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
            ],
            options={"indexes": [models.Index(fields=["direction", "at"], name="insight_said_at")]},
        ),
        walls.wall_by_audience("insight_said"),
        migrations.RunPython(_fill, _empty),
        migrations.RunSQL(turns_sql.STABLE_CLOCK, turns_sql.IMMUTABLE_CLOCK),
    ]
