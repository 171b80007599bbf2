"""When people were last heard from, for each team that may know; used by a migration: what was run must not change.

It follows messages, not conversations: also who only joined in another's conversation was heard from. What machines
send and spam do not count. A message that arrives only moves its moment forward; what takes something away counts anew.
"""

_ENTER = """scope_before := coalesce(current_setting('rapport.scope', true), '');
    PERFORM set_config('rapport.scope', 'system', true);"""
_LEAVE = "PERFORM set_config('rapport.scope', scope_before, true);"
_COUNTS = "m.direction = 'in' AND m.kind <> ALL (ARRAY['auto', 'bounce']) AND c.status <> 'spam'"
_LATEST = f"""SELECT p.root, e.team, max(m.at)
    FROM people_person p JOIN conversations_message m ON m.person_id = p.id
        JOIN conversations_conversation c ON c.id = m.conversation_id, unnest(c.audience) AS e (team)
    WHERE {_COUNTS}"""

_PEOPLE_OF = "SELECT person_id FROM conversations_message WHERE conversation_id = NEW.id AND person_id IS NOT NULL"

#: Once more, in the system's scope: for who filled the tables without their triggers.
ANEW = f"TRUNCATE people_heard; INSERT INTO people_heard (root, team, at) {_LATEST} GROUP BY 1, 2"

MAKE = f"""
SELECT set_config('rapport.scope', 'system', true), set_config('statement_timeout', '0', true);
INSERT INTO people_heard (root, team, at) {_LATEST} GROUP BY 1, 2;
SELECT set_config('rapport.scope', '', true);

CREATE FUNCTION rapport_hear_anew(people uuid[]) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    scope_before text;
    roots uuid[];
BEGIN
    {_ENTER}
    roots := ARRAY(SELECT DISTINCT root FROM people_person WHERE id = ANY (people) ORDER BY root);
    DELETE FROM people_heard WHERE root = ANY (roots || people);
    INSERT INTO people_heard (root, team, at) {_LATEST} AND p.root = ANY (roots) GROUP BY 1, 2
        ON CONFLICT (root, team) DO UPDATE SET at = greatest(people_heard.at, EXCLUDED.at);
    {_LEAVE}
END $$;

CREATE FUNCTION rapport_heard() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE scope_before text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        {_ENTER}
        INSERT INTO people_heard AS kept (root, team, at)
        SELECT p.root, e.team, max(m.at) FROM fresh m JOIN people_person p ON p.id = m.person_id
            JOIN conversations_conversation c ON c.id = m.conversation_id, unnest(c.audience) AS e (team)
        WHERE {_COUNTS} GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (root, team) DO UPDATE SET at = EXCLUDED.at WHERE kept.at < EXCLUDED.at;
        {_LEAVE}
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rapport_hear_anew(ARRAY(SELECT DISTINCT person_id FROM gone WHERE person_id IS NOT NULL));
    ELSE
        PERFORM rapport_hear_anew(ARRAY(
            SELECT DISTINCT one FROM gone g JOIN fresh f ON f.id = g.id, unnest(ARRAY[g.person_id, f.person_id]) AS one
            WHERE one IS NOT NULL AND (g.conversation_id, g.person_id, g.at, g.direction, g.kind)
                IS DISTINCT FROM (f.conversation_id, f.person_id, f.at, f.direction, f.kind)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER heard_new AFTER INSERT ON conversations_message
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION rapport_heard();
CREATE TRIGGER heard_changed AFTER UPDATE ON conversations_message
    REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION rapport_heard();
CREATE TRIGGER heard_gone AFTER DELETE ON conversations_message
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION rapport_heard();

CREATE FUNCTION rapport_heard_by_others() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE
    scope_before text;
    met uuid[];
BEGIN
    {_ENTER}
    met := ARRAY(SELECT DISTINCT person_id FROM ({_PEOPLE_OF}) AS people);
    {_LEAVE}
    PERFORM rapport_hear_anew(met);
    RETURN NULL;
END $$;
CREATE TRIGGER heard_by_others AFTER UPDATE OF audience, status ON conversations_conversation FOR EACH ROW
    WHEN (OLD.audience IS DISTINCT FROM NEW.audience OR (OLD.status = 'spam') <> (NEW.status = 'spam'))
    EXECUTE FUNCTION rapport_heard_by_others();

CREATE FUNCTION rapport_heard_together() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM rapport_hear_anew(ARRAY[NEW.id, OLD.root, NEW.root]);
    RETURN NULL;
END $$;
CREATE TRIGGER heard_together AFTER UPDATE ON people_person FOR EACH ROW
    WHEN (OLD.top IS DISTINCT FROM NEW.top) EXECUTE FUNCTION rapport_heard_together();
CREATE FUNCTION rapport_heard_no_more() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    DELETE FROM people_heard h USING gone g WHERE h.root = g.id;
    RETURN NULL;
END $$;
CREATE TRIGGER heard_no_more AFTER DELETE ON people_person
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION rapport_heard_no_more();
"""

UNDO = """
DROP FUNCTION rapport_heard() CASCADE;
DROP FUNCTION rapport_heard_by_others() CASCADE;
DROP FUNCTION rapport_heard_together() CASCADE;
DROP FUNCTION rapport_heard_no_more() CASCADE;
DROP FUNCTION rapport_hear_anew(uuid[]);
DELETE FROM people_heard;
"""
