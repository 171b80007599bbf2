"""When people were last heard from."""

from django.db import migrations

from rapport.conversations import heard_sql


class Migration(migrations.Migration):
    dependencies = [("conversations", "0008_transcripts"), ("people", "0006_directory")]

    operations = [migrations.RunSQL(heard_sql.MAKE, heard_sql.UNDO)]
