"""Promises with several clocks.

Cheap on a large table: two columns are added that need no row written anew, `due_at` stops being generated (it keeps its
values and indexes), and only open conversations with a promise, found by the index of due ones, are written: each gets a
row a clock. What is resolved, spam or merged keeps its moments and has no clock.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from rapport.conversations import due_sql
from rapport.core.walls import wall_by_conversation


class Migration(migrations.Migration):

    dependencies = [
        ('conversations', '0009_heard'),
    ]

    operations = [
        migrations.AddField(
            model_name='conversation',
            name='next_answer_due_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='conversation',
            name='promised',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(
            due_sql.MAKE,
            due_sql.UNDO,
            state_operations=[
                migrations.AlterField(
                    model_name='conversation',
                    name='due_at',
                    field=models.DateTimeField(editable=False, null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name='Clock',
            fields=[
                ('pk', models.CompositePrimaryKey('conversation_id', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=20)),
                ('span_minutes', models.PositiveIntegerField()),
                ('hours', models.CharField(blank=True, max_length=80)),
                ('pause', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('steps', models.JSONField(default=list)),
                ('began_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('halted_at', models.DateTimeField(null=True)),
                ('stopped_at', models.DateTimeField(null=True)),
                ('step', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(null=True)),
                ('moves', models.PositiveSmallIntegerField(default=0)),
                ('conversation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='clocks', to='conversations.conversation')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='clock_next_step')],
            },
        ),
        wall_by_conversation('conversations_clock'),
        migrations.RunSQL(due_sql.CLOCKS, migrations.RunSQL.noop),
    ]
