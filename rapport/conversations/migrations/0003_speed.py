"""Counters kept by triggers, and the indexes of the lists."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from rapport.conversations import list_sql


def _reference(to: str, **more: object) -> models.ForeignKey:
    more.setdefault("on_delete", django.db.models.deletion.SET_NULL)
    return models.ForeignKey(to=to, null=True, db_index=False, **more)


_FIELDS = {
    "person": _reference("people.person", related_name="conversations"),
    "channel": _reference("channels.channel", related_name="conversations"),
    "topic": _reference("conversations.topic", blank=True),
    "owner_team": _reference("staff.team", related_name="owned", on_delete=django.db.models.deletion.PROTECT),
    "owner_member": _reference(settings.AUTH_USER_MODEL, related_name="owned", blank=True),
}


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_workplace"), ("staff", "0002_workplace")]

    operations = [
        *[
            migrations.RemoveIndex(model_name="conversation", name=f"conversation_{name}")
            for name in ("all", "team", "mine", "unowned")
        ],
        *[
            migrations.AlterField(model_name="conversation", name=name, field=field)
            for name, field in _FIELDS.items()
        ],
        migrations.RunSQL(list_sql.INDEXES, list_sql.NO_INDEXES),
        migrations.RunSQL(list_sql.TALLY, list_sql.NO_TALLY),
        migrations.RunSQL(list_sql.BACKFILL, migrations.RunSQL.noop),
    ]
