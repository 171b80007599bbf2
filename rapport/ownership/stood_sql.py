"""What stands does not wait: kept by the database, used by a migration. What was migrated with must not change here.

A dozen verbs and the pipeline resolve, snooze, wake and merge. One that forgot would let a night of sleep count as
waiting, and nobody would see it. It only keeps books: it gives nothing to anybody, and does nothing but for those that
wait for a member and at that moment stop or go on. The moment is that of whoever travels, where somebody does.
"""

_WAITS = "{0}.status = 'open' AND NOT {0}.snoozed AND {0}.merged_into IS NULL"

MAKE = f"""
CREATE FUNCTION ownership_stood() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {_WAITS.format("NEW")} THEN
        UPDATE ownership_turn SET since = since + greatest('0', rapport_now() - stood_at), stood_at = NULL
        WHERE conversation_id = NEW.id AND member_id IS NULL AND stood_at IS NOT NULL;
    ELSE
        UPDATE ownership_turn SET stood_at = rapport_now()
        WHERE conversation_id = NEW.id AND member_id IS NULL AND stood_at IS NULL;
        -- In a team that hands out it waited without a row, since the last decision.
        INSERT INTO ownership_turn (id, conversation_id, team_id, since, stood_at, priority, due_at, began_at)
        SELECT gen_random_uuid(), NEW.id, NEW.owner_team_id, coalesce(
            (SELECT max(d.at) FROM ownership_decision d WHERE d.conversation_id = NEW.id), NEW.created_at
        ), rapport_now(), NEW.priority, NEW.due_at, NEW.created_at
        FROM staff_team s WHERE s.id = NEW.owner_team_id AND s.taken_by = 'handed'
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ownership_stood AFTER UPDATE OF status, snoozed, merged_into ON conversations_conversation FOR EACH ROW
    WHEN (OLD.owner_member_id IS NULL AND NEW.owner_member_id IS NULL AND NEW.owner_team_id IS NOT NULL
        AND ({_WAITS.format("OLD")}) IS DISTINCT FROM ({_WAITS.format("NEW")}))
    EXECUTE FUNCTION ownership_stood();
"""

UNDO = """
DROP TRIGGER ownership_stood ON conversations_conversation;
DROP FUNCTION ownership_stood();
"""
