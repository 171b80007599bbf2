"""SQL of what became of promises, used by a migration. What has been migrated with must not change here."""

#: When it is known whether a promise was kept: when it was done, or when it ran out. NULL while the clock stands.
WORDS = """
CREATE FUNCTION insight_promise_at(due timestamptz, halted timestamptz, stopped timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN stopped IS NOT NULL THEN least(due, stopped) WHEN halted <= due THEN NULL ELSE due END $$;
"""
#: A clock has one row, which each new question begins anew, and a wall that looks up the conversation of each. So each
#: run of a clock stands once more in a narrow table with its conversation's audience. Of its steps those count that
#: were done there: not what had come too late for a conversation, nor what was done before it took the clock over.
PROMISED = """
CREATE FUNCTION insight_promised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        -- What is begun anew without having been done never was: taken back, or taken over from another.
        DELETE FROM insight_promised p USING gone g
        WHERE p.conversation_id = g.conversation_id AND p.name = g.name AND p.began_at = g.began_at
            AND NOT EXISTS (SELECT 1 FROM conversations_clock k WHERE k.conversation_id = g.conversation_id
                AND k.name = g.name
                AND (k.began_at = g.began_at OR k.began_at > g.began_at AND g.stopped_at IS NOT NULL));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO insight_promised AS p (conversation_id, name, began_at, due_at, halted_at, stopped_at, at,
            span_minutes, hours, steps, moves, audience)
        SELECT f.conversation_id, f.name, f.began_at, f.due_at, f.halted_at, f.stopped_at,
            insight_promise_at(f.due_at, f.halted_at, f.stopped_at), f.span_minutes, f.hours,
            greatest(0, f.step - f.skipped), f.moves, c.audience
        FROM fresh f JOIN conversations_conversation c ON c.id = f.conversation_id
        WHERE f.began_at IS NOT NULL AND f.due_at IS NOT NULL
        ON CONFLICT (conversation_id, name, began_at) DO UPDATE SET due_at = excluded.due_at,
            halted_at = excluded.halted_at, stopped_at = excluded.stopped_at, at = excluded.at,
            steps = excluded.steps, moves = excluded.moves;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER insight_promised_new AFTER INSERT ON conversations_clock
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_promised();
CREATE TRIGGER insight_promised_changed AFTER UPDATE ON conversations_clock
    REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_promised();
CREATE TRIGGER insight_promised_gone AFTER DELETE ON conversations_clock
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION insight_promised();

CREATE FUNCTION insight_promised_heard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE insight_promised SET audience = NEW.audience WHERE conversation_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER insight_promised_heard AFTER UPDATE OF audience ON conversations_conversation FOR EACH ROW
    WHEN (OLD.audience IS DISTINCT FROM NEW.audience) EXECUTE FUNCTION insight_promised_heard();
"""
#: What the triggers would have written of the clocks that there are; and of what was done before there were clocks
#: what the conversations still tell: by when, and when. How much was promised is known of those no more: 0 minutes.
BACKFILL = """
SET LOCAL statement_timeout = 0;
INSERT INTO insight_promised (conversation_id, name, began_at, due_at, halted_at, stopped_at, at, span_minutes, hours,
    steps, moves, audience)
SELECT k.conversation_id, k.name, k.began_at, k.due_at, k.halted_at, k.stopped_at,
    insight_promise_at(k.due_at, k.halted_at, k.stopped_at), k.span_minutes, k.hours, k.step, k.moves,
    c.audience
FROM conversations_clock k JOIN conversations_conversation c ON c.id = k.conversation_id
WHERE k.began_at IS NOT NULL AND k.due_at IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO insight_promised (conversation_id, name, began_at, due_at, stopped_at, at, span_minutes, hours,
    steps, moves, audience)
SELECT c.id, k.name, c.created_at, k.due, k.stopped, insight_promise_at(k.due, NULL, k.stopped), 0, '', 0, 0,
    c.audience
FROM conversations_conversation c CROSS JOIN LATERAL (VALUES
    ('first_answer', c.first_answer_due_at, c.first_answered_at), ('resolution', c.resolution_due_at, c.resolved_at)
) AS k(name, due, stopped)
WHERE NOT c.promised AND k.due IS NOT NULL AND k.stopped IS NOT NULL AND c.status <> ALL (ARRAY['spam', 'merged'])
ON CONFLICT DO NOTHING;
"""
NOTHING_PROMISED = """
DROP TRIGGER insight_promised_new ON conversations_clock; DROP TRIGGER insight_promised_changed ON conversations_clock;
DROP TRIGGER insight_promised_gone ON conversations_clock;
DROP TRIGGER insight_promised_heard ON conversations_conversation;
DROP FUNCTION insight_promised(); DROP FUNCTION insight_promised_heard();
DROP FUNCTION insight_promise_at(timestamptz, timestamptz, timestamptz);
"""
