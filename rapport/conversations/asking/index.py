"""Writing the index of search anew: after a restore, or after tables were filled past their triggers."""

from django.db import connection, transaction

#: The GIN indexes of search.
INDEXES = (
    "search_message_words", "search_person_words", "search_person_trigrams", "search_organization_words",
    "search_organization_trigrams",
)  # fmt: skip


def reindex() -> None:
    """Empty the narrow tables, fill them with every message and name there is, and build their indexes once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT set_config('rapport.scope', 'system', true), set_config('statement_timeout', '0', true),
            set_config('maintenance_work_mem', '256MB', true)"""
        )
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [list(INDEXES)])
        definitions = dict(cursor.fetchall())
        for name in definitions:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("TRUNCATE search_message, search_name")
        # In order of time: what is looked for together then lies together.
        cursor.execute(
            "INSERT INTO search_message SELECT id, conversation_id, at FROM conversations_message ORDER BY at, id"
        )
        cursor.execute(
            """INSERT INTO search_name SELECT id, true FROM people_person
            UNION ALL SELECT id, false FROM people_organization"""
        )
        for definition in definitions.values():
            cursor.execute(definition)
        cursor.execute("ALTER INDEX search_message_words ALTER COLUMN 1 SET STATISTICS 500")
        cursor.execute("SELECT set_config('rapport.scope', '', true), set_config('statement_timeout', '60000', true)")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE search_message, search_name")
