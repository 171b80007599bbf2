"""Names are found by the index of search: behind the wall these two were never used, and every new person paid for them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="person", name="person_name_trigram"),
        migrations.RemoveIndex(model_name="handle", name="handle_trigram"),
    ]
