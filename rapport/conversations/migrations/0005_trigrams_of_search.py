"""Subjects are found by the index of search: behind the wall this one was never used, and every conversation paid for it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0004_search")]

    operations = [migrations.RemoveIndex(model_name="conversation", name="conversation_subject_trigram")]
