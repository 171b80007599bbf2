"""The indexes of the lists and the counters of open conversations, used by a migration; what was run must not change.

Open conversations are few and looked at in every order; past ones are many and looked at seldom. Hence partial indexes:
a conversation is in those of the open or in those of the past. An array's element may serve an index under row-level
security, its operators (&&) may not: `audience[1]` stands for most audiences, which have one element. Those with
several are few, and in small indexes by their second and third.
"""

_OPEN = "WHERE status = 'open' AND NOT snoozed"
_PAST = "WHERE status <> 'open'"
_ACTIVITY = "last_activity_at DESC, id DESC"
#: An index keeps an order behind "=", not behind IS NULL: nobody's team has a key, too.
#: CASE, not COALESCE: of the latter PostgreSQL does not know that it leaks nothing, and behind a
#: wall it then asks no index.
_TEAM_OR_NONE = (
    "CASE WHEN owner_team_id IS NULL THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE owner_team_id END"
)
_SEVERAL = "WHERE audience[2] IS NOT NULL"

_INDEXES = {
    "open_all": f"((audience[1]), {_ACTIVITY}) {_OPEN}",
    "open_all_due": f"((audience[1]), due_at, {_ACTIVITY}) {_OPEN}",
    "open_all_age": f"((audience[1]), created_at, id) {_OPEN}",
    "open_team": f"(owner_team_id, {_ACTIVITY}) {_OPEN}",
    "open_team_due": f"(owner_team_id, due_at, {_ACTIVITY}) {_OPEN}",
    "open_team_age": f"(owner_team_id, created_at, id) {_OPEN}",
    "open_unowned": f"(({_TEAM_OR_NONE}), {_ACTIVITY}) {_OPEN} AND owner_member_id IS NULL",
    "open_unowned_due": f"(({_TEAM_OR_NONE}), due_at, {_ACTIVITY}) {_OPEN} AND owner_member_id IS NULL",
    "open_unowned_age": f"(({_TEAM_OR_NONE}), created_at, id) {_OPEN} AND owner_member_id IS NULL",
    "snoozed": f"(owner_team_id, {_ACTIVITY}) WHERE status = 'open' AND snoozed",
    "past_all": f"((audience[1]), status, {_ACTIVITY}) {_PAST}",
    "past_all_age": f"((audience[1]), status, created_at, id) {_PAST}",
    "past_team": f"(owner_team_id, status, {_ACTIVITY}) {_PAST}",
    "past_team_age": f"(owner_team_id, status, created_at, id) {_PAST}",
    "past_unowned": f"(({_TEAM_OR_NONE}), status, {_ACTIVITY}) {_PAST} AND owner_member_id IS NULL",
    "past_unowned_age": f"(({_TEAM_OR_NONE}), status, created_at, id) {_PAST} AND owner_member_id IS NULL",
    "first": f"((audience[1]), status, {_ACTIVITY}) {_SEVERAL}",
    "second": f"((audience[2]), status, {_ACTIVITY}) {_SEVERAL}",
    "second_due": f"((audience[2]), due_at, {_ACTIVITY}) {_OPEN} AND audience[2] IS NOT NULL",
    "second_age": f"((audience[2]), status, created_at, id) {_SEVERAL}",
    "third": f"((audience[3]), status, {_ACTIVITY}) WHERE audience[3] IS NOT NULL",
    "third_due": f"((audience[3]), due_at, {_ACTIVITY}) {_OPEN} AND audience[3] IS NOT NULL",
    "third_age": "((audience[3]), status, created_at, id) WHERE audience[3] IS NOT NULL",
    "fourth": f"(status, {_ACTIVITY}) WHERE audience[4] IS NOT NULL",
    "mine": f"(owner_member_id, status, {_ACTIVITY}) WHERE owner_member_id IS NOT NULL",
    "mine_due": f"(owner_member_id, due_at, {_ACTIVITY}) {_OPEN} AND owner_member_id IS NOT NULL",
    "mine_age": "(owner_member_id, status, created_at, id) WHERE owner_member_id IS NOT NULL",
    "mine_snoozed": f"(owner_member_id, {_ACTIVITY}) WHERE status = 'open' AND snoozed AND owner_member_id IS NOT NULL",
    "channel": f"(channel_id, status, {_ACTIVITY}) WHERE channel_id IS NOT NULL",
    "topic": f"(topic_id, status, {_ACTIVITY}) WHERE topic_id IS NOT NULL",
}
#: How many conversations have audiences of several teams is to be known, or their indexes are thought too large.
_STATISTICS = [
    f"CREATE STATISTICS conversation_audience_{n} ON (audience[{n}]) FROM conversations_conversation"
    for n in (2, 3, 4)
]
INDEXES = ";\n".join(
    [f"CREATE INDEX conversation_{name} ON conversations_conversation {rest}" for name, rest in _INDEXES.items()]
    + _STATISTICS
)
NO_INDEXES = ";\n".join(
    [f"DROP INDEX conversation_{name}" for name in _INDEXES]
    + [f"DROP STATISTICS conversation_audience_{n}" for n in (2, 3, 4)]
)

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
