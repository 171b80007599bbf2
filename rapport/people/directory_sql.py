"""The SQL behind the lists of people, used by a migration: what has once been migrated with must not change here.

Row-level security lets an index serve only conditions that are known to leak nothing: neither arrays nor letters are
among them. So a narrow table stands outside the wall, `people_key`: an id, and hashes of what somebody can be found by
(what they are to us, whose they are, the kinds of their addresses, three letters each of name and addresses). One GIN
index finds any combination of them. It holds no word, and what it finds is an id: the join with the walled table says
who is seen. `people_row` is walled, and has once more what a page is narrowed and ordered by, so narrow that the run
of an index is a page. Hashes of the top row of a tree are those of all its rows, also of such as the viewer may not
see: they only narrow, and a tree (`tree`) is always looked at again behind the wall.

`people_heard` has when one was last heard from, once for each team that may know (ids and moments).
"""

_ENTER = """scope_before := coalesce(current_setting('rapport.scope', true), '');
    PERFORM set_config('rapport.scope', 'system', true);"""
_LEAVE = "PERFORM set_config('rapport.scope', scope_before, true);"

#: Names are folded alike when they are kept and when they are asked for: no marks above letters, lower case.
LETTERS = r"""
CREATE FUNCTION rapport_fold(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT btrim(regexp_replace(lower(CASE WHEN octet_length(given) = length(given) THEN given
    ELSE regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]+', '', 'g') END), '[^[:alnum:]]+', ' ', 'g')) $$;

CREATE FUNCTION rapport_key(given text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT hashtextextended(given, 0) $$;

CREATE FUNCTION rapport_letters(folded text) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(array_agg(hashtextextended(piece, 0)), '{}') FROM string_to_table(folded, ' ') AS words(word),
    LATERAL (SELECT '^' || left(word, 1) UNION ALL SELECT '^' || left(word, 2) WHERE length(word) > 1
        UNION ALL SELECT substr(word, i, 3) FROM generate_series(1, length(word) - 2) AS i
        UNION ALL SELECT '.' || substr(word, i, 1) FROM generate_series(1, length(word)) AS i
            WHERE octet_length(word) > length(word) AND ascii(substr(word, i, 1)) >= 11904) AS pieces(piece) $$;
"""

#: What somebody is found by beside letters: of one row, `p`.
_TAGS = """
array_remove(ARRAY[
    CASE WHEN p.organization_id IS NULL THEN rapport_key('o:') ELSE rapport_key('o:' || p.organization_id) END,
    CASE WHEN p.holder_id IS NULL THEN rapport_key('h:') ELSE rapport_key('h:' || p.holder_id) END,
    rapport_key('l:' || lower(split_part(p.language, '-', 1))),
    CASE WHEN p.do_not_contact THEN rapport_key('stop') END,
    CASE WHEN p.shared THEN rapport_key('shared') END,
    CASE WHEN btrim(p.name) = '' THEN rapport_key('nameless') END], NULL)
|| ARRAY(SELECT rapport_key('r:' || r.kind) FROM people_relationship r
    WHERE r.person_id = p.id AND (r.until IS NULL OR r.until > current_date))
|| ARRAY(SELECT rapport_key('r:' || r.kind) FROM people_organizationrelationship r
    WHERE r.organization_id = p.organization_id AND (r.until IS NULL OR r.until > current_date))
|| coalesce((SELECT array_agg(DISTINCT rapport_key('k:' || h.kind)) FROM people_handle h WHERE h.person_id = p.id),
    ARRAY[rapport_key('k:')])
|| rapport_field_keys(p.fields)"""
_WORDS = """rapport_fold(concat_ws(' ', p.name,
    (SELECT string_agg(concat_ws(' ', h.value, nullif(h.written, h.value)), ' ')
        FROM people_handle h WHERE h.person_id = p.id)))"""
_SORTED = "CASE WHEN btrim(p.name) = '' THEN U&'\\FFFD' ELSE left(rapport_fold(p.name), 60) END"
_OWN = f"""SELECT p.id, p.root, p.top, p.audience, p.created_at, p.erased_at IS NOT NULL AS erased,
    {_SORTED} AS sort_name, {_TAGS} AS tags, {_WORDS} AS words FROM people_person p"""
_OF_ORGANIZATION = """
ARRAY[rapport_key('organization'), rapport_key('p:' || coalesce(o.parent_id::text, ''))]
|| ARRAY(SELECT rapport_key('r:' || r.kind) FROM people_organizationrelationship r
    WHERE r.organization_id = o.id AND (r.until IS NULL OR r.until > current_date))
|| rapport_field_keys(o.fields)
|| rapport_letters(rapport_fold(concat_ws(' ', o.name, o.domain,
    (SELECT string_agg(d.domain, ' ') FROM people_organizationdomain d WHERE d.organization_id = o.id))))"""

#: Index entries have to fit: what is cut off is looked at where it stands (`tree`).
_LETTERS_MAX, _TAGS_MAX = 160, 60
_ROW = "id, root, top, tree, audience, created_at, erased, sort_name, tags, words"
_ROW_OF = f"""o.id, o.root, o.top, o.tree OR length(o.words) > {_LETTERS_MAX} OR cardinality(o.all_tags) > {_TAGS_MAX},
    o.audience, o.created_at, o.erased, o.sort_name, o.all_tags[1:{_TAGS_MAX}], left(o.words, {_LETTERS_MAX})"""
_EXCLUDED = ", ".join(f"EXCLUDED.{one}" for one in _ROW.split(", "))
_KEPT = ", ".join(f"kept.{one}" for one in _ROW.split(", "))

#: People once more, narrow and behind the wall, so that a page of a list is read from an index alone.
ROWS = """
CREATE TABLE people_row (id uuid PRIMARY KEY, root uuid NOT NULL, top uuid, tree boolean NOT NULL,
    audience uuid[] NOT NULL, created_at timestamptz NOT NULL, erased boolean NOT NULL,
    sort_name text COLLATE "C" NOT NULL, tags bigint[] NOT NULL, words text NOT NULL);
"""
ROW_INDEXES = """
CREATE INDEX people_row_root ON people_row (root)
    INCLUDE (id, top, tree, audience, created_at, erased, tags, words);
CREATE INDEX people_row_name ON people_row (sort_name, id)
    INCLUDE (root, top, tree, audience, created_at, erased, tags, words);
CREATE INDEX people_row_newest ON people_row (created_at DESC, id DESC)
    INCLUDE (root, top, tree, audience, erased, sort_name, tags, words);
"""

KEYS = f"""
CREATE TABLE people_key (id uuid PRIMARY KEY, keys bigint[] NOT NULL);

CREATE FUNCTION rapport_field_keys(fields jsonb) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(array_agg(rapport_key(piece)), '{{}}') FROM jsonb_each_text(fields) AS each(name, value),
    LATERAL (VALUES ('f:' || name), ('f:' || name || '=' || lower(value))) AS pieces(piece)
    WHERE jsonb_typeof(fields) = 'object' AND value <> '' $$;

CREATE FUNCTION rapport_keep_people(wanted uuid[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE scope_before text;
BEGIN
    {_ENTER}
    WITH own AS MATERIALIZED ({_OWN} WHERE p.root IN (SELECT t.root FROM people_person t WHERE t.id = ANY (wanted))),
    trees AS (SELECT root FROM own GROUP BY root HAVING count(*) > 1),
    tags AS (SELECT c.root, array_agg(DISTINCT one) AS keys FROM own c JOIN trees USING (root), unnest(c.tags) AS one
        GROUP BY c.root),
    letters AS (SELECT c.root, array_agg(DISTINCT one) AS keys FROM own c JOIN trees USING (root),
        unnest(rapport_letters(c.words)) AS one GROUP BY c.root),
    whole AS MATERIALIZED (
        SELECT o.*, t.root IS NOT NULL AS tree, coalesce(t.keys, o.tags) AS all_tags,
            CASE WHEN t.root IS NULL THEN rapport_letters(o.words) ELSE coalesce(l.keys, '{{}}') END AS letters
        FROM own o LEFT JOIN tags t ON t.root = o.id LEFT JOIN letters l ON l.root = o.id),
    kept AS (
        INSERT INTO people_key AS kept (id, keys) SELECT o.id, o.all_tags || o.letters FROM whole o ORDER BY o.id
        ON CONFLICT (id) DO UPDATE SET keys = EXCLUDED.keys WHERE kept.keys IS DISTINCT FROM EXCLUDED.keys)
    INSERT INTO people_row AS kept ({_ROW}) SELECT {_ROW_OF} FROM whole o ORDER BY o.id
    ON CONFLICT (id) DO UPDATE SET ({_ROW}) = ({_EXCLUDED}) WHERE ({_KEPT}) IS DISTINCT FROM ({_EXCLUDED});
    {_LEAVE}
END $$;

CREATE FUNCTION rapport_keep_organizations(wanted uuid[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE scope_before text;
BEGIN
    {_ENTER}
    INSERT INTO people_key AS kept (id, keys)
    SELECT o.id, {_OF_ORGANIZATION} FROM people_organization o WHERE o.id = ANY (wanted) ORDER BY o.id
    ON CONFLICT (id) DO UPDATE SET keys = EXCLUDED.keys WHERE kept.keys IS DISTINCT FROM EXCLUDED.keys;
    {_LEAVE}
END $$;
"""

_FILL = f"""
INSERT INTO people_row ({_ROW}) SELECT {_ROW_OF} FROM
    (SELECT own.*, own.tags AS all_tags, false AS tree FROM ({_OWN}) AS own) AS o;
INSERT INTO people_key (id, keys) SELECT o.id, o.tags || rapport_letters(o.words) FROM people_row o WHERE NOT o.tree;
INSERT INTO people_key (id, keys) SELECT o.id, {_OF_ORGANIZATION} FROM people_organization o;
SELECT rapport_keep_people(ARRAY(SELECT id FROM people_row WHERE tree OR top IS NOT NULL));
CREATE INDEX people_key_keys ON people_key USING gin (keys) WITH (fastupdate = on, gin_pending_list_limit = 2048);
{ROW_INDEXES}"""
#: All keys once more, in the system's scope: for who filled the tables without their triggers.
ANEW = f"""TRUNCATE people_key, people_row; DROP INDEX people_key_keys, people_row_root, people_row_name,
    people_row_newest; {_FILL}"""
#: What is there already; and the index when all is in.
FILL = f"""
SELECT set_config('rapport.scope', 'system', true), set_config('statement_timeout', '0', true),
    set_config('maintenance_work_mem', '256MB', true);
{_FILL}
SELECT set_config('rapport.scope', '', true);
"""

_PERSON_CHANGED = " OR ".join(
    f"OLD.{column} IS DISTINCT FROM NEW.{column}"
    for column in (
        "name", "organization_id", "holder_id", "language", "do_not_contact", "shared", "fields", "top", "erased_at",
    )
)  # fmt: skip

TRIGGERS = f"""
CREATE FUNCTION rapport_person_kept() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM rapport_keep_people(ARRAY(SELECT id FROM fresh));
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM rapport_keep_people(ARRAY[NEW.id, OLD.root]);
    ELSE
        DELETE FROM people_key k USING gone g WHERE k.id = g.id;
        DELETE FROM people_row r USING gone g WHERE r.id = g.id;
        PERFORM rapport_keep_people(ARRAY(SELECT top FROM gone WHERE top IS NOT NULL));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keys_inserted AFTER INSERT ON people_person REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_person_kept();
CREATE TRIGGER keys_deleted AFTER DELETE ON people_person REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_person_kept();
CREATE TRIGGER keys_updated AFTER UPDATE ON people_person
    FOR EACH ROW WHEN ({_PERSON_CHANGED}) EXECUTE FUNCTION rapport_person_kept();

CREATE FUNCTION rapport_audience_kept() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE scope_before text;
BEGIN
    {_ENTER}
    UPDATE people_row SET audience = NEW.audience WHERE id = NEW.id;
    {_LEAVE}
    RETURN NULL;
END $$;
CREATE TRIGGER keys_known_to AFTER UPDATE OF audience ON people_person
    FOR EACH ROW WHEN (OLD.audience IS DISTINCT FROM NEW.audience) EXECUTE FUNCTION rapport_audience_kept();

CREATE FUNCTION rapport_organization_kept() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM people_key k USING gone g WHERE k.id = g.id;
    ELSE
        PERFORM rapport_keep_organizations(ARRAY(SELECT id FROM fresh));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keys_inserted AFTER INSERT ON people_organization REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_organization_kept();
CREATE TRIGGER keys_updated AFTER UPDATE ON people_organization REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_organization_kept();
CREATE TRIGGER keys_deleted AFTER DELETE ON people_organization REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_organization_kept();
""" + "".join(
    f"""
CREATE FUNCTION rapport_keys_of_{name}() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        {gone}
    END IF;
    IF TG_OP <> 'DELETE' THEN
        {fresh}
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keys_inserted AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_keys_of_{name}();
CREATE TRIGGER keys_updated AFTER UPDATE ON {table} REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_keys_of_{name}();
CREATE TRIGGER keys_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_keys_of_{name}();
"""
    for name, table, gone, fresh in [
        (
            part, f"people_{part}",
            *(f"PERFORM rapport_keep_people(ARRAY(SELECT DISTINCT person_id FROM {rows}));"
              for rows in ("gone", "fresh")),
        )
        for part in ("handle", "relationship")
    ] + [
        (
            "domain", "people_organizationdomain",
            *(f"PERFORM rapport_keep_organizations(ARRAY(SELECT DISTINCT organization_id FROM {rows}));"
              for rows in ("gone", "fresh")),
        ),
        (
            "orgrelation", "people_organizationrelationship",
            *(f"PERFORM rapport_keep_organizations(ARRAY(SELECT DISTINCT organization_id FROM {rows}));"
              f" PERFORM rapport_keep_people_of(ARRAY(SELECT DISTINCT organization_id FROM {rows}));"
              for rows in ("gone", "fresh")),
        ),
    ]
)  # fmt: skip

PEOPLE_OF = f"""
CREATE FUNCTION rapport_keep_people_of(organizations uuid[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE scope_before text;
BEGIN
    {_ENTER}
    PERFORM rapport_keep_people(ARRAY(SELECT id FROM people_person WHERE organization_id = ANY (organizations)));
    {_LEAVE}
END $$;
"""

#: The order of organizations, for a page to be a run of the index.
ORDER = """
SELECT set_config('statement_timeout', '0', true);
ALTER TABLE people_organization ADD COLUMN sort_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS
    (rapport_fold(name)) STORED;
CREATE INDEX people_organization_sorted ON people_organization (sort_name, id);
CREATE INDEX people_organization_newest ON people_organization (created_at DESC, id DESC);
"""

#: Filled and kept by a migration of conversations: here is only where it stands.
HEARD = """
CREATE TABLE people_heard (root uuid NOT NULL, team uuid NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (root, team));
CREATE INDEX people_heard_latest ON people_heard (team, at DESC, root DESC);
"""

MAKE = LETTERS + ROWS + KEYS + FILL + PEOPLE_OF + TRIGGERS + ORDER + HEARD

UNDO = """
DROP TABLE people_heard;
DROP TABLE people_row;
DROP FUNCTION rapport_audience_kept() CASCADE;
ALTER TABLE people_organization DROP COLUMN sort_name;
DROP INDEX people_organization_newest;
DROP FUNCTION rapport_person_kept() CASCADE;
DROP FUNCTION rapport_organization_kept() CASCADE;
DROP FUNCTION rapport_keys_of_handle() CASCADE;
DROP FUNCTION rapport_keys_of_relationship() CASCADE;
DROP FUNCTION rapport_keys_of_domain() CASCADE;
DROP FUNCTION rapport_keys_of_orgrelation() CASCADE;
DROP FUNCTION rapport_keep_people_of(uuid[]);
DROP FUNCTION rapport_keep_people(uuid[]);
DROP FUNCTION rapport_keep_organizations(uuid[]);
DROP FUNCTION rapport_field_keys(jsonb);
DROP TABLE people_key;
DROP FUNCTION rapport_letters(text), rapport_key(text), rapport_fold(text);
"""
