"""SQL of the turns of conversations, used by the first migration. What has been migrated with must not change here."""

BACKFILL = """
SET LOCAL statement_timeout = 0;
INSERT INTO insight_turn (conversation_id, at, from_status, to_status, audience)
SELECT c.id, greatest(coalesce(c.resolved_at, c.last_activity_at), c.created_at), 'open', c.status, c.audience
FROM conversations_conversation c
WHERE c.status <> 'open' AND NOT EXISTS (SELECT 1 FROM insight_turn t WHERE t.conversation_id = c.id);
"""

TRIGGERS = """
CREATE FUNCTION insight_turned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IS DISTINCT FROM OLD.status THEN
        -- The moment by the clock of whoever wrote it; never before what happened before.
        INSERT INTO insight_turn (conversation_id, at, from_status, to_status, audience)
        SELECT NEW.id, greatest(
            CASE WHEN NEW.status = 'resolved' THEN coalesce(NEW.resolved_at, NEW.last_activity_at)
                ELSE greatest(NEW.last_activity_at, OLD.resolved_at) END,
            NEW.created_at,
            (SELECT max(t.at) + interval '1 microsecond' FROM insight_turn t WHERE t.conversation_id = NEW.id)
        ), OLD.status, NEW.status, NEW.audience;
    END IF;
    IF NEW.audience IS DISTINCT FROM OLD.audience THEN
        UPDATE insight_turn SET audience = NEW.audience WHERE conversation_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION insight_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO insight_turn (conversation_id, at, from_status, to_status, audience)
    SELECT f.id, greatest(coalesce(f.resolved_at, f.last_activity_at), f.created_at), 'open', f.status, f.audience
    FROM fresh f WHERE f.status <> 'open';
    RETURN NULL;
END $$;

CREATE TRIGGER insight_turned AFTER UPDATE OF status, audience ON conversations_conversation FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.audience IS DISTINCT FROM NEW.audience)
    EXECUTE FUNCTION insight_turned();
CREATE TRIGGER insight_begun AFTER INSERT ON conversations_conversation
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_begun();
"""

#: The wall of messages looks up the conversation of each: for a month of them that takes seconds. So what counts of a
#: message stands once more in a narrow table, with the audience that its own wall compares.
SAID = """
SET LOCAL statement_timeout = 0;
CREATE FUNCTION insight_is_said(direction text, kind text, sent_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS
$$ SELECT direction = 'in' AND kind <> ALL (ARRAY['auto', 'bounce']) OR direction = 'out' AND sent_at IS NOT NULL $$;

INSERT INTO insight_said (conversation_id, message_id, at, direction, member_id, audience)
SELECT m.conversation_id, m.id, m.at, m.direction, m.member_id, c.audience
FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
WHERE insight_is_said(m.direction, m.kind, m.sent_at) ORDER BY m.at;

CREATE FUNCTION insight_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM insight_said s USING gone g WHERE s.conversation_id = g.conversation_id AND s.message_id = g.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO insight_said (conversation_id, message_id, at, direction, member_id, audience)
        SELECT f.conversation_id, f.id, f.at, f.direction, f.member_id, c.audience
        FROM fresh f JOIN conversations_conversation c ON c.id = f.conversation_id
        WHERE insight_is_said(f.direction, f.kind, f.sent_at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER insight_said_new AFTER INSERT ON conversations_message
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_said();
CREATE TRIGGER insight_said_changed AFTER UPDATE ON conversations_message
    REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_said();
CREATE TRIGGER insight_said_gone AFTER DELETE ON conversations_message
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION insight_said();

CREATE FUNCTION insight_heard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE insight_said SET audience = NEW.audience WHERE conversation_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER insight_heard AFTER UPDATE OF audience ON conversations_conversation FOR EACH ROW
    WHEN (OLD.audience IS DISTINCT FROM NEW.audience) EXECUTE FUNCTION insight_heard();

DROP INDEX insight_received, insight_sent;
"""
NOTHING_SAID = """
DROP TRIGGER insight_said_new ON conversations_message; DROP TRIGGER insight_said_changed ON conversations_message;
DROP TRIGGER insight_said_gone ON conversations_message;
DROP TRIGGER insight_heard ON conversations_conversation;
DROP FUNCTION insight_heard(); DROP FUNCTION insight_said(); DROP FUNCTION insight_is_said(text, text, timestamptz);
CREATE INDEX insight_received ON conversations_message (at) INCLUDE (conversation_id)
    WHERE direction = 'in' AND kind <> ALL (ARRAY['auto', 'bounce']);
CREATE INDEX insight_sent ON conversations_message (at) INCLUDE (conversation_id, member_id)
    WHERE direction = 'out' AND sent_at IS NOT NULL;
"""

#: PostgreSQL writes a function into the statement only where it is no steadier than what it calls; extract() is stable.
STABLE_CLOCK = "ALTER FUNCTION rapport_open_until(timestamptz, float8[], float8[], float8[]) STABLE;"
IMMUTABLE_CLOCK = "ALTER FUNCTION rapport_open_until(timestamptz, float8[], float8[], float8[]) IMMUTABLE;"

#: Open seconds before a moment, in arrays as `insight.worktime` makes them. Inlined by the planner.
CLOCK = """
CREATE FUNCTION rapport_open_until(at timestamptz, starts float8[], ends float8[], before float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT before[width_bucket(extract(epoch FROM at)::float8, starts)]
        + least(extract(epoch FROM at)::float8, ends[width_bucket(extract(epoch FROM at)::float8, starts)])
        - starts[width_bucket(extract(epoch FROM at)::float8, starts)]
$$;
"""
#: The same by date_part(), which gives a float at once: extract() makes a numeric first, which is dearer.
QUICK_CLOCK = """
CREATE OR REPLACE FUNCTION rapport_open_until(at timestamptz, starts float8[], ends float8[], before float8[])
RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT before[width_bucket(date_part('epoch', at), starts)]
        + least(date_part('epoch', at), ends[width_bucket(date_part('epoch', at), starts)])
        - starts[width_bucket(date_part('epoch', at), starts)]
$$;
"""
SLOW_CLOCK = CLOCK.replace("CREATE", "CREATE OR REPLACE").replace("IMMUTABLE", "STABLE")
NO_CLOCK = "DROP FUNCTION rapport_open_until(timestamptz, float8[], float8[], float8[]);"

NO_TRIGGERS = """
DROP TRIGGER insight_turned ON conversations_conversation;
DROP TRIGGER insight_begun ON conversations_conversation;
DROP FUNCTION insight_turned(); DROP FUNCTION insight_begun();
"""

#: Reports ask by time; each of these is read alone, without the rows behind it where they are long.
INDEXES = """
CREATE INDEX insight_opened ON conversations_conversation (created_at);
CREATE INDEX insight_answered ON conversations_conversation (first_answered_at) WHERE first_answered_at IS NOT NULL;
CREATE INDEX insight_received ON conversations_message (at) INCLUDE (conversation_id)
    WHERE direction = 'in' AND kind <> ALL (ARRAY['auto', 'bounce']);
CREATE INDEX insight_sent ON conversations_message (at) INCLUDE (conversation_id, member_id)
    WHERE direction = 'out' AND sent_at IS NOT NULL;
"""

NO_INDEXES = "DROP INDEX insight_opened, insight_answered, insight_received, insight_sent;"
