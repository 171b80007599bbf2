import django.contrib.postgres.fields
from django.db import migrations, models

from rapport.people import former_sql


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_the_setup_as_it_was"),
        ("people", "0010_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonFormer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("person_id", models.UUIDField()),
                ("organization_id", models.UUIDField(null=True)),
                ("holder_id", models.UUIDField(null=True)),
                ("audience", django.contrib.postgres.fields.ArrayField(
                    base_field=models.UUIDField(), default=list, size=None)),
            ],
            options={
                "indexes": [models.Index(fields=["person_id"], name="person_former")],
            },
        ),
        migrations.CreateModel(
            name="RelationshipFormer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("relationship_id", models.UUIDField()),
                ("person_id", models.UUIDField(null=True)),
                ("organization_id", models.UUIDField(null=True)),
                ("kind", models.CharField(max_length=20)),
                ("since", models.DateField(null=True)),
                ("until", models.DateField(null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(
                    fields=["person_id"], name="relationship_former",
                    condition=models.Q(("person_id__isnull", False)),
                )],
            },
        ),
        migrations.RunSQL(former_sql.MAKE, former_sql.UNDO),
        migrations.RunSQL(former_sql.ORGANIZATIONS, former_sql.NO_ORGANIZATIONS),
        migrations.RunSQL(former_sql.RELATIONS, former_sql.NO_RELATIONS),
    ]
