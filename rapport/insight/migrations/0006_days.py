"""What reports count of days that are over, packed into columns; and which days were touched since."""

import django.contrib.postgres.fields
from django.db import migrations, models

from rapport.core import walls
from rapport.insight import days_sql


class Migration(migrations.Migration):
    dependencies = [("insight", "0005_summed")]

    operations = [
        migrations.CreateModel(
            name="ClosedDay",
            fields=[("day", models.DateField(primary_key=True, serialize=False))],
        ),
        migrations.CreateModel(
            name="TouchedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="Day",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("day", models.DateField()),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ("count", models.PositiveIntegerField()),
                ("at", models.BinaryField()),
                ("began", models.BinaryField()),
                ("mark", models.BinaryField()),
                ("teams", models.TextField()),
                ("team", models.BinaryField()),
                ("channels", models.TextField()),
                ("channel", models.BinaryField()),
                ("topics", models.TextField()),
                ("topic", models.BinaryField()),
                ("members", models.TextField()),
                ("member", models.BinaryField()),
                ("promises", models.TextField(blank=True)),
                ("promise", models.BinaryField()),
            ],
            options={"indexes": [models.Index(fields=["kind", "day"], name="insight_day_kind")]},
        ),
        walls.wall_by_audience("insight_day"),
        migrations.RunSQL(days_sql.TOUCHED, days_sql.NOT_TOUCHED),
    ]
