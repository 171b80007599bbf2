from django.db import migrations, models

from rapport.core import former_sql


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_trust"),
    ]

    operations = [
        migrations.CreateModel(
            name="Former",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=40)),
                ("row_id", models.UUIDField()),
                ("was", models.JSONField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["row_id"], name="former_row")],
            },
        ),
        migrations.RunSQL(former_sql.CLOCK, former_sql.NO_CLOCK),
        migrations.RunSQL(former_sql.FUNCTION, former_sql.NO_FUNCTION),
        migrations.RunSQL(former_sql.WALL, former_sql.NO_WALL),
    ]
