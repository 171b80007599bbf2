"""SQL of what was decided of each conversation, used by a migration. What has been migrated with must not change."""

#: The wall of decisions looks up the conversation of each, and a decision is wide with its reasons. So what pictures
#: of ownership count stands once more in a narrow table: what was said first, and what became of it.
ROUTED = """
CREATE FUNCTION insight_routed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO insight_routed (conversation_id, at, version, rule, team_id, said_team_id, likely, acted, moved, dealt,
        counted, owner_team_id, channel_id, topic_id, audience)
    SELECT DISTINCT ON (f.conversation_id) f.conversation_id, c.created_at, f.policy_version, f.rule, f.owner_team_id,
        t.id, (f.suggestion->>'probability')::float8, coalesce((f.suggestion->>'acted')::boolean, false), false,
        insight_is_dealt(c.first_answered_at, c.status), insight_is_counted(c.status),
        c.owner_team_id, c.channel_id, c.topic_id, c.audience
    FROM fresh f JOIN conversations_conversation c ON c.id = f.conversation_id
        LEFT JOIN staff_team t ON t.slug = f.suggestion->>'team'
    WHERE f.source = 'policy' ORDER BY f.conversation_id, f.at, f.id
    ON CONFLICT (conversation_id) DO NOTHING;
    UPDATE insight_routed r SET moved = true FROM fresh f WHERE f.conversation_id = r.conversation_id
        AND f.source = 'member' AND f.owner_team_id IS DISTINCT FROM f.from_team_id;
    RETURN NULL;
END $$;
CREATE TRIGGER insight_routed AFTER INSERT ON ownership_decision
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_routed();

CREATE FUNCTION insight_rerouted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE insight_routed SET owner_team_id = NEW.owner_team_id, channel_id = NEW.channel_id, topic_id = NEW.topic_id,
        audience = NEW.audience, at = NEW.created_at, dealt = insight_is_dealt(NEW.first_answered_at, NEW.status),
        counted = insight_is_counted(NEW.status)
    WHERE conversation_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER insight_rerouted AFTER UPDATE OF owner_team_id, channel_id, topic_id, audience, created_at, status,
        first_answered_at ON conversations_conversation FOR EACH ROW
    WHEN (OLD.owner_team_id IS DISTINCT FROM NEW.owner_team_id OR OLD.channel_id IS DISTINCT FROM NEW.channel_id
        OR OLD.topic_id IS DISTINCT FROM NEW.topic_id OR OLD.audience IS DISTINCT FROM NEW.audience
        OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.status IS DISTINCT FROM NEW.status
        OR (OLD.first_answered_at IS NULL) <> (NEW.first_answered_at IS NULL))
    EXECUTE FUNCTION insight_rerouted();

CREATE FUNCTION insight_unrouted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM insight_routed r USING gone g WHERE r.conversation_id = g.id;
    RETURN NULL;
END $$;
CREATE TRIGGER insight_unrouted AFTER DELETE ON conversations_conversation
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION insight_unrouted();
"""
WORDS = """
CREATE FUNCTION insight_is_dealt(answered timestamptz, status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT answered IS NOT NULL OR status = 'resolved' $$;
CREATE FUNCTION insight_is_counted(status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT status <> ALL (ARRAY['spam', 'merged']) $$;
"""
#: What the triggers would have written, of all that is there.
BACKFILL = """
SET LOCAL statement_timeout = 0;
INSERT INTO insight_routed (conversation_id, at, version, rule, team_id, said_team_id, likely, acted, moved, dealt,
    counted, owner_team_id, channel_id, topic_id, audience)
SELECT DISTINCT ON (c.created_at, d.conversation_id) d.conversation_id, c.created_at, d.policy_version, d.rule,
    d.owner_team_id, t.id, (d.suggestion->>'probability')::float8, coalesce((d.suggestion->>'acted')::boolean, false),
    EXISTS (SELECT 1 FROM ownership_decision m WHERE m.conversation_id = c.id AND m.source = 'member'
        AND m.owner_team_id IS DISTINCT FROM m.from_team_id),
    insight_is_dealt(c.first_answered_at, c.status), insight_is_counted(c.status),
    c.owner_team_id, c.channel_id, c.topic_id, c.audience
FROM ownership_decision d JOIN conversations_conversation c ON c.id = d.conversation_id
    LEFT JOIN staff_team t ON t.slug = d.suggestion->>'team'
WHERE d.source = 'policy' ORDER BY c.created_at, d.conversation_id, d.at, d.id;
"""
NOTHING_ROUTED = """
DROP TRIGGER insight_routed ON ownership_decision; DROP TRIGGER insight_rerouted ON conversations_conversation;
DROP TRIGGER insight_unrouted ON conversations_conversation;
DROP FUNCTION insight_routed(); DROP FUNCTION insight_rerouted(); DROP FUNCTION insight_unrouted();
DROP FUNCTION insight_is_dealt(timestamptz, text); DROP FUNCTION insight_is_counted(text);
"""
