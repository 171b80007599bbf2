"""What teams watch is found without reading what nobody watches."""

from django.db import migrations

# An array's element may serve an index behind a wall, its operators may not: those with any team are in it.
_MAKE = """CREATE INDEX conversation_watched ON conversations_conversation (status, last_activity_at DESC, id DESC)
WHERE involved[1] IS NOT NULL"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0010_promises")]

    operations = [migrations.RunSQL(_MAKE, "DROP INDEX conversation_watched")]
