"""The kept history of the setup, written by triggers; used by migrations: what has once been run must not change here.

For each row of a named table that is made, changed or taken away, `core_former` has what it said before (null: it was
not there). Only named columns are kept, and only what changes one of them is. So how a row stood at a moment is what
its first change after that moment says, and where there is none, as it stands; a table of which nothing was kept yet
needs no rows. A trigger, so that every way of writing is kept: pages, a directory, imports, the shell.

The moment is the database's own, or that of whoever travels (`core.clock`), as the scope tells it.
"""

from collections.abc import Sequence

CLOCK = """
CREATE FUNCTION rapport_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT coalesce(nullif(current_setting('rapport.now', true), '')::timestamptz, clock_timestamp()) $$;
"""
NO_CLOCK = "DROP FUNCTION rapport_now();"

FUNCTION = """
CREATE FUNCTION rapport_former() RETURNS trigger LANGUAGE plpgsql AS
$$ DECLARE
    row_said jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    before jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        SELECT jsonb_object_agg(key, value) INTO before FROM jsonb_each(to_jsonb(OLD)) WHERE key = ANY(TG_ARGV);
    END IF;
    INSERT INTO core_former (at, kind, row_id, was)
    VALUES (rapport_now(), TG_TABLE_NAME, (row_said ->> TG_ARGV[0])::uuid, before);
    RETURN NULL;
END $$;
"""
NO_FUNCTION = "DROP FUNCTION rapport_former();"

#: Whoever may change a row writes its history; the system alone reads it.
WALL = """
ALTER TABLE core_former ENABLE ROW LEVEL SECURITY;
ALTER TABLE core_former FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON core_former USING ((SELECT rapport_is_system())) WITH CHECK (true);
"""
NO_WALL = """
DROP POLICY wall ON core_former; ALTER TABLE core_former NO FORCE ROW LEVEL SECURITY;
ALTER TABLE core_former DISABLE ROW LEVEL SECURITY;
"""


def keep(table: str, columns: Sequence[str], key: str = "id", events: str = "INSERT OR DELETE") -> str:
    """Keep the history of a table: of what is made and taken away (`events`; "" is neither), and of these columns where
    they change. `key` is the column of its id.
    """
    arguments = ", ".join(f"'{name}'" for name in (key, *columns))
    old, new = (", ".join(f'{side}."{name}"' for name in columns) for side in ("OLD", "NEW"))
    names = ", ".join(f'"{name}"' for name in columns)
    kept = f"""
CREATE TRIGGER former_kept AFTER {events} ON {table} FOR EACH ROW EXECUTE FUNCTION rapport_former({arguments});"""
    return f"""{kept if events else ""}
CREATE TRIGGER former_changed AFTER UPDATE OF {names} ON {table} FOR EACH ROW
    WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION rapport_former({arguments});
"""


def drop(table: str) -> str:
    """Keep it no more."""
    return f"DROP TRIGGER IF EXISTS former_kept ON {table}; DROP TRIGGER former_changed ON {table};\n"
