"""The index of trees has the order of names, too."""

from django.db import migrations

from rapport.people import lists_sql


class Migration(migrations.Migration):
    dependencies = [("people", "0009_proofs_and_questions")]

    operations = [migrations.RunSQL(lists_sql.MAKE, lists_sql.NARROW_TREES)]
