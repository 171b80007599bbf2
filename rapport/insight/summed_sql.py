"""SQL of the sums of closed days of ownership, used by a migration. What has been run must not change."""

#: A rule is known by its name, whichever version it stands in: the same number for the same name and the same sort of
#: owner. Sums would otherwise have a line for each version. `told`: 0 a team, 5 the earlier owner, 6 the holder.
RULES = """
CREATE FUNCTION insight_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO insight_rule (version, rule, name, told, known) SELECT * FROM insight_rules_of(NEW.number, NEW.rules)
    ON CONFLICT (version, rule) DO UPDATE SET name = excluded.name, told = excluded.told, known = excluded.known;
    RETURN NULL;
END $$;
CREATE FUNCTION insight_rules_of(int, jsonb)
RETURNS TABLE (version int, rule int, name text, told smallint, known bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT $1, place::int, name, told, ('x' || left(md5(told || '|' || name), 15))::bit(60)::bigint
    FROM (SELECT place, coalesce(one->>'name', '') AS name, (CASE one->'then'->>'owner' WHEN '@earlier' THEN 5
            WHEN '@holder' THEN 6 ELSE 0 END)::smallint AS told
        FROM jsonb_array_elements($2->'rules') WITH ORDINALITY AS e(one, place)) AS each $$;
CREATE TRIGGER insight_rules AFTER INSERT OR UPDATE OF rules ON ownership_policyversion
    FOR EACH ROW EXECUTE FUNCTION insight_rules();
"""
RULES_THERE = """INSERT INTO insight_rule (version, rule, name, told, known)
SELECT e.* FROM ownership_policyversion v CROSS JOIN LATERAL insight_rules_of(v.number, v.rules) AS e"""
NO_RULES = """
DROP TRIGGER insight_rules ON ownership_policyversion;
DROP FUNCTION insight_rules(); DROP FUNCTION insight_rules_of(int, jsonb);
"""

_KEPT = """at, version, rule, team_id, said_team_id, likely, acted, moved, dealt, owner_team_id, channel_id, topic_id,
    audience"""
_OF = ", ".join(f"{{0}}.{name.strip()}" for name in _KEPT.split(","))
#: What changes of a time that may have been summed is kept beside the sums until it is in them: the row as it was with
#: -1, as it is with 1. What came within the last hour, or long ago, is not in any sums (`insight.summing`), so that
#: what comes in and is dealt with at once pays nothing, nor an old mailbox that is read in. Written whoever changes it:
#: hence the system's scope, and back to theirs.
AMENDED = f"""
CREATE FUNCTION insight_amended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE scope_before text := coalesce(current_setting('rapport.scope', true), '');
BEGIN
    PERFORM set_config('rapport.scope', 'system', true);
    IF TG_OP <> 'INSERT' AND OLD.counted THEN
        INSERT INTO insight_amended (sign, owed, {_KEPT}) VALUES (-1, 7, {_OF.format("OLD")});
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.counted THEN
        INSERT INTO insight_amended (sign, owed, {_KEPT}) VALUES (1, 7, {_OF.format("NEW")});
    END IF;
    PERFORM set_config('rapport.scope', scope_before, true);
    RETURN NULL;
END $$;
CREATE TRIGGER insight_amended_new AFTER INSERT ON insight_routed FOR EACH ROW
    WHEN (NEW.at < now() - interval '1 hour' AND NEW.at > now() - interval '130 days')
    EXECUTE FUNCTION insight_amended();
CREATE TRIGGER insight_amended_changed AFTER UPDATE ON insight_routed FOR EACH ROW
    WHEN (least(OLD.at, NEW.at) < now() - interval '1 hour'
        AND greatest(OLD.at, NEW.at) > now() - interval '130 days' AND OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION insight_amended();
CREATE TRIGGER insight_amended_gone AFTER DELETE ON insight_routed FOR EACH ROW
    WHEN (OLD.at < now() - interval '1 hour' AND OLD.at > now() - interval '130 days')
    EXECUTE FUNCTION insight_amended();
"""
NOTHING_AMENDED = """
DROP TRIGGER insight_amended_new ON insight_routed; DROP TRIGGER insight_amended_changed ON insight_routed;
DROP TRIGGER insight_amended_gone ON insight_routed; DROP FUNCTION insight_amended();
"""
