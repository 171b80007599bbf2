"""What became of each promise, in a narrow table of its own."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from rapport.core import scope, walls
from rapport.insight import promised_sql


def _fill(apps, editor):
    with scope.system(), editor.connection.cursor() as cursor:
        cursor.execute(promised_sql.BACKFILL)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0013_steps_left_out"), ("insight", "0003_routed")]

    operations = [
        migrations.CreateModel(
            name="Promised",
            fields=[
                ("pk", models.CompositePrimaryKey("conversation_id", "name", "began_at", blank=True, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=20)),
                ("began_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("halted_at", models.DateTimeField(null=True)),
                ("stopped_at", models.DateTimeField(null=True)),
                ("at", models.DateTimeField(null=True)),
                ("span_minutes", models.PositiveIntegerField()),
                ("hours", models.CharField(blank=True, max_length=80)),
                ("steps", models.PositiveSmallIntegerField(default=0)),
                ("moves", models.PositiveSmallIntegerField(default=0)),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
                ("conversation", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="conversations.conversation")),
            ],
            options={"indexes": [models.Index(fields=["at"], name="insight_promised_at")]},
        ),
        walls.wall_by_audience("insight_promised"),
        migrations.RunSQL(promised_sql.WORDS),
        migrations.RunPython(_fill, migrations.RunPython.noop),
        migrations.RunSQL(promised_sql.PROMISED, promised_sql.NOTHING_PROMISED),
    ]
