"""The soonest promise of a conversation, kept by the database; used by a migration: what was run must not change.

The column was generated from two others. Another expression would have had PostgreSQL write the whole table anew, and
lock it all the while; a column that is generated no more keeps its values and its indexes, and a trigger keeps it.
"""

#: In one expression: of those that run, the soonest. A conversation that is not open promises nothing.
_SOONEST = """CASE WHEN NEW.status = 'open' THEN least(
        CASE WHEN NEW.first_answered_at IS NULL THEN NEW.first_answer_due_at END,
        NEW.next_answer_due_at, NEW.resolution_due_at) END"""

MAKE = f"""
ALTER TABLE conversations_conversation ALTER COLUMN due_at DROP EXPRESSION;
CREATE FUNCTION rapport_due() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.due_at := {_SOONEST}; RETURN NEW; END $$;
CREATE TRIGGER due_kept BEFORE INSERT OR UPDATE ON conversations_conversation FOR EACH ROW
    WHEN (NEW.first_answer_due_at IS NOT NULL OR NEW.next_answer_due_at IS NOT NULL
        OR NEW.resolution_due_at IS NOT NULL OR NEW.due_at IS NOT NULL)
    EXECUTE FUNCTION rapport_due();
"""

UNDO = """
DROP TRIGGER due_kept ON conversations_conversation;
DROP FUNCTION rapport_due();
DO $$ BEGIN
    RAISE EXCEPTION 'a column cannot be generated again without writing the table anew'
        USING HINT = 'Restore a backup instead.';
END $$;
"""

#: Of open conversations with a promise, which are few. What they were promised is known by its end alone: their clocks
#: run to it, tell once before and once after, and never pause. What was told already is not told again.
CLOCKS = """
SELECT set_config('rapport.scope', 'system', true);
INSERT INTO conversations_clock (conversation_id, name, span_minutes, hours, pause, steps, began_at, due_at, stopped_at,
    step, next_at, moves)
SELECT c.id, k.name, greatest(1, extract(epoch FROM k.due - c.created_at)::int / 60), '', '{}',
    '[[-30, "tell", "owner"], [0, "tell", "owner"]]', c.created_at, k.due, k.stopped,
    CASE WHEN k.due <= now() THEN 2 WHEN k.due <= now() + interval '30 minutes' THEN 1 ELSE 0 END,
    CASE WHEN k.stopped IS NOT NULL OR k.due <= now() THEN NULL
        WHEN k.due <= now() + interval '30 minutes' THEN k.due ELSE k.due - interval '30 minutes' END, 0
FROM conversations_conversation c CROSS JOIN LATERAL (VALUES
    ('first_answer', c.first_answer_due_at, c.first_answered_at), ('resolution', c.resolution_due_at, NULL)
) AS k(name, due, stopped)
WHERE c.status = 'open' AND c.merged_into IS NULL AND k.due IS NOT NULL;
UPDATE conversations_conversation c SET promised = true
WHERE c.status = 'open' AND EXISTS (SELECT 1 FROM conversations_clock k WHERE k.conversation_id = c.id);
SELECT set_config('rapport.scope', '', true);
"""
