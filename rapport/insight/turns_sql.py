"""SQL of the turns of conversations, used by the first migration. What has been migrated with must not change here."""

BACKFILL = """
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

#: Open seconds before a moment, in arrays as `insight.worktime` makes them. Inlined by the planner.
CLOCK = """
CREATE FUNCTION rapport_open_until(at timestamptz, starts float8[], ends float8[], before float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT before[width_bucket(extract(epoch FROM at)::float8, starts)]
        + least(extract(epoch FROM at)::float8, ends[width_bucket(extract(epoch FROM at)::float8, starts)])
        - starts[width_bucket(extract(epoch FROM at)::float8, starts)]
$$;
"""
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
