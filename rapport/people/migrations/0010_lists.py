"""Lists of people: the index of trees has the order of names, and who is new is kept by a shorter way."""

from django.db import migrations

from rapport.people import lists_sql


class Migration(migrations.Migration):
    dependencies = [("people", "0009_proofs_and_questions")]

    operations = [migrations.RunSQL(lists_sql.MAKE, lists_sql.UNDO)]
