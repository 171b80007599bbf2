"""SQL for row-level security, used by the first migrations. What has once been migrated with must not change here."""

from django.db.migrations.operations import RunSQL

SYSTEM = "(SELECT rapport_is_system())"
_BY_CONVERSATION = "EXISTS (SELECT 1 FROM conversations_conversation c WHERE c.id = conversation_id)"

FUNCTIONS = """
CREATE FUNCTION rapport_is_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('rapport.scope', true), '') = 'system' $$;

CREATE FUNCTION rapport_member() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('rapport.member', true), '')::uuid $$;

CREATE FUNCTION rapport_audience() RETURNS uuid[] LANGUAGE sql STABLE AS
$$ SELECT coalesce(array_agg(team), '{}') FROM (
       SELECT t.id AS team FROM staff_membership m JOIN staff_team t ON t.id = m.team_id
           JOIN staff_member s ON s.id = m.member_id
           WHERE m.member_id = rapport_member() AND s.is_active AND t.is_active
       UNION ALL
       SELECT '00000000-0000-0000-0000-000000000001'::uuid FROM staff_member s
           WHERE s.id = rapport_member() AND s.is_active) AS teams $$;
"""


def wall(table: str, seen_if: str = "false") -> RunSQL:
    """Rows of `table` exist for the system scope, and for a member where `seen_if` holds; for nobody otherwise."""
    return RunSQL(
        f"""ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY wall ON {table} USING ({SYSTEM} OR {seen_if}) WITH CHECK ({SYSTEM} OR {seen_if});""",
        f"""DROP POLICY wall ON {table}; ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;""",
    )


def wall_by_conversation(table: str) -> RunSQL:
    """Rows of `table` are seen by whoever sees their conversation."""
    return wall(table, _BY_CONVERSATION)


def wall_by_audience(table: str) -> RunSQL:
    """Rows of `table` are seen by the teams in their `audience`."""
    return wall(table, "audience && (SELECT rapport_audience())")
