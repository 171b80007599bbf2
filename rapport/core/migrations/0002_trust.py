from django.db import migrations, models

import rapport.core.clock
import rapport.core.ids
from rapport.core import walls

# What waits for its seal is written by the statement that writes the event, and read by the system alone.
SEALING = """
CREATE FUNCTION rapport_to_be_sealed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO core_unsealed (event_id) SELECT id FROM fresh; RETURN NULL; END $$;
CREATE TRIGGER to_be_sealed AFTER INSERT ON core_event REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION rapport_to_be_sealed();

ALTER TABLE core_unsealed ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_unsealed FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON core_unsealed USING ((SELECT rapport_is_system())) WITH CHECK (true);

SELECT set_config('rapport.scope', 'system', true);
INSERT INTO core_unsealed (event_id) SELECT id FROM core_event;
SELECT set_config('rapport.scope', '', true);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON core_seal
FOR EACH STATEMENT EXECUTE FUNCTION rapport_append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON core_seal
FOR EACH STATEMENT EXECUTE FUNCTION rapport_append_only();
"""
UNSEALING = """
DROP TRIGGER to_be_sealed ON core_event; DROP FUNCTION rapport_to_be_sealed();
DROP TRIGGER append_only ON core_seal; DROP TRIGGER never_emptied ON core_seal;
"""

# What concerns no conversation (sign-ins, exports) is for administrators, and for who did it; what all live by is for
# all; what concerns a person is for nobody who does not see the person.
EVENT_WALL = """
CREATE FUNCTION rapport_is_admin() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT EXISTS (SELECT 1 FROM staff_member WHERE id = rapport_member() AND is_active AND role = 'admin') $$;
ALTER POLICY wall ON core_event USING ((SELECT rapport_is_system())
    OR conversation_id IS NULL AND (SELECT cardinality(rapport_audience()) > 0)
        AND ((SELECT rapport_is_admin()) OR actor_id = (SELECT rapport_member())
            OR kind IN ('company.changed', 'policy.saved'))
        AND (data ->> 'person' IS NULL OR EXISTS (SELECT 1 FROM people_person p WHERE p.id = (data ->> 'person')::uuid))
    OR EXISTS (SELECT 1 FROM conversations_conversation c WHERE c.id = conversation_id));
"""
EVENT_WALL_BEFORE = """
ALTER POLICY wall ON core_event USING ((SELECT rapport_is_system())
    OR conversation_id IS NULL AND (SELECT cardinality(rapport_audience()) > 0)
    OR EXISTS (SELECT 1 FROM conversations_conversation c WHERE c.id = conversation_id));
DROP FUNCTION rapport_is_admin();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("staff", "0001_initial"),
        ("conversations", "0001_initial"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=rapport.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("purpose", models.CharField(max_length=10)),
                ("wrapped", models.BinaryField()),
                ("wrapped_by", models.CharField(max_length=16)),
                ("created_at", models.DateTimeField(default=rapport.core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.UUIDField(unique=True)),
                ("key_id", models.UUIDField()),
                ("hash", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Unsealed",
            fields=[("event_id", models.UUIDField(primary_key=True, serialize=False))],
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["at", "id"], name="event_at"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ["conversation.decided", "conversation.opened", "message.received"]), _negated=True
                ),
                fields=["kind", "at", "id"],
                name="event_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("actor_id__isnull", False)),
                fields=["actor_id", "at", "id"],
                name="event_actor",
            ),
        ),
        migrations.RunSQL(SEALING, UNSEALING),
        migrations.RunSQL(EVENT_WALL, EVENT_WALL_BEFORE),
        walls.wall("core_seal", "EXISTS (SELECT 1 FROM core_event e WHERE e.id = event_id)"),
        walls.wall("core_datakey"),
    ]
