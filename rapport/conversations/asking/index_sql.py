"""The SQL behind search, used by a migration: what has once been migrated with must not change here.

Row-level security lets an index serve only conditions that are known to leak nothing, and PostgreSQL's text search is
not among them: on a walled table its index is never used. So two narrow tables stand outside the wall. They hold ids
and a time, no word; their indexes are on functions that read the text behind the id. What they find is an id, which
everybody joins with the walled table: whoever may not see the row finds nothing.

A message's words are those of its subject, text and sender. Runs of letters of languages written without spaces are
taken two by two. Beside the words stand tags, with a character no word has: `@2026`, `@2026-11`, `@2026w48` (when;
they bound the search of common words by time, newest first), `s:` a word of the subject, `to:` an address, `has:link`.
"""

NO_SPACES = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_SETTINGS = "SET search_path FROM CURRENT"
_ENTER = """scope_before := coalesce(current_setting('rapport.scope', true), '');
    PERFORM set_config('rapport.scope', 'system', true);"""
_LEAVE = "PERFORM set_config('rapport.scope', scope_before, true);"

PAIRS = rf"""
CREATE FUNCTION rapport_pairs(given text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(array_to_tsvector(array_agg(DISTINCT pair)), ''::tsvector) FROM (
       SELECT letter || lead(letter, 1, '') OVER (PARTITION BY run ORDER BY place) AS pair
           FROM regexp_matches(lower(given), '({NO_SPACES}+)', 'g') WITH ORDINALITY AS found(runs, run),
               regexp_split_to_table(runs[1], '') WITH ORDINALITY AS split(letter, place)) AS pairs
   WHERE pair <> '' $$;
"""

MESSAGES = rf"""
CREATE FUNCTION rapport_message_words(conversation uuid, message uuid) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE COST 10000 {_SETTINGS} AS
$$
DECLARE
    m record;
    whole text;
    words tsvector;
    tags text[];
    scope_before text;
BEGIN
    {_ENTER}
    SELECT left(subject, 1000) AS subject, left(text, 100000) AS text, at AT TIME ZONE 'UTC' AS at, recipients,
        (SELECT p.name FROM people_person p WHERE p.id = person_id) AS name
        INTO m FROM conversations_message WHERE conversation_id = conversation AND id = message;
    {_LEAVE}
    IF m.at IS NULL THEN
        RETURN ''::tsvector;
    END IF;
    whole := concat_ws(' ', m.name, m.subject, m.text);
    words := strip(to_tsvector('simple', whole));
    tags := ARRAY['@' || to_char(m.at, 'YYYY'), '@' || to_char(m.at, 'YYYY-MM'), '@' || to_char(m.at, 'IYYY"w"IW')]
        || ARRAY(SELECT 's:' || one FROM unnest(tsvector_to_array(to_tsvector('simple', m.subject))) AS one)
        || ARRAY(SELECT DISTINCT left('to:' || lower(pair ->> 1), 300)
                 FROM (SELECT jsonb_path_query(m.recipients, 'lax $.to[*]') AS pair
                       UNION ALL SELECT jsonb_path_query(m.recipients, 'lax $.cc[*]')) AS addressed
                 WHERE jsonb_typeof(pair) = 'array' AND pair ->> 1 <> '');
    IF m.text ~* 'https?://' THEN
        tags := tags || 'has:link'::text;
    END IF;
    IF whole ~ '{NO_SPACES}' THEN
        words := words || rapport_pairs(whole);
    END IF;
    RETURN words || array_to_tsvector(tags);
END $$;

CREATE TABLE search_message (
    message_id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX search_message_conversation ON search_message (conversation_id);
INSERT INTO search_message SELECT id, conversation_id, at FROM conversations_message ORDER BY at, id;
CREATE INDEX search_message_words ON search_message USING gin (rapport_message_words(conversation_id, message_id))
    WITH (fastupdate = on, gin_pending_list_limit = 2048);
ALTER INDEX search_message_words ALTER COLUMN 1 SET STATISTICS 500;

CREATE FUNCTION rapport_index_messages() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO search_message SELECT id, conversation_id, at FROM fresh ON CONFLICT (message_id) DO NOTHING;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM search_message s USING gone WHERE s.message_id = gone.id;
    ELSE
        DELETE FROM search_message WHERE message_id = OLD.id;
        INSERT INTO search_message VALUES (NEW.id, NEW.conversation_id, NEW.at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER index_inserted AFTER INSERT ON conversations_message REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_index_messages();
CREATE TRIGGER index_deleted AFTER DELETE ON conversations_message REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_index_messages();
CREATE TRIGGER index_updated AFTER UPDATE OF id, conversation_id, at, subject, text, recipients ON conversations_message
    FOR EACH ROW WHEN ((OLD.id, OLD.conversation_id, OLD.at, OLD.subject, OLD.text, OLD.recipients)
        IS DISTINCT FROM (NEW.id, NEW.conversation_id, NEW.at, NEW.subject, NEW.text, NEW.recipients))
    EXECUTE FUNCTION rapport_index_messages();
"""

NAMES = f"""
CREATE FUNCTION rapport_name(known uuid, revision integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE COST 1000 {_SETTINGS} AS
$$
DECLARE
    scope_before text;
    found text;
BEGIN
    {_ENTER}
    found := translate(lower(coalesce(
        (SELECT concat_ws(' ', p.name, (SELECT string_agg(h.value, ' ') FROM people_handle h WHERE h.person_id = p.id))
            FROM people_person p WHERE p.id = known),
        (SELECT concat_ws(' ', o.name, o.domain) FROM people_organization o WHERE o.id = known),
        '')), '@._-+/', '      ');
    {_LEAVE}
    RETURN found;
END $$;

CREATE TABLE search_name (
    id uuid PRIMARY KEY,
    person boolean NOT NULL,
    revision integer NOT NULL DEFAULT 0
);
INSERT INTO search_name SELECT id, true FROM people_person UNION ALL SELECT id, false FROM people_organization;
CREATE INDEX search_person_words ON search_name USING gin (to_tsvector('simple', rapport_name(id, revision)))
    WHERE person;
CREATE INDEX search_person_trigrams ON search_name USING gin (rapport_name(id, revision) gin_trgm_ops) WHERE person;
CREATE INDEX search_organization_words ON search_name USING gin (to_tsvector('simple', rapport_name(id, revision)))
    WHERE NOT person;
CREATE INDEX search_organization_trigrams ON search_name USING gin (rapport_name(id, revision) gin_trgm_ops)
    WHERE NOT person;

CREATE FUNCTION rapport_index_names() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_TABLE_NAME = 'people_handle' THEN
        INSERT INTO search_name SELECT DISTINCT person_id, true FROM fresh
            ON CONFLICT (id) DO UPDATE SET revision = search_name.revision + 1;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO search_name SELECT id, TG_TABLE_NAME = 'people_person' FROM fresh
            ON CONFLICT (id) DO UPDATE SET revision = search_name.revision + 1;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM search_name s USING gone WHERE s.id = gone.id;
    ELSE
        UPDATE search_name SET revision = revision + 1 WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER index_inserted AFTER INSERT ON people_handle REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_index_names();
CREATE TRIGGER index_updated AFTER UPDATE ON people_handle REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_index_names();
""" + "".join(
    f"""
CREATE TRIGGER index_inserted AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_index_names();
CREATE TRIGGER index_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_index_names();
CREATE TRIGGER index_updated AFTER UPDATE OF name ON {table}
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION rapport_index_names();
"""
    for table in ("people_person", "people_organization")
)

#: The backfill sees every row while the migration's transaction lasts, and takes the time it needs.
BEGIN = """SELECT set_config('rapport.scope', 'system', true), set_config('statement_timeout', '0', true),
    set_config('maintenance_work_mem', '256MB', true);
"""
END = "SELECT set_config('rapport.scope', '', true);"

INSTEAD_OF = "DROP FUNCTION rapport_search(text, integer); DROP INDEX message_words;"

UNDO = """
DROP TABLE search_message, search_name;
DROP FUNCTION rapport_index_messages() CASCADE;
DROP FUNCTION rapport_index_names() CASCADE;
DROP FUNCTION rapport_message_words(uuid, uuid), rapport_name(uuid, integer), rapport_pairs(text);
"""

MAKE = BEGIN + PAIRS + MESSAGES + NAMES + END
