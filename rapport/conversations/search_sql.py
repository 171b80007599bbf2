"""The SQL of full-text search, used by the first migration.

An index may only serve conditions that leak nothing past row-level security, and PostgreSQL's text search operator is
not known to be leak-proof; hence a function that enters the system scope and itself shows only what the member's
audience may see.
"""

DOCUMENT = "to_tsvector('simple', left(subject || ' ' || text, 100000))"

FUNCTIONS = f"""
CREATE INDEX message_words ON conversations_message USING gin (({DOCUMENT}))
    WITH (fastupdate = on, gin_pending_list_limit = 16384);
ALTER INDEX message_words ALTER COLUMN 1 SET STATISTICS 1000;

CREATE FUNCTION rapport_search(words text, how_many integer)
RETURNS TABLE (conversation_id uuid, message_id uuid, at timestamptz) LANGUAGE plpgsql VOLATILE AS
$$
DECLARE scope_before text := coalesce(current_setting('rapport.scope', true), '');
BEGIN
    PERFORM set_config('rapport.scope', 'system', true);
    RETURN QUERY SELECT m.conversation_id, m.id, m.at FROM conversations_message m
        JOIN conversations_conversation c ON c.id = m.conversation_id
        WHERE {DOCUMENT.replace("subject ", "m.subject ").replace(" text,", " m.text,")}
              @@ websearch_to_tsquery('simple', words) AND c.audience && rapport_audience()
        ORDER BY m.at DESC LIMIT how_many;
    PERFORM set_config('rapport.scope', scope_before, true);
END $$;
"""
