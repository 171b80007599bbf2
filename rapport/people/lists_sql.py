"""The SQL of the lists of people that came later; used by a migration: what was migrated with must not change here.

Who is new is most of what mail brings: their keys are made from the rows as they were inserted, without looking for
trees, and with the letters of their names in the same statement instead of by a function for each.
"""

from rapport.people import directory_sql

#: What is found by keys is read from the index of trees alone, also where it is put in the order of names.
WIDE_TREES = """
CREATE INDEX people_row_wide ON people_row (root)
    INCLUDE (id, top, tree, audience, created_at, erased, sort_name, tags, words);
DROP INDEX people_row_root;
ALTER INDEX people_row_wide RENAME TO people_row_root;
"""
_NARROW_TREES = """
CREATE INDEX people_row_narrow ON people_row (root)
    INCLUDE (id, top, tree, audience, created_at, erased, tags, words);
DROP INDEX people_row_root;
ALTER INDEX people_row_narrow RENAME TO people_row_root;
"""

_ENTER = """scope_before := coalesce(current_setting('rapport.scope', true), '');
    PERFORM set_config('rapport.scope', 'system', true);"""
_LEAVE = "PERFORM set_config('rapport.scope', scope_before, true);"
#: As `rapport_letters` makes them.
_LETTERS = """ARRAY(SELECT hashtextextended(piece, 0) FROM string_to_table({0}, ' ') AS words(word),
    LATERAL (SELECT '^' || left(word, 1) UNION ALL SELECT '^' || left(word, 2) WHERE length(word) > 1
        UNION ALL SELECT substr(word, i, 3) FROM generate_series(1, length(word) - 2) AS i
        UNION ALL SELECT '.' || substr(word, i, 1) FROM generate_series(1, length(word)) AS i
            WHERE octet_length(word) > length(word) AND ascii(substr(word, i, 1)) >= 11904) AS pieces(piece))"""
_RELATIONS = """ARRAY(SELECT rapport_key('r:' || r.kind) FROM {0} r
        WHERE r.{1} = {2} AND (r.until IS NULL OR r.until > current_date))"""
_FIELDS = "CASE WHEN {0}.fields = '{{}}' THEN '{{}}'::bigint[] ELSE rapport_field_keys({0}.fields) END"
_TAGS = f"""
    array_remove(ARRAY[
        rapport_key('o:' || coalesce(p.organization_id::text, '')),
        rapport_key('h:' || coalesce(p.holder_id::text, '')),
        rapport_key('l:' || lower(split_part(p.language, '-', 1))),
        CASE WHEN p.do_not_contact THEN rapport_key('stop') END,
        CASE WHEN p.shared THEN rapport_key('shared') END,
        CASE WHEN btrim(p.name) = '' THEN rapport_key('nameless') END], NULL)
    || {_RELATIONS.format("people_relationship", "person_id", "p.id")}
    || {_RELATIONS.format("people_organizationrelationship", "organization_id", "p.organization_id")}
    || coalesce(h.kinds, ARRAY[rapport_key('k:')]) || {_FIELDS.format("p")}"""

NEW_PEOPLE = f"""
CREATE FUNCTION rapport_person_new() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE scope_before text;
BEGIN
    {_ENTER}
    IF EXISTS (SELECT 1 FROM fresh f, LATERAL (SELECT 1 FROM people_person other
            WHERE other.root = f.root AND other.id <> f.id OFFSET 0) AS tree) THEN
        PERFORM rapport_keep_people(ARRAY(SELECT id FROM fresh));
    ELSE
        WITH own AS MATERIALIZED (
            SELECT p.id, p.root, p.audience, p.created_at, p.erased_at IS NOT NULL AS erased,
                CASE WHEN btrim(p.name) = '' THEN U&'\\FFFD' ELSE left(rapport_fold(p.name), 60) END AS sort_name,
                {_TAGS} AS tags, rapport_fold(concat_ws(' ', p.name, h.written)) AS words
            FROM fresh p LEFT JOIN LATERAL (SELECT array_agg(DISTINCT rapport_key('k:' || h.kind)) AS kinds,
                string_agg(concat_ws(' ', h.value, nullif(h.written, h.value)), ' ') AS written
                FROM people_handle h WHERE h.person_id = p.id) AS h ON true),
        kept AS (
            INSERT INTO people_key AS kept (id, keys)
            SELECT o.id, o.tags || {_LETTERS.format("o.words")} FROM own o ORDER BY o.id
            ON CONFLICT (id) DO UPDATE SET keys = EXCLUDED.keys)
        INSERT INTO people_row AS kept (id, root, top, tree, audience, created_at, erased, sort_name, tags, words)
        SELECT o.id, o.root, NULL, length(o.words) > 160 OR cardinality(o.tags) > 60, o.audience, o.created_at,
            o.erased, o.sort_name, o.tags[1:60], left(o.words, 160) FROM own o ORDER BY o.id
        ON CONFLICT (id) DO UPDATE SET (root, top, tree, audience, created_at, erased, sort_name, tags, words) =
            (EXCLUDED.root, NULL, EXCLUDED.tree, EXCLUDED.audience, EXCLUDED.created_at, EXCLUDED.erased,
                EXCLUDED.sort_name, EXCLUDED.tags, EXCLUDED.words);
    END IF;
    {_LEAVE}
    RETURN NULL;
END $$;
DROP TRIGGER keys_inserted ON people_person;
CREATE TRIGGER keys_inserted AFTER INSERT ON people_person REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_person_new();
"""
_NEW_PEOPLE_UNDONE = """
DROP FUNCTION rapport_person_new() CASCADE;
CREATE TRIGGER keys_inserted AFTER INSERT ON people_person REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_person_kept();
"""

NEW_ORGANIZATIONS = f"""
CREATE FUNCTION rapport_organization_new() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE scope_before text;
BEGIN
    {_ENTER}
    INSERT INTO people_key AS kept (id, keys)
    SELECT o.id, ARRAY[rapport_key('organization'), rapport_key('p:' || coalesce(o.parent_id::text, ''))]
        || {_RELATIONS.format("people_organizationrelationship", "organization_id", "o.id")} || {_FIELDS.format("o")}
        || {_LETTERS.format('''rapport_fold(concat_ws(' ', o.name, o.domain,
            (SELECT string_agg(d.domain, ' ') FROM people_organizationdomain d WHERE d.organization_id = o.id)))''')}
    FROM fresh o ORDER BY o.id ON CONFLICT (id) DO UPDATE SET keys = EXCLUDED.keys;
    {_LEAVE}
    RETURN NULL;
END $$;
DROP TRIGGER keys_inserted ON people_organization;
CREATE TRIGGER keys_inserted AFTER INSERT ON people_organization REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_organization_new();
"""
_NEW_ORGANIZATIONS_UNDONE = """
DROP FUNCTION rapport_organization_new() CASCADE;
CREATE TRIGGER keys_inserted AFTER INSERT ON people_organization REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_organization_kept();
"""

#: To count how often each of some sixty keys of a row stands there is dear, and of fewer than some thousand rows nobody
#: asks: they are gathered.
_STATISTICS = """
ALTER TABLE people_key SET (autovacuum_analyze_threshold = 5000);
ALTER TABLE people_row SET (autovacuum_analyze_threshold = 5000);
"""
_STATISTICS_UNDONE = """
ALTER TABLE people_key RESET (autovacuum_analyze_threshold);
ALTER TABLE people_row RESET (autovacuum_analyze_threshold);
"""

#: An index of a million rows takes longer than a request may.
MAKE = f"SELECT set_config('statement_timeout', '0', true); {WIDE_TREES}{NEW_PEOPLE}{NEW_ORGANIZATIONS}{_STATISTICS}"
UNDO = _STATISTICS_UNDONE + _NEW_ORGANIZATIONS_UNDONE + _NEW_PEOPLE_UNDONE + _NARROW_TREES

#: All of it once more, in the system's scope: for who filled the tables without their triggers.
ANEW = directory_sql.ANEW + WIDE_TREES
