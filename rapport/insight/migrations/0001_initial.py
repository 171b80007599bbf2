"""The turns of conversations, and indexes by time."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from rapport.core import scope, walls
from rapport.insight import turns_sql


def _backfill(apps, editor):
    with scope.system(), editor.connection.cursor() as cursor:
        cursor.execute(turns_sql.BACKFILL)
        # Otherwise the indexes below wait for the checks of the keys just written.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


class Migration(migrations.Migration):
    initial = True

    dependencies = [("conversations", "0002_workplace")]

    operations = [
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("pk", models.CompositePrimaryKey("conversation_id", "at", blank=True, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("from_status", models.CharField(max_length=10)),
                ("to_status", models.CharField(max_length=10)),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turns",
                        to="conversations.conversation",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["at"], name="insight_turn_at")]},
        ),
        walls.wall_by_audience("insight_turn"),
        migrations.RunPython(_backfill, migrations.RunPython.noop),
        migrations.RunSQL(turns_sql.INDEXES, turns_sql.NO_INDEXES),
        migrations.RunSQL(turns_sql.CLOCK, turns_sql.NO_CLOCK),
        migrations.RunSQL(turns_sql.TRIGGERS, turns_sql.NO_TRIGGERS),
    ]
