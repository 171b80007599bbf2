"""The lists of people: what they are found by, in which order they stand, and when they were heard from."""

from django.db import migrations

from rapport.core import walls
from rapport.people import directory_sql


class Migration(migrations.Migration):
    dependencies = [("people", "0005_merging")]

    operations = [
        migrations.RunSQL(directory_sql.MAKE, directory_sql.UNDO),
        walls.wall_by_audience("people_row"),
    ]
