"""The indexes of the lists and the counters of open conversations, used by a migration; what was run must not change.

Open conversations are few and looked at in every order; past ones are many and looked at seldom. Hence partial indexes:
a conversation is in those of the open or in those of the past. An array's element may serve an index under row-level
security, its operators (&&) may not: `audience[1]` stands for most audiences, which have one element.
"""

_OPEN = "WHERE status = 'open' AND NOT snoozed"
_PAST = "WHERE status <> 'open'"
_ACTIVITY = "last_activity_at DESC, id DESC"

_INDEXES = {
    "open_all": f"((audience[1]), {_ACTIVITY}) {_OPEN}",
    "open_all_due": f"((audience[1]), due_at, {_ACTIVITY}) {_OPEN}",
    "open_all_age": f"((audience[1]), created_at, id) {_OPEN}",
    "open_team": f"(owner_team_id, {_ACTIVITY}) {_OPEN}",
    "open_team_due": f"(owner_team_id, due_at, {_ACTIVITY}) {_OPEN}",
    "open_team_age": f"(owner_team_id, created_at, id) {_OPEN}",
    "open_unowned": f"(owner_team_id, {_ACTIVITY}) {_OPEN} AND owner_member_id IS NULL",
    "open_unowned_due": f"(owner_team_id, due_at, {_ACTIVITY}) {_OPEN} AND owner_member_id IS NULL",
    "open_unowned_age": f"(owner_team_id, created_at, id) {_OPEN} AND owner_member_id IS NULL",
    "snoozed": f"(owner_team_id, {_ACTIVITY}) WHERE status = 'open' AND snoozed",
    "past_all": f"((audience[1]), status, {_ACTIVITY}) {_PAST}",
    "past_all_age": f"((audience[1]), status, created_at, id) {_PAST}",
    "past_team": f"(owner_team_id, status, {_ACTIVITY}) {_PAST}",
    "past_team_age": f"(owner_team_id, status, created_at, id) {_PAST}",
    "involved": f"(status, {_ACTIVITY}) WHERE audience[2] IS NOT NULL",
    "mine": f"(owner_member_id, status, {_ACTIVITY}) WHERE owner_member_id IS NOT NULL",
    "channel": f"(channel_id, status, {_ACTIVITY}) WHERE channel_id IS NOT NULL",
    "topic": f"(topic_id, status, {_ACTIVITY}) WHERE topic_id IS NOT NULL",
}
INDEXES = ";\n".join(
    f"CREATE INDEX conversation_{name} ON conversations_conversation {rest}" for name, rest in _INDEXES.items()
)
NO_INDEXES = ";\n".join(f"DROP INDEX conversation_{name}" for name in _INDEXES)

_KEY = "owner_team_id, owner_member_id, snoozed, audience"
_COUNTED = "status = 'open' AND merged_into IS NULL"
_WRITE = f"INSERT INTO conversations_tally ({_KEY}, count) SELECT {_KEY}"

RECOUNT = f"""DELETE FROM conversations_tally;
{_WRITE}, count(*) FROM conversations_conversation WHERE {_COUNTED} GROUP BY {_KEY};"""


def _function(name: str, statement: str) -> str:
    # The counters are written whoever changes a conversation: hence the system's scope, and back to theirs.
    return f"""CREATE FUNCTION rapport_tally_{name}() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE scope_before text := coalesce(current_setting('rapport.scope', true), '');
BEGIN
    PERFORM set_config('rapport.scope', 'system', true);
    {statement};
    PERFORM set_config('rapport.scope', scope_before, true);
    RETURN NULL;
END $$;
"""


TALLY = (
    _function("arrived", f"{_WRITE}, count(*) FROM arrived WHERE {_COUNTED} GROUP BY {_KEY}")
    + _function("gone", f"{_WRITE}, -count(*) FROM gone WHERE {_COUNTED} GROUP BY {_KEY}")
    + _function(
        "changed",
        f"""{_WRITE}, sum(change) FROM (
            SELECT {_KEY}, 1 AS change FROM arrived WHERE {_COUNTED}
            UNION ALL SELECT {_KEY}, -1 FROM gone WHERE {_COUNTED}) AS both_sides
        GROUP BY {_KEY} HAVING sum(change) <> 0""",
    )
    + _function("emptied", "DELETE FROM conversations_tally")
    + """
CREATE TRIGGER tally_arrived AFTER INSERT ON conversations_conversation REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_tally_arrived();
CREATE TRIGGER tally_changed AFTER UPDATE ON conversations_conversation
    REFERENCING OLD TABLE AS gone NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_tally_changed();
CREATE TRIGGER tally_gone AFTER DELETE ON conversations_conversation REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_tally_gone();
CREATE TRIGGER tally_emptied AFTER TRUNCATE ON conversations_conversation
    FOR EACH STATEMENT EXECUTE FUNCTION rapport_tally_emptied();
"""
)
NO_TALLY = "".join(
    f"DROP TRIGGER tally_{name} ON conversations_conversation; DROP FUNCTION rapport_tally_{name}();\n"
    for name in ("arrived", "changed", "gone", "emptied")
)

#: The backfill: the table's owner may look past its walls while the migration's transaction lasts.
BACKFILL = f"""SELECT set_config('rapport.scope', 'system', true);
{RECOUNT}
SELECT set_config('rapport.scope', '', true);"""
