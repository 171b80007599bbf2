"""Closed days of ownership summed, what changed since, what rules are called; and a quicker clock of open time."""

import django.contrib.postgres.fields
from django.db import migrations, models

from rapport.core import scope, walls
from rapport.insight import summed_sql, turns_sql


def _fill(apps, editor):
    with scope.system(), editor.connection.cursor() as cursor:
        cursor.execute(summed_sql.RULES_THERE)


def _audience():
    return django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)


class Migration(migrations.Migration):
    dependencies = [("insight", "0004_promised"), ("ownership", "0009_stood")]

    operations = [
        migrations.CreateModel(
            name="RuleName",
            fields=[
                ("pk", models.CompositePrimaryKey("version", "rule", blank=True, editable=False, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField()),
                ("rule", models.PositiveIntegerField()),
                ("name", models.TextField()),
                ("told", models.SmallIntegerField()),
                ("known", models.BigIntegerField()),
            ],
            options={"db_table": "insight_rule"},
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                ("pk", models.CompositePrimaryKey("days", "starts", blank=True, editable=False, primary_key=True, serialize=False)),
                ("days", models.PositiveSmallIntegerField()),
                ("starts", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Summed",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("days", models.PositiveSmallIntegerField()),
                ("starts", models.DateTimeField()),
                ("kind", models.SmallIntegerField()),
                ("owner_id", models.UUIDField(null=True)),
                ("other_id", models.UUIDField(null=True)),
                ("number", models.IntegerField(null=True)),
                ("rule", models.BigIntegerField(null=True)),
                ("flag", models.BooleanField(null=True)),
                ("count", models.IntegerField()),
                ("audience", _audience()),
            ],
            options={"indexes": [models.Index(fields=["days", "starts"], name="insight_summed_block")]},
        ),
        migrations.CreateModel(
            name="Amended",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("sign", models.SmallIntegerField()),
                ("owed", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(null=True)),
                ("rule", models.PositiveIntegerField(null=True)),
                ("team_id", models.UUIDField(null=True)),
                ("said_team_id", models.UUIDField(null=True)),
                ("likely", models.FloatField(null=True)),
                ("acted", models.BooleanField()),
                ("moved", models.BooleanField()),
                ("dealt", models.BooleanField()),
                ("owner_team_id", models.UUIDField(null=True)),
                ("channel_id", models.UUIDField(null=True)),
                ("topic_id", models.UUIDField(null=True)),
                ("audience", _audience()),
            ],
            options={"indexes": [models.Index(fields=["at"], name="insight_amended_at")]},
        ),
        migrations.AddIndex("routed", models.Index(fields=["owner_team_id", "at"], name="insight_routed_owner")),
        walls.wall_by_audience("insight_summed"),
        walls.wall_by_audience("insight_amended"),
        migrations.RunSQL(summed_sql.RULES, summed_sql.NO_RULES),
        migrations.RunPython(_fill, migrations.RunPython.noop),
        migrations.RunSQL(summed_sql.AMENDED, summed_sql.NOTHING_AMENDED),
        migrations.RunSQL(turns_sql.QUICK_CLOCK, turns_sql.SLOW_CLOCK),
    ]
