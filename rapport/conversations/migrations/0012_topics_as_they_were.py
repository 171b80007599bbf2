from django.db import migrations

from rapport.core import former_sql

#: Topics, and what channels are called: rules name both. Of a channel neither its settings nor its passwords.
KEPT = (
    ("conversations_topic", ("slug", "name", "words", "is_active")),
    ("channels_channel", ("name", "kind")),
)


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0002_channels"),
        ("core", "0003_the_setup_as_it_was"),
        ("conversations", "0011_watched"),
    ]

    operations = [
        migrations.RunSQL(former_sql.keep(table, columns), former_sql.drop(table)) for table, columns in KEPT
    ]
