from django.db import migrations

from rapport.core import former_sql

#: What of the staff decides whose a conversation is; neither passwords nor when somebody was last here.
KEPT = (
    ("staff_team", ("slug", "name", "confidential", "is_open", "is_active", "hours_id", "taken_by"), "id"),
    ("staff_member", ("email", "name", "role", "is_active", "skills", "languages", "capacity", "hours_id"), "id"),
    ("staff_membership", ("member_id", "team_id"), "id"),
    ("staff_businesshours", ("name", "time_zone", "blocks", "holidays"), "id"),
    ("staff_absence", ("member_id", "starts_at", "ends_at"), "id"),
    ("staff_oncallrotation", ("team_id", "order", "first", "minutes", "time_zone"), "team_id"),
    ("staff_oncallduty", ("team_id", "member_id", "starts_at", "ends_at"), "id"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_the_setup_as_it_was"),
        ("staff", "0008_queue_and_hand_over"),
    ]

    operations = [
        migrations.RunSQL(former_sql.keep(table, columns, key), former_sql.drop(table))
        for table, columns, key in KEPT
    ]
