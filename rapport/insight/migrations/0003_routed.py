"""Whose each conversation was first said to be and whose it is, in a narrow table of its own."""

import django.contrib.postgres.fields
from django.db import migrations, models

from rapport.core import scope, walls
from rapport.insight import routed_sql


def _fill(apps, editor):
    with scope.system(), editor.connection.cursor() as cursor:
        cursor.execute(routed_sql.BACKFILL)


class Migration(migrations.Migration):
    dependencies = [("insight", "0002_said"), ("ownership", "0003_learned")]

    operations = [
        migrations.CreateModel(
            name="Routed",
            fields=[
                ("conversation_id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(null=True)),
                ("rule", models.PositiveIntegerField(null=True)),
                ("team_id", models.UUIDField(null=True)),
                ("said_team_id", models.UUIDField(null=True)),
                ("likely", models.FloatField(null=True)),
                ("acted", models.BooleanField(default=False)),
                ("moved", models.BooleanField(default=False)),
                ("dealt", models.BooleanField(default=False)),
                ("counted", models.BooleanField(default=True)),
                ("owner_team_id", models.UUIDField(null=True)),
                ("channel_id", models.UUIDField(null=True)),
                ("topic_id", models.UUIDField(null=True)),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
            ],
            options={"indexes": [models.Index(fields=["at"], name="insight_routed_at")]},
        ),
        walls.wall_by_audience("insight_routed"),
        migrations.RunSQL(routed_sql.WORDS),
        migrations.RunPython(_fill, migrations.RunPython.noop),
        migrations.RunSQL(routed_sql.ROUTED, routed_sql.NOTHING_ROUTED),
    ]
