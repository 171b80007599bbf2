"""The SQL of the lists of people that came later; used by a migration: what was migrated with must not change."""

from rapport.people import directory_sql

#: What is found by keys is read from the index of trees alone, also where it is put in the order of names.
WIDE_TREES = """
CREATE INDEX people_row_wide ON people_row (root)
    INCLUDE (id, top, tree, audience, created_at, erased, sort_name, tags, words);
DROP INDEX people_row_root;
ALTER INDEX people_row_wide RENAME TO people_row_root;
"""
NARROW_TREES = """
CREATE INDEX people_row_narrow ON people_row (root)
    INCLUDE (id, top, tree, audience, created_at, erased, tags, words);
DROP INDEX people_row_root;
ALTER INDEX people_row_narrow RENAME TO people_row_root;
"""
#: An index of a million rows takes longer than a request may.
MAKE = f"SELECT set_config('statement_timeout', '0', true); {WIDE_TREES}"

#: All of it once more, in the system's scope: for who filled the tables without their triggers.
ANEW = directory_sql.ANEW + WIDE_TREES
