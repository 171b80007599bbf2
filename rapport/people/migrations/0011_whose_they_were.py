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
            ],
            options={
                "indexes": [models.Index(fields=["person_id"], name="person_former")],
            },
        ),
        migrations.RunSQL(former_sql.MAKE, former_sql.UNDO),
        migrations.RunSQL(former_sql.ORGANIZATIONS, former_sql.NO_ORGANIZATIONS),
    ]
