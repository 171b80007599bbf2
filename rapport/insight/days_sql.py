"""SQL of the days that reports keep, used by a migration. What has been migrated with must not change here."""

_ENTER = "PERFORM set_config('rapport.scope', 'system', true);"
_LEAVE = "PERFORM set_config('rapport.scope', scope_before, true);"


def _function(name: str, statement: str) -> str:
    # What changed is noted whoever changed it, and however little of it they see: hence the system's scope, and back.
    return f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE scope_before text := coalesce(current_setting('rapport.scope', true), '');
BEGIN
    {_ENTER}
    {statement}
    {_LEAVE}
    RETURN NULL;
END $$;
"""


_TOUCH = "INSERT INTO insight_touchedday (day) SELECT DISTINCT (at AT TIME ZONE 'UTC')::date"
#: A change of these changes what is told of every day of the conversation.
_WHOLE = " OR ".join(
    f"OLD.{name} IS DISTINCT FROM NEW.{name}"
    for name in ("owner_team_id", "owner_member_id", "channel_id", "topic_id", "audience", "created_at")
)
_COUNTED = "(OLD.status = ANY (ARRAY['spam', 'merged'])) <> (NEW.status = ANY (ARRAY['spam', 'merged']))"
_ANSWERED = """OLD.first_answered_at IS DISTINCT FROM NEW.first_answered_at
        OR OLD.first_answer_due_at IS DISTINCT FROM NEW.first_answer_due_at"""

#: Only what is appended is written: nobody waits for anybody. Whoever closes a day takes away the marks it saw; one
#: that is committed later stays, and the day is counted from what is there until it is closed anew.
TOUCHED = (
    _function("insight_touched_new", f"{_TOUCH} FROM fresh;")
    + _function("insight_touched_gone", f"{_TOUCH} FROM gone;")
    + _function("insight_touched_promises", f"{_TOUCH} FROM fresh WHERE at IS NOT NULL;")
    + _function("insight_touched_unpromised", f"{_TOUCH} FROM gone WHERE at IS NOT NULL;")
    + _function(
        "insight_touched_repromised",
        f"{_TOUCH} FROM (SELECT at FROM fresh UNION ALL SELECT at FROM gone) AS moments WHERE at IS NOT NULL;",
    )
    + _function(
        "insight_touched_begun",
        f"""{_TOUCH} FROM (SELECT created_at AS at FROM fresh
            UNION ALL SELECT first_answered_at FROM fresh WHERE first_answered_at IS NOT NULL) AS moments;""",
    )
    + _function(
        "insight_touched_ended",
        f"""{_TOUCH} FROM (SELECT created_at AS at FROM gone
            UNION ALL SELECT first_answered_at FROM gone WHERE first_answered_at IS NOT NULL) AS moments;""",
    )
    + _function(
        "insight_touched_changed",
        f"""IF {_WHOLE} OR {_COUNTED} THEN
        {_TOUCH} FROM (SELECT unnest(ARRAY[OLD.created_at, NEW.created_at, OLD.first_answered_at,
                NEW.first_answered_at]) AS at
            UNION ALL SELECT s.at FROM insight_said s WHERE s.conversation_id = NEW.id
            UNION ALL SELECT t.at FROM insight_turn t WHERE t.conversation_id = NEW.id
            UNION ALL SELECT k.at FROM insight_promised k WHERE k.conversation_id = NEW.id) AS moments
        WHERE at IS NOT NULL;
    ELSE
        {_TOUCH} FROM unnest(ARRAY[OLD.first_answered_at, NEW.first_answered_at]) AS at WHERE at IS NOT NULL;
    END IF;""",
    )
    + f"""
CREATE TRIGGER insight_touched_new AFTER INSERT ON insight_said
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_new();
CREATE TRIGGER insight_touched_gone AFTER DELETE ON insight_said
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_gone();
CREATE TRIGGER insight_touched_new AFTER INSERT ON insight_turn
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_new();
CREATE TRIGGER insight_touched_gone AFTER DELETE ON insight_turn
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_gone();
CREATE TRIGGER insight_touched_new AFTER INSERT ON insight_promised
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_promises();
CREATE TRIGGER insight_touched_changed AFTER UPDATE ON insight_promised
    REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_repromised();
CREATE TRIGGER insight_touched_gone AFTER DELETE ON insight_promised
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_unpromised();
CREATE TRIGGER insight_touched_begun AFTER INSERT ON conversations_conversation
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_begun();
CREATE TRIGGER insight_touched_ended AFTER DELETE ON conversations_conversation
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION insight_touched_ended();
CREATE TRIGGER insight_touched_changed AFTER UPDATE OF owner_team_id, owner_member_id, channel_id, topic_id, audience,
        created_at, status, first_answered_at, first_answer_due_at ON conversations_conversation FOR EACH ROW
    WHEN ({_WHOLE} OR {_COUNTED} OR {_ANSWERED}) EXECUTE FUNCTION insight_touched_changed();
"""
)
NOT_TOUCHED = """
DROP TRIGGER insight_touched_new ON insight_said; DROP TRIGGER insight_touched_gone ON insight_said;
DROP TRIGGER insight_touched_new ON insight_turn; DROP TRIGGER insight_touched_gone ON insight_turn;
DROP TRIGGER insight_touched_new ON insight_promised; DROP TRIGGER insight_touched_changed ON insight_promised;
DROP TRIGGER insight_touched_gone ON insight_promised;
DROP TRIGGER insight_touched_begun ON conversations_conversation;
DROP TRIGGER insight_touched_ended ON conversations_conversation;
DROP TRIGGER insight_touched_changed ON conversations_conversation;
DROP FUNCTION insight_touched_new(); DROP FUNCTION insight_touched_gone(); DROP FUNCTION insight_touched_begun();
DROP FUNCTION insight_touched_ended(); DROP FUNCTION insight_touched_promises();
DROP FUNCTION insight_touched_repromised(); DROP FUNCTION insight_touched_unpromised();
DROP FUNCTION insight_touched_changed();
"""
