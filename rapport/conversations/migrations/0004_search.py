"""Search: its narrow tables, their indexes and what keeps them."""

from django.db import migrations

from rapport.conversations import search_sql
from rapport.conversations.asking import index_sql


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0003_speed"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(index_sql.MAKE, index_sql.UNDO),
        migrations.RunSQL(index_sql.INSTEAD_OF, search_sql.FUNCTIONS),
    ]
